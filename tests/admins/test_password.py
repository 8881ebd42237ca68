"""Passwords: what is kept of them, which are taken, and that guessing costs."""

from __future__ import annotations

import threading

import pytest
from argon2 import PasswordHasher, extract_parameters, profiles

from bypost.admins import password as passwords
from bypost.errors import SettingsError
from tests.admins.conftest import QUICK

GOOD = "correct horse battery"


def test_argon2id_with_the_parameters_of_rfc_9106_is_kept() -> None:
    kept = passwords.hash_of(GOOD)
    assert kept.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert GOOD not in kept
    assert passwords.is_right(kept, GOOD)
    assert not passwords.is_right(kept, f"{GOOD} ")
    assert not passwords.is_outdated(kept)


def test_the_hash_for_unknown_names_costs_as_much_as_a_real_one() -> None:
    assert extract_parameters(passwords.NOBODYS) == profiles.RFC_9106_LOW_MEMORY
    assert not passwords.is_right(passwords.NOBODYS, "")


@pytest.mark.usefixtures("quick")
def test_two_hashes_of_one_password_differ() -> None:
    assert passwords.hash_of(GOOD) != passwords.hash_of(GOOD)


@pytest.mark.parametrize(
    ("weak", "why"),
    [
        ("", "too short"),
        ("elevensigns", "too short"),
        ("a" * 201, "too long"),
        ("aaaaaaaaaaaa", "repeats"),
        ("abababababab", "repeats"),
    ],
)
def test_a_password_that_is_easy_to_guess_is_not_taken(weak: str, why: str) -> None:
    with pytest.raises(SettingsError, match=why) as caught:
        passwords.hash_of(weak)
    assert not weak or weak not in str(caught.value)


@pytest.mark.usefixtures("quick")
def test_how_a_keyboard_composes_a_sign_does_not_matter() -> None:
    kept = passwords.hash_of("Straße über München")
    assert passwords.is_right(kept, "Straße u\u0308ber Mu\u0308nchen")


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("kept", ["", "no password opens this", "$argon2id$v=19$m=8"])
def test_what_is_no_hash_is_opened_by_nothing(kept: str) -> None:
    assert not passwords.is_right(kept, GOOD)
    assert not passwords.is_right(kept, "")


@pytest.mark.usefixtures("quick")
def test_a_password_of_strange_signs_is_only_wrong() -> None:
    kept = passwords.hash_of(GOOD)
    for strange in ("\x00", "\ud800", "x" * 100_000):
        assert not passwords.is_right(kept, strange)


def test_a_hash_of_other_parameters_is_outdated() -> None:
    older = PasswordHasher(time_cost=2, memory_cost=8, parallelism=1).hash(GOOD)
    assert passwords.is_outdated(older)


@pytest.mark.usefixtures("quick")
def test_many_at_once_wait_for_their_turn_and_then_give_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    kept = QUICK.hash(GOOD)
    monkeypatch.setattr(passwords, "_AT_ONCE", threading.BoundedSemaphore(1))
    monkeypatch.setattr(passwords, "_PATIENCE_S", 0.01)
    with passwords._turn(), pytest.raises(passwords.Busy):
        passwords.is_right(kept, GOOD)
    assert passwords.is_right(kept, GOOD)
