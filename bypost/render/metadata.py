"""Takes out of a picture file what is not the picture: places, cameras, names, comments.

No pixel is touched: PNG, JPEG and GIF are lists of parts, and only the parts that show something
are kept (PNG specification 3, ISO/IEC 10918-1 annex B, GIF89a). Whatever follows the end of the
picture goes, too: telephones append whole films there.
"""

from __future__ import annotations

from collections.abc import Iterator

_PNG = b"\x89PNG\r\n\x1a\n"
#: Chunks that decide what is seen; among them those of an animation (``acTL fcTL fdAT``).
_SEEN = frozenset(b"IHDR PLTE IDAT IEND tRNS gAMA cHRM sRGB iCCP sBIT bKGD acTL fcTL fdAT".split())
_END = b"IEND"

#: Second bytes of JPEG's marks.
_SOI, _EOI, _SOS, _COMMENT, _APP0, _APP15 = 0xD8, 0xD9, 0xDA, 0xFE, 0xE0, 0xEF
_RESTARTS = range(0xD0, 0xD8)
#: How the application parts begin that change what is seen: density, colour profile, colour model.
_APPLICATIONS = (b"JFIF\0", b"ICC_PROFILE\0", b"Adobe")

#: What the application parts of GIF begin with that repeat an animation.
_LOOPS = (b"NETSCAPE2.0", b"ANIMEXTS1.0")
_GIF_COMMENT, _GIF_APPLICATION = 0xFE, 0xFF
_EXTENSION, _IMAGE, _TRAILER = b"!", b",", b";"


def without_metadata(data: bytes, form: str) -> bytes | None:
    """Return the picture alone; None where the file is not built as its format says.

    Args:
        form: ``PNG``, ``JPEG`` or ``GIF``.
    """
    parts = {"PNG": _png, "JPEG": _jpeg, "GIF": _gif}[form]
    try:
        return b"".join(parts(_Bytes(data)))
    except EOFError:
        return None


class _Bytes:
    """Bytes that are read from front to back."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    def take(self, size: int) -> bytes:
        """Return the next bytes; raise EOFError where there are fewer."""
        taken = self.data[self.at : self.at + size]
        if len(taken) < size:
            raise EOFError
        self.at += size
        return taken

    def expect(self, *wanted: bytes) -> bytes:
        """Return the next bytes; raise EOFError where they are none of ``wanted``."""
        taken = self.take(len(wanted[0]))
        if taken not in wanted:
            raise EOFError
        return taken


def _png(source: _Bytes) -> Iterator[bytes]:
    yield source.expect(_PNG)
    kind = b""
    while kind != _END:
        head = source.take(8)
        kind = head[4:]
        rest = source.take(int.from_bytes(head[:4]) + 4)
        if kind in _SEEN:
            yield head + rest


def _jpeg(source: _Bytes) -> Iterator[bytes]:
    yield source.expect(bytes((0xFF, _SOI)))
    while True:
        source.expect(b"\xff")
        mark = 0xFF
        while mark == 0xFF:  # a mark may be preceded by any number of these
            mark = source.take(1)[0]
        if mark == _EOI:
            yield bytes((0xFF, mark))
            return
        length = source.take(2)
        part = length + source.take(max(0, int.from_bytes(length) - 2))
        if _is_seen(mark, part[2:]):
            yield bytes((0xFF, mark)) + part
        if mark == _SOS:
            yield _scan(source)


def _is_seen(mark: int, content: bytes) -> bool:
    if _APP0 <= mark <= _APP15:
        return content.startswith(_APPLICATIONS)
    return mark != _COMMENT


def _scan(source: _Bytes) -> bytes:
    """Return the coded picture up to the next mark.

    Within it 0xFF is followed by 0 or by the number of a restart.
    """
    start = at = source.at
    while True:
        at = source.data.find(b"\xff", at)
        if at < 0 or at + 1 >= len(source.data):
            raise EOFError
        following = source.data[at + 1]
        if following != 0 and following not in _RESTARTS:
            source.at = at
            return source.data[start:at]
        at += 2


def _gif(source: _Bytes) -> Iterator[bytes]:
    yield source.expect(b"GIF87a", b"GIF89a")
    screen = source.take(7)
    yield screen + source.take(_colours(screen[4]))
    while (kind := source.expect(_EXTENSION, _IMAGE, _TRAILER)) != _TRAILER:
        if kind == _IMAGE:
            place = source.take(9)
            yield kind + place + source.take(_colours(place[8]) + 1) + _blocks(source)
            continue
        label = source.take(1)
        blocks = _blocks(source)
        application = blocks[1:].startswith(_LOOPS)
        if label[0] != _GIF_COMMENT and (label[0] != _GIF_APPLICATION or application):
            yield kind + label + blocks
    yield _TRAILER


def _colours(flags: int) -> int:
    """Return the bytes of the table of colours that these flags announce."""
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def _blocks(source: _Bytes) -> bytes:
    start = source.at
    while size := source.take(1)[0]:
        source.take(size)
    return source.data[start : source.at]
