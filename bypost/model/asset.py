"""A picture that mails and pages show: its bytes under a name that is made from them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Asset:
    """A picture ready to be served; other bytes have another name.

    Attributes:
        name: The beginning of the SHA-256 of ``data`` (hex) and the ending of its format.
        width, height: Of ``data``, in pixels.
        path: The author's file, relative to the project, with forward slashes.
        natural_width, natural_height: Of that file as it is looked at, in pixels.
        natural_bytes: Of that file.
    """

    name: str
    media_type: str
    width: int
    height: int
    data: bytes
    path: str
    natural_width: int
    natural_height: int
    natural_bytes: int
