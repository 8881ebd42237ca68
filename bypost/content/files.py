"""Reading one file or folder of a project, without trusting its name, its kind or its bytes."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path

from bypost.errors import Problem

#: A lesson is text; whatever is larger was put there by mistake. Bytes.
LARGEST = 1_000_000


@dataclass(frozen=True, slots=True)
class Project:
    """The folder everything is read from; nothing outside it is ever opened."""

    root: Path

    def name(self, path: Path) -> str:
        """Return ``path`` relative to the project, printable, with forward slashes."""
        shown = path.relative_to(self.root).as_posix()
        # A name that is not UTF-8 carries surrogates, which could not be printed or stored.
        return os.fsencode(shown).decode("utf-8", "replace")

    def inside(self, path: Path) -> bool:
        """Whether ``path``, with every link followed, still lies in the project."""
        real = Path(os.path.realpath(path))
        return real.is_relative_to(os.path.realpath(self.root))

    def read(
        self, path: Path, problems: list[Problem], *, if_missing: str = "create the file"
    ) -> str | None:
        """Return the text of ``path`` with plain line ends and no byte order mark.

        What is wrong is added to ``problems``, and None returned; ``if_missing`` is the advice
        given where there is no such file.
        """
        shown = self.name(path)
        if not self.inside(path):
            problems.append(_leaves(shown))
            return None
        try:
            # A named pipe would keep the reader waiting for ever: look before opening.
            if not stat.S_ISREG(path.stat().st_mode):
                problems.append(_not_a_file(shown))
                return None
            with path.open("rb") as file:
                data = file.read(LARGEST + 1)
        except FileNotFoundError:
            problems.append(Problem(shown, None, "is missing", if_missing, "file"))
            return None
        except OSError as error:
            problems.append(_unreadable(shown, error))
            return None
        if len(data) > LARGEST:
            problems.append(_too_large(shown))
            return None
        return _decode(data, shown, problems)

    def entries(self, folder: Path, problems: list[Problem]) -> list[Path]:
        """Return what stands in ``folder``, by name; hidden and backup files are left out.

        A folder that does not exist is empty: a project may have no newsletters.
        """
        if not self.inside(folder):
            problems.append(_leaves(self.name(folder)))
            return []
        try:
            found = sorted(folder.iterdir(), key=lambda path: path.name)
        except FileNotFoundError:
            return []
        except OSError as error:
            problems.append(_unreadable(self.name(folder), error))
            return []
        wanted = [path for path in found if not path.name.startswith(".")]
        wanted = [path for path in wanted if not path.name.endswith("~")]
        bad = [path for path in wanted if not path.name.isprintable()]
        problems.extend(_unprintable(self.name(path)) for path in bad)
        return [path for path in wanted if path not in bad]


def _decode(data: bytes, shown: str, problems: list[Problem]) -> str | None:
    """Return ``data`` as text; a byte that is not UTF-8 is reported with its line."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        # The byte order mark is cut off before the position is counted.
        before = data.removeprefix(b"\xef\xbb\xbf")[: error.start]
        line = before.replace(b"\r\n", b"\n").replace(b"\r", b"\n").count(b"\n") + 1
        byte = error.object[error.start]
        problems.append(
            Problem(
                shown,
                line,
                f"is not UTF-8: byte 0x{byte:02X}",
                "save the file as UTF-8 in your editor",
                "encoding",
            )
        )
        return None
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _leaves(shown: str) -> Problem:
    return Problem(
        shown, None, "is a link that leaves the project folder", "copy it into the project", "file"
    )


def _not_a_file(shown: str) -> Problem:
    return Problem(
        shown, None, "is not a file", "move it away, or give it a name without the ending", "file"
    )


def _unreadable(shown: str, error: OSError) -> Problem:
    reason = (error.strerror or "unknown reason").lower()
    return Problem(
        shown,
        None,
        f"cannot be read: {reason}",
        "check that it is what its name says, and may be read",
        "file",
    )


def _too_large(shown: str) -> Problem:
    return Problem(
        shown,
        None,
        f"is larger than {LARGEST:,} bytes",
        "keep text here, put pictures beside it as files, and downloads on a website",
        "file",
    )


def _unprintable(shown: str) -> Problem:
    clean = "".join(sign if sign.isprintable() else "\ufffd" for sign in shown)
    return Problem(clean, None, "has a name that cannot be shown", "rename the file", "file-name")
