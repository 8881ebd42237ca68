"""Stages with something unknown on them."""

from __future__ import annotations

from datetime import datetime, timedelta

from bypost.delivery import reconcile
from bypost.store import settle
from bypost.testing import ending
from tests.delivery.stage import Stage

MINUTE = timedelta(minutes=1)
LEASE, QUIET = 2 * MINUTE, 15 * MINUTE
#: 09:00 in Berlin on the day after.
TUESDAY = datetime.fromisoformat("2026-11-24T08:00+00:00")


def lose(stage: Stage, *, accepted: bool) -> None:
    """Make a pass whose first request is not answered."""
    stage.provider.script.add(ending.lost(accepted=accepted))
    stage.run()
    assert stage.refs("unknown")


def everybody_has_it_once(stage: Stage) -> None:
    assert stage.refs("accepted") == set(stage.states()) == set(stage.provider.accepted)
    assert set(stage.provider.accepted.values()) == {1}


def owe_all_again(stage: Stage) -> int:
    """Owe what is unknown again, on the operator's word."""
    with stage.context.store.read() as connection:
        ids = settle.all_unknown(connection)
    return reconcile.owe_again(stage.context, ids)


def the_second_course_day(stage: Stage) -> None:
    stage.clock.advance_to(TUESDAY)
    stage.run()
