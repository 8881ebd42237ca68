"""Accounts: who may sign in here, and one's own password."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from starlette.responses import Response

from bypost.admins import account, sign_in
from bypost.admins import password as passwords
from bypost.admins.role import Role
from bypost.errors import SettingsError
from bypost.store import Connection, Row, admins
from bypost.web.desk.ask import Address, Ask
from bypost.web.desk.desk import Desk

_OPERATOR = Role.OPERATOR
#: What is said when several people sign in or change passwords at the same moment.
_BUSY = "Many are signing in now. Try again."

#: What is done to an account; returns what else the log should say.
Change = Callable[[Connection, Row], str]


class Accounts:
    """The list, one account, and one's own."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._store = desk.context.store

    def addresses(self) -> Sequence[Address]:
        """Return what it answers at."""
        one = "/admins/{name}"
        return [
            Address("GET", "/account", self.own),
            Address("POST", "/account", self.change_own),
            Address("GET", "/admins", self.list),
            Address("POST", "/admins", self.add, _OPERATOR),
            Address("GET", one, self.show, _OPERATOR),
            Address("POST", f"{one}/role", self.set_role, _OPERATOR),
            Address("POST", f"{one}/password", self.set_password, _OPERATOR),
            Address("POST", f"{one}/sign-out", self.sign_out, _OPERATOR),
            Address("POST", f"{one}/remove", self.remove, _OPERATOR),
        ]

    def list(self, ask: Ask, wrong: str = "", status: int = 200) -> Response:
        """Show every account."""
        with self._store.read() as connection:
            rows = admins.every(connection)
        return self._desk.show(
            ask,
            "accounts",
            status,
            rows=rows,
            wrong=wrong,
            name=ask.text("name", 100),
            role=ask.text("role") or Role.VIEWER.value,
        )

    def add(self, ask: Ask) -> Response:
        """Make an account."""
        try:
            name, role = account.checked_name(ask.text("name", 100)), _role(ask)
            hashed = _typed_twice(ask)
            with self._store.write() as connection:
                account.add(connection, name, role, hashed, self._desk.context.clock.now())
                self._desk.note(connection, ask, "admin.add", f"admin:{name}", role.value)
        except SettingsError as error:
            return self.list(ask, _words(error), 400)
        except passwords.Busy:
            return self.list(ask, _BUSY, 503)
        return self._desk.done(ask, "/admins", f"{name} may sign in, as {role}.")

    def show(self, ask: Ask, wrong: str = "", status: int = 200) -> Response:
        """Show one account, with what can be done about it."""
        with self._store.read() as connection:
            row = admins.by_name(connection, ask.path["name"])
        if row is None:
            return self._desk.gone(ask, "account")
        own = row["id"] == ask.who.admin_id
        return self._desk.show(ask, "account", status, row=row, own=own, wrong=wrong)

    def set_role(self, ask: Ask) -> Response:
        """Give an account another role."""

        def change(connection: Connection, row: Row) -> str:
            account.set_role(connection, row, _role(ask))
            return _role(ask).value

        return self._change(ask, "admin.role", change, f"is {ask.text('role')} from now on")

    def set_password(self, ask: Ask) -> Response:
        """Set somebody's password; they are signed out everywhere."""
        try:
            hashed = _typed_twice(ask)
        except SettingsError as error:
            return self.show(ask, _words(error), 400)
        except passwords.Busy:
            return self.show(ask, _BUSY, 503)
        now = self._desk.context.clock.now()

        def change(connection: Connection, row: Row) -> str:
            stays = ask.token if row["id"] == ask.who.admin_id else ""
            account.set_password(connection, row, hashed, now, token=stays)
            return ""

        return self._change(ask, "admin.password", change, "has a new password")

    def sign_out(self, ask: Ask) -> Response:
        """End all sessions of an account."""

        def change(connection: Connection, row: Row) -> str:
            return f"{admins.end_sessions(connection, row['id'])} sessions"

        return self._change(ask, "admin.sign-out", change, "is signed out everywhere")

    def remove(self, ask: Ask) -> Response:
        """Remove an account, once its name was typed."""
        if not ask.typed(ask.path["name"]):
            return self.show(ask, "The name that was typed is another one. Nothing was done.", 400)

        def change(connection: Connection, row: Row) -> str:
            account.remove(connection, row)
            return ""

        return self._change(ask, "admin.remove", change, "cannot sign in any more")

    def _change(self, ask: Ask, action: str, change: Change, done: str) -> Response:
        """Change the account of an address, and note it in the same transaction."""
        name = ask.path["name"]
        try:
            with self._store.write() as connection:
                row = admins.by_name(connection, name)
                if row is None:
                    return self._desk.gone(ask, "account")
                detail = change(connection, row)
                self._desk.note(connection, ask, action, _subject(row), detail)
        except SettingsError as error:
            return self.show(ask, _words(error), 400)
        return self._desk.done(ask, "/admins", f"{name} {done}.")

    def own(self, ask: Ask, wrong: str = "", status: int = 200) -> Response:
        """Show one's own account."""
        return self._desk.show(ask, "own_account", status, wrong=wrong)

    def change_own(self, ask: Ask) -> Response:
        """Change one's own password; one stays signed in here, and nowhere else."""
        with self._store.read() as connection:
            row = admins.by_id(connection, ask.who.admin_id or 0)
        if row is None:
            return self.own(ask, "You have no account here.", 400)
        now = self._desk.context.clock.now()
        try:
            shown = sign_in.confirm(self._store, row, _secret(ask, "current"), now)
            if shown.admin is None:
                slow = f" Try again in {shown.wait.seconds + 1} seconds." if shown.wait else ""
                return self.own(ask, f"The present password is another one.{slow}", 400)
            hashed = _typed_twice(ask)
        except SettingsError as error:
            return self.own(ask, _words(error), 400)
        except passwords.Busy:
            return self.own(ask, _BUSY, 503)
        with self._store.write() as connection:
            account.set_password(connection, row, hashed, now, token=ask.token)
            self._desk.note(connection, ask, "admin.password", _subject(row), "their own")
        return self._desk.done(ask, "/account", "Your password is changed.")


def _secret(ask: Ask, name: str) -> str:
    """Return a password as it was typed: space at its ends belongs to it."""
    value = ask.form.get(name)
    return value if isinstance(value, str) else ""


def _typed_twice(ask: Ask) -> str:
    """Return the hash of a new password; raise SettingsError where it cannot be used."""
    typed = _secret(ask, "password")
    if typed != _secret(ask, "again"):
        raise SettingsError("the two passwords are not the same")
    return passwords.hash_of(typed)


def _role(ask: Ask) -> Role:
    try:
        return Role(ask.text("role"))
    except ValueError:
        raise SettingsError("choose a role: viewer or operator") from None


def _subject(row: Row) -> str:
    return f"admin:{row['name']}"


def _words(error: SettingsError) -> str:
    """Return an error of the command line as a sentence or two."""
    lines = [line.strip() for line in str(error).splitlines()]
    return " ".join(f"{line[:1].upper()}{line[1:]}." for line in lines if line)
