"""``/f/TOKEN`` and ``/a/TOKEN``: what a link that was mailed a moment ago opens.

GET only shows a page with a button; whoever checks links in mails opens every one of them.
"""

from __future__ import annotations

from dataclasses import dataclass

import orjson
from fastapi import Request
from fastapi.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse, Response

from bypost.delivery.forget import forget
from bypost.people import change_address
from bypost.people.change_address import Doorman, Moved
from bypost.people.export_person import export_person
from bypost.store import Row, address_changes, subscribers
from bypost.web.doors import Doors

_MOST_SIGNS = 320
_MOVED = {
    Moved.DONE: ("Your address is changed", "From now on your mails go to this address."),
    Moved.ALREADY: ("Your address is changed", "Your mails go to this address."),
    Moved.EXPIRED: (
        "This link has run out",
        "It worked for a day. Open your page in any mail and ask again.",
    ),
    Moved.TAKEN: (
        "This address is on our list already",
        "It has an entry of its own. Erase that one on its own page, then open this link again.",
    ),
    Moved.REFUSED: (
        "This address cannot be used",
        "Mail to it came back, or was marked as spam. Answer any mail of ours: a person reads it.",
    ),
}


@dataclass(frozen=True, slots=True)
class _Opened:
    """A fresh link and whose it is."""

    purpose: str
    person: Row


class Fresh:
    """The pages behind fresh links."""

    def __init__(self, doors: Doors) -> None:
        self._doors = doors
        self._context = doors.context

    def ask(self, token: str, said: str = "") -> Response:
        """Show the button; changes nothing, ever."""
        found = self._open(token)
        if not isinstance(found, _Opened):
            return found
        return self._form(token, found, said=said)

    async def act(self, token: str, request: Request) -> Response:
        """Do what the link is for."""
        async with request.form() as form:
            typed = form.get("email")
        email = typed[:_MOST_SIGNS] if isinstance(typed, str) else ""
        return await run_in_threadpool(self._act, token, email)

    def ask_address(self, token: str) -> Response:
        """Show the button that the new address presses."""
        wish = self._wish(token)
        if wish is None:
            return self._over()
        if wish["confirmed_at"] is not None:
            return self._doors.pages.say(*_MOVED[Moved.ALREADY])
        if wish["expires_at"] <= self._context.clock.now():
            return self._doors.pages.say(*_MOVED[Moved.EXPIRED], status=410)
        return self._doors.pages.show("new_address", token=token)

    def take_address(self, token: str) -> Response:
        """Let the mails go to the new address."""
        wish = self._wish(token)
        if wish is None:
            return self._over()
        door = self._doorman()
        with self._context.store.write() as connection:
            known = address_changes.by_id(connection, wish["id"])
            done = change_address.confirm(connection, known, door) if known else Moved.EXPIRED
        self._wake()
        if done in {Moved.DONE, Moved.ALREADY, Moved.EXPIRED}:
            return RedirectResponse(f"/a/{token}", 303)
        return self._doors.pages.say(*_MOVED[done], status=409)

    def _act(self, token: str, email: str) -> Response:
        found = self._open(token)
        if not isinstance(found, _Opened):
            return found
        if found.purpose == "erase":
            forget(self._context, found.person["id"])
            return RedirectResponse(f"/f/{token}", 303)
        if found.purpose == "export":
            return self._export(found.person)
        return self._move(token, found, email)

    def _export(self, person: Row) -> Response:
        context = self._context
        with context.store.read() as connection:
            told = export_person(
                connection,
                person["id"],
                address_hash=context.address_hash,
                reference=context.reference,
                now=context.clock.now(),
            )
        headers = {"Content-Disposition": 'attachment; filename="about-me.json"'}
        body = orjson.dumps(told, option=orjson.OPT_INDENT_2)
        return Response(body, media_type="application/json", headers=headers)

    def _move(self, token: str, found: _Opened, email: str) -> Response:
        try:
            address = change_address.read_address(email.strip())
        except ValueError:
            problem = "Write a complete address, such as ana@example.org."
            return self._form(token, found, typed=email, problem=problem)
        door = self._doorman()
        with self._context.store.write() as connection:
            asked = change_address.ask(connection, found.person, address, door)
        self._wake()
        return RedirectResponse(f"/f/{token}?said={'sent' if asked else 'enough'}", 303)

    def _form(
        self, token: str, found: _Opened, *, said: str = "", typed: str = "", problem: str = ""
    ) -> Response:
        return self._doors.pages.show(
            "fresh",
            400 if problem else 200,
            token=token,
            purpose=found.purpose,
            email=found.person["email"],
            said=said,
            typed=typed,
            problem=problem,
        )

    def _open(self, token: str) -> _Opened | Response:
        """Return what a fresh link opens, or the page that says why it opens nothing."""
        fresh = self._context.links.open_fresh(token, self._context.clock.now())
        if fresh is None:
            return self._over()
        with self._context.store.read() as connection:
            person = subscribers.by_id(connection, fresh.subject)
        if person is None or person["status"] == "erased":
            return self._doors.pages.say(
                "Everything about you is erased",
                "Nothing more is sent to you. What stays is a number that nobody can read your "
                "address from; it keeps an old list from putting you back.",
            )
        return _Opened(fresh.purpose, person)

    def _wish(self, token: str) -> Row | None:
        link_id = self._context.links.verify(token)
        if link_id is None:
            return None
        with self._context.store.read() as connection:
            return address_changes.by_link(connection, link_id)

    def _doorman(self) -> Doorman:
        now = self._context.clock.now()
        return Doorman(rules=self._doors.rules, notify=self._doors.notify(), now=now)

    def _wake(self) -> None:
        if self._doors.runner:
            self._doors.runner.wake()

    def _over(self) -> Response:
        return self._doors.pages.say(
            "This link has run out",
            "Such a link works for a short time only. Open your page in any mail and ask again.",
            status=410,
        )
