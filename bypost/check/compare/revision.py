"""A revision of the project, taken out of git into a folder of its own."""

from __future__ import annotations

import io
import re
import shutil
import subprocess
import zipfile
from dataclasses import dataclass
from pathlib import Path

from bypost.errors import SettingsError
from bypost.settings.load import FILE_NAME

#: What mails are made of.
CONTENT = ("lessons", "newsletters", "templates", "personas.toml", "subscribers.csv", FILE_NAME)

#: Seconds after which git is given up; a large repository takes a few.
_PATIENCE = 60

_SECRET_FILE = re.compile(r"^[ \t]*[\w.]*_file[ \t]*=.*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Revision:
    """A commit.

    Attributes:
        name: As it was asked for.
        commit: Its whole hash.
        told: First characters of the hash, date and subject, for people.
    """

    name: str
    commit: str
    told: str


class Repository:
    """The git repository that a project stands in; only read, and nothing is checked out.

    Args:
        root: The project's folder: the repository's own, or one inside it.

    Raises:
        SettingsError: git is not installed, or the folder is in no repository.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        git = shutil.which("git")
        if git is None:
            raise SettingsError("git: not installed here\n    install git; `bypost diff` asks it")
        self._git = git
        if self._run("rev-parse", "--is-inside-work-tree").returncode:
            raise SettingsError(
                f"{root}: not in a git repository\n"
                "    run `git init` there and commit once; then there is something to compare with"
            )

    def revision(self, name: str) -> Revision:
        """Return the commit that ``name`` stands for; raise SettingsError where there is none."""
        found = self._run("rev-parse", "--verify", "--quiet", f"{name}^{{commit}}")
        if name.startswith("-") or found.returncode:
            raise SettingsError(
                f"{name}: git knows no such revision\n"
                "    name a commit, a branch or a tag, e.g. HEAD or main; `git log` lists them"
            )
        commit = found.stdout.decode().strip()
        told = self._run("show", "--no-patch", "--format=%h, %cs: %s", commit)
        return Revision(name, commit, told.stdout.decode("utf-8", "replace").strip())

    def extract(self, revision: Revision, folder: Path) -> None:
        """Write what mails are made of, as it was in ``revision``, into ``folder``."""
        listed = self._run("ls-tree", "--name-only", "-z", revision.commit, "--", *CONTENT)
        names = [name for name in listed.stdout.decode().split("\0") if name]
        if not names:
            return
        done = self._run("archive", "--format=zip", revision.commit, "--", *names)
        if done.returncode:
            raise SettingsError(
                f"{revision.name}: git cannot give it out: "
                f"{done.stderr.decode('utf-8', 'replace').strip()}"
            )
        with zipfile.ZipFile(io.BytesIO(done.stdout)) as archive:
            archive.extractall(folder)
        _without_secret_files(folder / FILE_NAME)

    def _run(self, *words: str) -> subprocess.CompletedProcess[bytes]:
        try:
            return subprocess.run(  # noqa: S603 - git itself, and a revision that it has checked
                [self._git, "-C", str(self._root), *words],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                check=False,
                timeout=_PATIENCE,
            )
        except subprocess.TimeoutExpired as error:
            raise SettingsError(f"git {words[0]}: no answer after {_PATIENCE} s") from error


def _without_secret_files(path: Path) -> None:
    """Blank the names of files with secrets: they are in no revision, and no mail needs them."""
    if path.is_file():
        text = path.read_bytes().decode("utf-8", "surrogateescape")
        path.write_bytes(_SECRET_FILE.sub("", text).encode("utf-8", "surrogateescape"))
