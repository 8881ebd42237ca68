"""What somebody asks for with the sign-up form, read from what they typed."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bypost.people.columns import clean
from bypost.people.csv_rows import Known, address
from bypost.people.pace import HOURS
from scheduler.wall import zone_names

#: Characters of a name that are kept.
_LONGEST_NAME = 80
_LONGEST_ADDRESS = 254  # RFC 5321, with the erratum to RFC 3696; longer ones are refused
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """One use of the form.

    Attributes:
        email: A usable address.
        course: Folder name; empty for newsletters only.
        newsletters: Those that were ticked, by folder name.
        time_zone: IANA zone; empty for the course's.
        hour: Local hour ``HH:MM``; empty for the course's.
        form: Which form it came through: counted, and part of the evidence.
        wording: The text of the form that asked for consent.
        network: Shortened IP address (:func:`bypost.people.abuse.network_of`); empty for what
            came over no network.
        language: BCP 47 tag of the form.
    """

    email: str
    course: str
    form: str
    wording: str
    name: str = ""
    newsletters: tuple[str, ...] = ()
    time_zone: str = ""
    hour: str = ""
    network: str = ""
    language: str = "en"


class BadWish(ValueError):
    """The form cannot be used as it was filled in.

    Attributes:
        problems: Field -> one sentence for the person who filled it in.
    """

    def __init__(self, problems: Mapping[str, str]) -> None:
        super().__init__("; ".join(problems.values()))
        self.problems = dict(problems)


def read_wish(
    known: Known,
    *,
    email: str,
    form: str,
    wording: str,
    name: str = "",
    course: str = "",
    newsletters: Sequence[str] = (),
    time_zone: str = "",
    hour: str = "",
    network: str = "",
    language: str = "en",
) -> Wish:
    """Return what was typed as a wish.

    A zone or an hour that is not offered is left out: a script has guessed it, and the course's
    own does as well.

    Args:
        known: Courses and newsletters that can be asked for.

    Raises:
        BadWish: if the address cannot be mailed, or nothing that is there was asked for.
    """
    problems: dict[str, str] = {}
    usable = ""
    try:
        usable = _address(clean(email))
    except ValueError as error:
        problems["email"] = str(error)
    if course and course not in known.courses:
        problems["course"] = "This course is not here."
    if unknown := [one for one in newsletters if one not in known.newsletters]:
        problems["newsletters"] = f"There is no newsletter {unknown[0][:64]}."
    if not course and not newsletters:
        problems["course"] = "Choose what you would like to get."
    if problems:
        raise BadWish(problems)
    return Wish(
        email=usable,
        course=course,
        form=form[:80],
        wording=wording,
        name=clean_name(name),
        newsletters=tuple(dict.fromkeys(newsletters)),
        time_zone=time_zone if time_zone in zone_names() else "",
        hour=hour if hour in HOURS else "",
        network=network,
        language=language[:35],
    )


def clean_name(typed: str) -> str:
    """Return a name as it is kept: on one line, and not endless."""
    return _CONTROL.sub(" ", clean(typed))[:_LONGEST_NAME].strip()


def _address(typed: str) -> str:
    """Return a usable address; raise ValueError with what to tell the person."""
    if not typed:
        raise ValueError("Enter your email address.")
    local, _, domain = typed.rpartition("@")
    if local and domain and not local.isascii():
        raise ValueError("Letters such as é before the @ cannot be mailed; use another address.")
    try:
        return address(typed[: _LONGEST_ADDRESS + 1])
    except ValueError:
        raise ValueError("Enter an address such as ana@example.org.") from None
