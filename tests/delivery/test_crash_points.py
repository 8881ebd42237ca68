"""A process that dies at any step, whatever the provider does: nobody twice, nobody missed.

Every step, every ending of a request and every send class are combined; the truth is asked of the
provider, and the ledger's sum is checked at every commit (:mod:`stage`).
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from contextlib import nullcontext
from datetime import timedelta

import pytest

from bypost.delivery import events, owner, reconcile
from bypost.delivery.steps import LABELS
from bypost.model.message import Events, Key, Nothing, Search, SendClass
from bypost.testing import ending
from bypost.testing.ending import Ending
from tests.delivery.stage import A_WHILE, Crash, Stage, Theatre, crash_at

#: Not a step of ours: the provider has done what it will do, and its answer is on its way.
SENDING = "sending"
#: Steps that come again with a second attempt of the same batch.
AGAIN = (*LABELS[LABELS.index("leased") :], SENDING)
#: Who dies there cannot know whether the request was accepted.
DANGEROUS = {"intended", SENDING, "answered"}
CLASSES: Mapping[str, SendClass] = {
    "key": Key(lifetime=timedelta(hours=24)),
    "search": Search(lag=timedelta(minutes=1)),
    "events": Events(),
    "none": Nothing(),
}
CERTAIN = ("key", "search")
ENDINGS: Mapping[str, Ending] = {
    "ok": ending.ok(),
    "lost, accepted": ending.lost(accepted=True),
    "lost": ending.lost(accepted=False),
    "late": ending.late(timedelta(minutes=5)),
    "not sent": ending.not_sent(),
    "429": ending.throttled(None),
    "429 with a time": ending.throttled(timedelta(seconds=7)),
    "401": ending.refused(401),
    "422": ending.refused(422),
    "some refused": ending.some_refused(1),
    "some retried": ending.some_retried(0),
}
AMBIGUOUS = {"lost, accepted", "lost", "late"}
#: After these there is no second attempt.
FINAL = {"ok", "some refused"}


@pytest.fixture(scope="module")
def theatre(tmp_path_factory: pytest.TempPathFactory) -> Theatre:
    return Theatre(tmp_path_factory.mktemp("theatre"))


@pytest.fixture
def stage(theatre: Theatre, request: pytest.FixtureRequest) -> Iterator[Stage]:
    with theatre.stage(CLASSES[request.param]) as opened:
        yield opened


def die() -> None:
    raise Crash(SENDING)


def play(stage: Stage, how: str, *crashes: tuple[str, int], wait: timedelta = A_WHILE) -> None:
    """Let the first request end so, die at these steps, and make passes until nothing moves."""
    script = [ENDINGS[how]]
    for label, times in crashes:
        if label == SENDING:
            script += [ending.ok()] * (times - len(script))
            script[times - 1] = script[times - 1].and_then(die)
    stage.provider.script.add(*script)
    points = [crash_at(*point) if point[0] != SENDING else nullcontext() for point in crashes]
    with points[0], points[-1] if len(points) > 1 else nullcontext():
        stage.survive()
        for _ in range(10):
            before = stage.numbers()
            stage.clock.advance(wait)
            stage.resume()
            if stage.survive() is None or (now := stage.numbers()).pending:
                continue
            if not now.unknown or (now == before and not _may_ask(stage)):
                return
    raise AssertionError(f"still moving: {stage.numbers()}")


def _may_ask(stage: Stage) -> bool:
    return isinstance(stage.provider.send_class, Search)


def settle(stage: Stage) -> None:
    """Tell the truth about what is unknown: by a webhook, or else by the operator."""
    unknown, accepted = stage.refs("unknown"), set(stage.provider.accepted)
    ids = {ref: stage.context.delivery_id(ref) for ref in sorted(unknown)}
    if isinstance(stage.provider.send_class, Events):
        told = [stage.provider.event(ref) for ref in sorted(unknown & accepted)]
        events.take(stage.context, stage.provider.name, [*told, *told])
    else:
        reconcile.mark_sent(stage.context, [i for ref, i in ids.items() if i and ref in accepted])
    never = [i for ref, i in ids.items() if i and ref not in accepted]
    assert reconcile.owe_again(stage.context, never) == len(never)


def assert_everybody_has_it_once(stage: Stage, how: str, people: int = 3) -> None:
    """Check the ledger against what the provider accepted."""
    states, accepted = stage.states(), stage.provider.accepted
    assert len(states) == people, "a delivery was lost"
    refused = [ref for ref, state in states.items() if state == "failed"]
    # Where the answer with the refusal was lost, it was asked for again, and there was no other.
    assert len(refused) <= (how == "some refused")
    assert {ref for ref, state in states.items() if state == "accepted"} == set(accepted)
    assert len(accepted) == people - len(refused)
    assert set(accepted.values()) == {1}, "somebody got it twice"


def assert_the_course_goes_on(stage: Stage) -> None:
    """Let the next lesson fall due; it reaches everybody."""
    stage.provider.script.clear()
    stage.clock.advance(timedelta(days=1))
    stage.run()
    assert stage.numbers().owed == 6
    assert stage.numbers().pending == stage.numbers().unknown == 0
    assert set(stage.provider.accepted.values()) == {1}


@pytest.mark.one_in(16, but="key")
@pytest.mark.parametrize("how", ENDINGS)
@pytest.mark.parametrize("label", [*LABELS, SENDING])
@pytest.mark.parametrize("stage", CERTAIN, indirect=True)
def test_with_a_key_or_a_search_everybody_has_it_once(stage: Stage, label: str, how: str) -> None:
    play(stage, how, (label, 1))
    assert_everybody_has_it_once(stage, how)
    assert_the_course_goes_on(stage)


@pytest.mark.one_in(16)
@pytest.mark.parametrize("how", [how for how in ENDINGS if how not in FINAL])
@pytest.mark.parametrize("label", AGAIN)
@pytest.mark.parametrize("stage", CERTAIN, indirect=True)
def test_a_crash_of_the_second_attempt_changes_nothing(stage: Stage, label: str, how: str) -> None:
    play(stage, how, (label, 2))
    assert_everybody_has_it_once(stage, how)


@pytest.mark.one_in(16)
@pytest.mark.parametrize("how", ENDINGS)
@pytest.mark.parametrize("label", [*LABELS, SENDING])
@pytest.mark.parametrize("stage", ["events", "none"], indirect=True)
def test_where_nobody_can_be_asked_what_is_in_doubt_is_shown_and_settled_by_hand(
    stage: Stage, label: str, how: str
) -> None:
    play(stage, how, (label, 1))
    assert max(stage.provider.accepted.values(), default=0) <= 1, "somebody got it twice"
    assert stage.refs("accepted") <= set(stage.provider.accepted)
    met = bool(stage.provider.requests)
    doubt = (stage.crashes and label in DANGEROUS) or (met and how in AMBIGUOUS)
    assert bool(stage.refs("unknown")) == bool(doubt)
    for _ in range(3):
        settle(stage)
        stage.resume()
        stage.survive()
        stage.clock.advance(A_WHILE)
    assert_everybody_has_it_once(stage, how)
    assert_the_course_goes_on(stage)


def sample(number: int) -> list[tuple[str, tuple[str, int], tuple[str, int], str, bool]]:
    """Return crashes in pairs: send class, the two points, the first ending, taken over at once."""
    chance = random.Random(20261123)
    points = [(label, 1) for label in (*LABELS, SENDING)] + [(label, 2) for label in AGAIN]
    chosen = []
    for _ in range(number):
        one, two = chance.choice(points), chance.choice(points)
        two = (two[0], two[1] + (one == two))
        kind, how = chance.choice(CERTAIN), chance.choice(list(ENDINGS))
        chosen.append((kind, one, two, how, chance.random() < 0.5))
    return chosen


@pytest.mark.one_in(8)
@pytest.mark.parametrize(
    ("stage", "one", "two", "how", "at_once"),
    sample(60),
    indirect=["stage"],
    ids=[f"{k}-{a[0]} {a[1]}-{b[0]} {b[1]}-{h}-{g}" for k, a, b, h, g in sample(60)],
)
def test_two_crashes_are_survived_as_well(
    stage: Stage,
    one: tuple[str, int],
    two: tuple[str, int],
    how: str,
    at_once: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if at_once:  # the owner of the lease is known to be dead: nobody waits for it to run out
        monkeypatch.setattr(owner, "is_gone", lambda _owner: True)
    play(stage, how, one, two, wait=timedelta(minutes=16) if at_once else A_WHILE)
    assert_everybody_has_it_once(stage, how)
    assert_the_course_goes_on(stage)
