"""Opening a project: what is refused before anything is sent, and what a copy leaves behind."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bypost.delivery.context import Context
from bypost.errors import SettingsError, StoreError
from bypost.project import is_new, open_copy, open_project, open_rehearsal, refuse_sample_settings
from bypost.store import subscribers
from scheduler.clock import SimulatedClock
from tests.conftest import write_course, write_people

Open = Callable[..., Context]
#: Settings with which a real provider may send.
REAL = {
    "BYPOST_SENDING__PROVIDER": "resend",
    "BYPOST_PROVIDERS__RESEND__API_KEY": "re_hunter2",
    "BYPOST_SITE__BASE_URL": "https://course.clarity.io",
    "BYPOST_SENDER__EMAIL": "course@clarity.io",
    "BYPOST_SENDER__REPLY_TO": "hello@clarity.io",
    "BYPOST_SENDER__POSTAL_ADDRESS": "5 Harbour Road, 20095 Hamburg",
}


def test_real_settings_may_send(empty_project: Path, open_context: Open) -> None:
    refuse_sample_settings(open_context(empty_project, REAL))


def test_the_local_mailbox_may_always_be_written(empty_project: Path, open_context: Open) -> None:
    refuse_sample_settings(open_context(empty_project))


@pytest.mark.parametrize(
    ("variable", "value", "key"),
    [
        ("BYPOST_SITE__BASE_URL", "http://course.clarity.io", "[site] base_url"),
        ("BYPOST_SITE__BASE_URL", "https://localhost", "[site] base_url"),
        ("BYPOST_SITE__BASE_URL", "https://127.0.0.1:8000", "[site] base_url"),
        ("BYPOST_SITE__BASE_URL", "https://10.1.2.3", "[site] base_url"),
        ("BYPOST_SITE__BASE_URL", "https://192.168.1.1", "[site] base_url"),
        ("BYPOST_SITE__BASE_URL", "https://172.16.0.1", "[site] base_url"),
        ("BYPOST_SITE__BASE_URL", "https://[::1]:8000", "[site] base_url"),
        ("BYPOST_SITE__BASE_URL", "https://[fd00::1]", "[site] base_url"),
        ("BYPOST_SITE__BASE_URL", "https://course.example.org", "[site] base_url"),
        ("BYPOST_SITE__BASE_URL", "https://course.test:8443", "[site] base_url"),
        ("BYPOST_SENDER__EMAIL", "course@example.org", "[sender] email"),
        ("BYPOST_SENDER__EMAIL", "course@mail.EXAMPLE.com", "[sender] email"),
        ("BYPOST_SENDER__REPLY_TO", "hello@here.invalid", "[sender] reply_to"),
        (
            "BYPOST_SENDER__POSTAL_ADDRESS",
            "1 Example Street, 12345 Exampletown",
            "[sender] postal_address",
        ),
    ],
)
def test_a_real_provider_refuses_each_sample_setting_by_its_key(
    empty_project: Path, open_context: Open, variable: str, value: str, key: str
) -> None:
    context = open_context(empty_project, {**REAL, variable: value})
    with pytest.raises(SettingsError) as caught:
        refuse_sample_settings(context)
    wrong = str(caught.value).splitlines()[1:-1]
    assert [line.partition(":")[0].strip() for line in wrong] == [key]
    assert "re_hunter2" not in str(caught.value)


def test_a_name_that_merely_begins_like_a_local_address_is_public(
    empty_project: Path, open_context: Open
) -> None:
    for host in ("10.clarity.io", "localhosting.io", "127.clarity.io"):
        refuse_sample_settings(
            open_context(empty_project, {**REAL, "BYPOST_SITE__BASE_URL": f"https://{host}"})
        )


def test_opening_makes_the_database_and_its_keys_and_reopening_keeps_them(
    empty_project: Path, clock: SimulatedClock
) -> None:
    assert is_new(empty_project)
    first = open_project(empty_project, clock=clock)
    second = open_project(empty_project, clock=clock)
    assert first.tag == second.tag
    token = first.links.token(b"x" * 16)
    assert second.links.verify(token) == b"x" * 16
    assert second.address_hash("ana@example.org") == first.address_hash("ana@example.org")
    assert not is_new(empty_project)
    first.store.close()
    second.store.close()


def test_keys_of_the_environment_sign_and_the_file_s_key_still_verifies(
    empty_project: Path, open_context: Open
) -> None:
    before = open_context(empty_project).links.token(b"x" * 16)
    rotated = open_context(empty_project, {"BYPOST_SITE__SECRET_KEYS": "new,old"}).links
    assert rotated.token(b"x" * 16) != before
    assert rotated.verify(before) == b"x" * 16


def test_looking_at_a_project_without_a_database_makes_none(empty_project: Path) -> None:
    with pytest.raises(StoreError, match="no database yet"):
        open_project(empty_project, upgrade=False)
    assert not (empty_project / "var").exists()


@pytest.mark.parametrize("opening", [open_copy, open_rehearsal])
def test_a_copy_and_a_rehearsal_leave_nothing_in_the_project(
    empty_project: Path, tmp_path: Path, opening: Callable[..., Context]
) -> None:
    write_course(empty_project)
    write_people(empty_project, "ana@example.org,Ana,")
    before = sorted(empty_project.rglob("*"))
    folder = tmp_path / "aside"
    folder.mkdir()
    start = datetime(2027, 3, 20, tzinfo=UTC)
    context = opening(empty_project, folder, start=start)
    assert context.clock.now() == start
    assert set(context.providers) == {"outbox"}
    context.store.close()
    assert sorted(empty_project.rglob("*")) == before


def test_a_copy_has_the_people_of_the_original_and_its_keys(
    empty_project: Path, tmp_path: Path, open_context: Open
) -> None:
    original = open_context(empty_project)
    folder = tmp_path / "aside"
    folder.mkdir()
    copy = open_copy(empty_project, folder)
    assert copy.tag == original.tag
    assert copy.links.token(b"x" * 16) == original.links.token(b"x" * 16)
    with copy.store.read() as connection:
        assert subscribers.count(connection) == 0
    copy.store.close()
