"""Accounts: their names, and that somebody can always act."""

from __future__ import annotations

import pytest

from bypost.admins import account
from bypost.admins.role import Role
from bypost.errors import SettingsError
from bypost.store import Store, admins
from scheduler.clock import SimulatedClock


@pytest.mark.parametrize(("typed", "name"), [("Olga", "olga"), (" o.k-1_2 ", "o.k-1_2")])
def test_a_name_is_kept_in_lower_case(typed: str, name: str) -> None:
    assert account.checked_name(typed) == name


@pytest.mark.parametrize(
    "name", ["", "-o", "o/../k", "o@example.org", "o k", "<b>", "o" * 41, "ö", "o\nk", "o\x00"]
)
def test_a_name_holds_nothing_that_means_something_elsewhere(name: str) -> None:
    with pytest.raises(SettingsError, match="cannot be the name"):
        account.checked_name(name)


def test_the_first_account_is_an_operator(store: Store, clock: SimulatedClock) -> None:
    with store.write() as connection:
        with pytest.raises(SettingsError, match="nobody could act"):
            account.add(connection, "vera", Role.VIEWER, "h", clock.now())
        account.add(connection, "olga", Role.OPERATOR, "h", clock.now())
        account.add(connection, "vera", Role.VIEWER, "h", clock.now())


def test_a_name_is_taken_once(store: Store, clock: SimulatedClock) -> None:
    with store.write() as connection:
        account.add(connection, "olga", Role.OPERATOR, "first", clock.now())
        with pytest.raises(SettingsError, match="already"):
            account.add(connection, "olga", Role.OPERATOR, "second", clock.now())
        assert account.find(connection, "olga")["password"] == "first"


def test_the_last_operator_stays_one_while_there_are_viewers(
    store: Store, clock: SimulatedClock
) -> None:
    with store.write() as connection:
        account.add(connection, "olga", Role.OPERATOR, "h", clock.now())
        account.add(connection, "vera", Role.VIEWER, "h", clock.now())
        olga, vera = account.find(connection, "olga"), account.find(connection, "vera")
        with pytest.raises(SettingsError, match="only operator"):
            account.set_role(connection, olga, Role.VIEWER)
        with pytest.raises(SettingsError, match="only operator"):
            account.remove(connection, olga)
        account.remove(connection, vera)
        account.remove(connection, olga)  # then nobody can sign in, and commands make the next
        assert not admins.is_any(connection)


def test_an_unknown_account_is_told_with_those_there_are(
    store: Store, clock: SimulatedClock
) -> None:
    with store.write() as connection:
        with pytest.raises(SettingsError, match="none yet"):
            account.find(connection, "karl")
        account.add(connection, "olga", Role.OPERATOR, "h", clock.now())
        with pytest.raises(SettingsError, match="accounts: olga"):
            account.find(connection, "karl")
