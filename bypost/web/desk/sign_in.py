"""Signing in and out."""

from __future__ import annotations

import math
import re
import secrets
from collections.abc import Sequence
from datetime import timedelta

from starlette.responses import RedirectResponse, Response

from bypost.admins import session as sessions
from bypost.admins import sign_in
from bypost.admins.password import Busy
from bypost.web.desk import session
from bypost.web.desk.ask import NOBODY, Address, Ask
from bypost.web.desk.desk import PREFIX, Desk

#: A browser that signed in under a name is known by this for so long: it waits for no stranger.
_KNOWN, _KNOWN_SECONDS = "browser", 365 * 24 * 3600
_MOST_NEXT = 500


class SignIn:
    """The page for signing in, and the way out."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._links = desk.context.links

    def addresses(self) -> Sequence[Address]:
        """Return what it answers at."""
        return [
            Address("GET", "/sign-in", self.show, None),
            Address("POST", "/sign-in", self.enter, None),
            Address("POST", "/sign-out", self.leave),
        ]

    def show(self, ask: Ask) -> Response:
        """Show the form; who is signed in already goes on."""
        where = safe_next(ask.query.get("next", ""))
        if ask.who != NOBODY:
            return RedirectResponse(where, 303)
        return self._form(ask, where)

    def enter(self, ask: Ask) -> Response:
        """Take a name and a password."""
        where, name = safe_next(ask.text("next", _MOST_NEXT)), ask.text("name", 100)
        password = ask.form.get("password")
        attempt = sign_in.Attempt(
            name=name,
            password=password if isinstance(password, str) else "",
            network=ask.network,
            browser=self._known(ask, name),
        )
        token = session.new_token()
        now = self._desk.context.clock.now()
        try:
            result = sign_in.sign_in(self._desk.context.store, attempt, token, now)
        except Busy:
            return self._form(ask, where, "Many are signing in now. Try again.", name, 503)
        if result.wait:
            return self._wait(ask, where, name, result.wait)
        if result.admin is None:
            words = "This name and this password do not belong together."
            return self._form(ask, where, words, name, 401)
        response = RedirectResponse(where, 303)
        seconds = int(sessions.LONGEST.total_seconds())
        session.hold(response, token, self._links, seconds=seconds)
        self._know(response, result.admin["name"])
        return response

    def leave(self, ask: Ask) -> Response:
        """Sign out: the session ends here, whatever a browser or a thief still holds."""
        with self._desk.context.store.write() as connection:
            if sessions.end(connection, ask.token):
                self._desk.note(connection, ask, "admin.sign-out")
        response = self._desk.done(ask, "/sign-in", "You are signed out.")
        session.hold(response, session.new_token(), self._links)
        return response

    def _form(
        self, ask: Ask, where: str, wrong: str = "", name: str = "", status: int = 200
    ) -> Response:
        anybody = sessions.has_accounts(self._desk.context.store)
        return self._desk.show(
            ask, "sign_in", status, next=where, wrong=wrong, name=name, anybody=anybody
        )

    def _wait(self, ask: Ask, where: str, name: str, wait: timedelta) -> Response:
        seconds = math.ceil(wait.total_seconds())
        long = f"{seconds} seconds" if seconds < 120 else f"{math.ceil(seconds / 60)} minutes"
        words = f"There were several failures. Try again in {long}."
        response = self._form(ask, where, words, name, 429)
        response.headers["Retry-After"] = str(seconds)
        return response

    def _known(self, ask: Ask, name: str) -> str:
        """Return what is known of this browser under that name; empty where it is nothing."""
        kept = self._links.unsign(_KNOWN, ask.cookies.get(_cookie(self._links.base_url), ""))
        match kept:
            case [str(whose), str(which)] if whose == name.strip().casefold():
                return which
        return ""

    def _know(self, response: Response, name: str) -> None:
        response.set_cookie(
            _cookie(self._links.base_url),
            self._links.sign(_KNOWN, [name, secrets.token_hex(8)]),
            max_age=_KNOWN_SECONDS,
            path="/",
            httponly=True,
            samesite="strict",
            secure=self._links.base_url.startswith("https:"),
        )


def safe_next(given: str) -> str:
    """Return where to go after signing in: an address of the desk, whatever the link said."""
    plain = re.fullmatch(rf"{PREFIX}(?:[/?][A-Za-z0-9._~!$&'()*+,;=:@%/?-]*)?", given)
    path = given.partition("?")[0]
    inside = plain and "//" not in path and ".." not in path and "%" not in path
    return given if inside and path != f"{PREFIX}/sign-in" else PREFIX


def _cookie(base_url: str) -> str:
    return "__Host-desk-browser" if base_url.startswith("https:") else "desk-browser"
