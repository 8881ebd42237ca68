"""Finds and reads the file that a picture's address names: beside the mail's own, nowhere else."""

from __future__ import annotations

import os
import stat
from functools import lru_cache
from pathlib import Path, PurePosixPath
from urllib.parse import unquote

from bypost.model.asset import Asset
from bypost.render.nearest import did_you_mean
from bypost.render.picture import MOST_BYTES, Unfit, make_picture

#: Endings of files that a mistyped name may have meant, and that the folder of a mail may hold.
ENDINGS = frozenset({".png", ".jpg", ".jpeg", ".gif"})
#: Pictures kept in memory between two looks at the content; a finished one has about 100 kB.
_KEPT = 128


def read_image(root: Path, mail: str, address: str, most_width: int) -> Asset:
    """Return the picture that a mail names.

    Args:
        root: The project's folder.
        mail: The mail's file, relative to the project.
        address: As written in Markdown, with ``%20`` for a space; relative to that file.
        most_width: Pixels from which on a smaller copy is made.

    Raises:
        Unfit: There is no such file, it is not below the mail's folder, or it is not fit for mail.
    """
    name = unquote(address, errors="replace")
    _check_name(name)
    folder = PurePosixPath(mail).parent
    path = root / folder / name
    real = Path(os.path.realpath(path))
    if not real.is_relative_to(os.path.realpath(root / folder)):
        message = f"`{name}` is a link that leaves the folder of the mail"
        raise Unfit("asset-path", message, "copy the picture into the folder")
    try:
        status = real.stat()
    except (OSError, ValueError) as error:
        raise _missing(root / folder, name) from error
    # A named pipe would keep the reader waiting for ever: look before opening.
    if not stat.S_ISREG(status.st_mode):
        raise Unfit("asset-missing", f"`{name}` is not a file", "name the picture itself")
    if status.st_size > MOST_BYTES:
        message = f"`{name}` has {status.st_size / 1e6:.1f} MB; at most {MOST_BYTES / 1e6:.0f} are"
        fix = "save it smaller: 1200 pixels wide is enough for any mail"
        raise Unfit("asset-size", f"{message} taken", fix)
    shown = (folder / PurePosixPath(name)).as_posix()
    try:
        return _read(str(real), status.st_mtime_ns, status.st_size, shown, most_width)
    except Unfit as error:
        raise Unfit(error.rule, f"`{name}` {error.message}", error.fix) from error
    except OSError as error:
        reason = (error.strerror or "unknown reason").lower()
        message, fix = f"`{name}` cannot be read: {reason}", "check that it may be read"
        raise Unfit("asset-missing", message, fix) from error


@lru_cache(maxsize=_KEPT)
def _read(real: str, _changed: int, size: int, shown: str, most_width: int) -> Asset:
    """Return the picture of a file; asked again, it is not read as long as it did not change."""
    with Path(real).open("rb") as file:
        data = file.read(MOST_BYTES)
    made = make_picture(data, most_width)
    return Asset(
        name=made.name,
        media_type=made.media_type,
        width=made.width,
        height=made.height,
        data=made.data,
        path=shown,
        natural_width=made.natural_width,
        natural_height=made.natural_height,
        natural_bytes=size,
    )


def _check_name(name: str) -> None:
    """Refuse what leads out of the folder, also on other systems than this one."""
    parts = PurePosixPath(name).parts
    fix = "write its name as it stands beside the mail, such as `views.png`, or an https:// address"
    if name.startswith("/") or "\\" in name or not name.isprintable():
        raise Unfit("asset-path", f"`{_shown(name)}` is not a name relative to the mail", fix)
    if ".." in parts:
        message = f"`{name}` leads out of the folder of the mail"
        raise Unfit("asset-path", message, "copy the picture beside the mail, and name it there")
    if any(part.startswith(".") or part.endswith("~") for part in parts):
        message = f"`{name}` is a hidden file or a backup, which does not count as content"
        raise Unfit("asset-path", message, "give it another name")


def _shown(name: str) -> str:
    return "".join(sign if sign.isprintable() else "\ufffd" for sign in name)


def _missing(folder: Path, name: str) -> Unfit:
    try:
        known = [path.name for path in folder.iterdir() if path.suffix.lower() in ENDINGS]
    except OSError:
        known = []
    fix = did_you_mean(name, known) or "put the picture beside the mail, or mend its name"
    return Unfit("asset-missing", f"there is no picture `{name}` beside the mail", fix)
