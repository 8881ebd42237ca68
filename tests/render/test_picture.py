"""One picture: what comes out is upright, no larger than needed, nameless, and always the same."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import warnings
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from bypost.render.metadata import without_metadata
from bypost.render.picture import Unfit, make_picture
from tests.render.pictures import bomb, decoded, encoded, noise, photograph

COLUMN = 1024
#: Looked for in what is sent.
SECRETS = (b"SECRET", b"Exif", b"http://ns.adobe.com/xap")


def test_a_picture_that_is_wider_than_needed_is_made_smaller() -> None:
    made = make_picture(photograph(2000, 1000), COLUMN)
    assert (made.width, made.height) == decoded(made.data).size == (1024, 512)
    assert (made.natural_width, made.natural_height) == (2000, 1000)
    assert made.media_type == "image/jpeg"


def test_a_picture_that_is_smaller_is_not_blown_up() -> None:
    made = make_picture(encoded(noise(90, 30), "PNG"), COLUMN)
    assert decoded(made.data).size == (made.width, made.height) == (90, 30)


def test_a_smaller_copy_that_weighs_more_is_not_taken() -> None:
    # Few colours on many pixels: shades between them would have to be written down.
    grid = Image.new("P", (3000, 300))
    grid.putpalette([0, 0, 0, 255, 255, 255])
    for x in range(0, 3000, 7):
        grid.paste(1, (x, 0, x + 3, 300))
    made = make_picture(encoded(grid, "PNG", optimize=True), COLUMN)
    assert (made.width, made.natural_width) == (3000, 3000)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_photograph_stands_upright_in_every_orientation(orientation: int) -> None:
    upright = Image.new("RGB", (120, 60), "white")
    upright.paste("red", (0, 0, 40, 20))
    turn = Image.Transpose
    saved = {
        2: turn.FLIP_LEFT_RIGHT,
        3: turn.ROTATE_180,
        4: turn.FLIP_TOP_BOTTOM,
        5: turn.TRANSPOSE,
        6: turn.ROTATE_90,
        7: turn.TRANSVERSE,
        8: turn.ROTATE_270,
    }
    lying = upright.transpose(saved[orientation]) if orientation in saved else upright
    exif = Image.Exif()
    exif[0x0112] = orientation
    for most in (COLUMN, 60):
        made = make_picture(encoded(lying, "JPEG", quality=95, exif=exif), most)
        shown = decoded(made.data)
        assert (made.natural_width, made.natural_height) == (120, 60)
        assert shown.size == (made.width, made.height)
        corner = shown.getpixel((5 * shown.width // 60, 5 * shown.height // 60))
        assert isinstance(corner, tuple)
        assert corner[0] > 200
        assert corner[1] < 60


@pytest.mark.parametrize("width", [300, 2000])
@pytest.mark.parametrize("orientation", [1, 6])
def test_nothing_of_camera_and_place_is_sent(width: int, orientation: int) -> None:
    data = photograph(width, 200, orientation=orientation) + b"SECRETFILM after the end"
    assert b"SECRETCAMERA" in data
    made = make_picture(data, COLUMN)
    assert not [secret for secret in SECRETS if secret in made.data]
    assert decoded(made.data).getexif() == {}


def test_metadata_goes_without_touching_a_pixel() -> None:
    from PIL.PngImagePlugin import PngInfo

    told = PngInfo()
    told.add_text("Author", "SECRETNAME")
    frames = [noise(20, 10, "L"), noise(20, 10, "L").rotate(180)]
    gif = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:], comment=b"SECRET")
    files = {
        "PNG": encoded(noise(40, 30), "PNG", pnginfo=told),
        "JPEG": photograph(40, 30) + b"SECRET",
        "GIF": gif + b"SECRET",
    }
    for form, data in files.items():
        bare = without_metadata(data, form)
        assert bare is not None
        assert b"SECRET" in data
        assert b"SECRET" not in bare
        assert decoded(bare).tobytes() == decoded(data).tobytes()
        assert without_metadata(bare, form) == bare
        assert without_metadata(data[: len(bare) // 2], form) is None


def test_an_animation_goes_on_moving() -> None:
    frames = [Image.new("RGB", (60, 40), colour) for colour in ("red", "lime", "blue")]
    for form in ("GIF", "PNG"):
        data = encoded(frames[0], form, save_all=True, append_images=frames[1:], loop=0)
        made = make_picture(data, 30)
        assert getattr(decoded(made.data), "n_frames", 1) == 3
        assert made.width == 60


@pytest.mark.parametrize(
    ("mode", "form"),
    [
        *(("1", form) for form in ("PNG", "GIF")),
        *((mode, "PNG") for mode in ("L", "LA", "P", "RGB", "RGBA", "I;16")),
        *((mode, "JPEG") for mode in ("L", "RGB", "CMYK")),
    ],
)
def test_every_kind_of_colours_is_taken(mode: str, form: str) -> None:
    whole = Image.linear_gradient("L")
    if mode == "I;16":
        deep = bytes(value for level in whole.tobytes() for value in (0, level))
        source = Image.frombytes("I;16", whole.size, deep)
    else:
        source = whole.convert("RGB").convert(mode)
    made = make_picture(encoded(source, form), 100)
    grey = decoded(made.data).convert("L")
    column = grey.crop((grey.width // 2, 0, grey.width // 2 + 1, grey.height)).tobytes()
    assert column[2] < 60
    assert column[-3] > 190


def test_a_see_through_picture_stays_so_when_it_is_made_smaller() -> None:
    source = noise(1200, 20, "RGBA")
    source.putalpha(0)
    made = make_picture(encoded(source, "PNG"), 100)
    assert decoded(made.data).convert("RGBA").getpixel((50, 1)) == (0, 0, 0, 0)


def test_a_name_is_made_from_the_bytes() -> None:
    made = make_picture(photograph(300, 200), COLUMN)
    assert made.name == f"{hashlib.sha256(made.data).hexdigest()[:20]}.jpg"


def test_a_line_may_be_one_pixel_high() -> None:
    made = make_picture(encoded(noise(3000, 1), "JPEG"), 100)
    assert (made.natural_width, made.natural_height) == (3000, 1)


@settings(max_examples=25, deadline=None)
@given(
    width=st.integers(1, 90),
    height=st.integers(1, 60),
    mode=st.sampled_from(["1", "L", "LA", "P", "RGB", "RGBA", "CMYK"]),
    form=st.sampled_from(["PNG", "JPEG", "GIF"]),
    most=st.integers(1, 100),
)
def test_any_small_picture_gives_the_same_bytes_again(
    width: int, height: int, mode: str, form: str, most: int
) -> None:
    written = {"JPEG": "RGB" if mode in {"1", "LA", "P", "RGBA"} else mode, "GIF": "P"}
    kept = "RGB" if form == "PNG" and mode == "CMYK" else written.get(form, mode)
    data = encoded(noise(width, height).convert(kept), form)
    made = make_picture(data, most)
    assert made == make_picture(data, most)
    assert decoded(made.data).size == (made.width, made.height)
    assert len(made.data) <= len(data) or made.width == width
    assert made.width <= max(width, most)


def zoo() -> dict[str, tuple[bytes, str]]:
    """Return hostile and broken files, and the rule that each breaks."""
    png, jpeg, gif = (encoded(noise(60, 60), form) for form in ("PNG", "JPEG", "GIF"))
    svg = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
    return {
        "empty": (b"", "asset-format"),
        "text": (b"This is a lesson.", "asset-format"),
        "svg": (svg, "asset-format"),
        "svg with a declaration": (b'\n<?xml version="1.0"?>' + svg, "asset-format"),
        "page": (b"<!doctype html><script>alert(1)</script>", "asset-format"),
        "webp": (encoded(noise(9, 9), "WEBP"), "asset-format"),
        "bmp": (encoded(noise(9, 9), "BMP"), "asset-format"),
        "tiff": (encoded(noise(9, 9), "TIFF"), "asset-format"),
        "heic": (b"\0\0\0\x18ftypheic\0\0\0\0", "asset-format"),
        "pdf": (b"%PDF-1.7\n", "asset-format"),
        "postscript": (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "asset-format"),
        "only a head": (png[:8], "asset-broken"),
        "png cut off": (png[: len(png) // 2], "asset-broken"),
        "jpeg cut off": (jpeg[: len(jpeg) // 2], "asset-broken"),
        "gif cut off": (gif[: len(gif) // 2], "asset-broken"),
        "png with rubbish inside": (png[:60] + b"\xff" * 200 + png[260:], "asset-broken"),
        "bomb of 100 million pixels": (bomb(10_000, 10_000), "asset-size"),
        "bomb of 4 thousand million": (bomb(65_000, 65_000), "asset-size"),
        "bomb just above": (bomb(6_400, 6_251), "asset-size"),
        "no pixels": (bomb(0, 5), "asset-broken"),
        "fewer pixels than it says": (bomb(300, 300), "asset-broken"),
    }


@pytest.mark.parametrize("name", zoo())
def test_a_file_that_is_no_sound_picture_is_refused_in_words(name: str) -> None:
    data, rule = zoo()[name]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(Unfit) as caught:
            make_picture(data, COLUMN)
    assert caught.value.rule == rule
    assert caught.value.fix


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_damage_anywhere_is_refused_or_harmless(data: Any) -> None:
    form = data.draw(st.sampled_from(["PNG", "JPEG", "GIF"]))
    whole = bytearray(encoded(noise(30, 20), form))
    for _ in range(data.draw(st.integers(1, 8))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    end = data.draw(st.integers(len(whole) // 2, len(whole)))
    try:
        made = make_picture(bytes(whole[:end]), COLUMN)
    except Unfit as error:
        refused = error
    else:
        assert decoded(made.data).size == (made.width, made.height)
        return
    assert refused.rule in {"asset-broken", "asset-format", "asset-size"}


@pytest.mark.process
def test_a_mail_without_pictures_does_not_load_pillow() -> None:
    asked = "import sys, bypost.render.compile, bypost.web.site; print('PIL' in sys.modules)"
    found = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True)
    assert (found.stdout, found.stderr) == ("False\n", "")
