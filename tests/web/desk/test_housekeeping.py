"""The page of housekeeping: what goes when, and a backup by button."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from bypost.delivery import backups
from bypost.delivery.context import Context
from bypost.delivery.run import Pass
from bypost.store import Store, audit, backup
from scheduler.clock import SimulatedClock
from tests.web.desk.conftest import Signed


def test_it_says_what_goes_when_and_what_stays(operator: Signed, context: Context) -> None:
    Pass(context).run()
    assert operator.get("/housekeeping").status_code == 200
    page = operator.settled("/housekeeping")
    shown = ("Mails of issues and notices", "400", "Backups", "deliveries", "Room by table")
    for words in shown:
        assert words in page


@pytest.mark.sqlite
def test_the_button_writes_a_verified_backup_and_notes_it(
    operator: Signed, context: Context
) -> None:
    page = operator.after("/housekeeping/backup")
    (made,) = backups.listed(context.root)
    assert f"Backed up and verified: {made.name}" in page.text
    assert backup.look(context.root / backups.FOLDER / made.name).subscribers == 2
    with context.store.read() as connection:
        (row,) = audit.newest(connection, limit=1)
    assert (row["action"], row["detail"]) == ("db.backup", made.name)


def test_a_viewer_sees_the_page_and_no_button(viewer: Signed, context: Context) -> None:
    assert "Backup now" not in viewer.get("/housekeeping").text
    assert viewer.post("/housekeeping/backup").status_code == 403
    assert backups.listed(context.root) == []


@pytest.mark.sqlite
def test_only_the_newest_backups_stay_and_other_files_are_left_alone(
    context: Context, clock: SimulatedClock
) -> None:
    folder = context.root / backups.FOLDER
    for _ in range(backups.KEPT + 3):
        backups.make(context)
        clock.advance(timedelta(days=1))
    (folder / "bypost-mine.db").touch()
    names = [one.name for one in backups.listed(context.root)]
    assert len(names) == backups.KEPT
    assert names == sorted(names, reverse=True)
    assert (folder / "bypost-mine.db").exists()


def test_a_backup_that_cannot_be_written_is_told_in_words(
    operator: Signed, context: Context
) -> None:
    path: Path = context.root / backups.FOLDER
    path.parent.mkdir(exist_ok=True)
    path.write_text("a file is in the way")
    answer = operator.post("/housekeeping/backup")
    assert answer.status_code in {409, 503}
    assert backups.listed(context.root) == []


def test_a_servers_database_is_backed_up_by_the_servers_own_tools(
    operator: Signed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Store, "is_shared", True)
    page = operator.get("/housekeeping").text
    assert "pg_dump" in page
    assert "Backup now" not in page
    assert "Room on the disk" not in page
    answer = operator.post("/housekeeping/backup")
    assert answer.status_code == 409
    assert "own tools" in answer.text
