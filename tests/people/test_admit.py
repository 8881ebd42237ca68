"""Taking people on with a statement of consent: evidence for each purpose, and nobody revived."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bypost.links import AddressHash
from bypost.people import join, leave, profile
from bypost.people.admit import Basis, Newcomer, NotAdmitted, admit, enroll, subscribe
from bypost.store import (
    Connection,
    Store,
    consents,
    enrollments,
    migrate,
    subscribers,
    subscriptions,
    suppressions,
)

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
HASH = AddressHash("a key")
BASIS = Basis(statement="Ticked at the till.", address_hash=HASH, now=NOON)
ANA = Newcomer(
    email="Ana@example.org",
    name="Ana",
    time_zone="Europe/Berlin",
    hour="07:00",
    courses=["alpha"],
    newsletters=["notes"],
)


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[Connection]:
    store = Store("sqlite:///test.db", root=tmp_path)
    migrate.upgrade(store)
    with store.write() as opened:
        yield opened
    store.close()


def test_somebody_new_is_confirmed_and_on_what_they_agreed_to(connection: Connection) -> None:
    person, new = admit(connection, ANA, BASIS)
    assert new
    assert (person["email"], person["status"], person["confirmed_at"]) == (
        "Ana@example.org",
        "confirmed",
        NOON,
    )
    assert (person["name"], person["time_zone"], person["hour"]) == (
        "Ana",
        "Europe/Berlin",
        "07:00",
    )
    (run,) = enrollments.of_subscribers(connection, [person["id"]])
    (letter,) = subscriptions.of_subscribers(connection, [person["id"]])
    assert (run["course"], run["next_due"]) == ("alpha", NOON)
    assert letter["newsletter"] == "notes"
    evidence = consents.of_subscriber(connection, person["id"])
    assert [(row["purpose"], row["source"], row["note"]) for row in evidence] == [
        ("course:alpha", "api", "Ticked at the till."),
        ("newsletter:notes", "api", "Ticked at the till."),
    ]


def test_a_second_time_changes_nothing(connection: Connection) -> None:
    first, _ = admit(connection, ANA, BASIS)
    other = Newcomer(email="ana@EXAMPLE.org", name="Anna", courses=["alpha"])
    again, new = admit(connection, other, BASIS)
    assert not new
    assert dict(again) == dict(first)
    assert len(enrollments.of_subscribers(connection, [first["id"]])) == 1
    assert len(consents.of_subscriber(connection, first["id"])) == 2


def test_somebody_unconfirmed_is_confirmed_and_keeps_what_they_chose(
    connection: Connection,
) -> None:
    row = join.new_subscriber(
        subscriber_id=1,
        email="ana@example.org",
        name="",
        time_zone="Asia/Tokyo",
        status="unconfirmed",
        now=NOON,
    )
    subscribers.add(connection, {**row, "own_choice": ["hour"]})
    person, new = admit(connection, ANA, BASIS)
    assert not new
    assert (person["status"], person["name"], person["time_zone"], person["hour"]) == (
        "confirmed",
        "Ana",
        "Asia/Tokyo",
        "",
    )


@pytest.mark.parametrize("reason", ["bounced", "complained", "left", "manual"])
@pytest.mark.parametrize("known", [True, False])
def test_a_suppressed_address_is_not_taken_on(
    connection: Connection, reason: str, known: bool
) -> None:
    if known:
        admit(connection, Newcomer(email="ana@example.org"), BASIS)
    suppressions.add(connection, HASH("ana@example.org"), reason=reason, now=NOON)
    with pytest.raises(NotAdmitted, match=reason) as caught:
        admit(connection, ANA, BASIS)
    assert caught.value.code == "suppressed"
    people = subscribers.by_keys(connection, ["ana@example.org"])
    assert len(people) == known
    assert enrollments.of_subscribers(connection, [1]) == []


@pytest.mark.parametrize("scope", ["course:alpha", "newsletter:notes"])
def test_a_suppression_of_one_thing_stands_against_that_thing_alone(
    connection: Connection, scope: str
) -> None:
    suppressions.add(connection, HASH("ana@example.org"), reason="left", scope=scope, now=NOON)
    person, _ = admit(connection, Newcomer(email="ana@example.org"), BASIS)
    join_one = enroll if scope.startswith("course") else subscribe
    with pytest.raises(NotAdmitted) as caught:
        join_one(connection, person, scope.partition(":")[2], BASIS)
    assert caught.value.code == "suppressed"
    assert join_one(connection, person, "other", BASIS)[1]


def test_who_left_or_finished_a_course_does_not_begin_it_again(connection: Connection) -> None:
    person, _ = admit(connection, ANA, BASIS)
    (run,) = enrollments.of_subscribers(connection, [person["id"]])
    enrollments.finish(connection, [run["id"]], NOON)
    with pytest.raises(NotAdmitted) as finished:
        enroll(connection, person, "alpha", BASIS)
    enrollments.leave(connection, run["id"], NOON)
    with pytest.raises(NotAdmitted) as left:
        enroll(connection, person, "alpha", BASIS)
    assert (finished.value.code, left.value.code) == ("finished", "left")


def test_who_left_a_newsletter_is_not_put_on_it_again(connection: Connection) -> None:
    person, _ = admit(connection, ANA, BASIS)
    (letter,) = subscriptions.of_subscribers(connection, [person["id"]])
    subscriptions.leave(connection, letter["id"], NOON)
    with pytest.raises(NotAdmitted) as left:
        subscribe(connection, person, "notes", BASIS)
    assert left.value.code == "left"


def test_nothing_begins_for_somebody_unconfirmed(connection: Connection) -> None:
    row = join.new_subscriber(
        subscriber_id=1,
        email="ana@example.org",
        name="",
        time_zone="",
        status="unconfirmed",
        now=NOON,
    )
    person = subscribers.add(connection, row)
    for join_one in (enroll, subscribe):
        with pytest.raises(NotAdmitted) as caught:
            join_one(connection, person, "alpha", BASIS)
        assert caught.value.code == "unconfirmed"


def test_a_change_counts_as_what_the_person_chose(connection: Connection) -> None:
    person, _ = admit(connection, ANA, BASIS)
    profile.change(connection, person, name=" Anna\nB ", time_zone="Asia/Tokyo", now=NOON)
    changed = subscribers.by_id(connection, person["id"])
    assert changed is not None
    assert (changed["name"], changed["time_zone"], changed["hour"]) == (
        "Anna B",
        "Asia/Tokyo",
        "07:00",
    )
    assert changed["own_choice"] == ["name", "time_zone"]


def test_a_change_to_the_same_is_no_choice(connection: Connection) -> None:
    person, _ = admit(connection, ANA, BASIS)
    profile.change(connection, person, name="Ana", hour="07:00", now=NOON)
    assert dict(subscribers.by_id(connection, person["id"]) or {}) == dict(person)


def test_leaving_everything_stands_against_being_taken_on(connection: Connection) -> None:
    person, _ = admit(connection, ANA, BASIS)
    leave.leave_everything(connection, person["id"], HASH, by="page", now=NOON)
    with pytest.raises(NotAdmitted) as caught:
        admit(connection, ANA, BASIS)
    assert caught.value.code == "suppressed"
