"""Bytes that lie long and are alike: compressed with zstandard."""

from __future__ import annotations

import zstandard


def compress(data: bytes) -> bytes:
    """Return ``data`` compressed: the many alike mails of a request shrink about a hundredfold."""
    return zstandard.ZstdCompressor(level=3).compress(data)


def decompress(data: bytes) -> bytes:
    """Return what :func:`compress` was given."""
    return zstandard.ZstdDecompressor().decompress(data)
