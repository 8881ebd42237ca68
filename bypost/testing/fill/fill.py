"""Filling a new database: people first, then their mails in the order of time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from bypost.delivery import figures, totals
from bypost.delivery.context import Context
from bypost.delivery.publish import Published, publish
from bypost.errors import ContentError, Problem
from bypost.people.signup import NOTICE
from bypost.store import counts
from bypost.store.counts import Counts
from bypost.testing.fill.arrivals import arrivals
from bypost.testing.fill.days import Days
from bypost.testing.fill.issues import Issues
from bypost.testing.fill.ledger import Ledger
from bypost.testing.fill.life import Lives
from bypost.testing.fill.mails import Mails
from bypost.testing.fill.mark import mark_invented
from bypost.testing.fill.odds import HOURS, ZONES, Odds
from bypost.testing.fill.people import People
from bypost.testing.fill.rhythm import Rhythm
from bypost.testing.fill.texts import Texts

#: (what, done, total); a total of 0 means that it is not known.
OnProgress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """What was written."""

    people: int
    runs: int
    readers: int
    ledger: Counts


def fill(context: Context, *, people: int, days: int, seed: int, on_progress: OnProgress) -> Filled:
    """Fill the database of ``context``, which must be new, with invented people and their mails.

    Args:
        days: Of history, up to now.
        seed: The same gives the same people, though not the same instants.

    Raises:
        ContentError: The project's courses cannot be sent, or it has none.
    """
    chance, odds = Random(seed), Odds()  # noqa: S311 - invented people, and no secrets
    now = context.clock.now()
    start = now - timedelta(days=days)
    published = _published(context, start)
    mails, day_by_day, second = Mails(), Days(chance), int(now.timestamp())
    with context.store.write() as connection:
        mark_invented(connection, f"{people} people over {days} days")
    texts = Texts(context, mails, start=start, now=now)
    lives = {
        shape.course: Lives(
            Rhythm(shape, tuple(ZONES), tuple(HOURS)),
            *(texts.lessons(shape), mails, chance, odds, second),
        )
        for shape in published.shapes.values()
    }
    written = People(
        *(context, mails, lives, sorted(published.known_newsletters)),
        confirmation=texts.notice(published, NOTICE),
        days=day_by_day,
        chance=chance,
        odds=odds,
        now=second,
    )
    came = arrivals(people, days, now - timedelta(minutes=1), chance)
    written.write(came, lambda done: on_progress("people", done, people))
    issues = Issues(context, written, mails, chance, odds, second)
    for past in texts.issues():
        issues.send(past)
    ledger = Ledger(
        *(context.store, mails),
        provider=context.provider.name,
        whose=written.whose,
        days=day_by_day,
        now=second,
        chance=chance,
        odds=odds,
    )
    ledger.write(lambda done: on_progress("mails", done, len(mails)))
    with context.store.write() as connection:
        day_by_day.write(connection)
    while totals.add_up(context):
        pass
    figures.refresh(context, patience=None)
    with context.store.read() as connection:
        total = counts.count(connection)
    return Filled(people=people, runs=len(written.runs), readers=len(written.letters), ledger=total)


def _published(context: Context, start: datetime) -> Published:
    published = publish(context, start)
    if not published.shapes or NOTICE not in published.notices:
        problems = [one for found in published.held.values() for one in found]
        if problems:
            raise ContentError(*problems)
        raise ContentError(Problem("lessons", None, "there is no course", "run `bypost init`"))
    return published
