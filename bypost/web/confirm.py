"""``/c/TOKEN``: the link in the mail that asks whether it was meant.

GET and HEAD only show a page: whoever checks links in mails opens every one of them. The button
posts, and only that confirms.
"""

from __future__ import annotations

from collections.abc import Sequence

from fastapi import Request
from fastapi.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse, Response

from bypost.people import signup
from bypost.people.confirm import Confirmed, Result, confirm
from bypost.people.signup import Outcome, Signup
from bypost.store import Connection, Row, enrollments, subscriptions
from bypost.web.client import client_network
from bypost.web.coming import Coming, coming
from bypost.web.doors import Doors
from bypost.web.signup import TOO_MANY


class Confirm:
    """The pages behind the link."""

    def __init__(self, doors: Doors) -> None:
        self._doors = doors

    def ask(self, token: str, request: Request) -> Response:
        """Show the button, or how things stand; changes nothing, ever."""
        context = self._doors.context
        link_id = context.links.verify(token)
        if link_id is None:
            return self._unknown()
        with context.store.read() as connection:
            asked = signup.find(connection, link_id)
            if asked is None:
                return self._gone()
            if asked.confirmed_at is not None:
                return self._confirmed(connection, asked, first="done" in request.query_params)
            title = self._title(connection, asked)
            letters = self._letters(connection, asked)
        if asked.expired(context.clock.now()):
            return self._expired(token, request.query_params.get("again", ""))
        begins = "the course begins" if asked.course else "you get the next issue"
        also = letters if asked.course else []
        return self._doors.pages.show("confirm", token=token, title=title, begins=begins, also=also)

    async def press(self, token: str, request: Request) -> Response:
        """Confirm, or send another link where this one has expired."""
        async with request.form() as form:
            again = form.get("do") == "again"
        return await run_in_threadpool(self._press, token, client_network(request), again)

    def _press(self, token: str, where: str, again: bool) -> Response:
        context = self._doors.context
        link_id = context.links.verify(token)
        if link_id is None:
            return self._unknown()
        with context.store.read() as connection:
            asked = signup.find(connection, link_id)
        if asked is None:
            return self._gone()
        path = f"/c/{token}"
        if again:
            return RedirectResponse(f"{path}?again={self._again(asked, where)}", 303)
        result = self._confirm(asked, where).result
        if result is Result.REFUSED:
            return self._refused()
        if self._doors.runner:
            self._doors.runner.wake()
        return RedirectResponse(path if result is Result.EXPIRED else f"{path}?done=1", 303)

    def _confirm(self, asked: Signup, where: str) -> Confirmed:
        context = self._doors.context
        with context.store.write() as connection:
            return confirm(
                connection, asked, network=where, now=context.clock.now(), rules=self._doors.rules
            )

    def _again(self, asked: Signup, where: str) -> Outcome:
        context, notify = self._doors.context, self._doors.notify()
        with context.store.write() as connection:
            outcome = signup.again(
                connection,
                asked,
                network=where,
                now=context.clock.now(),
                rules=self._doors.rules,
                notify=notify,
            )
        if self._doors.runner:
            self._doors.runner.wake()
        return outcome

    def _confirmed(self, connection: Connection, asked: Signup, *, first: bool) -> Response:
        """Say what comes next and when."""
        context, titles = self._doors.context, self._doors.titles
        runs = enrollments.of_subscribers(connection, [asked.subscriber_id])
        letters = subscriptions.of_subscribers(connection, [asked.subscriber_id])
        run = max(
            (one for one in runs if one["course"] == asked.course),
            key=lambda one: one["run"],
            default=None,
        )
        shape = titles.shape(connection, run["course"]) if run is not None else None
        ahead: list[Coming] = []
        if run is not None and shape is not None:
            ahead = coming(context, connection, run, shape, context.clock.now())
        return self._doors.pages.show(
            "confirmed",
            heading="Your address is confirmed" if first else "You have confirmed already",
            title=self._title(connection, asked),
            course=bool(asked.course),
            stands=run["status"] if run is not None else "",
            coming=ahead,
            newsletters=self._letters(connection, asked),
            own=self._own(asked, run, letters),
        )

    def _own(self, asked: Signup, run: Row | None, letters: Sequence[Row]) -> str:
        """Return the token of the person's own page; empty where they are on nothing."""
        mine = [one for one in letters if one["newsletter"] in asked.newsletters]
        rows = [run] if run is not None else mine
        return self._doors.context.links.token(rows[0]["link_id"]) if rows else ""

    def _title(self, connection: Connection, asked: Signup) -> str:
        if asked.course:
            return self._doors.titles.title(connection, "course", asked.course)
        return ", ".join(self._letters(connection, asked))

    def _letters(self, connection: Connection, asked: Signup) -> list[str]:
        titles = self._doors.titles
        return [titles.title(connection, "newsletter", one) for one in asked.newsletters]

    def _expired(self, token: str, said: str) -> Response:
        days = f"{self._doors.context.settings.signup.confirm_days:g}"
        return self._doors.pages.show(
            "expired",
            429 if said == Outcome.TOO_MANY else 200,
            token=token,
            days=days,
            said=TOO_MANY if said == Outcome.TOO_MANY else "",
            sent=said == Outcome.SENT,
        )

    def _gone(self) -> Response:
        return self._doors.pages.show("gone", 410)

    def _refused(self) -> Response:
        return self._doors.pages.say(
            "Mail cannot be sent to this address",
            "Mail to it came back, or was marked as spam. Answer any mail of ours, or write to "
            f"{self._doors.context.sender.reply_to}: a person reads it.",
            status=409,
        )

    def _unknown(self) -> Response:
        return self._doors.pages.say(
            "This link does not work",
            "It may have been cut in two by the mail program. Open the mail again and press its "
            "button.",
            status=404,
        )
