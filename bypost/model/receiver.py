"""Who receives mail for an address, as far as it is counted apart."""

from __future__ import annotations

#: What is counted for all that is not among the large ones.
OTHER = "other"

#: Domains of the large receivers -> the one they are counted by.
_LARGE = {
    "gmail.com": "gmail.com",
    "googlemail.com": "gmail.com",
    "outlook.com": "outlook.com",
    "hotmail.com": "outlook.com",
    "hotmail.co.uk": "outlook.com",
    "hotmail.de": "outlook.com",
    "hotmail.fr": "outlook.com",
    "live.com": "outlook.com",
    "msn.com": "outlook.com",
    "outlook.de": "outlook.com",
    "yahoo.com": "yahoo.com",
    "yahoo.co.uk": "yahoo.com",
    "yahoo.de": "yahoo.com",
    "yahoo.fr": "yahoo.com",
    "ymail.com": "yahoo.com",
    "aol.com": "yahoo.com",
    "icloud.com": "icloud.com",
    "me.com": "icloud.com",
    "mac.com": "icloud.com",
    "gmx.de": "gmx.net",
    "gmx.net": "gmx.net",
    "gmx.at": "gmx.net",
    "gmx.ch": "gmx.net",
    "gmx.com": "gmx.net",
    "web.de": "web.de",
    "t-online.de": "t-online.de",
    "proton.me": "proton.me",
    "protonmail.com": "proton.me",
    "pm.me": "proton.me",
    "fastmail.com": "fastmail.com",
    "orange.fr": "orange.fr",
    "comcast.net": "comcast.net",
    "qq.com": "qq.com",
    "mail.ru": "mail.ru",
}


def receiver(address: str) -> str:
    """Return the domain an address is counted by, e.g. ``gmail.com``, or :data:`OTHER`.

    Only large ones are told apart: a domain of few people would name them.
    """
    return _LARGE.get(address.rpartition("@")[2].casefold(), OTHER)
