"""The sign-up form: what it shows, what it asks consent to, and what came back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from starlette.datastructures import FormData

from bypost.links import Links
from bypost.model.course import Course, Newsletter
from bypost.model.quantity import quantity
from bypost.people.abuse import HONEYPOT, make_form_token
from bypost.people.pace import HOURS
from bypost.web.zones import options

#: Characters of a field that are read; the longest is an address of a page.
_MOST_SIGNS = 2000
_MOST_TICKS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Typed:
    """What somebody filled in."""

    email: str = ""
    name: str = ""
    time_zone: str = ""
    hour: str = ""
    newsletters: tuple[str, ...] = ()
    token: str = ""
    trapped: bool = False
    next: str = ""

    @classmethod
    def read(cls, data: FormData) -> Typed:
        """Return the fields of a form; a file or a field twice is not looked at."""

        def text(name: str) -> str:
            value = data.get(name)
            return value[:_MOST_SIGNS] if isinstance(value, str) else ""

        ticks = [one for one in data.getlist("newsletters") if isinstance(one, str)]
        return cls(
            email=text("email"),
            name=text("name"),
            time_zone=text("time_zone"),
            hour=text("hour"),
            newsletters=tuple(ticks[:_MOST_TICKS]),
            token=text("token"),
            trapped=bool(data.get(HONEYPOT)),
            next=text("next"),
        )

    def kept(self) -> dict[str, Any]:
        """Return what is worth keeping while the person waits for their mail."""
        fields = asdict(self)
        return {n: fields[n] for n in ("email", "name", "time_zone", "hour", "newsletters")}

    @classmethod
    def of_kept(cls, kept: object) -> Typed:
        """Return what :meth:`kept` gave, which a browser has held meanwhile."""
        if not isinstance(kept, Mapping):
            return cls()
        return cls(
            email=str(kept.get("email", "")),
            name=str(kept.get("name", "")),
            time_zone=str(kept.get("time_zone", "")),
            hour=str(kept.get("hour", "")),
            newsletters=tuple(map(str, kept.get("newsletters", ()))),
        )


@dataclass(frozen=True, slots=True)
class Letter:
    """A newsletter that can be ticked, and the words beside the tick."""

    id: str
    wording: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """A form as a page shows it.

    Attributes:
        name: Which form it is: counted, and part of the evidence.
        path: Of the page it is on; it is posted there.
        course: What is asked for; empty on the form of a newsletter.
        newsletter: The same for a newsletter.
        letters: Newsletters that can be asked for besides.
        wording: What pressing the button agrees to.
        begins: What confirming starts, as the end of a sentence.
    """

    name: str
    path: str
    course: str
    newsletter: str
    title: str
    heading: str
    button: str
    wording: str
    begins: str
    letters: Sequence[Letter]
    hour: str
    zone: str

    def agreed(self, ticked: Sequence[str]) -> str:
        """Return the whole text that somebody agreed to who ticked these newsletters."""
        texts = [letter.wording for letter in self.letters if letter.id in ticked]
        return "\n".join((self.wording, *texts))

    def wanted(self, ticked: Sequence[str]) -> tuple[str, ...]:
        """Return the newsletters that were asked for."""
        return (self.newsletter,) if self.newsletter else tuple(ticked)

    def shown(self, typed: Typed, links: Links, now: datetime) -> dict[str, object]:
        """Return what the template needs of it, with a fresh token."""
        return {
            "heading": self.heading,
            "action": self.path,
            "token": make_form_token(links, self.name, now),
            "trap": HONEYPOT,
            "clock": bool(self.course),
            "hours": HOURS[1:],
            "hour": self.hour,
            "zone": self.zone,
            "zones": options(typed.time_zone),
            "letters": self.letters,
            "wording": self.wording,
            "button": self.button,
        }


def _counted(clicks: bool) -> str:
    """Return what the form says where clicks are counted: it is part of what is agreed to."""
    return " Clicks on links in the mails are counted." if clicks else ""


def course_form(course: Course, newsletters: Sequence[Newsletter], *, embedded: bool) -> Form:
    """Return the form of a course; on other sites it is short."""
    mails = quantity(len(course.lessons), "mail")
    return Form(
        name=f"{'embed' if embedded else 'course'}:{course.id}",
        path=f"/embed/{course.id}" if embedded else f"/courses/{course.id}",
        course=course.id,
        newsletter="",
        title=course.title,
        heading="Start the course",
        button="Send me the course",
        wording=(
            f"By pressing the button you ask for the course “{course.title}” by email: {mails}, "
            "then it ends. You can leave at any time with one click." + _counted(course.clicks)
        ),
        begins="the course begins",
        letters=[] if embedded else [Letter(n.id, _tick(n)) for n in newsletters],
        hour=f"{course.hour:%H:%M}",
        zone=course.time_zone,
    )


def newsletter_form(newsletter: Newsletter) -> Form:
    """Return the form of a newsletter."""
    return Form(
        name=f"newsletter:{newsletter.id}",
        path=f"/newsletters/{newsletter.id}",
        course="",
        newsletter=newsletter.id,
        title=newsletter.title,
        heading="Get it by email",
        button="Send me the newsletter",
        wording=(
            f"By pressing the button you ask for the newsletter “{newsletter.title}” by email. "
            f"You can leave at any time with one click.{_counted(newsletter.clicks)}"
        ),
        begins="the newsletter is sent to you",
        letters=[],
        hour=f"{newsletter.hour:%H:%M}",
        zone=newsletter.time_zone,
    )


def _tick(newsletter: Newsletter) -> str:
    return f"Also send me the newsletter “{newsletter.title}”: {newsletter.summary}"
