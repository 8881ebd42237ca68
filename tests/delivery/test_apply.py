"""Taking an edit over: it may die anywhere, others may be at work, and nobody gets a flood."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bypost.delivery import apply as applying
from bypost.delivery.apply import Replanned, apply, wake
from bypost.delivery.owe import owe_lessons
from bypost.delivery.planning import planned
from bypost.delivery.publish import Publisher
from bypost.delivery.run import Pass
from bypost.store import contents, enrollments, meta
from tests.delivery.edited import Desk

LATER = datetime(2026, 12, 20, tzinfo=UTC)


class Died(Exception):
    """The process is gone."""


@contextmanager
def dying_at(label: str) -> Iterator[None]:
    class Killer(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if record.getMessage() == label:
                raise Died

    log, killer = logging.getLogger("bypost.delivery.steps"), Killer()
    level = log.level
    log.setLevel(logging.DEBUG)
    log.addHandler(killer)
    try:
        yield
    finally:
        log.removeHandler(killer)
        log.setLevel(level)


def hints(desk: Desk) -> list[datetime | None]:
    with desk.context.store.read() as connection:
        rows = enrollments.in_course(connection, "letters", after_id=0, limit=100)
        return [row["next_due"] for row in rows if row["status"] == "active"]


@pytest.mark.parametrize("label", ["owed-before-edit", "edited", "woken"])
def test_who_dies_in_the_middle_is_continued(
    desk: Desk, label: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(applying, "_CHUNK", 3)
    desk.lesson("01", "extra", "if_past: next\n")
    Pass(desk.context).run()
    with dying_at(label), pytest.raises(Died):
        desk.apply()
    waits = bool(planned(desk.context).plans)
    assert waits == (label == "owed-before-edit")
    if waits:
        desk.apply()
    desk.until(LATER)
    for person in range(10):
        got = desk.got(f"p{person}@example.org")
        assert sorted(got) == ["extra", "four", "one", "three", "two"]
    with desk.context.store.read() as connection:
        assert meta.keys(connection, "woken:") == []


def test_a_process_that_runs_goes_by_the_edit_with_its_next_pass(desk: Desk) -> None:
    server = Pass(desk.context, patient=True)
    server.run()
    desk.lesson("01", "extra")  # just saved: the server leaves the file alone for a minute
    publisher = Publisher(desk.context)
    publisher.take_over(patient=False)
    found = planned(desk.context)
    apply(desk.context, found.before["letters"], found.plans[0])
    desk.clock.advance_to(datetime(2026, 11, 28, 15, tzinfo=UTC))
    server.run()
    assert desk.got("p9@example.org") == ["one", "extra"]


def test_an_edit_is_noticed_while_a_clock_stands_still(desk: Desk) -> None:
    server = Pass(desk.context)
    desk.lesson("01", "extra")
    desk.apply()
    server.run()
    desk.lesson("01", "extra", "if_past: next\n")
    server.run()
    found = planned(desk.context)
    apply(desk.context, found.before["letters"], found.plans[0])
    assert server.run().waiting == {}
    assert {step.if_past for step in server._publisher._last.shapes["letters"].live} > {None}


def test_a_pass_that_is_under_way_owes_nothing_by_the_old_rules(desk: Desk) -> None:
    Pass(desk.context).run()
    old = dict(Publisher(desk.context).take_over(patient=False).shapes)
    desk.lesson("01", "extra")
    desk.apply()
    before = hints(desk)
    assert owe_lessons(desk.context, old) == 0
    assert hints(desk) == before


def test_two_who_apply_at_once_do_not_mix_their_edits(desk: Desk) -> None:
    desk.lesson("01", "extra")
    Pass(desk.context).run()
    slow = planned(desk.context)
    desk.clock.advance(timedelta(seconds=1))
    desk.apply()
    with pytest.raises(Replanned, match="edited by somebody else"):
        apply(desk.context, slow.before["letters"], slow.plans[0])


def test_a_text_that_comes_between_plan_and_apply_is_no_obstacle(desk: Desk) -> None:
    desk.lesson("01", "extra")
    found = planned(desk.context)
    path = desk.folder / "03-four.md"
    path.write_text(path.read_text().replace("Hello", "Good day"))
    Pass(desk.context).run()
    apply(desk.context, found.before["letters"], found.plans[0])
    assert planned(desk.context).plans == []


def test_what_falls_due_while_an_edit_is_written_is_not_put_off_by_a_day(desk: Desk) -> None:
    desk.lesson("01", "extra")
    Pass(desk.context).run()
    began = desk.clock.now()
    desk.apply()
    with desk.context.store.read() as connection:
        assert contents.applied(connection)["letters"]["reset_at"] == began.isoformat()


def test_waking_twice_does_no_harm(desk: Desk) -> None:
    desk.lesson("01", "extra")
    desk.apply()
    before = hints(desk)
    wake(desk.context)
    assert hints(desk) == before


def test_what_was_overdue_comes_at_the_persons_hour_one_lesson_only(desk: Desk) -> None:
    desk.remove("three")
    desk.lesson("02", "three", delay="20 days")
    desk.apply()
    desk.clock.advance_to(datetime(2026, 12, 5, 12, tzinfo=UTC))
    Pass(desk.context).run()
    desk.lesson("02", "three")
    desk.apply()
    before = len(desk.sent())
    Pass(desk.context).run()
    assert len(desk.sent()) == before  # it is noon in UTC, and nobody's hour
    desk.until(datetime(2026, 12, 6, 15, tzinfo=UTC))
    came = [(who, at.date()) for who, _, at in desk.sent()[before:]]
    assert len({who for who, _ in came}) == 6
    assert sorted(came) == sorted(set(came))


def test_a_mail_names_the_lesson_that_comes_next_for_its_own_reader(desk: Desk) -> None:
    for path in desk.folder.glob("*.md"):
        if path.stem == "03-four":  # the last one cannot speak of a next one
            continue
        path.write_text(f"{path.read_text()}\nNext: [{{{{ next.title }}}}]\n", encoding="utf-8")
    desk.lesson("01", "extra", "if_past: next\n")
    path = desk.folder / "01-extra.md"
    path.write_text(f"{path.read_text()}\nNext: [{{{{ next.title }}}}]\n", encoding="utf-8")
    desk.lesson("00", "late", "if_past: at_end\n")
    desk.apply()
    before = desk.sent()
    desk.until(LATER)
    told = mails(desk)
    for person in range(10):
        email = f"p{person}@example.org"
        mine = [item for who, item, _ in desk.sent() if who == email]
        start = sum(who == email for who, _, _ in before)
        for item, following in zip(mine[start:], [*mine[start + 1 :], None], strict=True):
            if item not in {"late", "four"}:  # they do not say
                expected = f"[Title of {following}]" if following else "[]"
                assert expected in told[email, item]


def mails(desk: Desk) -> dict[tuple[str, str], str]:
    """Return the text of each mail by person and lesson."""
    import email
    from email.policy import default

    found = {}
    for path in (desk.context.root / "var/outbox").rglob("*.eml"):
        mail = email.message_from_bytes(path.read_bytes(), policy=default)
        body = mail.get_body(("plain",))
        assert body is not None
        subject = str(mail["Subject"])
        to = str(mail["To"]).rpartition("<")[2].rstrip(">")
        found[to, subject.rpartition(" ")[2]] = body.get_content().replace("\n", " ")
    return found


def test_a_shape_from_elsewhere_is_not_refused_for_its_texts(desk: Desk) -> None:
    desk.lesson("01", "extra")
    Pass(desk.context).run()
    found = planned(desk.context)
    before = found.before["letters"]
    other = replace(before, steps=tuple(replace(step, title="Other") for step in before.steps))
    apply(desk.context, other, found.plans[0])
    assert planned(desk.context).plans == []
