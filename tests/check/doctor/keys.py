"""Public keys of any length, as DKIM records carry them; nobody has their other half."""

from __future__ import annotations

import base64
import random

_RSA = bytes.fromhex("06092a864886f70d0101010500")


def rsa(bits: int) -> str:
    """Return a SubjectPublicKeyInfo in base64 with a modulus of so many bits."""
    modulus = random.Random(bits).getrandbits(bits) | 1 << (bits - 1) | 1
    key = _value(0x30, _number(modulus) + _number(65_537))
    return base64.b64encode(_value(0x30, _value(0x30, _RSA) + _value(3, b"\0" + key))).decode()


def strings(text: str) -> str:
    """Return a TXT value in strings of at most 255 bytes, as zones hold long ones."""
    return " ".join(f'"{text[at : at + 255]}"' for at in range(0, len(text), 255))


def _number(number: int) -> bytes:
    return _value(2, number.to_bytes(number.bit_length() // 8 + 1, "big"))


def _value(tag: int, content: bytes) -> bytes:
    size = len(content)
    if size < 128:
        return bytes([tag, size]) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + content
