"""The quick look at an address never lets through what the library would refuse.

    python -m tests.people.test_addresses 1000000

compares so many addresses of the same hostile making, and says how many the quick look took.
"""

from __future__ import annotations

import random
import sys

import pytest
from email_validator import SPECIAL_USE_DOMAIN_NAMES, EmailNotValidError, validate_email
from email_validator.rfc_constants import CASE_INSENSITIVE_MAILBOX_NAMES
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bypost.people.plain_address import _LONGEST, _PLAIN, plain_address

_LOCALS = (
    "ab09_+-.",
    "aZ9.",
    "a.",
    "a'b",
    "!#$%&*/=?^`{|}~a",
    "a\u00e9b",
    "a@b",
    'a" b',
    "a\\b",
    "a,;:<>()[]",
)
_LABELS = (
    "ab09-x",
    "aB-9",
    "x",
    "-",
    "a\u00e9\u00df",
    "\u0431\u05d0",
    "a_b",
    "a b",
    "0123456789",
    "\uff41.",
)
_WORDS = (
    *CASE_INSENSITIVE_MAILBOX_NAMES,
    *(name.title() for name in CASE_INSENSITIVE_MAILBOX_NAMES),
    "xn--",
    "xn--a",
    "xn--bcher-kva",
    "XN--BCHER-KVA",
    "xn--11b5bs3a9aj6g",
    "ab--c",
    "a--b",
    "-a",
    "a-",
    "a" * 62,
    "a" * 63,
    "a" * 64,
    "localhost",
    "example",
    "127",
    "1",
)
_ENDINGS = (
    "com",
    "org",
    "de",
    "museum",
    "COM",
    "Org",
    "c",
    "d",
    "1",
    "c0m",
    "0",
    "a1",
    "1a",
    "\u0440\u0444",
    "xn--p1ai",
    "co.uk",
    "com.",
    ".com",
    "-com",
    "com-",
    "com\n",
    "com ",
    "",
    *SPECIAL_USE_DOMAIN_NAMES,
    *(name.upper() for name in SPECIAL_USE_DOMAIN_NAMES),
    *(f"x{name}" for name in SPECIAL_USE_DOMAIN_NAMES),
    *(f"{name}.com" for name in SPECIAL_USE_DOMAIN_NAMES),
)


def _texts(alphabets: tuple[str, ...]) -> st.SearchStrategy[str]:
    pieces = [st.text(letters, min_size=1, max_size=12) for letters in alphabets]
    return st.one_of(*pieces, st.sampled_from(_WORDS))


_DOMAIN = st.tuples(st.lists(_texts(_LABELS), max_size=4), st.sampled_from(_ENDINGS)).map(
    lambda parts: ".".join([*parts[0], parts[1]])
)
_ADDRESS = st.tuples(
    _texts(_LOCALS), st.sampled_from(["@"] * 8 + ["", "@@", " @", "\uff20"]), _DOMAIN
)


def library_form(address: str) -> str:
    """Return the address as the importer would have it of the library; empty if refused."""
    try:
        checked = validate_email(address, check_deliverability=False, allow_smtputf8=False)
    except EmailNotValidError:
        return ""
    return checked.ascii_email or checked.normalized


def differs(address: str) -> bool:
    """Tell whether the quick look takes an address otherwise than the library."""
    quick = plain_address(address)
    return bool(quick) and quick != library_form(address)


@settings(max_examples=3000)
@given(parts=_ADDRESS)
@example(("Info", "@", "example.org"))
@example(("a", "@", "b.Test"))
@example(("a", "@", "ab--c.org"))
def test_what_the_quick_look_takes_the_library_takes_in_the_same_form(
    parts: tuple[str, str, str],
) -> None:
    assert not differs("".join(parts))


@settings(max_examples=300)
@given(address=st.from_regex(_PLAIN, fullmatch=True))
def test_every_address_of_the_quick_look_s_own_making_is_good(address: str) -> None:
    assert not differs(address)


@settings(max_examples=300)
@given(
    local=st.text("aB9.+-_", min_size=1, max_size=_LONGEST),
    label=st.text("aB9-", min_size=1, max_size=_LONGEST),
    ending=st.sampled_from(_ENDINGS),
)
def test_neither_do_lengths_at_the_limits_deceive_it(local: str, label: str, ending: str) -> None:
    assert not differs(f"{local}@{label}.{ending}")


@pytest.mark.parametrize(
    ("typed", "form"),
    [
        ("ana.berg+course@mail.example.org", "ana.berg+course@mail.example.org"),
        ("Ana.Berg@Example.ORG", "Ana.Berg@example.org"),
        ("a@x-y.museum", "a@x-y.museum"),
    ],
)
def test_the_usual_address_takes_the_quick_way(typed: str, form: str) -> None:
    assert plain_address(typed) == form == library_form(typed)


@pytest.mark.parametrize(
    "address",
    [
        "ana@example.org\n", "ana@example.test", "ana@EXAMPLE.Local", "Info@example.org",
        "ana@xn--bcher-kva.example", "ana@ab--c.org", "ana@example", "ana@example.c0m",
        "ana..b@example.org", ".ana@example.org", "ana.@example.org", "ana@-x.org", "ana@x-.org",
        "\u00e5sa@example.org", f"{'a' * 60}@x.org", "a@b@example.org", "", "@example.org",
    ],
)  # fmt: skip
def test_all_else_is_left_to_the_library(address: str) -> None:
    assert plain_address(address) == ""


def _hostile(draw: random.Random) -> str:
    """Return one address of the parts above, without Hypothesis: a million are made in minutes."""

    def text(alphabets: tuple[str, ...]) -> str:
        if draw.random() < 0.2:
            return draw.choice(_WORDS)
        letters = draw.choice(alphabets)
        # Mostly of usual letters: most of what is made must get as far as the last check.
        letters = letters if draw.random() < 0.4 else "abz09"
        return "".join(draw.choices(letters, k=draw.choice((1, 1, 2, 5, 12, 40))))

    local = ".".join(text(_LOCALS) for _ in range(draw.choice((1, 1, 2, 3))))
    labels = [text(_LABELS) for _ in range(draw.choice((0, 1, 1, 2, 3)))]
    sign = draw.choice(("@",) * 12 + ("", "@@", " @"))
    address = f"{local}{sign}{'.'.join([*labels, draw.choice(_ENDINGS)])}"
    if draw.random() < 0.1 and address:
        at = draw.randrange(len(address))
        odd = draw.choice(".-@_+A9 \u00e9\t")
        address = f"{address[:at]}{odd}{address[at + draw.randrange(2) :]}"
    return address


def main() -> None:
    """Compare very many addresses."""
    many, draw = int(sys.argv[1]), random.Random(int(sys.argv[2]) if len(sys.argv) > 2 else 0)
    taken = good = 0
    for _ in range(many):
        address = _hostile(draw)
        quick, form = plain_address(address), library_form(address)
        taken, good = taken + bool(quick), good + bool(form)
        if quick and quick != form:
            sys.exit(f"{address!r}: taken as {quick!r}, and by the library as {form!r}")
    sys.stdout.write(f"{many:,} compared: the library took {good:,}, the quick look {taken:,}\n")


if __name__ == "__main__":
    main()
