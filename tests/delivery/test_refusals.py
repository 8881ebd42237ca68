"""A request refused for its content: who is to blame, and everybody else's mail."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from bypost.delivery.report import Report
from bypost.model.message import Key, Nothing, Search
from bypost.store import budgets
from bypost.testing import ending
from bypost.testing.ending import Rule
from tests.delivery.stage import Stage, Theatre

KEY = Key(lifetime=timedelta(hours=24))
SEARCH = Search(lag=timedelta(minutes=1))


@pytest.fixture(scope="module")
def hundred(tmp_path_factory: pytest.TempPathFactory) -> Theatre:
    return Theatre(tmp_path_factory.mktemp("hundred"), people=100, delays=("at once",))


@pytest.fixture(scope="module")
def couple(tmp_path_factory: pytest.TempPathFactory) -> Theatre:
    return Theatre(tmp_path_factory.mktemp("couple"), people=2, delays=("at once", "1 day"))


@pytest.fixture
def stage(hundred: Theatre, request: pytest.FixtureRequest) -> Iterator[Stage]:
    """A hundred people in one batch."""
    with hundred.stage(getattr(request, "param", KEY), batch_size=100) as opened:
        yield opened


def poisoned(*people: int) -> Rule:
    """Return a rule: a request with any of these people in it is refused as a whole."""
    bad = {f"p{number}@example.org" for number in people}
    return lambda request: ending.refused(422) if bad & set(request.to) else None


def breaker(stage: Stage) -> str:
    with stage.context.store.read() as connection:
        return budgets.breakers(connection).get("simulated", "")


def mend(stage: Stage) -> Report:
    """Say that it is mended; make a pass."""
    stage.resume()
    return stage.run()


def reached(stage: Stage) -> list[str]:
    return sorted(taken.to for taken in stage.provider.log)


def test_the_first_refusal_stops_the_provider_and_leaves_everybody_pending(stage: Stage) -> None:
    stage.provider.script.rule = poisoned(42)
    report = stage.run()
    assert (report.total.pending, report.exit_code) == (100, 1)
    assert breaker(stage) == "simulated: HTTP 422"
    stage.clock.advance(timedelta(hours=2))
    stage.run()
    assert len(stage.provider.requests) == 1


@pytest.mark.parametrize(
    ("stage", "person"), [(KEY, 0), (KEY, 99), (SEARCH, 42), (Nothing(), 42)], indirect=["stage"]
)
def test_once_it_is_resumed_everybody_but_the_poisoned_one_has_it_once(
    stage: Stage, person: int
) -> None:
    stage.provider.script.rule = poisoned(person)
    stage.run()
    report = mend(stage)
    assert (report.total.accepted, report.total.failed, report.total.pending) == (99, 1, 0)
    assert set(stage.provider.accepted.values()) == {1}
    assert len(reached(stage)) == 99
    assert f"p{person}@example.org" not in reached(stage)
    assert breaker(stage) == ""
    # 100, then two halves seven times.
    assert len(stage.provider.requests) <= 1 + 1 + 2 * 7


def test_several_poisoned_ones_are_found_alike(stage: Stage) -> None:
    stage.provider.script.rule = poisoned(3, 4, 97)
    stage.run()
    for _ in range(3):
        mend(stage)
    assert (stage.numbers().accepted, stage.numbers().failed) == (97, 3)
    assert set(stage.provider.accepted.values()) == {1}


def test_where_everything_is_refused_the_provider_is_stopped_again_soon(stage: Stage) -> None:
    stage.provider.script.rule = lambda _: ending.refused(422)
    stage.run()
    report = mend(stage)
    assert breaker(stage) == "simulated: HTTP 422"
    assert (report.total.pending, report.total.failed) == (100, 0)
    assert len(stage.provider.requests) <= 14
    stage.provider.script.clear()
    mend(stage)
    assert stage.numbers().accepted == 100
    assert set(stage.provider.accepted.values()) == {1}


@pytest.mark.parametrize("status", [401, 403])
def test_a_refusal_that_is_not_about_the_content_never_halves(stage: Stage, status: int) -> None:
    stage.provider.script.rule = lambda _: ending.refused(status)
    stage.run()
    for _ in range(3):
        assert mend(stage).total.pending == 100
        assert breaker(stage)
    assert [len(request.refs) for request in stage.provider.requests] == [100] * 4


@pytest.mark.parametrize("person", [0, 1])
def test_of_two_people_the_other_one_is_tried_before_one_is_blamed(
    couple: Theatre, person: int
) -> None:
    with couple.stage(KEY, batch_size=2) as stage:
        stage.provider.script.rule = poisoned(person)
        stage.run()
        report = mend(stage)
        assert (report.total.accepted, report.total.failed) == (1, 1)
        assert breaker(stage) == ""


def test_who_is_refused_alone_is_not_blamed_while_nobody_else_is_sent_to(couple: Theatre) -> None:
    with couple.stage(KEY, batch_size=1) as stage:
        stage.provider.script.rule = lambda _: ending.refused(422)
        stage.run()
        mend(stage)
        for _ in range(20):
            stage.clock.advance(timedelta(hours=1))
            stage.run()
        assert (stage.numbers().failed, stage.numbers().pending) == (0, 2)
        assert breaker(stage)


def test_after_a_resume_that_mended_nothing_nobody_is_blamed(couple: Theatre) -> None:
    """All were well served before: what is refused now is everybody's."""
    with couple.stage(KEY, batch_size=1) as stage:
        assert stage.run().total.accepted == 2
        stage.clock.advance(timedelta(days=1))
        stage.provider.script.rule = lambda _: ending.refused(422)
        stage.run()
        assert breaker(stage)
        for _ in range(4):
            mend(stage)
        assert (stage.numbers().failed, stage.numbers().pending) == (0, 2)
        assert len(stage.provider.requests) <= 14
        stage.provider.script.clear()
        stage.clock.advance(timedelta(hours=1))
        mend(stage)
        assert stage.numbers().accepted == 4


def test_a_refusal_after_a_lost_answer_neither_halves_nor_forgets_it(stage: Stage) -> None:
    """The first attempt was taken over: what is refused now has arrived all the same."""
    stage.provider.script.add(ending.lost(accepted=True), ending.refused(422))
    stage.run()
    assert breaker(stage)
    assert stage.batch(1)["ambiguous"]
    stage.provider.script.add(ending.refused(422), ending.refused(422))
    mend(stage)
    mend(stage)
    assert stage.batch(1)["ambiguous"]
    mend(stage)
    assert {(len(r.refs), r.key, r.body) for r in stage.provider.requests} == {
        (100, r.key, r.body) for r in stage.provider.requests[:1]
    }
    assert stage.numbers().accepted == 100
    assert set(stage.provider.accepted.values()) == {1}
