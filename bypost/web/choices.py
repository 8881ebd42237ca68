"""What can be chosen on a person's own page: each form's word, what it does, what is said then."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from bypost.delivery import answers, holds, notices
from bypost.delivery.read_run import place_of
from bypost.people import pace, profile, resend, restart, skip, switch
from bypost.people.signup import Notify
from bypost.store import Connection, Row, ledger, limits
from bypost.web.doors import Doors
from bypost.web.when import zone_of

#: Fresh links that a person may ask for within a day.
_MOST_FRESH = 5

#: What the page says after a form was sent.
SAID: Mapping[str, str] = {
    "back": "You are back. Everything goes on as it was.",
    "pause": "The course is paused.",
    "resume": "The course goes on.",
    "pace": "Your rhythm is set.",
    "clock": "Your hour and time zone are set.",
    "name": "Your name is set.",
    "letter": "Your newsletters are set.",
    "restart": "The course begins anew. The first lesson is on its way.",
    "too-late": "This course cannot be begun anew from here. Use the form on its page.",
    "fresh": "A mail with a link is on its way to your address. The link works for half an hour.",
    "enough-links": "You have had several such mails today. Try again tomorrow.",
    pace.Answer.ASKED: "The next lesson is on its way and will be in your mailbox shortly.",
    pace.Answer.ON_ITS_WAY: "A lesson was sent already. The one after it can be asked for then.",
    pace.Answer.ENOUGH: "That is as many lessons as a day has room for. Ask again tomorrow.",
    pace.Answer.PAUSED: "The course is paused. The next lesson can be asked for once it goes on.",
    pace.Answer.ENDED: "This course has ended for you.",
    skip.Skipped.DONE: "That lesson is left out. The one after it comes in its place.",
    resend.Resent.OWED: "The lesson is on its way to you once more.",
    resend.Resent.ON_ITS_WAY: "That lesson was sent once more already.",
    resend.Resent.ENOUGH: "You have had three lessons once more today. Try again tomorrow.",
    resend.Resent.UNKNOWN: "You have not had that lesson yet.",
}


@dataclass(frozen=True, slots=True)
class Asked:
    """One form of the page as it was sent.

    Attributes:
        enrollment: What the link names; None for the link of a newsletter.
    """

    doors: Doors
    connection: Connection
    enrollment: Row | None
    person: Row
    fields: Mapping[str, str]
    notify: Notify

    @property
    def now(self) -> datetime:
        """Return the present instant."""
        return self.doors.context.clock.now()

    @property
    def run(self) -> Row:
        """Return the enrollment; only forms of :data:`FOR_ALL` come without one."""
        if self.enrollment is None:
            raise LookupError("a newsletter's page has no course")
        return self.enrollment

    def field(self, name: str) -> str:
        """Return what was typed; empty for a field that is not there."""
        return self.fields.get(name, "")


@dataclass(frozen=True, slots=True)
class Done:
    """What the page is to say; ``token`` names another page than the one it was sent from."""

    said: str
    token: str = ""


def _pause(asked: Asked) -> Done:
    if typed := asked.field("until"):
        shape = asked.doors.titles.shape(asked.connection, asked.run["course"])
        zone = zone_of(asked.person["time_zone"], shape.time_zone if shape else "")
        day = date.fromisoformat(typed)
        pace.pause_until(asked.connection, asked.run, day=day, zone=zone, now=asked.now)
    else:
        weeks = int(asked.field("weeks"))
        pace.pause(asked.connection, asked.run, weeks=weeks, now=asked.now)
    return Done("pause")


def _resume(asked: Asked) -> Done:
    pace.resume(asked.connection, asked.run, now=asked.now)
    return Done("resume")


def _pace(asked: Asked) -> Done:
    pace.set_pace(asked.connection, asked.run, pace=asked.field("rhythm"), now=asked.now)
    return Done("pace")


def _next(asked: Asked) -> Done:
    after = asked.field("after") or None
    keep = asked.field("then") == "keep"
    shape = asked.doors.titles.shape(asked.connection, asked.run["course"])
    if shape is None:
        return Done(pace.Answer.ENDED)
    answer = pace.ask_next(
        asked.connection,
        asked.run,
        after=after,
        most=shape.most_a_day,
        now=asked.now,
        keep=keep,
        held=holds.of_run(asked.connection, asked.run, asked.now) is not None,
    )
    return Done(answer)


def _skip(asked: Asked) -> Done:
    past = ledger.history(asked.connection, [asked.run["id"]]).get(asked.run["id"], [])
    shape = asked.doors.titles.shape(asked.connection, asked.run["course"])
    zone = zone_of(asked.person["time_zone"], shape.time_zone if shape else "")
    on = asked.now.astimezone(zone).date()
    step = shape.next_step(place_of(asked.run, past), on) if shape else None
    if step is None:
        return Done(skip.Skipped.ENDED)
    done = skip.skip(
        asked.connection,
        asked.run,
        lesson=step.lesson,
        content_hash=step.content_hash,
        after=asked.field("after") or None,
        provider=asked.doors.context.provider.name,
        now=asked.now,
    )
    return Done(done)


def _resend(asked: Asked) -> Done:
    done = resend.resend(
        asked.connection,
        asked.run,
        lesson=asked.field("lesson"),
        seen=int(asked.field("seen")),
        provider=asked.doors.context.provider.name,
        now=asked.now,
    )
    return Done(done)


def _restart(asked: Asked) -> Done:
    context = asked.doors.context
    run = restart.restart(asked.connection, asked.run, context.address_hash, now=asked.now)
    if run is None:
        return Done("too-late")
    return Done("restart", context.links.token(run["link_id"]))


def _clock(asked: Asked) -> Done:
    pace.set_clock(
        asked.connection,
        asked.person,
        hour=asked.field("hour"),
        time_zone=asked.field("time_zone"),
        now=asked.now,
    )
    return Done("clock")


def _name(asked: Asked) -> Done:
    profile.set_name(asked.connection, asked.person, asked.field("name"))
    return Done("name")


def _letter(asked: Asked) -> Done:
    newsletter = asked.field("letter")
    if asked.doors.catalogue.newsletter(newsletter) is None:
        raise ValueError(newsletter)
    switch.switch(
        asked.connection,
        asked.person,
        newsletter,
        asked.doors.context.address_hash,
        on=asked.field("on") == "yes",
        now=asked.now,
    )
    return Done("letter")


def _fresh(asked: Asked) -> Done:
    """Mail a link to the person's address: only who reads their mail can go on."""
    purpose, who = asked.field("purpose"), asked.person["id"]
    if purpose not in answers.FRESH:
        raise ValueError(purpose)
    name, day = f"fresh:{who}", timedelta(days=1)
    if not limits.take(asked.connection, name, most=_MOST_FRESH, per=day, now=asked.now):
        return Done("enough-links")
    request = answers.fresh(purpose, who, asked.now)
    asked.notify(asked.connection, notice=notices.NOTICE, subscriber_id=who, request=request)
    return Done("fresh")


#: The word of each form -> what it does; a ValueError is a form that our page did not make.
ACTIONS: Mapping[str, Callable[[Asked], Done]] = {
    "pause": _pause,
    "resume": _resume,
    "pace": _pace,
    "next": _next,
    "skip": _skip,
    "resend": _resend,
    "restart": _restart,
    "clock": _clock,
    "name": _name,
    "letter": _letter,
    "fresh": _fresh,
}

#: What can be chosen by the link of a newsletter too.
FOR_ALL = frozenset({"fresh"})
