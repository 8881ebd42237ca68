"""Which folder is a project: told by what stands in it, without reading any of it."""

from __future__ import annotations

from pathlib import Path

from bypost.errors import SettingsError

#: A folder with one of these is a project.
_SIGNS = ("bypost.toml", "lessons", "newsletters")


def project_folder(root: Path) -> Path:
    """Return the folder of a project with its whole path.

    Raises:
        SettingsError: if there is no project: neither settings nor content.
    """
    root = root.resolve()
    if not root.is_dir():
        raise SettingsError(f"{root}: there is no such folder\n    name a project with --project")
    if not any((root / name).exists() for name in _SIGNS):
        raise SettingsError(
            f"{root}: no project is here: neither {' nor '.join(_SIGNS)}\n"
            "    go to its folder, or name it with --project"
        )
    return root
