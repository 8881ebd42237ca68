"""A forked process is a process like any other."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import pytest

from tests.forks.child import Child

pytestmark = pytest.mark.process


@pytest.fixture
def script(tmp_path: Path) -> Path:
    return tmp_path / "script.py"


def run(script: Path, code: str, *words: str, **environ: str) -> Child:
    script.write_text(code, encoding="utf-8")
    return Child([str(script), *words], cwd=script.parent, environ=environ)


def test_it_has_its_words_its_folder_and_its_environment_and_no_other(script: Path) -> None:
    code = "import os, sys; print(sys.argv[1:], os.getcwd(), dict(os.environ), __name__)"
    child = run(script, code, "one", "two", NAME="text")
    out, errors = child.communicate(timeout=30)
    expected = f"['one', 'two'] {script.parent} {{'NAME': 'text'}} __main__\n"
    assert (child.returncode, out.decode(), errors) == (0, expected, b"")


@pytest.mark.parametrize(
    ("code", "returned", "said"),
    [
        ("import sys; sys.exit(3)", 3, ""),
        ("raise SystemExit('why')", 1, "why\n"),
        ("1 / 0", 1, "Traceback"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", -signal.SIGKILL, ""),
    ],
)
def test_it_ends_as_an_interpreter_ends(script: Path, code: str, returned: int, said: str) -> None:
    child = run(script, code)
    _, errors = child.communicate(timeout=30)
    assert child.returncode == returned
    assert errors.decode().startswith(said)
    assert bool(errors) == bool(said)


def test_what_is_done_at_exit_is_done(script: Path) -> None:
    code = "import atexit, threading; atexit.register(print, 'exit')\n"
    code += "threading.Timer(0.05, print, ['thread']).start()"
    out, _ = run(script, code).communicate(timeout=30)
    assert out.decode().split() == ["thread", "exit"]


def test_it_is_killed_and_its_number_is_free(script: Path) -> None:
    child = run(script, "import time; time.sleep(60)")
    assert child.poll() is None
    with pytest.raises(subprocess.TimeoutExpired):
        child.wait(0.01)
    os.kill(child.pid, 0)
    child.kill()
    assert child.wait(30) == -signal.SIGKILL
    with pytest.raises(ProcessLookupError):
        os.kill(child.pid, 0)
    assert child.communicate() == (b"", b"")


def test_two_draw_different_random_numbers(script: Path) -> None:
    code = "import random, secrets; print(random.random(), secrets.token_hex())"
    outs = {run(script, code).communicate(timeout=30)[0] for _ in range(2)}
    assert len(outs) == 2


def test_it_has_no_file_open_but_its_own(script: Path) -> None:
    waiting = run(script, "import time; time.sleep(60)")
    code = "import os, stat\nfor one in range(64):\n"
    code += "    try: print(one, stat.S_ISSOCK(os.fstat(one).st_mode))\n    except OSError: pass"
    out, _ = run(script, code).communicate(timeout=30)
    waiting.kill()
    waiting.communicate()
    assert out.decode().splitlines() == ["0 False", "1 False", "2 False"]
