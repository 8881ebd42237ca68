"""What an operator does with one issue: test, schedule, pause, resume, cancel, clear."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from starlette.responses import Response

from bypost.admins.role import Role
from bypost.delivery import orders
from bypost.delivery.issue_count import count
from bypost.delivery.issue_find import Found, planned
from bypost.delivery.marked import why_not
from bypost.delivery.orders import Voice
from bypost.delivery.owe_issues import file_late
from bypost.delivery.schedule import Schedule, at_hour, at_instant
from bypost.errors import ByPostError, SendError, SettingsError
from bypost.model.quantity import quantity
from bypost.web.desk.ask import Address, Ask
from bypost.web.desk.desk import PREFIX, Desk
from bypost.web.desk.issue import ISSUE, MOST_ZONES, find_in, of_one, path_of, show_issue


class IssueActions:
    """The forms of an issue's page."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def addresses(self) -> Sequence[Address]:
        """Return what it answers at; all of it is for operators."""
        actions = {
            "test": self.test,
            "meaning": self.meaning,
            "schedule": self.schedule,
            "pause": self.pause,
            "resume": self.resume,
            "cancel": self.cancel,
            "clear": self.clear,
        }
        return [
            Address("POST", f"{ISSUE}/{name}", self._of_one(name, action), Role.OPERATOR)
            for name, action in actions.items()
        ]

    def test(self, ask: Ask, found: Found) -> Response:
        """Send it as a marked test to a listed address."""
        entry = self._desk.files.mail(found.written.source.path)
        if entry is None:
            raise SettingsError("its file cannot be read: see the checks")
        try:
            handed = self._desk.files.send_test(entry, ask.text("to"), ask.text("persona"))
        except SendError as error:
            raise SettingsError(why_not(error)) from error
        with self._desk.context.store.write() as connection:
            self._note(ask, found, "issue.test", handed.provider)(connection)
        return self._done(ask, found, f"The test was handed to {handed.provider}.")

    def meaning(self, ask: Ask, found: Found) -> Response:
        """Say what a schedule means, in people, before it is made."""
        when, audience = self._wish(ask, found)
        self._refuse_errors(found)
        wished = planned(found, when, audience)
        with self._desk.context.store.read() as connection:
            counted = count(self._desk.context, connection, wished.one)
        return self._desk.show(
            ask,
            "issue_meaning",
            found=found,
            path=path_of(found),
            when=wished.when,
            before=found.when,
            count=counted,
            most=MOST_ZONES,
            fields=_fields(ask, when),
        )

    def schedule(self, ask: Ask, found: Found) -> Response:
        """Make a schedule."""
        when, audience = self._wish(ask, found)
        self._refuse_errors(found)
        words = f"{when or ''} {audience or ''}".strip()
        voice = self._voice(ask, found, "issue.schedule", words)
        orders.schedule(self._desk.context, found.target, voice, when=when, audience=audience)
        wished = planned(found, when, audience)
        more = " It waits for `status: ready` in its file." if found.is_draft else ""
        return self._done(ask, found, f"It goes out {wished.when}.{more}")

    def pause(self, ask: Ask, found: Found) -> Response:
        """Send nothing more of it for now."""
        reason = " ".join(ask.text("reason", 300).split())
        voice = self._voice(ask, found, "issue.pause", reason)
        orders.pause(self._desk.context, found.target, voice, reason=reason)
        return self._done(ask, found, "Paused: no further request begins.")

    def resume(self, ask: Ask, found: Found) -> Response:
        """Let it go on."""
        voice = self._voice(ask, found, "issue.resume")
        orders.resume(self._desk.context, found.target, voice)
        with self._desk.context.store.read() as connection:
            now = find_in(self._desk, connection, ask)
        late = file_late(self._desk.context, now.one)
        words = f" {late} is too late: filed in the archive, not sent." if late else ""
        return self._done(ask, found, f"It goes on with the next pass.{words}")

    def cancel(self, ask: Ask, found: Found) -> Response:
        """Never send anything more of it."""
        if not ask.typed(found.written.id):
            raise SettingsError(f"Nothing was cancelled: type {found.written.id} to go on")
        reason = " ".join(ask.text("reason", 300).split())
        voice = self._voice(ask, found, "issue.cancel", reason)
        number = orders.cancel(self._desk.context, found.target, voice, reason=reason)
        owed = quantity(number, "owed mail")
        return self._done(ask, found, f"Cancelled; {owed} will not be sent.")

    def clear(self, ask: Ask, found: Found) -> Response:
        """Let its file decide again."""
        orders.clear(self._desk.context, found.target, self._voice(ask, found, "issue.clear"))
        return self._done(ask, found, "Its file decides again.")

    def _wish(self, ask: Ask, found: Found) -> tuple[Schedule | None, str | None]:
        """Return the time and the audience a form asks for; None for what stays as it is."""
        audience = ask.text("audience") if ask.text("limit") == "yes" else None
        now = self._desk.context.clock.now()
        match ask.text("how"):
            case "instant":
                return at_instant(ask.text("at"), ask.text("zone"), now), audience
            case "hour":
                return at_hour(ask.text("day"), ask.text("hour"), found.newsletter), audience
            case "now":
                return at_instant("now", "", now), audience
            case _ if audience is None:
                raise SettingsError("Say when, or for whom")
            case _:
                return None, audience

    def _refuse_errors(self, found: Found) -> None:
        errors = self._desk.files.errors(found.written.source.path)
        if errors:
            raise SettingsError(f"It cannot be scheduled: {errors[0].message}")

    def _voice(self, ask: Ask, found: Found, action: str, detail: str = "") -> Voice:
        return Voice(ask.who.name, self._note(ask, found, action, detail))

    def _note(self, ask: Ask, found: Found, action: str, detail: str = "") -> Callable[..., None]:
        subject = f"issue:{found.item}"
        return lambda connection: self._desk.note(connection, ask, action, subject, detail)

    def _done(self, ask: Ask, found: Found, words: str) -> Response:
        return self._desk.done(ask, path_of(found).removeprefix(PREFIX), words)

    def _of_one(
        self, name: str, action: Callable[[Ask, Found], Response]
    ) -> Callable[[Ask], Response]:
        """Return a handler that shows the page again, with the reason, where nothing was done."""

        def act(ask: Ask, found: Found) -> Response:
            try:
                return action(ask, found)
            except ByPostError as error:
                form = "schedule" if name == "meaning" else name
                return show_issue(self._desk, ask, found, status=422, wrong=str(error), about=form)

        return of_one(self._desk, act)


def _fields(ask: Ask, when: Schedule | None) -> dict[str, str]:
    """Return the fields of the form that carries a schedule out; ``now`` becomes its instant."""
    names = ("how", "at", "zone", "day", "hour", "audience", "limit")
    fields = {name: ask.text(name) for name in names}
    if when is not None and when.instant is not None and fields["how"] == "instant":
        fields["at"] = when.instant.isoformat()
    return fields
