"""Pictures come from a Chromium that is here, in time, and from nowhere else."""

from __future__ import annotations

import io
import os
import stat
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from bypost.check.compare import pictures
from bypost.check.compare.pictures import TALLEST, WIDTH, Camera, NoPicture

Chromium = Callable[[str], Path]

#: Paints each column: 300 px of mail on its ground.
_PAINT = f"""
from PIL import Image
words = dict(word.split("=", 1) for word in sys.argv[1:] if "=" in word)
width, height = map(int, words["--window-size"].split(","))
whole = Image.new("RGB", (width, height), "#F6F3EC")
for column in range(0, width, {WIDTH}):
    whole.paste("#20252B", (column + 20, 0, column + 200, 300))
whole.save(words["--screenshot"])
"""


@pytest.fixture
def chromium(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Chromium:
    """Put a program called chromium, and nothing else, into PATH."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))

    def install(body: str) -> Path:
        path = folder / "chromium"
        path.write_text(
            f"#!{sys.executable}\nimport os, sys, time\n"
            f"open({str(tmp_path / 'words')!r}, 'w').write('\\n'.join(sys.argv[1:]))\n"
            f"open({str(tmp_path / 'pid')!r}, 'w').write(str(os.getpid()))\n{body}\n"
        )
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        return tmp_path

    return install


def test_a_picture_is_as_high_as_its_mail(chromium: Chromium) -> None:
    chromium(_PAINT)
    before, after = Camera().take("<p>One</p>", "<p>Two</p>")
    assert (before.width, before.height, before.cut) == (WIDTH, 324, False)
    assert before == after
    assert before.address.startswith("data:image/webp;base64,")
    with Image.open(io.BytesIO(before.data)) as shown:
        assert shown.size == (WIDTH, 324)


def test_a_mail_that_goes_on_and_on_is_cut_and_says_so(chromium: Chromium) -> None:
    chromium(_PAINT.replace("200, 300", "200, height - 1"))
    (picture,) = Camera().take("<p>Long</p>")
    assert (picture.height, picture.cut) == (TALLEST, True)


def test_chromium_gets_no_network_and_a_profile_of_its_own(chromium: Chromium) -> None:
    folder = chromium(_PAINT)
    Camera().take("<p>One</p>")
    words = (folder / "words").read_text().splitlines()
    assert "--host-resolver-rules=MAP * ~NOTFOUND" in words
    profile = next(word for word in words if word.startswith("--user-data-dir="))
    assert not Path(profile.partition("=")[2]).exists(), "it is gone afterwards"
    assert words[-1].startswith("file://")


@pytest.mark.parametrize(("user", "without"), [(0, True), (1000, False)])
def test_only_root_goes_without_the_sandbox(
    chromium: Chromium, monkeypatch: pytest.MonkeyPatch, user: int, without: bool
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: user)
    folder = chromium(_PAINT)
    Camera().take("<p>One</p>")
    assert ("--no-sandbox" in (folder / "words").read_text().splitlines()) is without


def test_without_chromium_there_is_no_camera(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(NoPicture, match="no Chromium was found here"):
        Camera()


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("sys.exit(1)", "Chromium is here, but made no picture"),
        (_PAINT.replace("whole.paste", "0 and whole.paste"), "Chromium made an empty picture"),
    ],
)
def test_a_chromium_that_fails_is_told(chromium: Chromium, body: str, told: str) -> None:
    chromium(body)
    with pytest.raises(NoPicture, match=told):
        Camera().take("<p>One</p>")


def test_a_chromium_that_hangs_is_ended(
    chromium: Chromium, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pictures, "PATIENCE", 1.0)
    folder = chromium("time.sleep(60)")
    began = time.monotonic()
    with pytest.raises(NoPicture, match="made no picture within 1 s"):
        Camera().take("<p>One</p>")
    assert time.monotonic() - began < 20
    with pytest.raises(ProcessLookupError):
        os.kill(int((folder / "pid").read_text()), 0)
