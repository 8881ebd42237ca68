"""One thing done for everybody in an audience."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bypost.delivery import bulk
from bypost.delivery.context import Context
from bypost.errors import SettingsError
from bypost.people import join
from bypost.people.bulk import Action, Order
from bypost.store import audiences, bulk_actions, consents, enrollments, holds, subscribers
from tests.conftest import MONDAY, write_course

PEOPLE = 230


@pytest.fixture
def context(empty_project: Path, open_context: Callable[..., Context]) -> Context:
    write_course(empty_project)
    context = open_context(empty_project)
    with context.store.write() as connection:
        rows = [
            join.new_subscriber(
                subscriber_id=number,
                email=f"p{number}@example.org",
                name="",
                time_zone="",
                status="confirmed" if number % 10 else "unconfirmed",
                now=MONDAY,
                tags=("odd",) if number % 2 else (),
            )
            for number in range(1, PEOPLE + 1)
        ]
        subscribers.add_all(connection, rows)
    return context


def order(action: Action, value: str = "", statement: str = "") -> Order:
    return Order(action=action, value=value, statement=statement)


def carry_out(context: Context, wanted: Order, text: str) -> Any:
    number = bulk.start(context, wanted, text, by="olga")
    return bulk.go_on(context, number, enough=lambda: False)


def tagged(context: Context, tag: str) -> list[int]:
    with context.store.read() as connection:
        return [row["id"] for row in subscribers.every(connection) if tag in row["tags"]]


def test_a_tag_is_given_to_everybody_in_the_audience_once(context: Context) -> None:
    odd = list(range(1, PEOPLE + 1, 2))
    for changed in (len(odd), 0):
        row = carry_out(context, order(Action.ADD_TAG, "new"), "tag odd")
        assert (row["state"], row["found"], row["changed"]) == ("done", len(odd), changed)
        assert tagged(context, "new") == odd


def test_taking_away_the_tag_that_makes_the_audience_misses_nobody(context: Context) -> None:
    row = carry_out(context, order(Action.REMOVE_TAG, "odd"), "tag odd")
    assert row["changed"] == PEOPLE / 2
    assert tagged(context, "odd") == []


def test_what_stopped_in_the_middle_goes_on_where_it_was(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(bulk.CHUNK, Action.ADD_TAG, 7)
    number = bulk.start(context, order(Action.ADD_TAG, "new"), "everyone", by="olga")
    answers = iter([False, False, True])
    row = bulk.go_on(context, number, enough=lambda: next(answers))
    assert (row["state"], row["changed"]) == ("running", 21)
    assert tagged(context, "new") == list(range(1, 22))

    real, calls = bulk._do, iter(range(100))

    def dies(*given: Any) -> Any:
        if next(calls) == 3:
            raise KeyboardInterrupt
        return real(*given)

    monkeypatch.setattr(bulk, "_do", dies)
    with pytest.raises(KeyboardInterrupt):
        bulk.go_on(context, number, enough=lambda: False)
    monkeypatch.setattr(bulk, "_do", real)
    assert tagged(context, "new") == list(range(1, 22)), "half a chunk is none"
    row = bulk.go_on(context, number, enough=lambda: False)
    assert (row["state"], row["found"], row["changed"]) == ("done", PEOPLE, PEOPLE)


def test_who_comes_later_is_left_out_and_what_is_stopped_stays_stopped(context: Context) -> None:
    number = bulk.start(context, order(Action.ADD_TAG, "new"), "everyone", by="olga")
    with context.store.write() as connection:
        late = join.new_subscriber(
            subscriber_id=PEOPLE + 1,
            email="late@example.org",
            name="",
            time_zone="",
            status="confirmed",
            now=MONDAY,
        )
        subscribers.add_all(connection, [late])
    bulk.go_on(context, number, enough=lambda: False)
    assert PEOPLE + 1 not in tagged(context, "new")
    second = bulk.start(context, order(Action.ADD_TAG, "x"), "everyone", by="olga")
    with context.store.write() as connection:
        bulk.stop(context, connection, second)
    assert bulk.go_on(context, second, enough=lambda: False)["state"] == "stopped"
    assert tagged(context, "x") == []


def test_a_course_begins_only_with_a_statement_and_only_for_whom_it_may(context: Context) -> None:
    with pytest.raises(SettingsError, match="only for people who agreed"):
        bulk.start(context, order(Action.ENROLL, "letters", " "), "everyone", by="olga")
    with context.store.write() as connection:
        left = join.new_enrollment(subscriber_id=1, course="letters", now=MONDAY)
        enrollments.add_all(connection, [{**left, "status": "left", "left_at": MONDAY}])
    said = "Ticked the box at the fair, 2026-11-20."
    row = carry_out(context, order(Action.ENROLL, "letters", said), "everyone")
    unconfirmed = PEOPLE // 10
    assert row["refused"] == unconfirmed + 1, "who left is not brought back"
    assert row["changed"] == PEOPLE - unconfirmed - 1
    with context.store.read() as connection:
        (agreed,) = consents.of_subscriber(connection, 2)
        (run,) = enrollments.of_subscribers(connection, [1])
    assert (agreed["source"], agreed["note"]) == ("desk", said)
    assert run["status"] == "left"
    again = carry_out(context, order(Action.ENROLL, "letters", said), "everyone")
    assert again["changed"] == 0


def test_pausing_and_letting_go_on(context: Context) -> None:
    assert carry_out(context, order(Action.PAUSE, "2026-12-24"), "tag odd")["changed"] == 115
    with context.store.read() as connection:
        (hold,) = holds.of_people(connection, [1])
        assert holds.of_people(connection, [2]) == []
    assert hold["until"].isoformat() == "2026-12-24T00:00:00+00:00"
    assert carry_out(context, order(Action.RESUME), "paused")["changed"] == 115
    assert carry_out(context, order(Action.RESUME), "everyone")["changed"] == 0


def test_leaving_a_course_ends_that_course_alone(context: Context) -> None:
    said = "Agreed by phone."
    carry_out(context, order(Action.ENROLL, "letters", said), "status confirmed")
    row = carry_out(context, order(Action.LEAVE, "course:letters"), "tag odd")
    assert row["changed"] == 115
    with context.store.read() as connection:
        states = {r["status"] for n in (1, 3) for r in enrollments.of_subscribers(connection, [n])}
        (other,) = enrollments.of_subscribers(connection, [2])
    assert states == {"left"}
    assert other["status"] == "active"
    row = carry_out(context, order(Action.LEAVE, "everything"), "not tag odd")
    assert row["changed"] == 92


def test_what_a_name_stood_for_when_it_was_asked_for_counts(context: Context) -> None:
    with context.store.write() as connection:
        audiences.save(connection, "a", expression="tag odd", note="", now=MONDAY)
    number = bulk.start(context, order(Action.ADD_TAG, "new"), "a", by="olga")
    with context.store.write() as connection:
        audiences.save(connection, "a", expression="everyone", note="", now=MONDAY)
    assert bulk.go_on(context, number, enough=lambda: False)["found"] == 115


@pytest.mark.parametrize(
    ("action", "value"),
    [
        (Action.ADD_TAG, ""),
        (Action.ADD_TAG, "a;b"),
        (Action.REMOVE_TAG, "x" * 65),
        (Action.PAUSE, "2020-01-01"),
        (Action.PAUSE, "tomorrow"),
        (Action.LEAVE, ""),
    ],
)
def test_what_cannot_be_done_is_refused_before_anything_is_written(
    context: Context, action: Action, value: str
) -> None:
    with pytest.raises(SettingsError):
        bulk.start(context, order(action, value), "everyone", by="olga")
    with context.store.read() as connection:
        assert bulk_actions.newest(connection, 9) == []
