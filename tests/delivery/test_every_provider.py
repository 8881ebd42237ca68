"""Each service of the registry, through the whole engine: a course, a lost answer, a bounce."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from bypost.delivery import trace
from bypost.delivery.context import Context
from bypost.delivery.report import Report
from bypost.delivery.run import Pass
from bypost.model.event import EventKind
from bypost.model.message import Events, Key, Nothing, Search
from bypost.providers.registry import BUILDERS, HOOKS, build_hook
from bypost.store import suppressions
from bypost.store.schema import deliveries, enrollments, subscribers
from bypost.testing.fake_provider import FakeProvider
from bypost.testing.told_sns import Amazon
from bypost.web import make_site
from scheduler.clock import SimulatedClock
from tests.conftest import write_course
from tests.contracts.http_provider import no_proxies
from tests.delivery.services import SERVICES, Behind, Service

#: Names that some service, or JSON, or HTML, or a header, reads as its own.
NAMES = ("Ann", "{{v0}} %recipient.v0%", 'Zoë "Z" <Ñ>', "-v1- [[var:v0]]", "")
COUNT = len(NAMES)
DAY = timedelta(days=1)
#: After it every lease is over, and no key of a request is forgotten.
SOON = timedelta(minutes=5)

Through = Callable[[str], tuple[Context, Service]]


def of(promise: type) -> list[str]:
    return [name for name, row in SERVICES.items() if row.promises is promise]


@pytest.fixture
def project(empty_project: Path) -> Path:
    """Three lessons, a day apart; five people."""
    write_course(empty_project)
    with (empty_project / "subscribers.csv").open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(["email", "name", "time_zone"])
        rows.writerows((f"p{n}@example.org", name, "UTC") for n, name in enumerate(NAMES))
    return empty_project


@pytest.fixture
def through(
    project: Path,
    open_context: Callable[..., Context],
    clock: SimulatedClock,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Through]:
    """Open the project so that it sends through the fake of a service, two people a request."""
    no_proxies(monkeypatch)
    with ExitStack() as stack:

        def opening(name: str) -> tuple[Context, Service]:
            service = stack.enter_context(SERVICES[name].opened(project, clock))
            sending = {"BYPOST_SENDING__PROVIDER": name, "BYPOST_SENDING__TIMEOUT_SECONDS": "5"}
            return open_context(project, {**sending, **service.environ}), service

        yield opening


def lose(context: Context, service: Service, *, accepted: bool) -> None:
    """Make a pass whose first answer never comes."""
    with service.losing(accepted=accepted):
        Pass(context, patience=timedelta(0)).run()


def after(context: Context, wait: timedelta) -> Report:
    """Make a pass when ``wait`` is over."""
    context.clock.sleep(wait.total_seconds())
    return Pass(context).run()


def everybody_has_it_once(context: Context, service: Service) -> None:
    total = Pass(context).status().total
    assert (total.owed, total.accepted) == (COUNT, COUNT)
    assert sorted(service.accepted.values()) == [1] * COUNT


def tell(context: Context, fake: FakeProvider, ref: str, kind: EventKind) -> None:
    """Let a service post an event to the page of its webhooks."""
    hook = build_hook(fake.name, fake.webhook_secret, clock=context.clock, http=Amazon())  # type: ignore[arg-type]
    site = make_site(replace(context, hooks={fake.name: hook}))
    headers, body = fake.event(ref, kind)
    with TestClient(site, base_url=context.settings.site.base_url) as client:
        answer = client.post(f"/hooks/{fake.name}", headers=headers, content=body)
    assert (answer.status_code, answer.text) == (200, "1 new of 1\n")


def test_each_service_of_the_registry_is_shown_here() -> None:
    assert set(SERVICES) == set(BUILDERS)
    assert set(HOOKS) == {name for name in SERVICES if name not in {"outbox", "smtp"}}


@pytest.mark.parametrize("name", SERVICES)
def test_a_lesson_reaches_everybody_once_as_it_was_rendered_here(
    through: Through, name: str
) -> None:
    context, service = through(name)
    assert type(context.provider.send_class) is SERVICES[name].promises
    first, second = Pass(context).run(), Pass(context).run()
    assert first.total.accepted == first.this_pass.accepted == COUNT
    assert (second.total, second.this_pass.accepted) == (first.total, 0)
    everybody_has_it_once(context, service)
    arrived = dict(service.arrived())
    for ref, (address, leave) in owed(context).items():
        found = trace.find(context, ref)
        assert found
        mail = trace.mail(context, found)
        assert arrived.pop(ref) == service.expected(mail)
        assert mail.to == address
        assert mail.headers["List-Unsubscribe"] == f"<{leave}>"
        assert mail.headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        if isinstance(service, Behind):
            (one,) = service.fake.acceptances.of(ref)
            assert (one.to, one.provider_id) == (address, found.row["provider_id"])
    assert not arrived


def owed(context: Context) -> dict[str, tuple[str, str]]:
    """Return whose each reference is, and where they leave the course, by the tables alone."""
    query = (
        select(deliveries.c.id, subscribers.c.email, enrollments.c.link_id)
        .join(subscribers, subscribers.c.id == deliveries.c.subscriber_id)
        .join(enrollments, enrollments.c.id == deliveries.c.enrollment_id)
    )
    with context.store.read() as connection:
        rows = connection.execute(query).all()
    links = context.links
    return {
        f"{context.tag}-{row.id}": (row.email, links.leave(links.token(row.link_id)))
        for row in rows
    }


@pytest.mark.parametrize("taken", [True, False])
@pytest.mark.parametrize("name", of(Key))
def test_an_answer_lost_where_a_key_is_known_again_is_asked_for_once_more(
    through: Through, name: str, taken: bool
) -> None:
    context, service = through(name)
    lose(context, service, accepted=taken)
    after(context, SOON)
    everybody_has_it_once(context, service)


@pytest.mark.parametrize("taken", [True, False])
@pytest.mark.parametrize("name", of(Search))
def test_an_answer_lost_where_mails_can_be_looked_up_is_looked_up_once_it_is_quiet(
    through: Through, name: str, taken: bool
) -> None:
    context, service = through(name)
    lose(context, service, accepted=taken)
    before = dict(service.accepted)
    assert after(context, context.quiet / 2).total.unknown == 2
    assert service.accepted == before
    after(context, context.quiet)
    everybody_has_it_once(context, service)


@pytest.mark.parametrize("name", of(Events))
def test_an_answer_lost_where_only_events_tell_stays_open_until_one_does(
    through: Through, name: str
) -> None:
    context, service = through(name)
    assert isinstance(service, Behind)
    lose(context, service, accepted=True)
    unknown = after(context, 4 * context.quiet).unknown
    assert len(unknown) == 2
    for number, row in enumerate(unknown, start=1):
        tell(context, service.fake, row["ref"], EventKind.DELIVERED)
        assert Pass(context).status().total.unknown == 2 - number
    everybody_has_it_once(context, service)


@pytest.mark.parametrize("name", [*of(Events), *of(Nothing)])
def test_an_answer_that_nobody_gives_later_is_left_to_the_operator_and_not_repeated(
    through: Through, name: str
) -> None:
    context, service = through(name)
    lose(context, service, accepted=False)
    before = dict(service.accepted)
    report = after(context, 4 * context.quiet)
    assert report.exit_code == 1
    assert service.accepted == before
    doubtful = {row["ref"] for row in report.unknown}
    assert doubtful
    assert doubtful | set(before) == set(owed(context))
    assert not doubtful & set(before)


@pytest.mark.parametrize("name", HOOKS)
def test_a_bounce_that_it_posts_stops_the_mails_to_that_address(
    through: Through, name: str
) -> None:
    context, service = through(name)
    assert isinstance(service, Behind)
    Pass(context).run()
    ref, (address, _) = next(iter(owed(context).items()))
    tell(context, service.fake, ref, EventKind.BOUNCED)
    key = context.address_hash(address)
    with context.store.read() as connection:
        assert suppressions.find(connection, [key]) == {key: "bounced"}
    after(context, DAY)
    assert sorted(service.accepted.values()) == [1] * (2 * COUNT - 1)
    assert [one.to for one in service.fake.acceptances.all()].count(address) == 1
