"""What an operator does for one subscriber, by the use cases that people use themselves."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from starlette.responses import Response

from bypost.admins.role import Role
from bypost.delivery.forget import forget
from bypost.delivery.holds import Scope
from bypost.delivery.pause import Target, pause_within, resume_within
from bypost.errors import SettingsError
from bypost.people import leave, suppress, tagging
from bypost.people.bulk import SOURCE, memberships
from bypost.people.pace import Answer
from bypost.people.resend import Resent
from bypost.people.skip import Skipped
from bypost.store import Connection, Row, enrollments, subscribers
from bypost.web.choices import ACTIONS as CHOICES
from bypost.web.choices import Asked
from bypost.web.desk.ask import Address, Ask
from bypost.web.desk.desk import Desk
from bypost.web.when import moment

#: What people can do by their own page and an operator does for them -> what is said then.
_THEIRS: Mapping[str, str] = {
    "pause": "The course is paused for them.",
    "resume": "The course goes on for them.",
    "pace": "Their rhythm is set.",
    "next": "",
    "skip": "",
    "resend": "",
    "clock": "Their hour and time zone are set.",
    "name": "Their name is set.",
}
_SAID: Mapping[str, str] = {
    Answer.ASKED: "The next lesson leaves with the next pass.",
    Answer.ON_ITS_WAY: "Nothing was done: one is on its way, or has just been sent.",
    Answer.ENOUGH: "Nothing was done: they had as many today as the author allows.",
    Answer.PAUSED: "Nothing was done: it is paused.",
    Answer.ENDED: "Nothing was done: the course has ended for them.",
    Skipped.DONE: "That lesson is left out; the one after it comes in its place.",
    Resent.OWED: "The lesson leaves once more with the next pass.",
    Resent.ON_ITS_WAY: "Nothing was done: a copy is on its way, or has just been sent.",
    Resent.ENOUGH: "Nothing was done: they had three copies today.",
    Resent.UNKNOWN: "Nothing was done: they have not had that lesson.",
}


@dataclass(frozen=True, slots=True)
class _Doing:
    """One button that was pressed."""

    desk: Desk
    connection: Connection
    person: Row
    ask: Ask


class Actions:
    """The buttons of a subscriber's page."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._context = desk.context

    def addresses(self) -> Sequence[Address]:
        """Return what it answers at."""
        return [Address("POST", "/subscribers/{id}/{action}", self.act, Role.OPERATOR)]

    def act(self, ask: Ask) -> Response:
        """Do what a button is for, write it into the log, and go back to the page."""
        action, number = ask.path["action"], _number(ask)
        if number is None or (action not in _ACTIONS and action not in _THEIRS):
            return self._desk.gone(ask)
        if action == "erase":
            return self._erase(ask, number)
        try:
            said = self._do(ask, number, action)
        except ValueError as error:
            words = str(error) or "what was sent is not offered"
            raise SettingsError(f"Nothing was changed: {words}") from None
        if said is None:
            return self._desk.gone(ask, "subscriber")
        self._wake()
        return self._desk.done(ask, f"/subscribers/{number}", said)

    def _do(self, ask: Ask, number: int, action: str) -> str | None:
        """Carry out an action in one transaction with its line of the log; None for nobody."""
        notify = self._desk.doors.notify() if action in _THEIRS else None
        with self._context.store.write() as connection:
            person = subscribers.by_id(connection, number)
            if person is None or person["status"] == "erased":
                return None
            if notify is None:
                doing = _Doing(self._desk, connection, person, ask)
                said, detail = _ACTIONS[action](doing)
            else:
                run = _run(connection, person, ask)
                fields = {name: ask.text(name) for name in ask.form}
                asked = Asked(self._desk.doors, connection, run, person, fields, notify)
                done = CHOICES[action](asked).said
                said = _THEIRS[action] or _SAID[done]
                detail = f"{run['course']}: {done}" if run is not None else ""
            subject = f"subscriber:{number}"
            self._desk.note(connection, ask, f"subscriber.{action}", subject, detail)
        return said

    def _erase(self, ask: Ask, number: int) -> Response:
        with self._context.store.read() as connection:
            person = subscribers.by_id(connection, number)
        if person is None or person["status"] == "erased":
            return self._desk.gone(ask, "subscriber")
        if not ask.typed(person["email"]):
            raise SettingsError(
                "Nothing was erased: type the address as it stands there, to be sure who is meant."
            )
        forget(
            self._context,
            number,
            note=lambda connection: self._desk.note(
                connection, ask, "subscriber.erase", f"subscriber:{number}"
            ),
        )
        return self._desk.done(
            ask,
            f"/subscribers/{number}",
            "Erased. Take their row out of subscribers.csv as well, and think of your backups.",
        )

    def _wake(self) -> None:
        if self._desk.doors.runner:
            self._desk.doors.runner.wake()


def _number(ask: Ask) -> int | None:
    text = ask.path.get("id", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 18 else None


def _run(connection: Connection, person: Row, ask: Ask) -> Row | None:
    """Return the run that a form names; None where it is about the person.

    Raises:
        ValueError: It is another person's, or none.
    """
    typed = ask.text("run")
    if not typed:
        if ask.path["action"] in {"clock", "name"}:
            return None
        raise ValueError("it is not said which course is meant")
    run = enrollments.by_id(connection, int(typed))
    if run is None or run["subscriber_id"] != person["id"]:
        raise ValueError("there is no such course of theirs")
    return run


def _hold(doing: _Doing) -> tuple[str, str]:
    target = Target(scope=Scope.SUBSCRIBER, name="", subscriber_id=doing.person["id"])
    reason, now = doing.ask.text("reason", 300), doing.desk.context.clock.now()
    pause_within(doing.connection, target, until=None, reason=reason, now=now)
    return "Nothing is sent to them until you let it go on; they keep their place.", ""


def _release(doing: _Doing) -> tuple[str, str]:
    target = Target(scope=Scope.SUBSCRIBER, name="", subscriber_id=doing.person["id"])
    ended = resume_within(doing.connection, target, now=doing.desk.context.clock.now())
    return "Everything goes on for them." if ended else "They were not paused.", ""


def _leave(doing: _Doing) -> tuple[str, str]:
    wanted = doing.ask.text("what")
    now = doing.desk.context.clock.now()
    for member in memberships(doing.connection, doing.person["id"]):
        if f"{member.kind}:{member.name}" == wanted:
            leave.leave(doing.connection, member, by=SOURCE, now=now)
            return f"They have left the {member.kind} {member.name}.", wanted
    raise ValueError("they are not on it")


def _leave_everything(doing: _Doing) -> tuple[str, str]:
    if not doing.ask.typed("leave"):
        raise ValueError("type the word leave, to be sure")
    context = doing.desk.context
    leave.leave_everything(
        doing.connection,
        doing.person["id"],
        context.address_hash,
        by=SOURCE,
        now=context.clock.now(),
    )
    return "They have left everything; only they can come back, by signing up.", ""


def _suppress(doing: _Doing) -> tuple[str, str]:
    context, now = doing.desk.context, doing.desk.context.clock.now()
    detail = doing.ask.text("reason", 300) or f"at the desk, {moment(now)}"
    new = suppress.suppress(
        doing.connection, doing.person, context.address_hash, detail=detail, now=now
    )
    return "Nothing is sent to this address any more." if new else "That was so before.", ""


def _lift(doing: _Doing) -> tuple[str, str]:
    done = suppress.lift(doing.connection, doing.person, doing.desk.context.address_hash)
    if not done:
        raise ValueError("nobody at the desk or the command line has suppressed this address")
    return "The address is not suppressed by hand any more.", ""


def _tags(doing: _Doing) -> tuple[str, str]:
    tags = [one for one in doing.ask.text("tags", 10_000).split(";") if one.strip()]
    tagging.set_tags(doing.connection, doing.person, tags)
    return "Their tags are set.", ""


def _attribute(doing: _Doing) -> tuple[str, str]:
    name, text = tagging.read_attribute(doing.ask.text("name"), doing.ask.text("text"))
    gone = doing.ask.text("remove") == "yes"
    tagging.set_attributes(doing.connection, doing.person, {name: None if gone else text})
    return f"The attribute {name} is {'gone' if gone else 'set'}.", name


_ACTIONS: Mapping[str, Callable[[_Doing], tuple[str, str]]] = {
    "hold": _hold,
    "release": _release,
    "leave": _leave,
    "leave-everything": _leave_everything,
    "suppress": _suppress,
    "lift": _lift,
    "tags": _tags,
    "attribute": _attribute,
    "erase": lambda doing: ("", ""),
}
