"""Makes of an author's picture the one that is sent: upright, no larger than needed, nameless.

Pillow is loaded by the first picture; a mail without one does not pay for it.
"""

from __future__ import annotations

import hashlib
import io
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING, Any

from bypost.render.metadata import without_metadata

if TYPE_CHECKING:
    from PIL.Image import Image

#: A file of so many bytes, or a picture of so many pixels, was put there by mistake.
MOST_BYTES = 10_000_000
MOST_PIXELS = 40_000_000

#: Quality of JPEG at which a reader sees no difference; what is smaller already is not made anew.
_QUALITY = 85
_ORIENTATION = 0x0112
_UPRIGHT = 1
#: Orientations that stand on their side (EXIF 2.32, tag 0x0112).
_LYING = frozenset({5, 6, 7, 8})
#: Modes that need no change before a picture is made smaller and written.
_PLAIN = frozenset({"L", "LA", "RGB", "RGBA"})

_ENDINGS = {"PNG": ("png", "image/png"), "JPEG": ("jpg", "image/jpeg"), "GIF": ("gif", "image/gif")}

#: What a file that is none of ours begins with, and what it is called.
_OTHERS = (
    (b"RIFF", "a WebP picture"),
    (b"<svg", "an SVG drawing"),
    (b"<?xml", "an SVG drawing or another XML file"),
    (b"BM", "a BMP picture"),
    (b"II*\0", "a TIFF picture"),
    (b"MM\0*", "a TIFF picture"),
    (b"%PDF", "a PDF document"),
)
_OURS = (b"\x89PNG", b"\xff\xd8\xff", b"GIF8")

#: One large picture in memory at a time; and warnings are switched for the whole process.
_ONE_AT_A_TIME = threading.Lock()


class Unfit(Exception):
    """A picture cannot be used; says which rule it breaks, what is wrong, and how to mend it."""

    def __init__(self, rule: str, message: str, fix: str) -> None:
        super().__init__(message)
        self.rule = rule
        self.message = message
        self.fix = fix


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A picture as it is sent; see :class:`bypost.model.asset.Asset` for what its fields mean."""

    name: str
    media_type: str
    width: int
    height: int
    data: bytes
    natural_width: int
    natural_height: int


def make_picture(data: bytes, most_width: int) -> Picture:
    """Return the picture in a file's bytes as it is sent.

    Of the file itself and of a copy made anew (made smaller where it is wider than
    ``most_width``), the one with fewer bytes is taken; both without metadata. An animation stays
    as it is.

    Raises:
        Unfit: It is no PNG, JPEG or GIF, is broken, or has too many pixels.
    """
    with _opened(data) as image:
        form = "JPEG" if image.format == "MPO" else str(image.format)
        orientation = image.getexif().get(_ORIENTATION, _UPRIGHT)
        turned = orientation in range(2, 9)
        size = image.size[::-1] if orientation in _LYING else image.size
        if form != "JPEG" and getattr(image, "is_animated", False):
            image.load()
            return _named(without_metadata(data, form) or data, form, size, size)
        found = []
        # Mail programs disagree on orientation and on CMYK: such files are always made anew.
        plain = None if turned or image.mode == "CMYK" else without_metadata(data, form)
        if plain is not None:
            found.append((plain, form, size))
        found.append(_anew(image, form, size, most_width))
        best = min(found, key=lambda one: len(one[0]))
    return _named(*best, size)


@contextmanager
def _opened(data: bytes) -> Iterator[Image]:
    """Open a picture; whatever goes wrong inside is the picture's fault."""
    from PIL import Image, UnidentifiedImageError

    with _ONE_AT_A_TIME, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a malformed date in a photograph is nobody's concern
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        try:
            with Image.open(io.BytesIO(data), formats=tuple(_ENDINGS)) as image:
                _check_pixels(image.width, image.height)
                yield image
        except Unfit:
            raise
        except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
            raise _too_many("far too many pixels") from error
        except UnidentifiedImageError as error:
            raise _unknown(data) from error
        except Exception as error:
            # Broken files make Pillow raise nearly anything: OSError, SyntaxError, struct.error.
            message = "is broken: it cannot be read to its end"
            raise Unfit("asset-broken", message, "save it again, or copy it anew") from error


def _check_pixels(width: int, height: int) -> None:
    if not 0 < width * height <= MOST_PIXELS:
        raise _too_many(f"{width} x {height} pixels")


def _too_many(how_many: str) -> Unfit:
    message = f"has {how_many}; at most {MOST_PIXELS // 1_000_000} million are taken"
    return Unfit("asset-size", message, "save it smaller: 1200 pixels wide is enough for any mail")


def _unknown(data: bytes) -> Unfit:
    if data.startswith(_OURS):
        message = "is broken: its beginning cannot be read"
        return Unfit("asset-broken", message, "save it again, or copy it anew")
    start = data.lstrip()[:5].lower() if data[:64].lstrip().startswith(b"<") else data[:5]
    named = next((name for sign, name in _OTHERS if start.startswith(sign)), "no picture we know")
    if data[4:12] in {b"ftypavif", b"ftypheic", b"ftypmif1"}:
        named = "an AVIF or HEIC picture"
    message = f"is {named}; mail programs show PNG, JPEG and GIF"
    return Unfit("asset-format", message, "save it as PNG, a photograph as JPEG")


def _anew(
    image: Image, form: str, size: tuple[int, int], most_width: int
) -> tuple[bytes, str, tuple[int, int]]:
    """Return the picture written anew: its bytes, its format and its size."""
    from PIL import Image as Pillow
    from PIL import ImageOps

    wanted = size
    if size[0] > most_width:
        wanted = (most_width, max(1, round(size[1] * most_width / size[0])))
        share = most_width / size[0]
        # JPEG decodes straight to a half, a quarter or an eighth; for others nothing happens.
        image.draft(None, (ceil(image.width * share), ceil(image.height * share)))
    image.load()
    upright = ImageOps.exif_transpose(image)
    if upright.size != wanted:
        upright = _plain_mode(upright, form)
        upright = upright.resize(wanted, Pillow.Resampling.LANCZOS, reducing_gap=3.0)
    form = "JPEG" if form == "JPEG" else "PNG"
    if form == "JPEG":
        upright = _plain_mode(upright, form)
    written = _written(upright, form, image)
    return without_metadata(written, form) or written, form, wanted


def _plain_mode(image: Image, form: str) -> Image:
    """Return the picture in a mode that can be made smaller and written in its format."""
    if form == "JPEG":
        return image if image.mode in {"L", "RGB"} else image.convert("RGB")
    if image.mode.startswith("I"):  # 16 bits of grey; a plain conversion would cut them off
        return image.convert("I").point(lambda value: value * (1 / 256)).convert("L")
    if image.mode in _PLAIN and "transparency" not in image.info:
        return image
    see_through = "transparency" in image.info or image.mode in {"PA", "La", "RGBa"}
    return image.convert("RGBA" if see_through else "RGB")


def _written(image: Image, form: str, original: Image) -> bytes:
    options: dict[str, Any] = {"optimize": True}
    if form == "JPEG":
        options |= {"quality": _QUALITY, "progressive": True}
    # A colour profile belongs to its colours: those of a converted picture are others.
    profile = original.info.get("icc_profile") if image.mode == original.mode else None
    target = io.BytesIO()
    image.save(target, form, icc_profile=profile, **options)
    return target.getvalue()


def _named(data: bytes, form: str, size: tuple[int, int], natural: tuple[int, int]) -> Picture:
    ending, media_type = _ENDINGS[form]
    return Picture(
        name=f"{hashlib.sha256(data).hexdigest()[:20]}.{ending}",
        media_type=media_type,
        width=size[0],
        height=size[1],
        data=data,
        natural_width=natural[0],
        natural_height=natural[1],
    )
