"""A wheel in an environment with nothing else of ours is enough: no repository around it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

from tests.cli.conftest import everything
from tests.conftest import CHECKOUT

pytestmark = pytest.mark.process

#: What a wheel is built from; the rest of a checkout (var/, .venv/) may be large.
SOURCES = (
    *("bypost", "scheduler", "lessons", "newsletters", "templates", "README.md", "LICENSE"),
    *("bypost.toml", "personas.toml", "subscribers.csv", "send.py", "pyproject.toml"),
)
BUILD = "import sys; from hatchling.build import build_wheel; print(build_wheel(sys.argv[1]))"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built by the backend that pyproject.toml names, offline."""
    source = tmp_path_factory.mktemp("source")
    for name in SOURCES:
        path = CHECKOUT / name
        ignore = shutil.ignore_patterns("__pycache__")
        if path.is_dir():
            shutil.copytree(path, source / name, ignore=ignore)
        else:
            shutil.copy(path, source / name)
    out = tmp_path_factory.mktemp("wheel")
    done = subprocess.run(
        [sys.executable, "-c", BUILD, str(out)],
        cwd=source,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return out / done.stdout.splitlines()[-1]


@pytest.fixture(scope="module")
def bypost(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The command, installed into an environment that has our dependencies and not our checkout."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, symlinks=True, with_pip=False)
    python = folder / "bin/python"
    site = Path(
        subprocess.run(
            [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
    )
    pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet"]
    subprocess.run([*pip, "--no-deps", "--no-index", "--no-compile", str(wheel)], check=True)
    # The dependencies that the tests have. A folder named in a .pth file is searched, but .pth
    # files in it are not read: the editable install of the checkout stays out.
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return folder / "bin/bypost"


def run(command: Path, *words: str, at: Path) -> subprocess.CompletedProcess[str]:
    plain = {k: v for k, v in os.environ.items() if not k.startswith(("BYPOST_", "PYTHON"))}
    return subprocess.run(
        [command, *words], cwd=at, env=plain, capture_output=True, text=True, check=False
    )


def test_the_command_is_the_wheel_s_and_not_the_checkout_s(bypost: Path, tmp_path: Path) -> None:
    code = "import bypost, scheduler; print(bypost.__file__, scheduler.__file__)"
    done = run(bypost.with_name("python"), "-c", code, at=tmp_path)
    assert done.stderr == ""
    for path in done.stdout.split():
        assert Path(path).is_relative_to(bypost.parent.parent)


@pytest.mark.parametrize(("template", "mails"), [("course", 5), ("newsletter", 0), ("plain", 1)])
def test_a_new_project_checks_clean_and_sends(
    bypost: Path, tmp_path: Path, template: str, mails: int
) -> None:
    made = run(bypost, "init", "new", "--template", template, at=tmp_path)
    assert (made.returncode, made.stderr) == (0, "")
    project = tmp_path / "new"
    checked = run(bypost, "check", "--json", at=project)
    assert (checked.returncode, checked.stderr) == (0, "")
    found = json.loads(checked.stdout)["findings"]
    assert [it for it in found if it["level"] != "info"] == []
    sent = run(bypost, "send", "--json", at=project)
    assert (sent.returncode, sent.stderr) == (0, "")
    assert json.loads(sent.stdout)["accepted"] == mails
    assert len(list((project / "var/outbox").glob("*.eml"))) == mails


def test_the_wheel_s_starter_is_the_checkout_s(bypost: Path, tmp_path: Path) -> None:
    run(bypost, "init", "new", at=tmp_path)
    for name, data in everything(tmp_path / "new").items():
        if name not in {".gitignore", "subscribers.csv"}:
            assert (CHECKOUT / name).read_bytes() == data, name


def test_pages_styles_and_data_are_in_the_wheel(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        carried = set(archive.namelist())
    for package in ("bypost", "scheduler"):
        for path in (CHECKOUT / package).rglob("*"):
            if path.is_file() and "__pycache__" not in path.parts:
                assert path.relative_to(CHECKOUT).as_posix() in carried
