"""The doctor's whole round: settings, machine, account and domain; nothing is sent or changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import orjson
import pytest

from bypost.check.doctor.checkup import Checkup, Diagnosis, Level, from_json
from bypost.check.doctor.examine import examine, keep, last
from bypost.delivery.context import Context
from bypost.testing import fault
from bypost.testing.fake_postmark import FakePostmark
from bypost.testing.fake_resend import FakeResend
from tests.check.doctor.test_domain import GOOD_ZONE
from tests.check.doctor.zones import Zones

Open = Callable[..., Context]
REAL = {
    "BYPOST_SITE__BASE_URL": "https://learn.course.net",
    "BYPOST_SENDER__EMAIL": "me@course.net",
    "BYPOST_SENDER__REPLY_TO": "me@course.net",
    "BYPOST_SENDER__POSTAL_ADDRESS": "2 Real Street",
    "BYPOST_ALARMS__EMAIL": "me@course.net",
    "BYPOST_SENDING__TIMEOUT_SECONDS": "2",
}
DOMAIN = {
    "id": "d1",
    "name": "course.net",
    "status": "verified",
    "records": [
        {"type": "TXT", "name": "resend._domainkey", "value": "p=abc"},
        {"type": "MX", "name": "send", "value": "feedback.net", "priority": 10},
    ],
}


@pytest.fixture
def resend() -> Iterator[FakeResend]:
    with FakeResend() as fake:
        fake.domains = [DOMAIN]
        yield fake


@pytest.fixture
def opened(empty_project: Path, open_context: Open, resend: FakeResend) -> Open:
    """Open a project in which everything is as it should be, but for what is given."""

    def opening(**more: str) -> Context:
        base = {
            "BYPOST_SENDING__PROVIDER": "resend",
            "BYPOST_PROVIDERS__RESEND__API_KEY": "re_test_key",
            "BYPOST_PROVIDERS__RESEND__BASE_URL": resend.url,
            "BYPOST_PROVIDERS__RESEND__WEBHOOK_SECRET": resend.webhook_secret,
        }
        return open_context(empty_project, {**REAL, **base, **more})

    return opening


def look(context: Context, zone: str = GOOD_ZONE) -> Diagnosis:
    return examine(context, resolver=Zones(zone))


def bad(found: Diagnosis) -> list[tuple[str, str]]:
    return [(one.name, one.level.value) for one in found.checkups if one.level is not Level.PASS]


def one(found: Diagnosis, name: str) -> Checkup:
    return next(one for one in found.checkups if one.name == name)


def test_where_all_is_well_the_doctor_says_so(opened: Open) -> None:
    found = look(opened())
    assert bad(found) == []
    assert found.ok
    assert (
        one(found, "account at resend").says == "the key is known there, and course.net is verified"
    )


def test_nothing_is_sent_and_nothing_changed(opened: Open, resend: FakeResend) -> None:
    context = opened()
    before = context.store.path.read_bytes()
    look(context)
    assert context.store.path.read_bytes() == before
    assert {request.method for request in resend.requests} == {"GET"}


@pytest.mark.parametrize(
    ("key", "value", "name"),
    [
        ("BYPOST_SITE__BASE_URL", "http://learn.course.net", "base_url"),
        ("BYPOST_SENDER__REPLY_TO", "me@example.org", "sender reply_to"),
        (
            "BYPOST_SENDER__POSTAL_ADDRESS",
            "1 Example Street, 12345 Exampletown",
            "postal address",
        ),
    ],
)
def test_a_setting_that_is_still_the_sample_s_fails(
    opened: Open, key: str, value: str, name: str
) -> None:
    found = look(opened(**{key: value}))
    assert (name, "fail") in bad(found)
    assert one(found, name).todo.endswith(".")
    assert not found.ok


def test_who_is_told_of_nothing_is_warned(opened: Open, empty_project: Path, clock: object) -> None:
    found = look(
        opened(
            BYPOST_ALARMS__WEBHOOK_URL="https://hooks.course.net/x",
            BYPOST_ALARMS__WEBHOOK_SECRET="short",
        )
    )
    assert bad(found) == [("alarms", "fail")]


def test_a_wrong_key_fails_and_shows_nowhere(opened: Open) -> None:
    found = look(opened(BYPOST_PROVIDERS__RESEND__API_KEY="re_another_secret"))
    assert bad(found) == [("account at resend", "fail")]
    assert "re_another_secret" not in repr(found)


def test_a_key_that_may_only_send_is_a_good_key(opened: Open, resend: FakeResend) -> None:
    resend.domains = None
    found = look(opened())
    assert bad(found) == []
    assert "may send, and read nothing" in one(found, "account at resend").says


def test_a_domain_that_the_provider_does_not_know_fails(opened: Open, resend: FakeResend) -> None:
    resend.domains = [{**DOMAIN, "name": "other.net"}]
    assert "course.net is not among the domains" in one(look(opened()), "account at resend").says
    resend.domains = [{**DOMAIN, "status": "pending"}]
    found = look(opened())
    assert "course.net is not verified there: pending" in one(found, "account at resend").says


def test_the_record_that_the_provider_wants_is_shown_as_it_wants_it(opened: Open) -> None:
    zone = "\n".join(line for line in GOOD_ZONE.splitlines() if "_domainkey" not in line)
    key = one(look(opened(), zone), "DKIM key resend")
    assert key.level is Level.FAIL
    assert [str(record) for record in key.records] == ['resend._domainkey.course.net  TXT  "p=abc"']


def test_a_provider_that_does_not_answer_is_no_failure(opened: Open, resend: FakeResend) -> None:
    context = opened()
    resend.script.add(fault.error(503, accept=False))
    found = look(context)
    assert bad(found) == [("account at resend", "unasked")]
    assert found.ok


def test_a_machine_that_is_cut_off_from_the_world_is_told_so_once(opened: Open) -> None:
    found = look(opened(), "")
    assert bad(found) == [("records", "unasked")]
    assert found.ok


def test_postmark_is_asked_for_the_server_of_its_token(
    empty_project: Path, open_context: Open
) -> None:
    with FakePostmark() as fake:
        context = open_context(
            empty_project,
            {
                **REAL,
                "BYPOST_SENDING__PROVIDER": "postmark",
                "BYPOST_PROVIDERS__POSTMARK__API_KEY": "pm_test_key",
                "BYPOST_PROVIDERS__POSTMARK__BASE_URL": fake.url,
            },
        )
        found = look(context)
    assert one(found, "account at postmark").says == "the token is of the server Course"
    assert bad(found) == [
        ("webhook of postmark", "warn"),
        ("SPF of the return path", "warn"),
        ("DKIM", "warn"),
    ]


def test_selectors_are_taken_from_the_settings(opened: Open) -> None:
    found = look(opened(BYPOST_DOCTOR__DKIM_SELECTORS="k1, k2"))
    assert bad(found) == [("DKIM key k1", "fail"), ("DKIM key k2", "fail")]


def test_a_diagnosis_is_kept_as_it_was(opened: Open) -> None:
    context = opened()
    found = look(context, "")
    with context.store.write() as connection:
        assert last(connection) is None
        keep(connection, found)
        assert last(connection) == from_json(found.as_json())
        kept = last(connection)
    assert kept is not None
    assert orjson.dumps(kept.as_json()) == orjson.dumps(found.as_json())


def test_a_clock_that_is_behind_the_ledger_is_told(opened: Open) -> None:
    context = opened()
    with context.store.write() as connection:
        connection.exec_driver_sql(
            "INSERT INTO contents VALUES ('h', 'notice', '', 'n', 't', x'', 0)"
        )
        connection.exec_driver_sql(
            "INSERT INTO batches (id, provider, kind, collection, item, content_hash, size, state,"
            " due_at, next_try, fence, lease_owner, attempts, generation, members, ambiguous,"
            " accepted, failed, cancelled, detail) VALUES (1, 'resend', 'notice', '', 'n', 'h', 0,"
            " 'settled', 0, 0, 1, '', 1, 1, 0, 0, 0, 0, 0, '')"
        )
        connection.exec_driver_sql(
            "INSERT INTO attempts (batch_id, fence, started_at, outcome, detail)"
            " VALUES (1, 1, ?, 'accepted', '')",
            (int((context.clock.now().timestamp() + 7200) * 1e6),),
        )
    clock = one(look(context), "clock")
    assert clock.level is Level.FAIL
    assert "120 minutes behind" in clock.says
