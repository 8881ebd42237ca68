"""Marked tests: the real pipeline, listed addresses only, and nothing in the ledger."""

from __future__ import annotations

import email.policy
from collections.abc import Callable
from dataclasses import replace
from email.message import EmailMessage
from email.parser import BytesParser
from pathlib import Path

import orjson
import pytest

from bypost.delivery.context import Context
from bypost.delivery.marked import MARK, MOST_AT_ONCE, SECONDS_EACH, MarkedTests, TooMany, why_not
from bypost.delivery.run import Pass
from bypost.errors import NotSent, OutcomeUnknown, Refused, SettingsError
from bypost.model.content import Content
from bypost.project import open_without_database, refuse_sample_settings
from bypost.providers.base import Provider
from bypost.render.personalise import Personaliser, Rendered
from bypost.render.stored import load
from bypost.settings import load_settings
from bypost.store import contents, counts
from bypost.testing.fake_resend import FakeResend
from scheduler.clock import SimulatedClock
from tests.conftest import write_course, write_people

ME = "Me@example.org"
REAL = {"BYPOST_SENDING__PROVIDER": "resend", "BYPOST_PROVIDERS__RESEND__API_KEY": "re_test_key"}


@pytest.fixture
def context(empty_project: Path, open_context: Callable[..., Context]) -> Context:
    write_course(empty_project)
    write_people(empty_project, "anna@example.org,Anna,Europe/Berlin")
    opened = open_context(empty_project)
    Pass(opened).run()
    return opened


@pytest.fixture
def content(context: Context) -> Content:
    with context.store.read() as connection:
        row = counts.timeline(connection)[0]
        ids = counts.of_subscriber(connection, row["subscriber_id"])
        return load(contents.load(connection, ids[0]["content_hash"]))


@pytest.fixture
def make(context: Context, clock: SimulatedClock) -> Callable[..., MarkedTests]:
    def made(provider: Provider | None = None) -> MarkedTests:
        return MarkedTests(
            provider or context.provider,
            sender=context.sender,
            links=context.links,
            allowed=[ME],
            clock=clock,
        )

    return made


def rendered(content: Content, tests: MarkedTests) -> Rendered:
    person = {"name": "Anna", "email": ME, "since": "1 May 2026"}
    further = {"when": "tomorrow", "title": "Two", "date": "Tuesday 24 November"}
    values = {"subscriber": person, "next": further, "links": tests.links}
    return Personaliser(content).render(values)


def written(context: Context, ref: str) -> EmailMessage:
    path = context.root / "var" / "outbox" / f"{ref}.eml"
    mail = BytesParser(policy=email.policy.default).parsebytes(path.read_bytes())
    assert isinstance(mail, EmailMessage)
    return mail


def test_a_test_is_the_mail_itself_with_its_headers_and_a_mark(
    context: Context, content: Content, make: Callable[..., MarkedTests]
) -> None:
    tests = make()
    handed = tests.send(content, rendered(content, tests), to=ME, to_name="Anna")
    mail = written(context, handed.ref)
    assert mail["Subject"] == f"{MARK}The subject of one"
    assert mail["To"] == f"Anna <{ME}>"
    assert mail["List-Id"] == "<letters.example.org>"
    assert mail["List-Unsubscribe"] == "<http://localhost:8000/u/test>"
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    text = mail.get_body(("plain",))
    assert text is not None
    assert "http://localhost:8000/u/test" in text.get_content()
    assert [part.get_content_type() for part in mail.iter_parts()] == ["text/plain", "text/html"]


def test_the_ledger_knows_nothing_of_a_test(
    context: Context, content: Content, make: Callable[..., MarkedTests]
) -> None:
    def ledger() -> list[object]:
        with context.store.read() as connection:
            raw = connection.exec_driver_sql
            tables = ("batches", "deliveries", "attempts", "events", "budgets", "contents")
            return [raw(f"SELECT * FROM {table}").all() for table in tables]

    before = ledger()
    tests = make()
    handed = tests.send(content, rendered(content, tests), to=ME, to_name="")
    assert ledger() == before
    assert context.delivery_id(handed.ref) is None


@pytest.mark.parametrize("to", ["", "anna@example.org", "me@example.org.example.net"])
def test_nobody_beside_the_list_gets_a_test(
    context: Context, content: Content, make: Callable[..., MarkedTests], to: str
) -> None:
    tests = make()
    before = sorted((context.root / "var" / "outbox").iterdir())
    with pytest.raises(SettingsError, match=r"\[preview\] addresses"):
        tests.send(content, rendered(content, tests), to=to, to_name="")
    assert sorted((context.root / "var" / "outbox").iterdir()) == before


def test_the_listed_spelling_of_an_address_is_used(make: Callable[..., MarkedTests]) -> None:
    assert make().check(" me@EXAMPLE.org ") == ME


def test_a_few_tests_leave_at_once_and_then_one_every_few_seconds(
    content: Content, make: Callable[..., MarkedTests], clock: SimulatedClock
) -> None:
    tests = make()
    mail = rendered(content, tests)
    for _ in range(MOST_AT_ONCE):
        tests.send(content, mail, to=ME, to_name="")
    with pytest.raises(TooMany, match=f"in {SECONDS_EACH:.0f} s"):
        tests.send(content, mail, to=ME, to_name="")
    clock.sleep(SECONDS_EACH)
    tests.send(content, mail, to=ME, to_name="")
    with pytest.raises(TooMany):
        tests.send(content, mail, to=ME, to_name="")


def test_a_real_provider_gets_it_through_its_own_adapter(
    empty_project: Path, context: Context, content: Content, clock: SimulatedClock
) -> None:
    with FakeResend() as resend:
        environ = {**REAL, "BYPOST_PROVIDERS__RESEND__BASE_URL": resend.url}
        alone = open_without_database(
            empty_project, load_settings(empty_project, environ), clock=clock
        )
        tests = MarkedTests(
            alone.provider, sender=alone.sender, links=alone.links, allowed=[ME], clock=clock
        )
        handed = tests.send(content, rendered(content, tests), to=ME, to_name="Anna")
        assert resend.accepted == {handed.ref: 1}
        (sent,) = orjson.loads(resend.requests[-1].body)
    assert handed.provider == "resend"
    assert sent["subject"] == f"{MARK}The subject of one"
    assert sent["headers"]["List-Unsubscribe"] == "<http://localhost:8000/u/test>"


def test_a_refused_request_is_told_as_not_sent(
    empty_project: Path, content: Content, clock: SimulatedClock
) -> None:
    with FakeResend(api_key="another") as resend:
        environ = {**REAL, "BYPOST_PROVIDERS__RESEND__BASE_URL": resend.url}
        alone = open_without_database(
            empty_project, load_settings(empty_project, environ), clock=clock
        )
        tests = MarkedTests(
            alone.provider, sender=alone.sender, links=alone.links, allowed=[ME], clock=clock
        )
        with pytest.raises(Refused) as caught:
            tests.send(content, rendered(content, tests), to=ME, to_name="")
    assert why_not(caught.value).startswith("It was not sent.")


def test_a_lost_answer_is_not_called_a_failure() -> None:
    assert why_not(OutcomeUnknown("no answer")).startswith("Nobody knows whether it was accepted")
    assert why_not(NotSent("no route")).startswith("It was not sent.")


def test_sample_settings_keep_a_real_provider_from_sending_a_test(empty_project: Path) -> None:
    alone = open_without_database(empty_project, load_settings(empty_project, REAL))
    with pytest.raises(SettingsError, match=r"\[site\] base_url"):
        refuse_sample_settings(alone)
    refuse_sample_settings(replace(alone, providers={"outbox": alone.provider}))


def test_a_test_makes_neither_database_nor_key(
    tmp_path: Path, content: Content, clock: SimulatedClock
) -> None:
    root = tmp_path / "bare"
    root.mkdir()
    (root / "bypost.toml").write_text("")
    alone = open_without_database(root, load_settings(root, {}), clock=clock)
    tests = MarkedTests(
        alone.provider, sender=alone.sender, links=alone.links, allowed=[ME], clock=clock
    )
    handed = tests.send(content, rendered(content, tests), to=ME, to_name="")
    files = [path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()]
    assert sorted(files) == ["bypost.toml", f"var/outbox/{handed.ref}.eml"]
