"""Which findings belong to the files and folders that somebody named."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath

from bypost.check.finding import Finding, Level
from bypost.content.loader import NOTICES
from bypost.content.personas import FILE_NAME as PERSONAS
from bypost.errors import SettingsError


def scope(root: Path, paths: Iterable[Path]) -> tuple[str, ...]:
    """Return ``paths`` relative to the project, whose folder is ``root``.

    A path is looked for from the working directory, then from the project.

    Raises:
        SettingsError: One is not there, or lies outside the project.
    """
    return tuple(_relative(root.resolve(), path) for path in paths)


def within(findings: Iterable[Finding], wanted: Sequence[str]) -> tuple[Finding, ...]:
    """Return the findings in ``wanted``, and errors in what those files are made with.

    Without the latter a lesson whose template is broken would look clean.
    """
    return tuple(it for it in findings if any(_belongs(it, one) for one in wanted))


def _relative(root: Path, path: Path) -> str:
    found = next((it for it in (path, root / path) if it.exists()), None)
    if found is None:
        raise SettingsError(
            f"{path}: there is no such file or folder\n"
            "    write it as seen from here or from the project"
        )
    real = found.resolve()
    if not real.is_relative_to(root):
        raise SettingsError(f"{path}: lies outside the project {root}")
    return real.relative_to(root).as_posix()


def _belongs(finding: Finding, wanted: str) -> bool:
    path = PurePosixPath(finding.path)
    if wanted == "." or path == PurePosixPath(wanted) or PurePosixPath(wanted) in path.parents:
        return True
    return finding.level is Level.ERROR and _is_beneath_all(path, PurePosixPath(wanted))


def _is_beneath_all(path: PurePosixPath, wanted: PurePosixPath) -> bool:
    """Whether the mails of ``wanted`` are made with ``path``: a template, the course's own file."""
    if path.as_posix() == PERSONAS or (path.parent.as_posix() == NOTICES and path.suffix != ".md"):
        return True
    return path.suffix == ".toml" and path.parent == wanted.parent and path.parent != path
