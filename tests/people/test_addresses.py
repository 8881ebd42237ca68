"""The quick look at an address never lets through what the library would refuse."""

from __future__ import annotations

from email_validator import SPECIAL_USE_DOMAIN_NAMES, EmailNotValidError, validate_email
from hypothesis import given, settings
from hypothesis import strategies as st

from bypost.people.csv_rows import _LONGEST_PLAIN, _PLAIN

_LOCAL = st.text("ab09_+-.", min_size=1, max_size=12) | st.text("a.", min_size=60, max_size=99)
_LABEL = st.text("ab09-x", min_size=1, max_size=6) | st.text("a-9", min_size=38, max_size=45)
_ENDING = st.sampled_from(["com", "org", "net", "de", "io", "eu", "uk", "edu", "fr", "comm", "d"])
_SPECIAL = st.sampled_from(sorted(SPECIAL_USE_DOMAIN_NAMES))
_DOMAIN = st.one_of(
    st.tuples(st.lists(_LABEL, min_size=1, max_size=4), _ENDING).map(
        lambda parts: ".".join([*parts[0], parts[1]])
    ),
    st.tuples(_LABEL, _SPECIAL).map(".".join),
    _SPECIAL,
)


def library_takes(address: str) -> bool:
    try:
        checked = validate_email(address, check_deliverability=False, allow_smtputf8=False)
    except EmailNotValidError:
        return False
    # Taken as typed: the quick look returns the text unchanged.
    return (checked.ascii_email or checked.normalized) == address


def taken_at_once(address: str) -> bool:
    return len(address) <= _LONGEST_PLAIN and _PLAIN.fullmatch(address) is not None


@settings(max_examples=2000)
@given(local=_LOCAL, domain=_DOMAIN)
def test_whatever_the_quick_look_takes_the_library_takes_as_well(local: str, domain: str) -> None:
    address = f"{local}@{domain}"
    assert not taken_at_once(address) or library_takes(address)


@settings(max_examples=150)
@given(address=st.from_regex(_PLAIN, fullmatch=True))
def test_every_address_of_the_quick_look_s_own_making_is_good(address: str) -> None:
    assert not taken_at_once(address) or library_takes(address)


def test_the_usual_address_takes_the_quick_way() -> None:
    assert taken_at_once("ana.berg+course@mail.example.org")
    assert not taken_at_once("Ana@example.org")
    assert not taken_at_once("ana@example.org\n")
