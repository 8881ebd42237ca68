"""A database sends from one place, and not from an older state of itself."""

from __future__ import annotations

import shutil
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from bypost.delivery import instance, instance_file
from bypost.delivery.context import Context
from bypost.delivery.run import Pass
from bypost.errors import Muted, SettingsError, StoreError
from bypost.store import meta
from scheduler.clock import SimulatedClock
from tests import kept
from tests.conftest import CHECKOUT, write_people

Open = Callable[..., Context]


@pytest.fixture(autouse=True)
def _no_instance_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(instance.VARIABLE, raising=False)


@pytest.fixture
def here(project: Path, open_context: Open) -> Open:
    """Open the project as the command does: it may send from one place."""

    def opening(root: Path = project) -> Context:
        return replace(open_context(root), guarded=True)

    return opening


def file_of(context: Context) -> Path:
    return context.root / "var/instance"


def instance_of(context: Context) -> str | None:
    with context.store.read() as connection:
        return meta.identity(connection).instance


def send(context: Context) -> int:
    """Check, make a pass, note: the order in which a pass does it; return what was accepted."""
    instance.check(context)
    accepted = Pass(context).run().this_pass.accepted
    instance.note(context)
    return accepted


def send_and_die(context: Context) -> int:
    """Make a pass that is not noted; return what was accepted."""
    return Pass(replace(context, guarded=False)).run().this_pass.accepted


def back_up(context: Context, to: Path) -> Path:
    kept.copy(context.store, to)
    return to


def put_back(context: Context, backup: Path) -> None:
    """Replace the database as an operator does: with nothing running, its log gone too."""
    context.store.close()
    for name in ("bypost.db", "bypost.db-wal", "bypost.db-shm"):
        (context.root / "var" / name).unlink(missing_ok=True)
    shutil.copy(backup, context.root / "var/bypost.db")


def muted(context: Context) -> str:
    """Return why nothing may be sent, told alike by the check and by what `status` asks."""
    with pytest.raises(Muted) as caught:
        instance.check(context)
    assert instance.trouble(context) == str(caught.value)
    assert context.store.name in str(caught.value)
    return str(caught.value)


def test_a_new_database_and_its_folder_get_an_id_that_only_the_owner_may_read(here: Open) -> None:
    context = here()
    assert instance.trouble(context) == ""
    assert not file_of(context).exists()
    instance.check(context)
    card = instance_file.read(file_of(context))
    assert card is not None
    assert card.instance == instance_of(context)
    assert stat.S_IMODE(file_of(context).stat().st_mode) == 0o600
    assert [path.name for path in file_of(context).parent.glob("instance*")] == ["instance"]


def test_the_same_place_sends_pass_after_pass(here: Open) -> None:
    assert send(here()) == 5
    assert send(here()) == 0
    assert instance.trouble(here()) == ""


def test_a_copy_elsewhere_is_mute_and_says_what_to_do(here: Open, tmp_path: Path) -> None:
    original = here()
    send(original)
    elsewhere = tmp_path / "elsewhere"
    (elsewhere / "var").mkdir(parents=True)
    shutil.copytree(original.root / "templates", elsewhere / "templates")
    back_up(original, elsewhere / "var/bypost.db")
    told = muted(here(elsewhere))
    assert f"it belongs to instance `{instance_of(original)}`, and there is no var/instance" in told
    assert "run `bypost db confirm`" in told
    assert "run `bypost reconcile --since TIME` first" in told
    assert not (elsewhere / "var/instance").exists()
    assert instance.trouble(original) == ""


def test_a_database_put_beside_the_file_of_another_instance_is_mute(
    here: Open, tmp_path: Path
) -> None:
    context = here()
    instance.check(context)
    instance_file.replace(file_of(context), instance_file.Card("another"))
    assert "var/instance says `another`" in muted(context)


def test_confirming_lets_a_copy_send_and_changes_nothing_in_the_original(
    here: Open, tmp_path: Path
) -> None:
    context = here()
    send(context)
    file_of(context).unlink()
    muted(context)
    assert instance.confirm(context.store, context.root) == instance_of(context)
    assert send(context) == 0
    assert instance.trouble(context) == ""


def test_an_older_backup_put_back_in_place_is_mute_even_after_a_plain_confirm(
    here: Open, tmp_path: Path, clock: SimulatedClock
) -> None:
    context = here()
    instance.check(context)
    backup = back_up(context, tmp_path / "backup.db")
    send(context)
    put_back(context, backup)
    told = muted(here())
    assert "an older backup was put back: it ends with attempt 0, and 1 were made" in told
    assert "bypost reconcile --since TIME" in told
    again = here()
    with pytest.raises(Muted, match="db confirm --older"):
        instance.confirm(again.store, again.root)
    muted(again)
    instance.confirm(again.store, again.root, older=True)
    assert instance.trouble(again) == ""


def test_a_backup_as_new_as_what_was_sent_goes_on_silently(here: Open, tmp_path: Path) -> None:
    context = here()
    send(context)
    put_back(context, back_up(context, tmp_path / "backup.db"))
    assert send(here()) == 0


def test_a_backup_put_back_after_a_fresh_database_had_taken_its_place_is_still_older(
    here: Open, tmp_path: Path
) -> None:
    """The operator lost the database, sent from a new one by mistake, then found the backup."""
    context = here()
    instance.check(context)
    backup = back_up(context, tmp_path / "backup.db")
    send(context)
    context.store.close()
    for path in (context.root / "var").glob("bypost.db*"):
        path.unlink()
    assert send(here()) == 5
    put_back(here(), backup)
    assert "an older backup was put back" in muted(here())


def test_a_backup_from_before_there_were_instances_is_older_as_well(
    here: Open, tmp_path: Path, project: Path
) -> None:
    context = here()
    backup = back_up(context, tmp_path / "backup.db")
    send(context)
    put_back(context, backup)
    again = here()
    assert instance_of(again) is None
    muted(again)


def test_a_database_without_an_id_takes_that_of_the_file(here: Open) -> None:
    """So does one whose process died between the file and the database."""
    context = here()
    instance_file.make(file_of(context), "1f0c9a42d7b35e68")
    instance.check(context)
    assert instance_of(context) == "1f0c9a42d7b35e68"


def test_a_process_that_died_before_it_noted_the_mark_forbids_nothing(here: Open) -> None:
    context = here()
    instance.check(context)
    assert send_and_die(context) == 5
    assert send(here()) == 0


def test_a_crash_while_the_mark_is_written_leaves_the_old_one(
    here: Open, project: Path, clock: SimulatedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = here()
    send(context)
    before = file_of(context).read_bytes()
    write_people(project, *(f"q{i}@example.org,Person {i}," for i in range(2)))
    assert send_and_die(context) == 2
    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", _die)
        with pytest.raises(KeyboardInterrupt):
            instance.note(context)
    assert file_of(context).read_bytes() == before
    assert send(here()) == 0
    assert file_of(context).read_bytes() != before


def _die(*_: object) -> None:
    raise KeyboardInterrupt


def test_a_mark_is_written_only_where_something_was_sent(here: Open) -> None:
    context = here()
    send(context)
    written = file_of(context).stat()
    send(context)
    now = file_of(context).stat()
    assert (now.st_mtime_ns, now.st_ino) == (written.st_mtime_ns, written.st_ino)


def test_with_the_variable_the_id_is_compared_and_no_file_is_needed(
    here: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(instance.VARIABLE, "production")
    context = here()
    assert send(context) == 5
    assert instance_of(context) == "production"
    assert not file_of(context).exists()
    monkeypatch.setenv(instance.VARIABLE, "staging")
    told = muted(context)
    assert "BYPOST_INSTANCE says `staging`" in told
    assert "set BYPOST_INSTANCE=production" in told
    with pytest.raises(SettingsError, match="set BYPOST_INSTANCE=production"):
        instance.confirm(context.store, context.root)


def test_with_the_variable_nothing_is_written_beside_the_database(
    here: Open, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """``var/`` may be read-only; that the user of this test may write anywhere changes nothing."""
    monkeypatch.setenv(instance.VARIABLE, "production")
    context = here()
    monkeypatch.setattr(instance_file, "_draft", _die)
    instance.check(context)
    instance.confirm(context.store, context.root)
    Pass(context).run()
    instance.note(context)
    assert instance_of(context) == "production"


def test_a_variable_taken_away_mutes_until_confirmed(
    here: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(instance.VARIABLE, "production")
    context = here()
    send(context)
    monkeypatch.delenv(instance.VARIABLE)
    muted(context)
    instance.confirm(context.store, context.root)
    assert instance.trouble(context) == ""


@pytest.mark.parametrize("value", ["two words", "x" * 65, "Übung"])
def test_a_variable_that_could_not_be_written_in_a_line_is_refused(
    here: Open, monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv(instance.VARIABLE, value)
    with pytest.raises(SettingsError, match="BYPOST_INSTANCE: write"):
        instance.check(here())


def test_an_empty_variable_counts_as_none(here: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(instance.VARIABLE, "")
    context = here()
    instance.check(context)
    assert file_of(context).exists()


@pytest.mark.parametrize("text", ["", "instance\n", "instance a b\n", "mark x 1\n", "\x00", "ä"])
def test_a_damaged_file_mutes_and_confirming_writes_it_anew(here: Open, text: str) -> None:
    context = here()
    send(context)
    file_of(context).write_text(text, encoding="utf-8")
    told = muted(context)
    assert "var/instance is damaged" in told
    assert "run `bypost db confirm`" in told
    instance.note(context)
    assert file_of(context).read_text(encoding="utf-8") == text
    instance.confirm(context.store, context.root)
    assert send(context) == 0


def test_a_folder_that_cannot_be_written_is_told_before_anything_is_sent(
    here: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = here()

    def refuse(**_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(instance_file.tempfile, "mkstemp", refuse)
    with pytest.raises(
        StoreError, match=r"cannot be written: Permission denied\n.*BYPOST_INSTANCE"
    ):
        instance.check(context)
    assert instance_of(context) is None


def test_copies_made_on_purpose_are_never_asked(open_context: Open, project: Path) -> None:
    copy = open_context(project)
    instance.check(copy)
    instance.note(copy)
    assert instance.trouble(copy) == ""
    assert instance_of(copy) is None
    assert not file_of(copy).exists()


def test_asking_costs_well_under_a_millisecond_where_nothing_changed(here: Open) -> None:
    context = here()
    send(context)
    best = min(_seconds(context) for _ in range(50))
    assert best < 0.002


def _seconds(context: Context) -> float:
    began = time.perf_counter()
    instance.check(context)
    instance.note(context)
    return time.perf_counter() - began


_CHECK = """
import sys
from pathlib import Path
from bypost.delivery import instance
from bypost.project import open_project
from bypost.store import meta
context = open_project(Path(sys.argv[1]))
print("ready", flush=True)
sys.stdin.readline()
instance.check(context)
with context.store.read() as connection:
    print(meta.identity(connection).instance)
"""


@pytest.mark.sqlite
@pytest.mark.process
def test_processes_that_start_at_once_agree_on_one_id(project: Path, here: Open) -> None:
    context = here()
    started = [
        subprocess.Popen(
            [sys.executable, "-c", _CHECK, str(project)],
            cwd=CHECKOUT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(4)
    ]
    for process in started:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in started:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    told = [process.communicate(timeout=60)[0].strip() for process in started]
    assert [process.returncode for process in started] == [0] * 4
    assert set(told) == {instance_of(context)}
    card = instance_file.read(file_of(context))
    assert card is not None
    assert card.instance == told[0]
