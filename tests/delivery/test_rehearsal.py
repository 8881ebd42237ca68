"""Rehearsals: the shipped course through weeks and clock changes, in a mailbox of their own."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from bypost.content.personas import load_personas
from bypost.delivery.rehearsal import Rehearsal, Sent, enroll_personas
from bypost.delivery.run import Pass
from bypost.project import open_copy, open_project, open_rehearsal


def rehearse(project: Path, folder: Path, start: datetime) -> list[Sent]:
    folder.mkdir()
    with open_rehearsal(project, folder, start=start) as context:
        rehearsal = Rehearsal(context)
        rehearsal.run(start + timedelta(days=60))
        return list(rehearsal.sent())


def test_the_last_lesson_of_the_shipped_course_comes_11_to_13_days_after_the_first(
    shipped_project: Path, tmp_path: Path
) -> None:
    for day in range(7):
        start = datetime(2027, 2, 1 + day, 14, tzinfo=UTC)
        sent = rehearse(shipped_project, tmp_path / f"day{day}", start)
        for email in {one.email for one in sent}:
            mails = [m for m in sent if m.email == email and m.kind == "lesson"]
            zone = ZoneInfo(mails[0].zone or "UTC")
            dates = [m.at.astimezone(zone).date() for m in mails]
            assert len(mails) == 6
            assert timedelta(days=11) <= dates[-1] - dates[0] <= timedelta(days=13)


def test_across_a_clock_change_everybody_keeps_nine_o_clock_local(
    shipped_project: Path, tmp_path: Path
) -> None:
    sent = rehearse(shipped_project, tmp_path / "spring", datetime(2027, 3, 20, 10, tzinfo=UTC))
    lessons = [m for m in sent if m.kind == "lesson" and m.item != "welcome"]
    assert len(lessons) == 25
    for mail in lessons:
        local = mail.at.astimezone(ZoneInfo(mail.zone or "UTC"))
        assert (local.hour, local.minute) == (9, 0)
        assert local.weekday() < 5
    berlin = {m.at.hour for m in lessons if m.zone == "Europe/Berlin"}
    assert berlin == {8, 7}  # 09:00 is 08:00 UTC in winter and 07:00 in summer


def test_personas_get_the_course_and_the_drafts_of_the_newsletter(
    shipped_project: Path, tmp_path: Path
) -> None:
    start = datetime(2026, 11, 23, 10, tzinfo=UTC)
    context = open_rehearsal(shipped_project, tmp_path, start=start)
    personas = load_personas(shipped_project)
    enroll_personas(context, personas, ["after-the-interview"], ["clarity-notes"])
    rehearsal = Rehearsal(context, csv=False)
    rehearsal.run(start + timedelta(days=40))
    sent = rehearsal.sent()
    context.store.close()
    assert {one.email for one in sent} == {p.email for p in personas}
    assert sum(one.kind == "lesson" for one in sent) == 6 * len(personas)
    assert {one.item for one in sent if one.kind == "issue"} >= {"clarity-notes/following-up"}
    assert len(list((tmp_path / "outbox").glob("*.eml"))) == len(sent)


@pytest.mark.sqlite
def test_a_copy_leaves_the_database_and_the_mailbox_alone(
    shipped_project: Path, tmp_path: Path
) -> None:
    real = open_project(shipped_project)
    Pass(real).run()
    real.store.close()
    outbox = shipped_project / "var" / "outbox"
    before = sorted(path.name for path in outbox.iterdir())
    database = (shipped_project / "var" / "bypost.db").read_bytes()
    folder = tmp_path / "copy"
    folder.mkdir()
    rehearsal = Rehearsal(open_copy(shipped_project, folder))
    first = rehearsal.step()
    second = rehearsal.step()
    assert first is not None
    assert second is not None
    assert second > first
    assert len(rehearsal.sent()) > 5
    rehearsal.context.store.close()
    assert sorted(path.name for path in outbox.iterdir()) == before
    assert (shipped_project / "var" / "bypost.db").read_bytes() == database
