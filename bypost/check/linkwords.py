"""What the words of a link say about where it leads."""

from __future__ import annotations

import re

from bypost.check.addresses import host

#: Words that say nothing, in languages common in mail.
_GENERIC = """
click|click here|here|this|this link|link|more|more info|read more|learn more|see more|this page
tap here|go|continue|details|find out more
hier|hier klicken|klick hier|klicken sie hier|mehr|mehr lesen|weiterlesen|mehr erfahren
ici|cliquez ici|clique ici|en savoir plus|lire la suite|plus
aquí|haz clic aquí|haga clic aquí|leer más|más|más información
qui|clicca qui|leggi di più|aqui|clique aqui|saiba mais|leia mais
klik hier|lees meer|meer|tutaj|kliknij tutaj|czytaj więcej
"""
_SAYS_NOTHING = frozenset(_GENERIC.strip().replace("\n", "|").split("|"))

#: Stands around words and is not heard.
_AROUND = " \t\n.,:;!?…»«>›→-–—()[]\"'“”„"

_WRITTEN_OUT = re.compile(r"(?:https?://|www\.)\S+", re.IGNORECASE)
_BARE_HOST = re.compile(r"(?:[\w-]+\.)+([a-z]{2,})(?:[/?#]\S*)?", re.IGNORECASE)
_MAIL = re.compile(r"[^\s@<>]+@[^\s@<>]+\.[a-z]{2,}", re.IGNORECASE)
#: Endings of a host, where a text is nothing but a name with a dot in it. What is an ending of
#: files as well (`README.md`, `setup.py`, `tour.pl`) is left out.
_DOMAINS = re.compile(
    r"com|org|net|edu|gov|int|info|eu|app|dev|io|co|uk|de|fr|es|it|nl|be|at|ch|se|no|dk|fi|pt|gr"
    r"|ie|us|ca|au|nz|jp|cn|in|br|mx|ru|ua|cz|sk|hu|ro|tr",
    re.IGNORECASE,
)


def heard(words: str) -> str:
    """Return what is left of a link's words for a comparison."""
    return words.strip(_AROUND).casefold()


def is_generic(words: str) -> bool:
    """Return whether they could stand on any link: “click here”, “more”."""
    return heard(words) in _SAYS_NOTHING


def is_address(words: str) -> bool:
    """Return whether they are nothing but an address written out."""
    return _WRITTEN_OUT.fullmatch(words) is not None


def promised(words: str) -> str:
    """Return the host or the mail address that they show; empty where they show neither."""
    if written := _WRITTEN_OUT.search(words):
        return _host(written[0])
    if mail := _MAIL.fullmatch(words):
        return mail[0]
    bare = _BARE_HOST.fullmatch(words)
    return _host(words) if bare and _DOMAINS.fullmatch(bare[1]) else ""


def _host(shown: str) -> str:
    return host(shown if "://" in shown else f"https://{shown}")
