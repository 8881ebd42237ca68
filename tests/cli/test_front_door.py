"""``python send.py`` as cron would start it: real processes."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

import orjson
import pytest

CHECKOUT = Path(__file__).resolve().parent.parent.parent
pytestmark = pytest.mark.process


def send(
    folder: Path,
    *words: str,
    python: tuple[str, ...] = (),
    environ: Mapping[str, str] | None = None,
) -> subprocess.CompletedProcess[str]:
    plain = {k: v for k, v in os.environ.items() if not k.startswith(("BYPOST_", "PYTHON"))}
    return subprocess.run(
        [sys.executable, *python, str(CHECKOUT / "send.py"), *words],
        cwd=folder,
        env={**plain, **(environ or {})},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_a_pass_in_the_working_directory_sends_and_ends_with_0(project: Path) -> None:
    done = send(project, "--json")
    assert (done.returncode, done.stderr) == (0, "")
    assert orjson.loads(done.stdout)["accepted"] == 3


def test_under_the_locale_of_cron_names_and_symbols_are_written_as_utf8(project: Path) -> None:
    ascii_only = {"LC_ALL": "POSIX", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    done = send(project, environ=ascii_only)
    assert (done.returncode, done.stderr) == (0, "")
    assert "✓ 3 sent" in done.stdout


def test_the_project_may_be_elsewhere(project: Path, tmp_path: Path) -> None:
    done = send(tmp_path, "--project", str(project), "--dry-run")
    assert done.returncode == 0
    assert "3 sent" in done.stdout


def test_without_a_project_it_ends_with_2(tmp_path: Path) -> None:
    done = send(tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert "no project is here" in done.stderr


@pytest.mark.parametrize("with_venv", [False, True])
def test_without_its_packages_it_says_what_to_run(tmp_path: Path, with_venv: bool) -> None:
    if with_venv:
        (tmp_path / ".venv/bin").mkdir(parents=True)
        (tmp_path / ".venv/bin/python").touch()
    # -S leaves the site-packages out, where everything that is installed lives.
    done = send(tmp_path, python=("-S", "-E"))
    assert (done.returncode, done.stdout) == (2, "")
    assert re.fullmatch(
        r"send\.py: the package `\w+` is missing here; run `"
        + (r"\.venv/bin/python send\.py" if with_venv else "make setup")
        + "`\n",
        done.stderr,
    )


def test_no_color_is_respected_and_a_pipe_gets_none_anyway(project: Path) -> None:
    send(project)
    colour = re.compile(r"\x1b\[[0-9;]*3[0-9]")

    def shown(**environ: str) -> str:
        terminal = {"FORCE_COLOR": "1", "TERM": "xterm-256color"}
        return send(project, "--dry-run", environ={**terminal, **environ}).stdout

    assert colour.search(shown()), "the test can see colours where they are wanted"
    assert not colour.search(shown(NO_COLOR="1"))
    assert "\x1b" not in send(project, "--dry-run").stdout


def test_a_reader_that_goes_away_is_no_error(project: Path) -> None:
    send(project)
    command = f"{sys.executable} -m bypost subscribers export | head -c 1"
    done = subprocess.run(
        command,
        shell=True,
        cwd=project,
        env={**os.environ, "PYTHONPATH": str(CHECKOUT)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.stdout, done.stderr) == ("e", "")


#: Load everything by a pass elsewhere, give up root's rights, which no mode stops, and send here.
_WITHOUT_RIGHTS = """
import os, sys
from bypost.cli import main
assert main(["send", "--project", sys.argv[1]]) == 0
if os.geteuid() == 0:
    os.seteuid(65534)
sys.exit(main(["send"]))
"""


def test_a_database_that_may_only_be_read_is_told_in_words(project: Path) -> None:
    with tempfile.TemporaryDirectory() as name:
        # Not below pytest's own folder, where other users may not look in.
        folder = Path(name) / "project"
        shutil.copytree(project, folder)
        assert send(folder).returncode == 0
        Path(name).chmod(0o755)
        for path in ("var/secret.key", "var/bypost.db", "var"):
            (folder / path).chmod(0o555)
        done = subprocess.run(
            [sys.executable, "-c", _WITHOUT_RIGHTS, str(project)],
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        (folder / "var").chmod(0o755)
    assert done.returncode == 1
    assert "readonly database\n    give this user the right to write the file" in done.stderr
    assert "Traceback" not in done.stderr
