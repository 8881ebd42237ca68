"""Signing in and out."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.responses import Response

from bypost.web.desk.ask import Address, Ask
from bypost.web.desk.desk import Desk


class SignIn:
    """The page for signing in, and the way out."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def addresses(self) -> Sequence[Address]:
        """Return what it answers at."""
        return [Address("GET", "/sign-in", self.show, None)]

    def show(self, ask: Ask) -> Response:
        """Show the form."""
        return self._desk.say(ask, "Sign in")
