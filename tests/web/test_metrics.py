"""``/metrics`` and ``/readyz``: numbers for those who may see them, and whether all is well."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from prometheus_client.parser import text_string_to_metric_families
from pydantic import SecretStr
from sqlalchemy import text

from bypost import __version__
from bypost.delivery.context import Context
from bypost.store import Store, budgets
from bypost.web import make_site
from scheduler.clock import SimulatedClock
from tests.web.conftest import Beat

TOKEN = "a-token-for-monitors"
HERE = ("127.0.0.1", 50_000)
FAR = ("192.0.2.7", 50_000)

Client = Callable[..., TestClient]


@pytest.fixture
def client(context: Context) -> Iterator[Client]:
    """Make clients by where they are, which name they ask for, and the site's token."""
    with ExitStack() as stack:

        def make(
            at: tuple[str, int] = HERE,
            *,
            base: str = "http://localhost:8000",
            token: str = "",
            runner: Beat | None = None,
        ) -> TestClient:
            site = context.settings.site.model_copy(
                update={"metrics_token": SecretStr(token) if token else None}
            )
            settings = context.settings.model_copy(update={"site": site})
            app = make_site(replace(context, settings=settings), runner=runner)
            return stack.enter_context(TestClient(app, base_url=base, client=at))

        yield make


def numbers(page: str) -> dict[str, float]:
    """Return every sample by name and labels, read by Prometheus's own parser."""
    found = {}
    for family in text_string_to_metric_families(page):
        assert family.documentation
        for sample in family.samples:
            labels = ",".join(sample.labels.values())
            found[f"{sample.name}{{{labels}}}" if labels else sample.name] = sample.value
    return found


def test_the_ledger_is_told_in_numbers(client: Client, clock: SimulatedClock) -> None:
    answer = client().get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=")
    found = numbers(answer.text)
    assert found[f"bypost_build_info{{{__version__}}}"] == 1
    assert found["bypost_deliveries_settled_total{accepted}"] == 2
    assert found["bypost_deliveries_settled_total{failed}"] == 0
    assert found["bypost_deliveries_open{pending}"] == 0
    assert found["bypost_deliveries_open{unknown}"] == 0
    assert found["bypost_deliveries_late"] == 0
    assert found["bypost_held_folders"] == 0
    assert found["bypost_provider_accepted_total{outbox}"] == 2
    assert found["bypost_provider_used_today{outbox}"] == 2
    assert found["bypost_provider_stopped{outbox}"] == 0
    assert found["bypost_provider_paused_seconds{outbox}"] == 0
    assert found["bypost_last_pass_timestamp_seconds"] == clock.now().timestamp()
    assert found["bypost_next_due_timestamp_seconds"] > clock.now().timestamp()


def test_a_stopped_provider_shows(client: Client, context: Context) -> None:
    with context.store.write() as connection:
        budgets.open_breaker(connection, "outbox", "the disk is full", context.clock.now())
    assert numbers(client().get("/metrics").text)["bypost_provider_stopped{outbox}"] == 1


def test_no_person_and_no_reason_is_told(client: Client, context: Context) -> None:
    with context.store.write() as connection:
        reason = "not taken: anna@example.org"
        budgets.open_breaker(connection, "outbox", reason, context.clock.now())
    page = client().get("/metrics").text
    for word in ("@", "anna", "Anna", "letters", "not taken"):
        assert word not in page


def test_names_follow_the_rules_of_prometheus(client: Client) -> None:
    for family in text_string_to_metric_families(client().get("/metrics").text):
        assert family.name.startswith("bypost_")
        names = {sample.name for sample in family.samples}
        assert all(name.endswith("_total") for name in names) == (family.type == "counter")
        assert "milli" not in family.name


@pytest.mark.parametrize(
    "header",
    [
        {"X-Forwarded-For": "127.0.0.1"},
        {"X-Forwarded-Proto": "https"},
        {"Forwarded": "for=127.0.0.1"},
        {"Via": "1.1 proxy"},
        {"X-Real-IP": "127.0.0.1"},
    ],
    ids=str,
)
def test_a_proxy_here_is_not_somebody_here(client: Client, header: dict[str, str]) -> None:
    assert client().get("/metrics", headers=header).status_code == 404


@pytest.mark.parametrize("host", ["course.example.net", "localhost.example.net", ""])
def test_a_proxy_that_passes_the_public_name_on_is_not_somebody_here(
    client: Client, host: str
) -> None:
    assert client().get("/metrics", headers={"Host": host}).status_code == 404


def test_from_elsewhere_there_is_no_such_page(client: Client) -> None:
    answer = client(FAR).get("/metrics")
    assert answer.status_code == 404
    assert answer.text == client(FAR).get("/nothing").text


@pytest.mark.parametrize("at", [("127.0.0.1", 1), ("::1", 1)])
def test_somebody_on_this_machine_needs_no_token(client: Client, at: tuple[str, int]) -> None:
    assert client(at, token=TOKEN).get("/metrics").status_code == 200


@pytest.mark.parametrize(
    ("given", "status"),
    [
        (f"Bearer {TOKEN}", 200),
        (f"bearer {TOKEN}", 200),
        (f"Bearer {TOKEN}x", 404),
        (f"Bearer {TOKEN[:-1]}", 404),
        ("Bearer ", 404),
        (f"Basic {TOKEN}", 404),
        (TOKEN, 404),
    ],
)
def test_from_elsewhere_the_token_is_needed(client: Client, given: str, status: int) -> None:
    far = client(FAR, base="https://course.example.net", token=TOKEN)
    answer = far.get("/metrics", headers={"Authorization": given, "X-Forwarded-For": "192.0.2.9"})
    assert answer.status_code == status


def test_without_a_token_in_the_settings_none_is_right(client: Client) -> None:
    for given in ("Bearer ", "Bearer None", "Bearer"):
        answer = client(FAR).get("/metrics", headers={"Authorization": given})
        assert answer.status_code == 404


def test_the_token_shows_nowhere(client: Client) -> None:
    far = client(FAR, token=TOKEN)
    for path in ("/metrics", "/healthz", "/readyz"):
        assert TOKEN not in far.get(path).text


def test_ready_says_so_with_and_without_a_runner(client: Client, beat: Beat) -> None:
    for runner in (None, beat):
        answer = client(FAR, runner=runner).get("/readyz")
        assert (answer.status_code, answer.json()["status"]) == (200, "ok")


def test_not_ready_while_no_passes_are_made(client: Client, beat: Beat) -> None:
    beat.well = False
    answer = client(FAR, runner=beat).get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["reason"] == "no pass was completed lately"


@pytest.mark.parametrize(
    ("version", "reason"),
    [
        ("9999", "the database was made by another version of this program"),
        ("0001", "the database is not of this version; run `bypost db upgrade`"),
    ],
)
def test_not_ready_over_a_database_of_another_version(
    client: Client, context: Context, version: str, reason: str
) -> None:
    with context.store.write() as connection:
        connection.execute(text(f"UPDATE alembic_version SET version_num = '{version}'"))
    far = client(FAR)
    assert (far.get("/readyz").status_code, far.get("/readyz").json()["reason"]) == (503, reason)
    assert far.get("/healthz").status_code == 200


@pytest.mark.sqlite
def test_not_ready_while_the_database_does_not_answer(context: Context, tmp_path: Path) -> None:
    gone = Store("sqlite:///folder.db", root=tmp_path)
    (tmp_path / "folder.db").mkdir()  # a folder where the file should be
    with TestClient(make_site(replace(context, store=gone)), client=HERE) as client:
        ready = client.get("/readyz")
        metrics = client.get("/metrics", headers={"Host": "localhost"})
    gone.close()
    assert (ready.status_code, metrics.status_code) == (503, 503)
    assert ready.json()["reason"] == "the database does not answer"
    assert str(tmp_path) not in ready.text + metrics.text
