"""Alarms as they come and go: told when one begins, when it gets worse, and when it is over.

A figure that hovers at its threshold must not become a flood of mails. So an alarm is over only
when it was not found for ``over_minutes``, and one that comes back within ``again_hours`` of its
last telling is not told again, unless it is worse, or still there when that time has passed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from bypost.delivery import alarm_figures, last_pass
from bypost.delivery.alarms import Alarm, Level, judge
from bypost.delivery.context import Context
from bypost.errors import Problem
from bypost.settings.alarms import Alarms as Settings
from bypost.store import Connection, Row, meta
from bypost.store import alarms as store

#: Between two looks.
EVERY = timedelta(minutes=1)
#: How long messages that were told are kept.
_KEPT = timedelta(days=30)
_KEY = "alarms_at"


@dataclass(frozen=True, slots=True, kw_only=True)
class Spell:
    """One alarm, as the database keeps it.

    Attributes:
        since: When it began, the last time.
        told_at: When its beginning was told, in this spell if not before ``since``.
        ended_at: When it was over; None: it is not.
    """

    alarm: Alarm
    since: datetime
    last_seen: datetime
    told_at: datetime | None = None
    told_level: Level | None = None
    ended_at: datetime | None = None

    @property
    def is_told(self) -> bool:
        """Tell whether the operator knows of this spell."""
        return self.told_at is not None and self.told_at >= self.since


@dataclass(frozen=True, slots=True)
class Change:
    """What is worth telling: an alarm that ``began``, is ``worse`` or is ``over``."""

    what: str
    spell: Spell


def turn(
    known: Mapping[tuple[str, str], Spell],
    found: Iterable[Alarm],
    now: datetime,
    settings: Settings,
) -> tuple[list[Spell], list[Change]]:
    """Return what changed in the table, and what of that is told; a pure function."""
    spells: list[Spell] = []
    changes: list[Change] = []
    seen = {alarm.key: alarm for alarm in found}
    again = timedelta(hours=settings.again_hours)
    for alarm in seen.values():
        spell = _seen(known.get(alarm.key), alarm, now)
        if what := _worth_telling(spell, now, again):
            spell = replace(spell, told_at=now, told_level=alarm.level)
            changes.append(Change(what, spell))
        spells.append(spell)
    for key, spell in known.items():
        is_on = spell.ended_at is None and key not in seen
        if is_on and now - spell.last_seen >= timedelta(minutes=settings.over_minutes):
            over = replace(spell, ended_at=now)
            spells.append(over)
            if spell.is_told:
                changes.append(Change("over", over))
    return spells, changes


def _seen(known: Spell | None, alarm: Alarm, now: datetime) -> Spell:
    if known is None:
        return Spell(alarm=alarm, since=now, last_seen=now)
    since = known.since if known.ended_at is None else now
    return replace(known, alarm=alarm, since=since, last_seen=now, ended_at=None)


def _worth_telling(spell: Spell, now: datetime, again: timedelta) -> str:
    """Return what is to be told of an alarm that is on; empty for nothing."""
    if spell.told_at is None or spell.told_level is None:
        return "began"
    if spell.alarm.level.rank > spell.told_level.rank:
        return "worse" if spell.is_told else "began"
    return "" if spell.is_told or now - spell.told_at < again else "began"


class Watch:
    """Looks for alarms in the course of one pass, at most once a minute.

    A copy that was made on purpose has no operator to alarm, and is not watched.
    """

    def __init__(self, context: Context) -> None:
        """Note how long there was no pass, before this one is noted."""
        self._context = context
        self._silence: timedelta | None = None
        if context.guarded:
            with context.store.read() as connection:
                last = last_pass.read(connection)
            if last is not None and last.every is not None:
                self._silence = context.clock.now() - last.at

    def look(self, held: Mapping[str, Sequence[Problem]]) -> list[Change]:
        """Write down which alarms there are, and owe what is to be told; return that.

        Args:
            held: Folder -> its problems.
        """
        context, now = self._context, self._context.clock.now()
        if not context.guarded:
            return []
        with context.store.read() as connection:
            if not _is_time(connection, now):
                return []
            figures = alarm_figures.read(context, connection, now, silence=self._silence, held=held)
        with context.store.write() as connection:
            meta.put(connection, _KEY, now.isoformat())
            known = {
                (row["name"], row["subject"]): read(row) for row in store.everything(connection)
            }
            settings = context.settings.alarms
            spells, changes = turn(known, judge(figures, settings), now, settings)
            for spell in spells:
                if spell != known.get(spell.alarm.key):
                    store.put(connection, *spell.alarm.key, _plain(spell))
            if changes:
                _owe(context, connection, changes, now)
            store.forget_messages(connection, now - _KEPT)
        return changes


def _is_time(connection: Connection, now: datetime) -> bool:
    before = meta.get(connection, _KEY)
    return before is None or abs(now - datetime.fromisoformat(before)) >= EVERY


def read(row: Row) -> Spell:
    """Return an alarm from its row."""
    alarm = Alarm(
        name=row["name"], subject=row["subject"], level=Level(row["level"]), words=row["words"]
    )
    return Spell(
        alarm=alarm,
        since=row["since"],
        last_seen=row["last_seen"],
        told_at=row["told_at"],
        told_level=Level(row["told_level"]) if row["told_level"] else None,
        ended_at=row["ended_at"],
    )


def _plain(spell: Spell) -> dict[str, Any]:
    return {
        "level": spell.alarm.level,
        "words": spell.alarm.words[:400],
        "since": spell.since,
        "last_seen": spell.last_seen,
        "told_at": spell.told_at,
        "told_level": spell.told_level or "",
        "ended_at": spell.ended_at,
    }


def _owe(
    context: Context, connection: Connection, changes: Sequence[Change], now: datetime
) -> None:
    """Owe the operator one message by each way that is set, whatever the number of changes."""
    settings = context.settings.alarms
    body = said(changes)
    if settings.email:
        store.add_message(connection, "mail", body, now)
    if settings.webhook_url:
        store.add_message(connection, "webhook", body, now)


def said(changes: Sequence[Change]) -> dict[str, Any]:
    """Return one message for all changes: a title, the text below it, and each change."""
    return {
        "title": _title(changes),
        "text": _text(changes),
        "changes": [_told(change) for change in changes],
    }


def _title(changes: Sequence[Change]) -> str:
    """Return the subject of the mail: the first change, and how many others there are."""
    title, more = _heading(changes[0]), len(changes) - 1
    return f"{title[:120]} (and {more} more)" if more else title[:140]


def _text(changes: Sequence[Change]) -> str:
    """Return what stands below the title: a paragraph for each change.

    Commands in it are between backticks. What the title says in full is not said again.
    """
    first, *others = changes
    is_said = _title(changes).startswith(_heading(first))
    paragraphs = [_after(first) if is_said else _paragraph(first), *map(_paragraph, others)]
    return "\n\n".join(paragraphs)


def _paragraph(change: Change) -> str:
    return f"{_heading(change)}. {_after(change)}".strip()


def _heading(change: Change) -> str:
    words = change.spell.alarm.words
    return f"Over: {words}" if change.what == "over" else words[:1].upper() + words[1:]


def _after(change: Change) -> str:
    """Return what is to be said once it was said which alarm it is."""
    if change.what == "over":
        return f"It was over at {change.spell.ended_at:%H:%M} UTC."
    worse = "It got worse. " if change.what == "worse" else ""
    return worse + change.spell.alarm.todo


def _told(change: Change) -> dict[str, Any]:
    """Return a change as a webhook tells it."""
    alarm, spell = change.spell.alarm, change.spell
    return {
        "change": change.what,
        "name": alarm.name,
        "subject": alarm.subject,
        "level": alarm.level.value,
        "words": alarm.words,
        "todo": alarm.todo,
        "since": spell.since.isoformat(),
        "ended_at": spell.ended_at.isoformat() if spell.ended_at else None,
    }
