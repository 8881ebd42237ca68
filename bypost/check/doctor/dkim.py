"""DKIM (RFC 6376): the keys with which mails of a domain are signed."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Mapping, Sequence

from bypost.check.doctor.asking import Asking, CouldNotAsk
from bypost.check.doctor.checkup import Checkup, Level
from bypost.providers.account import DnsRecord

#: Bits below which receivers take no RSA key (RFC 8301), and what is advised today.
LEAST, ADVISED = 1024, 2048


def check(
    asking: Asking, domain: str, selectors: Sequence[str], wanted: Sequence[DnsRecord]
) -> Iterator[Checkup]:
    """Yield what is found of each key.

    Args:
        selectors: Names of the keys.
        wanted: What the provider says that should stand there, as far as it says.
    """
    if not selectors:
        yield Checkup(
            group="domain",
            name="DKIM",
            level=Level.WARN,
            says="this provider gives each account keys of its own, and their name is not known",
            todo="Look it up at the provider, and write it into [doctor] dkim_selectors.",
        )
    for selector in selectors:
        yield _look(asking, domain, selector, wanted)


def _look(asking: Asking, domain: str, selector: str, wanted: Sequence[DnsRecord]) -> Checkup:
    name = f"{selector}._domainkey.{domain}"

    def told(level: Level, says: str, todo: str = "") -> Checkup:
        add = [record for record in wanted if record.name.casefold() == name.casefold()]
        return Checkup(
            group="domain",
            name=f"DKIM key {selector}",
            level=level,
            says=says,
            todo=todo,
            records=add if todo else (),
        )

    try:
        texts = asking.texts(name)
    except CouldNotAsk as error:
        return told(Level.UNASKED, f"could not ask: {error}", "Try again later.")
    keys = [tags for text in texts if "p" in (tags := read(text))]
    if not keys:
        words = f"there is no key at {name}: mails are not signed in your name"
        return told(Level.FAIL, words, "Add the record that the provider shows for your domain.")
    if len(keys) > 1:
        return told(Level.FAIL, f"there are {len(keys)} keys at {name}", "Leave the newest only.")
    return told(*_judge(keys[0], name))


def _judge(tags: Mapping[str, str], name: str) -> tuple[Level, str, str]:
    again = "Have the provider make a new key, and add its record."
    if not tags["p"]:
        return Level.FAIL, f"the key at {name} is withdrawn (p is empty)", again
    bits = key_bits(tags["p"]) if tags.get("k", "rsa") == "rsa" else None
    if tags.get("k", "rsa") == "rsa":
        if bits is None:
            return Level.FAIL, f"the key at {name} cannot be read: part of it is missing", again
        if bits < LEAST:
            return Level.FAIL, f"the key at {name} has {bits} bits; receivers want {LEAST}", again
    if "y" in tags.get("t", "").split(":"):
        words = f"the key at {name} says t=y: receivers take it for a test"
        return Level.WARN, words, "Take t=y out of the record."
    if bits is not None and bits < ADVISED:
        words = f"the key at {name} has {bits} bits: enough, and {ADVISED} are advised"
        return Level.PASS, words, ""
    kind = f"{bits} bits" if bits else tags["k"]
    return Level.PASS, f"there is a key at {name} ({kind})", ""


def read(text: str) -> dict[str, str]:
    """Return the tags of a record; what is no tag is left out."""
    pairs = (part.partition("=") for part in text.split(";"))
    return {
        name.strip(): "".join(value.split()) if name.strip() == "p" else value.strip()
        for name, equals, value in pairs
        if equals
    }


def key_bits(text: str) -> int | None:
    """Return the length of an RSA key in base64 (SubjectPublicKeyInfo or PKCS #1); None: broken."""
    try:
        der = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
        return _modulus(der).bit_length()
    except (binascii.Error, ValueError, IndexError):
        return None


def _modulus(der: bytes) -> int:
    """Return the first long integer inside of nested DER: the modulus."""
    inside = _content(der, 0x30)
    if inside[0] == 0x30:  # an algorithm comes first, then the key in a bit string
        rest = inside[_end(inside) :]
        inside = _content(_content(rest, 0x03)[1:], 0x30)
    return int.from_bytes(_content(inside, 0x02), "big")


def _content(der: bytes, tag: int) -> bytes:
    if der[0] != tag:
        raise ValueError("another kind of value")
    start, end = _start(der), _end(der)
    if end > len(der):
        raise ValueError("cut off")
    return der[start:end]


def _start(der: bytes) -> int:
    return 2 + (der[1] & 0x7F if der[1] & 0x80 else 0)


def _end(der: bytes) -> int:
    start = _start(der)
    length = int.from_bytes(der[2:start], "big") if der[1] & 0x80 else der[1]
    return start + length
