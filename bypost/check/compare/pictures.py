"""Pictures of mails, taken by a Chromium that is installed here; nothing is fetched for them."""

from __future__ import annotations

import base64
import html
import io
import os
import shutil
import signal
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image, ImageChops

#: The width of a phone, in CSS pixels; a taller mail than this is cut off.
WIDTH = 375
TALLEST = 8000
#: Seconds for one pair; Chromium needs one or two.
PATIENCE = 30.0

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
_FLAGS = (
    *("--headless", "--disable-gpu", "--hide-scrollbars", "--force-device-scale-factor=1"),
    *("--no-first-run", "--disable-extensions", "--disable-background-networking"),
    # Paint what is in the frames before the picture is taken: a busy machine is late with it.
    *("--run-all-compositor-stages-before-draw", "--virtual-time-budget=2000"),
    *("--disable-sync", "--disable-component-update", "--mute-audio"),
    # No name leads anywhere, and the page's own policy forbids what has none.
    "--host-resolver-rules=MAP * ~NOTFOUND",
)
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
_PAGE = (
    '<!doctype html><meta charset="utf-8">'
    f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
    "<style>body{{margin:0;display:flex}}"
    f"iframe{{{{border:0;flex:none;width:{WIDTH}px;height:{TALLEST}px}}}}</style>{{0}}"
)

# Of the page's own origin: Chromium paints frames of another in a process of their own, and takes
# the picture without waiting for it (seen in version 156). Scripts stay forbidden.
_FRAME = '<iframe sandbox="allow-same-origin" srcdoc="{}"></iframe>'


@dataclass(frozen=True, slots=True)
class Picture:
    """A mail as a phone shows it.

    Attributes:
        data: A WebP picture.
        cut: Whether the mail goes on below it.
    """

    data: bytes
    width: int
    height: int
    cut: bool

    @property
    def address(self) -> str:
        """Return it as a ``data:`` address."""
        return f"data:image/webp;base64,{base64.b64encode(self.data).decode()}"


class NoPicture(Exception):
    """There is no picture; the text says why."""


class Camera:
    """Takes pictures; raises NoPicture where there is no Chromium."""

    def __init__(self) -> None:
        found = next((path for name in _NAMES if (path := shutil.which(name))), None)
        if found is None:
            raise NoPicture("no Chromium was found here")
        self._chromium = found

    def take(self, *mails: str) -> tuple[Picture, ...]:
        """Return a picture of each mail; all are taken at once, side by side.

        Args:
            mails: HTML of whole mails.

        Raises:
            NoPicture: Chromium made none in time.
        """
        with TemporaryDirectory(prefix="bypost-pictures-", ignore_cleanup_errors=True) as name:
            folder = Path(name)
            frames = (_FRAME.format(html.escape(mail)) for mail in mails)
            page, shot = folder / "page.html", folder / "shot.png"
            page.write_text(_PAGE.format("".join(frames)), encoding="utf-8")
            self._run(
                f"--user-data-dir={folder / 'profile'}",
                f"--window-size={WIDTH * len(mails)},{TALLEST}",
                f"--screenshot={shot}",
                page.as_uri(),
            )
            if not shot.is_file():
                raise NoPicture("Chromium is here, but made no picture")
            with Image.open(shot) as whole:
                return tuple(_cropped(whole.convert("RGB"), at) for at in range(len(mails)))

    def _run(self, *words: str) -> None:
        # Chromium refuses its sandbox to root; the mails are the author's own, without scripts.
        sandbox = ("--no-sandbox",) if os.name == "posix" and os.geteuid() == 0 else ()
        process = subprocess.Popen(  # noqa: S603 - Chromium, with our own words
            [self._chromium, *_FLAGS, *sandbox, *words],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            process.wait(PATIENCE)
        except subprocess.TimeoutExpired as error:
            raise NoPicture(f"Chromium made no picture within {PATIENCE:.0f} s") from error
        finally:
            _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End Chromium with all its helpers, which are a group of their own."""
    with suppress(OSError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _cropped(whole: Image.Image, at: int) -> Picture:
    """Return one column without the empty ground below the mail."""
    column = whole.crop((at * WIDTH, 0, (at + 1) * WIDTH, whole.height))
    ground = Image.new("RGB", column.size, column.getpixel((0, column.height - 1)))
    box = ImageChops.difference(column, ground).getbbox()
    if box is None:
        raise NoPicture("Chromium made an empty picture")
    bottom = min(column.height, box[3] + 24)
    written = io.BytesIO()
    column.crop((0, 0, WIDTH, bottom)).save(written, "WEBP", quality=80, method=4)
    return Picture(written.getvalue(), WIDTH, bottom, cut=bottom >= TALLEST)
