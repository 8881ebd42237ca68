"""Picture files for tests, sound and otherwise."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path
from random import Random
from typing import Any

from PIL import Image


def noise(width: int, height: int, mode: str = "RGB") -> Image.Image:
    """Return a picture that does not compress, as a photograph does not; always the same."""
    bands = len(Image.new(mode, (1, 1)).getbands())
    return Image.frombytes(mode, (width, height), Random(7).randbytes(width * height * bands))


def encoded(picture: Image.Image, form: str, **options: Any) -> bytes:
    """Return the bytes of a picture's file."""
    target = io.BytesIO()
    picture.save(target, form, **options)
    return target.getvalue()


def decoded(data: bytes) -> Image.Image:
    """Return the picture in a file's bytes, read to its end."""
    picture = Image.open(io.BytesIO(data))
    picture.load()
    return picture


def photograph(width: int, height: int, **tags: Any) -> bytes:
    """Return a photograph as a telephone saves it: lying, with place and camera, and a comment."""
    exif = Image.Exif()
    exif[0x0112] = tags.get("orientation", 1)
    exif[0x010F] = "SECRETCAMERA"
    exif.get_ifd(0x8825)[1] = "N"
    return encoded(noise(width, height), "JPEG", quality=95, exif=exif, comment=b"SECRETPLACE")


def bomb(width: int, height: int) -> bytes:
    """Return a PNG of a few bytes that claims to have so many pixels."""
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", head), (b"IDAT", zlib.compress(b"\0" * 99)), (b"IEND", b""))
    parts = [
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in chunks
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def put(root: Path, name: str, data: bytes) -> Path:
    """Write a picture beside the lessons of the course ``baking``."""
    path = root / "lessons" / "baking" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path
