"""Databases of earlier schemas: upgraded as they are, and finished by today's code."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bypost.delivery.context import Context
from bypost.delivery.run import Pass
from bypost.http import HttpClient
from bypost.model.compressed import decompress
from bypost.store import Store, counts, migrate
from bypost.testing.fake_resend import FakeResend
from scheduler.clock import SimulatedClock
from tests.contracts.http_provider import no_proxies

pytestmark = pytest.mark.sqlite

RECORDED = Path(__file__).resolve().parent.parent / "recorded" / "schema"
DUMPS = sorted(RECORDED.glob("*.sql"))

Rows = list[tuple[Any, ...]]


@dataclass
class Old:
    """A project with a database of an earlier schema, and the truth about it."""

    root: Path
    facts: Mapping[str, Any]

    @property
    def file(self) -> Path:
        return self.root / "var" / "bypost.db"

    def ask(self, sql: str) -> Rows:
        with closing(sqlite3.connect(self.file)) as database:
            return database.execute(sql).fetchall()

    def upgrade(self) -> tuple[str | None, str]:
        store = Store("sqlite:///var/bypost.db", root=self.root)
        versions = migrate.upgrade(store)
        store.close()
        return versions


def write_files(facts: Mapping[str, Any], root: Path) -> None:
    """Write the content that the database knows of."""
    for name, text in facts["files"].items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


@pytest.fixture(params=DUMPS, ids=lambda path: path.stem)
def old(request: pytest.FixtureRequest, empty_project: Path) -> Old:
    dump: Path = request.param
    facts = json.loads(dump.with_suffix(".json").read_text(encoding="utf-8"))
    write_files(facts, empty_project)
    (empty_project / "var").mkdir()
    found = Old(empty_project, facts)
    with closing(sqlite3.connect(found.file)) as database:
        database.executescript(dump.read_text(encoding="utf-8"))
    return found


def test_there_is_a_dump_of_every_earlier_schema() -> None:
    made = {path.stem for path in DUMPS}
    folder = Path(migrate.__file__).parent / "migrations" / "versions"
    versions = sorted(path.name[:4] for path in folder.glob("[0-9]*.py"))
    assert set(versions[:-1]) <= made


def test_an_upgrade_changes_no_number_and_no_row_of_what_was_there(old: Old) -> None:
    tables = [name for (name,) in old.ask("SELECT name FROM sqlite_master WHERE type = 'table'")]
    columns = {t: [row[1] for row in old.ask(f"PRAGMA table_info({t})")] for t in tables}

    def rows() -> dict[str, Rows]:
        return {
            table: old.ask(f"SELECT {', '.join(names)} FROM {table} ORDER BY 1")
            for table, names in columns.items()
            if table != "alembic_version"
        }

    before = rows()
    old.upgrade()
    assert rows() == before
    assert old.ask("PRAGMA integrity_check") == [("ok",)]
    assert old.ask("PRAGMA foreign_key_check") == []
    store = Store("sqlite:///var/bypost.db", root=old.root)
    with store.read() as connection:
        assert asdict(counts.count(connection)) == old.facts["numbers"]
    store.close()


def test_an_upgraded_database_has_the_schema_of_a_new_one(old: Old, tmp_path: Path) -> None:
    old.upgrade()
    new = Old(tmp_path / "new", {})
    new.upgrade()
    assert shape(old) == shape(new)


def shape(one: Old) -> dict[str, Any]:
    """Return the columns and indexes of each table."""
    found: dict[str, Any] = {}
    for (table,) in one.ask("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY 1"):
        columns = sorted(row[1:] for row in one.ask(f"PRAGMA table_info({table})"))
        indexes = sorted(
            (*row[2:], *one.ask(f"PRAGMA index_info({row[1]})"))
            for row in one.ask(f"PRAGMA index_list({table})")
        )
        found[table] = (columns, indexes)
    return found


def test_upgrading_again_changes_nothing(old: Old) -> None:
    before, after = old.upgrade()
    assert before != after
    bytes_then = dump(old)
    assert old.upgrade() == (after, after)
    assert dump(old) == bytes_then


def dump(one: Old) -> str:
    with closing(sqlite3.connect(one.file)) as database:
        return "\n".join(database.iterdump())


@pytest.fixture
def resend(old: Old, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeResend]:
    """A provider that remembers, by key and bytes, the requests whose answers were lost."""
    no_proxies(monkeypatch)
    accepted = set(old.facts["accepted"])
    tag = min(accepted).partition("-")[0]
    asked = "SELECT id, generation, frozen FROM batches WHERE frozen IS NOT NULL"
    client = HttpClient(timeout=10, user_agent="bypost-tests/1")
    with FakeResend(clock=SimulatedClock(datetime.fromisoformat(old.facts["now"]))) as fake:
        for number, generation, frozen in old.ask(asked):
            members = old.ask(f"SELECT id FROM deliveries WHERE batch_id = {number}")
            if {f"{tag}-{member}" for (member,) in members} & accepted:
                headers = {
                    "Authorization": "Bearer re_test_key",
                    "Idempotency-Key": f"{tag}-b{number}-{generation}",
                    "x-batch-validation": "permissive",
                }
                body = decompress(frozen)
                assert client.post(f"{fake.url}/emails/batch", body, headers).status == 200
        client.close()
        yield fake


def test_open_batches_are_finished_by_todays_code_and_nobody_has_anything_twice(
    old: Old, resend: FakeResend, open_context: Callable[..., Context], clock: SimulatedClock
) -> None:
    clock.advance_to(datetime.fromisoformat(old.facts["now"]) + timedelta(minutes=5))
    known = set(resend.accepted)  # to this provider; the others were accepted by it before that
    assert known
    context = open_context(
        old.root,
        {
            "BYPOST_SENDING__PROVIDER": "resend",
            "BYPOST_PROVIDERS__RESEND__API_KEY": "re_test_key",
            "BYPOST_PROVIDERS__RESEND__BASE_URL": resend.url,
            "BYPOST_PROVIDERS__RESEND__BATCH_SIZE": "3",
            "BYPOST_PROVIDERS__RESEND__PER_SECOND": "1000",
        },
    )
    first = Pass(context).run()
    assert first.total.pending == 0
    assert not first.blocked
    for _ in range(8):
        clock.advance(timedelta(days=1))
        Pass(context).run()

    truth = Counter(resend.accepted) + Counter(set(old.facts["accepted"]) - known)
    assert set(truth.values()) == {1}
    told = {
        context.reference(number): state or batch_state
        for number, state, batch_state in old.ask(
            "SELECT d.id, d.state, b.state FROM deliveries d JOIN batches b ON b.id = d.batch_id"
        )
    }
    assert {ref for ref, state in told.items() if state == "settled"} <= set(truth)
    assert {ref for ref, state in told.items() if state in {"failed", "cancelled"}} & set(
        truth
    ) == set()
    assert set(told.values()) == {"settled", "failed", "cancelled", "unknown"}
    everybody_had_the_whole_course(old)


def everybody_had_the_whole_course(old: Old) -> None:
    lessons = defaultdict(list)
    for run, item in old.ask(
        "SELECT e.id, d.item FROM enrollments e JOIN deliveries d ON d.enrollment_id = e.id"
        " WHERE e.status = 'finished'"
    ):
        lessons[run].append(item)
    assert lessons
    assert {tuple(sorted(items)) for items in lessons.values()} == {("one", "three", "two")}
    still = old.ask("SELECT count(*) FROM enrollments WHERE status NOT IN ('finished', 'left')")
    assert still == [(0,)]
