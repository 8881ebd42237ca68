"""Who has room for another mail: lessons and issues of one person within caps."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import pytest
from sqlalchemy import event

from bypost.delivery import room
from bypost.delivery.read_run import run_of
from bypost.people import pace
from bypost.settings.model import Caps
from bypost.store import Connection, ledger
from bypost.store import caps as store
from bypost.testing import ending
from tests.delivery.household import Household, Person, Plan, Village

TUESDAY = date(2026, 11, 24)
BOTH = Person(courses={"alpha": 0}, newsletters=("news",))


@pytest.fixture(scope="module")
def village(tmp_path_factory: pytest.TempPathFactory) -> Village:
    return Village(tmp_path_factory.mktemp("village"))


def test_without_caps_nothing_is_kept_back_or_asked(village: Village) -> None:
    asked: list[str] = []

    def note(_: object, __: object, sql: str, *___: object) -> None:
        asked.append(sql)

    with village.household(Caps(), [BOTH], [Plan(day=TUESDAY)]) as house:
        for engine in (house.context.store._writer, house.context.store._reader):
            event.listen(engine, "before_cursor_execute", note)
        house.days(2)
        for engine in (house.context.store._writer, house.context.store._reader):
            event.remove(engine, "before_cursor_execute", note)
        assert house.told() == ["Mon 10:30 alpha/one", "Tue 08:00 alpha/two", "Tue 09:00 news/one"]
    with village.household(Caps(), [BOTH]) as house, house.context.store.read() as connection:
        mine = _statements(
            connection, lambda: store.mails(connection, [1], since=house.clock.now())
        )
        mine += _statements(connection, lambda: store.runs(connection, [1]))
        mine += _statements(connection, lambda: store.planned(connection))
    mine = [sql for sql in mine if sql != "BEGIN"]
    assert len(mine) == 4
    assert not set(mine) & set(asked)


def _statements(connection: Connection, act: object) -> list[str]:
    seen: list[str] = []

    def note(_: object, __: object, sql: str, *___: object) -> None:
        seen.append(sql)

    event.listen(connection.engine, "before_cursor_execute", note)
    act()  # type: ignore[operator]
    event.remove(connection.engine, "before_cursor_execute", note)
    return seen


def test_a_lesson_over_the_cap_of_a_day_waits_for_the_persons_hour_on_the_next(
    village: Village,
) -> None:
    somebody = Person(courses={"alpha": 0}, hour="07:00")
    delays = {"alpha": ["at once", "at once", "at once"]}
    with village.household(Caps(per_day=1), [somebody], delays=delays) as house:
        house.days(4)
        assert house.told() == [
            "Mon 10:30 alpha/one",
            "Tue 07:00 alpha/two",
            "Wed 07:00 alpha/three",
        ]


def test_the_cap_of_a_week_counts_seven_days_back(village: Village) -> None:
    delays = {"alpha": ["at once", *["1 day"] * 4]}
    with village.household(Caps(per_week=3), [BOTH], delays=delays) as house:
        house.days(10)
        assert [mail.at.day for mail in house.mails()] == [23, 24, 25, 30, 1]


def test_the_lesson_goes_and_the_issue_waits(village: Village) -> None:
    plans = [Plan(day=TUESDAY, hour=time(6))]
    with village.household(Caps(per_day=1), [BOTH], plans) as house:
        house.days(4)
        assert house.told() == ["Mon 10:30 alpha/one", "Tue 08:00 alpha/two", "Wed 06:00 news/one"]


def test_the_issue_goes_and_the_lesson_waits_where_newsletters_are_first(village: Village) -> None:
    plans = [Plan(day=TUESDAY, hour=time(18))]
    caps = Caps(per_day=1, first="newsletter")
    with village.household(caps, [BOTH], plans) as house:
        house.days(4)
        assert house.told() == ["Mon 10:30 alpha/one", "Tue 18:00 news/one", "Wed 08:00 alpha/two"]


def test_an_issue_that_is_not_ready_any_more_keeps_no_lesson_back(village: Village) -> None:
    caps = Caps(per_day=1, first="newsletter")
    plans = [Plan(day=TUESDAY, hour=time(18))]
    with village.household(caps, [BOTH], plans) as house:
        house.tick()
        house.published.issues.clear()  # type: ignore[attr-defined]
        house.days(2)
        assert house.told() == ["Mon 10:30 alpha/one", "Tue 08:00 alpha/two"]


def test_an_issue_at_one_instant_goes_on_another_day_at_the_hour_of_the_newsletter(
    village: Village,
) -> None:
    plans = [Plan(at=datetime(2026, 11, 24, 15, tzinfo=UTC))]
    tokyo = Person(zone="Asia/Tokyo", courses={"alpha": 16}, newsletters=("news",))
    with village.household(Caps(per_day=1), [BOTH, tokyo], plans) as house:
        house.days(4)
        assert house.told(1)[-1] == "Wed 09:00 news/one"
        # Midnight in Tokyo: a day of its own, on which the second lesson comes.
        assert house.told(2) == ["Tue 10:30 alpha/one", "Wed 08:00 alpha/two", "Thu 09:00 news/one"]


def test_of_two_courses_the_lesson_that_has_waited_longest_goes_first(village: Village) -> None:
    delays = {"alpha": ["at once", "1 day", "1 day"], "beta": ["at once", "1 day", "1 day"]}
    somebody = Person(courses={"alpha": 0, "beta": 0})
    with village.household(Caps(per_day=1), [somebody], delays=delays) as house:
        house.days(8)
        assert [f"{mail.collection}/{mail.item}" for mail in house.mails()] == [
            *("alpha/one", "beta/one", "alpha/two", "beta/two", "alpha/three", "beta/three")
        ]
        assert len({mail.day for mail in house.mails()}) == 6


def test_a_lesson_that_was_asked_for_goes_at_once_and_counts(village: Village) -> None:
    with village.household(Caps(per_day=1), [BOTH], [Plan(day=TUESDAY)]) as house:
        house.tick()
        with house.context.store.write() as connection:
            run = house.run_of(1, "alpha")
            answer = pace.ask_next(connection, run, after="one", most=2, now=house.clock.now())
        assert answer is pace.Answer.ASKED
        house.days(3)
        assert house.told() == ["Mon 10:30 alpha/one", "Mon 10:30 alpha/two", "Tue 09:00 news/one"]


def test_a_mail_that_waits_for_the_provider_counts_on_the_day_on_which_it_leaves(
    village: Village,
) -> None:
    evening = Person(courses={"alpha": 0}, newsletters=("news",), hour="18:00")
    caps = Caps(per_day=1, first="newsletter")
    with village.household(caps, [evening], [Plan(day=TUESDAY)]) as house:
        house.tick()
        morning = datetime(2026, 11, 25, 7, tzinfo=UTC)
        house.provider.script = ending.Endings(
            lambda _: ending.not_sent() if house.clock.now() < morning else ending.ok()
        )
        house.days(5)
        days = [f"{mail.at:%a} {mail.collection}" for mail in house.mails()]
        assert days == ["Mon alpha", "Wed news", "Thu alpha"]


def test_issues_wait_for_the_first_days_of_a_course(village: Village) -> None:
    plans = [Plan(day=TUESDAY), Plan(newsletter="letter", day=TUESDAY)]
    new = Person(courses={"alpha": 0}, newsletters=("news",))
    old = Person(newsletters=("news", "letter"))
    caps, delays = Caps(newsletters_wait_days=3), {"alpha": ["at once", *["1 day"] * 4]}
    with village.household(caps, [new, old], plans, delays) as house:
        house.days(5)
        assert house.told(1)[-1] == "Fri 08:00 alpha/five"
        assert "Thu 09:00 news/one" in house.told(1)
        assert house.told(2) == ["Tue 09:00 news/one", "Tue 09:00 letter/one"]


def test_an_issue_that_finds_no_room_within_a_week_is_cancelled_and_says_so(
    village: Village,
) -> None:
    delays = {"alpha": ["at once", *["1 day"] * 4], "beta": ["1 day"] * 5}
    busy = Person(courses={"alpha": 0, "beta": 96}, newsletters=("news",))
    with village.household(Caps(per_day=1), [busy], [Plan(day=TUESDAY)], delays) as house:
        house.until(datetime(2026, 11, 24, 10, tzinfo=UTC))
        (waiting,) = [row for row in house.deliveries() if row["kind"] == "issue"]
        assert waiting["due_at"] == datetime(2026, 12, 1, 8, tzinfo=UTC)
        assert waiting["batch_detail"] == "at most 1 mail a day"
        house.days(9)
        (issue,) = [row for row in house.deliveries() if row["kind"] == "issue"]
        assert (issue["state"], issue["detail"]) == ("cancelled", "no room within a week")


def test_who_leaves_while_an_issue_waits_does_not_get_it(village: Village) -> None:
    with village.household(Caps(per_day=1), [BOTH], [Plan(day=TUESDAY)]) as house:
        house.until(datetime(2026, 11, 24, 10, tzinfo=UTC))
        with house.context.store.write() as connection:
            connection.exec_driver_sql("UPDATE subscriptions SET status = 'left'")
        house.days(3)
        (issue,) = [row for row in house.deliveries() if row["kind"] == "issue"]
        assert (issue["state"], issue["detail"]) == ("cancelled", "left the newsletter")


def test_a_request_of_the_operator_does_not_wake_what_is_kept_back(village: Village) -> None:
    with village.household(Caps(per_day=1), [BOTH], [Plan(day=TUESDAY)]) as house:
        house.until(datetime(2026, 11, 24, 10, tzinfo=UTC))
        with house.context.store.write() as connection:
            ledger.wake_waiting(connection, "simulated", house.clock.now())
        house.tick()
        assert house.told()[-1] == "Tue 08:00 alpha/two"
        house.days(2)
        assert house.told()[-1] == "Wed 09:00 news/one"


def test_a_process_that_was_away_sends_what_was_kept_back_on_the_next_day_at_its_hour(
    village: Village,
) -> None:
    with village.household(Caps(per_day=1), [BOTH], [Plan(day=TUESDAY)]) as house:
        house.until(datetime(2026, 11, 24, 10, tzinfo=UTC))
        house.clock.advance(timedelta(days=3))
        house.days(3)
        assert house.told()[-1] == "Sat 09:00 news/one"


def test_issues_of_a_newsletter_keep_their_order(village: Village) -> None:
    plans = [Plan(name=name, day=TUESDAY, hour=time(9, n)) for n, name in enumerate("abc")]
    with village.household(Caps(per_day=1), [BOTH], plans) as house:
        house.days(7)
        assert [m.item for m in house.mails() if m.kind == "issue"] == ["a", "b", "c"]
        assert len({mail.day for mail in house.mails()}) == 5


def test_what_is_told_of_a_lesson_is_when_it_comes(village: Village) -> None:
    delays = {"alpha": ["at once", *["1 day"] * 4]}
    with village.household(Caps(per_week=2), [BOTH], delays=delays) as house:
        house.days(3)
        held = _held(house)
        assert held is not None
        assert held.words == "at most 2 mails in 7 days"
        house.days(6)
        assert house.mails()[2].at == held.until


def _held(house: Household) -> room.Held | None:
    run = house.run_of(1, "alpha")
    shape = house.published.shapes["alpha"]
    with house.context.store.read() as connection:
        row = store.whole_runs(connection, [run["id"]])[run["id"]]
        past = ledger.history(connection, [run["id"]])[run["id"]]
        seen = run_of(row, past, shape, house.context)
        return room.held_lesson(house.context, connection, row, shape, seen, house.clock.now())
