"""One newsletter of one person: what they had, which issues come, and why others never did."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from bypost.delivery import issue_audience, issue_order
from bypost.delivery.caps import Filed, Held
from bypost.delivery.course_chapter import told
from bypost.delivery.demand import after_hold, open_zones
from bypost.delivery.issue_order import Order, ReadyIssue
from bypost.delivery.owe_issues import instant_in
from bypost.delivery.reader import Reader
from bypost.delivery.room import Due, Room
from bypost.delivery.story import About, Chapter, Coming
from bypost.model.course import Issue, IssueStatus, Newsletter
from bypost.store import Row, subscriptions


def chapter(reader: Reader, letter: Row) -> Chapter:
    """Return the chapter of one subscription."""
    name = letter["newsletter"]
    known = reader.what.newsletters.get(name)
    return Chapter(
        kind="newsletter",
        name=name,
        title=known.title if known else name,
        status=letter["status"],
        since=letter["started_at"],
        because=(*reader.how(f"newsletter:{name}"), *_stopped(reader, letter)),
        had=reader.had(subscription_id=letter["id"]),
        coming=tuple(_coming(reader, letter)),
    )


def about(reader: Reader, letter: Row, issue: str) -> About:
    """Return what became of one issue."""
    newsletter = reader.what.newsletters[letter["newsletter"]]
    found = next(one for one in newsletter.issues if one.id == issue)
    name = f"{newsletter.id}/{issue}"
    for mail in reversed(reader.had(subscription_id=letter["id"])):
        if mail.name == name:
            return told(mail)
    coming = next((one for one in _coming(reader, letter) if one.name == name), None)
    stopped = tuple(_stopped(reader, letter))
    if coming is not None:
        verdict, at, because = "coming", coming.at, coming.because
    else:
        verdict, at, because = "never", None, tuple(_never(reader, letter, newsletter, found))
    return About(
        name=name, title=found.subject, verdict=verdict, at=at, because=(*stopped, *because)
    )


def _stopped(reader: Reader, letter: Row) -> Iterator[str]:
    """Yield what keeps every issue from a person."""
    name = letter["newsletter"]
    if letter["status"] == "left":
        when = f" on {reader.at(letter['left_at'])}" if letter["left_at"] else ""
        yield f"they left the newsletter{when}"
    if words := reader.muted(f"newsletter:{name}"):
        yield words
    if reader.person["status"] != "confirmed":
        yield "they have not confirmed their address"
    if name not in reader.what.newsletters:
        path = f"newsletters/{name}"
        yield f"{path} sends nothing: {reader.what.held.get(path, 'it is not there')}"
    yield from reader.keeps_back(reader.held.newsletter(name).hold, "the newsletter is")


def _coming(reader: Reader, letter: Row) -> Iterator[Coming]:
    """Yield the issues that are planned and go to this person, soonest first."""
    if letter["status"] != "active" or reader.muted(f"newsletter:{letter['newsletter']}"):
        return
    owed = {row["item"] for row in reader.mails if row["kind"] == "issue"}
    found = [
        coming
        for one in reader.what.ready
        if one.newsletter.id == letter["newsletter"]
        and f"{one.newsletter.id}/{one.issue.id}" not in owed
        and (coming := _planned(reader, letter, one)) is not None
    ]
    yield from sorted(found, key=lambda one: (one.at is None, one.at or reader.now, one.name))


def _planned(reader: Reader, letter: Row, one: ReadyIssue) -> Coming | None:
    """Return an issue that comes; None for one whose time is over, or that is not for them."""
    zone_name = "" if one.whole else reader.person["time_zone"]
    at = open_zones(reader.context, reader.connection, one).get(zone_name)
    if at is None or letter["started_at"] > at or not _is_for(reader, one):
        return None
    name = f"{one.newsletter.id}/{one.issue.id}"
    because = [*_who(reader, one), *_ordered(one.order), _when(reader, one)]
    if issue_audience.problem(reader.context, reader.connection, one):
        return Coming(name=name, title=one.issue.subject, because=tuple(because))
    if one.is_paused:
        because.append("it goes on when somebody resumes it")
        return Coming(name=name, title=one.issue.subject, because=tuple(because))
    for kept in (
        reader.held.newsletter(one.newsletter.id),
        reader.held.person(reader.person["id"]),
    ):
        moved = after_hold(kept, at, reader.context.late)
        if moved is None:
            because.append("a pause of the operator keeps it back, and it is filed if that lasts")
            return Coming(name=name, title=one.issue.subject, because=tuple(because))
        at = moved
    if reader.context.settings.caps.on:
        match _room(reader, one, at):
            case Held(until, words):
                because.append(f"they have no room for it on {reader.at(at)}: {words}")
                because.append("the day is as far as can be told now: it is decided when it comes")
                at = until
            case Filed(words):
                because.append(f"it is kept back, and then not sent: {words}")
                return Coming(name=name, title=one.issue.subject, because=tuple(because))
    when = f"so it goes out on {reader.at(at)}" if at > reader.now else "so it is due now"
    return Coming(name=name, title=one.issue.subject, at=at, because=(*because, when))


def _is_for(reader: Reader, one: ReadyIssue) -> bool:
    """Tell whether the person is in the audience of an issue, as far as it can be read."""
    if issue_audience.problem(reader.context, reader.connection, one):
        return True
    among = issue_audience.only(reader.context, reader.connection, one)
    return among is None or subscriptions.is_among(reader.connection, reader.person["id"], among)


def _who(reader: Reader, one: ReadyIssue) -> Iterator[str]:
    """Yield who it is for, where that is not everybody."""
    if words := issue_audience.problem(reader.context, reader.connection, one):
        yield f"nobody gets it as long as its audience cannot be read: {words}"
    elif one.audience:
        yield f"it is for the audience `{one.audience}`, and they are in it"


def _ordered(order: Order | None) -> Iterator[str]:
    """Yield what an operator ordered about an issue, instead of its file."""
    if order is None:
        return
    why = f" ({order.reason})" if order.reason else ""
    if order.is_paused or order.is_cancelled:
        yield f"the issue is {order.state} by {order.by}{why}"
    elif order.schedule is not None:
        yield f"its time was set by {order.by}, instead of the one in its file"


def _room(reader: Reader, one: ReadyIssue, at: datetime) -> Held | Filed | None:
    """Return what a cap makes of an issue when its time comes."""
    who, name = reader.person["id"], reader.person["time_zone"]
    hour = one.issue.hour or one.newsletter.hour
    due = Due(one.newsletter.id, at, hour, one.newsletter.time_zone)
    room = Room(reader.context, reader.connection, {who: name}, max(at, reader.now))
    return room.issue(who, due)


def _when(reader: Reader, one: ReadyIssue) -> str:
    if one.issue.at is not None:
        return f"it goes to everybody on {reader.at(one.issue.at)}"
    hour = one.issue.hour or one.newsletter.hour
    return f"it goes out on {one.issue.day} at {hour:%H:%M} in {reader.zone.key}"


def _never(reader: Reader, letter: Row, newsletter: Newsletter, issue: Issue) -> Iterator[str]:
    """Yield why an issue never comes to somebody."""
    path = issue.source.path
    if issue.status is not IssueStatus.READY:
        yield "it is a draft: it goes out with `status: ready`"
        return
    if path in reader.what.held:
        yield f"{path} is broken: {reader.what.held[path]}"
        return
    order = issue_order.find(reader.connection, f"{newsletter.id}/{issue.id}")
    yield from _ordered(order)
    if order is not None and order.is_cancelled:
        return
    one = issue_order.with_order(ReadyIssue(newsletter, issue, ""), order)
    if not _is_for(reader, one):
        yield f"it is for the audience `{one.audience}`, and they are not in it"
        return
    at = one.issue.at or instant_in(one, reader.person["time_zone"] or newsletter.time_zone)
    if letter["started_at"] > at:
        since = reader.at(letter["started_at"])
        yield f"it was sent on {reader.at(at)}, before they subscribed on {since}"
    else:
        hours = reader.context.late.total_seconds() / 3600
        yield f"its time was {reader.at(at)}, and it was not owed within {hours:g} h: it is filed"
