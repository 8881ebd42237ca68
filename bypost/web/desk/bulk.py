"""One thing done for everybody in an audience: the count before, and how far it came."""

from __future__ import annotations

from collections.abc import Sequence
from time import monotonic

from starlette.responses import Response

from bypost.admins.role import Role
from bypost.audience import BadAudience
from bypost.delivery import audience as use
from bypost.delivery import bulk
from bypost.errors import SettingsError
from bypost.people.bulk import Action, Order
from bypost.store import Connection, Row, bulk_actions
from bypost.web.desk import counting
from bypost.web.desk.ask import Address, Ask
from bypost.web.desk.desk import Desk

#: Seconds of work within one answer; the page asks for the next part by itself.
_ENOUGH = 0.15
#: What each action is called, with its value.
_WORDS = {
    Action.ADD_TAG: "Add the tag {}",
    Action.REMOVE_TAG: "Take the tag {} away",
    Action.ENROLL: "Begin the course {}",
    Action.PAUSE: "Pause{}",
    Action.RESUME: "Let go on",
    Action.LEAVE: "Leave {}",
}


class Bulk:
    """What is done for many at once."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._context = desk.context

    def addresses(self) -> Sequence[Address]:
        """Return what it answers at."""
        return [
            Address("GET", "/bulk", self.ask),
            Address("POST", "/bulk", self.start, Role.OPERATOR),
            Address("GET", "/bulk/{id}", self.show),
            Address("POST", "/bulk/{id}/on", self.go_on, Role.OPERATOR),
            Address("POST", "/bulk/{id}/stop", self.stop, Role.OPERATOR),
        ]

    def ask(self, ask: Ask) -> Response:
        """Ask what is to be done for an audience, with how many they are."""
        text = ask.query.get("audience", "")[:5000].strip()
        count, error = None, None
        with self._context.store.read() as connection:
            if text:
                try:
                    such = use.condition(self._context, connection, text)
                    count = counting.count(connection, such, text, exact=True)
                except BadAudience as wrong:
                    error = wrong
            rows = bulk_actions.newest(connection, 20)
        return self._desk.show(
            ask,
            "bulk",
            422 if error else 200,
            text=text,
            count=count,
            error=error,
            rows=[(row, words_of(row)) for row in rows],
            courses=[one for one in self._desk.doors.catalogue.courses() if one.open],
            lists=self._lists(),
        )

    def start(self, ask: Ask) -> Response:
        """Write down what is to be done, and show how it goes."""
        order = self._order(ask)
        with self._context.store.write() as connection:
            number = bulk.start_within(
                self._context, connection, order, ask.text("audience", 5000), by=ask.who.name
            )
            detail = f"{order.action} {order.value}: {ask.text('audience', 300)}"
            self._desk.note(connection, ask, "bulk.start", f"bulk:{number}", detail)
        return self._desk.done(ask, f"/bulk/{number}")

    def show(self, ask: Ask) -> Response:
        """Show how far it came."""
        with self._context.store.read() as connection:
            row = bulk_actions.by_id(connection, _number(ask))
        return self._desk.gone(ask) if row is None else self._shown(ask, row)

    def go_on(self, ask: Ask) -> Response:
        """Carry out the next part."""
        began = monotonic()

        def done(connection: Connection, row: Row) -> None:
            detail = f"{row['changed']} changed, {row['refused']} refused, of {row['found']}"
            self._desk.note(connection, ask, "bulk.done", f"bulk:{row['id']}", detail)

        try:
            row = bulk.go_on(
                self._context,
                _number(ask),
                enough=lambda: monotonic() - began > _ENOUGH,
                done=done,
            )
        except LookupError:
            return self._desk.gone(ask)
        if self._desk.doors.runner:
            self._desk.doors.runner.wake()
        return self._shown(ask, row) if ask.part else self._desk.done(ask, f"/bulk/{row['id']}")

    def stop(self, ask: Ask) -> Response:
        """Leave the rest undone."""
        number = _number(ask)
        with self._context.store.write() as connection:
            if bulk_actions.by_id(connection, number) is None:
                return self._desk.gone(ask)
            bulk.stop(self._context, connection, number)
            self._desk.note(connection, ask, "bulk.stop", f"bulk:{number}")
        return self._desk.done(ask, f"/bulk/{number}", "Stopped. What was done stays done.")

    def _shown(self, ask: Ask, row: Row) -> Response:
        name = "bulk_part" if ask.part else "bulk_action"
        share = row["after_id"] / row["last_id"] if row["last_id"] else 1
        return self._desk.show(ask, name, row=row, words=words_of(row), share=share)

    def _order(self, ask: Ask) -> Order:
        """Return what was asked for; raise SettingsError for what our page does not offer."""
        try:
            action = Action(ask.text("action"))
        except ValueError:
            raise SettingsError("Nothing was begun: it is not said what is to be done.") from None
        value = ask.text("value", 200)
        if action is Action.ENROLL and self._desk.doors.catalogue.course(value) is None:
            raise SettingsError(f"Nothing was begun: there is no course {value}.")
        if action is Action.LEAVE:
            if value not in self._lists():
                raise SettingsError("Nothing was begun: say what they are to leave.")
            if not ask.typed("leave"):
                raise SettingsError("Nothing was begun: type the word leave, to be sure.")
        return Order(action=action, value=value, statement=ask.text("statement"))

    def _lists(self) -> dict[str, str]:
        """Return what can be left, with its title."""
        catalogue = self._desk.doors.catalogue
        courses = {f"course:{one.id}": one.title for one in catalogue.courses()}
        letters = {f"newsletter:{one.id}": one.title for one in catalogue.newsletters()}
        return {**courses, **letters, "everything": "everything"}


def words_of(row: Row) -> str:
    """Return what is done, in words."""
    action, value = Action(row["action"]), row["value"]
    if action is Action.PAUSE:
        value = f" until {value}" if value else " until further notice"
    return _WORDS[action].format(value.replace(":", " ") if action is Action.LEAVE else value)


def _number(ask: Ask) -> int:
    text = ask.path.get("id", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 18 else 0
