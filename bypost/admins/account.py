"""Accounts of the desk: made, given another role or password, and removed."""

from __future__ import annotations

import re
from datetime import datetime

from bypost.admins import session
from bypost.admins.role import Role
from bypost.errors import SettingsError
from bypost.store import Connection, Row, admins

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,39}")


def plain_name(name: str) -> str:
    """Return a name as accounts have it: in lower case, without space around it."""
    return name.strip().casefold()


def is_name(plain: str) -> bool:
    """Tell whether an account can be called so."""
    return _NAME.fullmatch(plain) is not None


def checked_name(name: str) -> str:
    """Return a name that an account can have.

    Raises:
        SettingsError: for any other; it goes into the log, so it is no mail address.
    """
    plain = plain_name(name)
    if not is_name(plain):
        raise SettingsError(
            f"`{name}` cannot be the name of an account\n"
            "    write up to 40 letters, digits, dots, dashes or underscores"
        )
    return plain


def add(connection: Connection, name: str, role: Role, hashed: str, now: datetime) -> None:
    """Make an account.

    Args:
        name: From :func:`checked_name`.
        hashed: The password, from :func:`bypost.admins.password.hash_of`: that takes a while, and
            must not keep a transaction open.

    Raises:
        SettingsError: if there is one of that name, or nobody could act.
    """
    if role is not Role.OPERATOR and not admins.is_any(connection):
        raise SettingsError("the first account has to be an operator, or nobody could act")
    if not admins.add(connection, name, role.value, hashed, now):
        raise SettingsError(f"there is an account `{name}` already\n    choose another name")


def find(connection: Connection, name: str) -> Row:
    """Return an account.

    Raises:
        SettingsError: if there is none of that name.
    """
    row = admins.by_name(connection, plain_name(name))
    if row is None:
        known = ", ".join(one["name"] for one in admins.every(connection)) or "none yet"
        raise SettingsError(f"there is no account `{name}`\n    accounts: {known}")
    return row


def set_role(connection: Connection, row: Row, role: Role) -> None:
    """Give an account another role.

    Raises:
        SettingsError: if nobody could act any more.
    """
    if role is not Role.OPERATOR:
        _keep_an_operator(connection, row)
    admins.set_role(connection, row["id"], role.value)


def remove(connection: Connection, row: Row) -> None:
    """Remove an account, and sign it out everywhere.

    Raises:
        SettingsError: if others are left who may look, but nobody who may act.
    """
    if len(admins.every(connection)) > 1:
        _keep_an_operator(connection, row)
    admins.remove(connection, row["id"])


def set_password(
    connection: Connection, row: Row, hashed: str, now: datetime, *, token: str = ""
) -> int:
    """Set another password, and sign the account out everywhere else; return in how many places.

    Args:
        token: The secret of the session that stays.
    """
    admins.set_password(connection, row["id"], hashed, now)
    but = session.hash_of(token) if token else None
    return admins.end_sessions(connection, row["id"], but=but)


def _keep_an_operator(connection: Connection, row: Row) -> None:
    if row["role"] == Role.OPERATOR and admins.operators(connection) == 1:
        raise SettingsError(
            f"`{row['name']}` is the only operator\n    make another account an operator first"
        )
