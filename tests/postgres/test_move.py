"""``bypost db move``: every row arrives, the work goes on, and never do two databases send."""

from __future__ import annotations

import resource
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text, update

from bypost.delivery import instance
from bypost.delivery.context import Context
from bypost.delivery.run import Pass
from bypost.errors import Muted, StoreError
from bypost.model.message import Key
from bypost.project import wire
from bypost.settings import load_settings
from bypost.store import Store, counts, meta, migrate, move
from bypost.store.ledger import IS_OPEN
from bypost.store.schema import batches, deliveries, metadata
from bypost.testing import ending
from bypost.testing.fill.fill import fill
from bypost.testing.simulated import SimulatedProvider
from scheduler.clock import SimulatedClock, SystemClock
from tests.conftest import CHECKOUT, MONDAY, write_course, write_people
from tests.postgres.cluster import Cluster
from tests.postgres.odd_rows import put_odd_rows, rows_of, shape_of

pytestmark = pytest.mark.sqlite
_PEOPLE, _DAYS = 2000, 30
Make = Callable[[], str]


@pytest.fixture(scope="session")
def filled(tmp_path_factory: pytest.TempPathFactory, empty_database: Path) -> Path:
    """A database of people with weeks behind them, and a row in every table; to be copied."""
    root = tmp_path_factory.mktemp("filled")
    shutil.copytree(CHECKOUT / "templates", root / "templates")
    shutil.copy(CHECKOUT / "bypost.toml", root)
    write_course(root)
    file = root / "var/bypost.db"
    file.parent.mkdir()
    shutil.copy(empty_database, file)
    store = Store(f"sqlite:///{file}", root=root)
    context = wire(root, load_settings(root, {}), store, SimulatedClock(MONDAY))
    fill(context, people=_PEOPLE, days=_DAYS, seed=3, on_progress=lambda *_: None)
    store.close()
    put_odd_rows(file)
    return file


@pytest.fixture
def source(filled: Path, tmp_path: Path) -> Iterator[Store]:
    shutil.copy(filled, tmp_path / "old.db")
    with closing(Store("sqlite:///old.db", root=tmp_path)) as store:
        yield store


@pytest.fixture
def small(empty_database: Path, tmp_path: Path) -> Iterator[Store]:
    """A database with one person in it."""
    shutil.copy(empty_database, tmp_path / "small.db")
    with closing(Store("sqlite:///small.db", root=tmp_path)) as store:
        put(store, "INSERT INTO subscribers (id, email, name, time_zone, hour, status, tags,"
            " attributes, own_choice, created_at) VALUES (7, 'a@example.org', 'Ada', '', '',"
            " 'confirmed', '[]', '{}', '[]', 0)")  # fmt: skip
        yield store


@pytest.fixture
def make_new(
    cluster: Cluster, empty_postgres: str, tmp_path: Path
) -> Iterator[Callable[..., Store]]:
    """Make databases of the server with our tables, and nothing in them; or without even those."""
    made: list[tuple[str, Store]] = []

    def make(*, bare: bool = False) -> Store:
        name = cluster.make(template=None if bare else empty_postgres)
        made.append((name, Store(cluster.url(name), root=tmp_path)))
        return made[-1][1]

    yield make
    for name, store in made:
        store.close()
        cluster.drop(name)


@pytest.fixture
def target(make_new: Callable[..., Store]) -> Store:
    return make_new()


def put(store: Store, sql: str, *values: object) -> None:
    with store.write() as connection:
        connection.exec_driver_sql(sql, tuple(values))


def moved(source: Store, target: Store, **more: Any) -> move.Moved:
    return move.move(source, target, clock=SystemClock(), is_gone=lambda _owner: False, **more)


def refused(source: Store, target: Store, **more: Any) -> str:
    """Move what cannot be moved; return the words. Neither database is another than before."""
    before = tables_of(target)
    with pytest.raises(StoreError) as caught:
        moved(source, target, **more)
    assert tables_of(target) == before
    if source.exists():
        assert mark_of(source) is None
    return str(caught.value)


def tables_of(store: Store) -> object:
    """What stands in a target: nothing, or as many rows as there are."""
    if not store.is_shared:
        folder = store.path.parent
        assert [path.name for path in folder.glob(f".{store.path.name}.*")] == []
        return store.path.read_bytes() if store.path.exists() else None
    with store.read() as connection:
        found = connection.execute(text("SELECT relname FROM pg_stat_user_tables ORDER BY 1"))
        return {
            name: connection.execute(text(f"SELECT count(*) FROM {name}")).scalar()
            for name in found.scalars().all()
        }


def mark_of(store: Store) -> meta.Mark | None:
    with store.read() as connection:
        return meta.moved(connection)


def file_of(store: Store) -> Path:
    store.close()
    return store.path


def test_no_table_of_the_filled_database_is_empty(filled: Path) -> None:
    assert [name for name, rows in rows_of(filled).items() if not rows] == []


def test_to_postgresql_and_back_every_row_of_every_table_is_the_same(
    source: Store, target: Store, filled: Path, tmp_path: Path
) -> None:
    there = moved(source, target)
    back = Store("sqlite:///back.db", root=tmp_path)
    again = moved(target, back)
    assert there.tables == again.tables
    assert there.tables.keys() == metadata.tables.keys()
    assert sum(proof.rows for proof in there.tables.values()) > 10 * _PEOPLE
    assert rows_of(file_of(back)) == rows_of(filled)
    assert shape_of(back.path) == shape_of(filled)


def test_within_one_kind_every_row_is_the_same_too(
    source: Store, make_new: Callable[..., Store], filled: Path, tmp_path: Path
) -> None:
    beside = Store("sqlite:///beside.db", root=tmp_path)
    first, second = make_new(), make_new()
    proofs = [
        moved(source, beside).tables,
        moved(beside, first).tables,
        moved(first, second).tables,
    ]
    assert proofs[0] == proofs[1] == proofs[2]
    assert rows_of(file_of(beside)).keys() == rows_of(filled).keys()


def test_a_copy_to_a_file_is_one_look_although_others_write_on(
    source: Store, target: Store, filled: Path, tmp_path: Path
) -> None:
    moved(source, target)
    target.copy_to(tmp_path / "copy.db")
    assert rows_of(tmp_path / "copy.db") == rows_of(filled)


def test_the_sums_by_block_are_carried_and_go_on_being_kept(
    source: Store, target: Store, filled: Path
) -> None:
    put(source, "INSERT INTO batch_sums VALUES (0, 'outbox', 9, 9, 0, 0, 0)")
    moved(source, target)
    with target.write() as connection:
        query = text("SELECT owed FROM batch_sums WHERE block = 0 AND provider = 'outbox'")
        assert connection.execute(query).scalar_one() == 9
        settled = update(batches).where(batches.c.id == 1, ~IS_OPEN)
        connection.execute(settled.values(accepted=batches.c.accepted + 1))
        assert connection.execute(query).scalar() is None


def test_no_number_is_given_out_again(small: Store, target: Store, tmp_path: Path) -> None:
    # The reference of a delivery that is gone must not name another mail.
    put(small, "INSERT INTO sqlite_sequence (name, seq) VALUES ('deliveries', 4711)")
    moved(small, target)
    back = Store("sqlite:///back.db", root=tmp_path)
    with target.write() as connection:
        query = text("SELECT nextval(pg_get_serial_sequence(:name, 'id'))")
        for name, last in (("deliveries", 4711), ("subscribers", 7), ("batches", 0)):
            assert connection.execute(query, {"name": name}).scalar() == last + 1
    target.close()
    moved(target, back)
    assert dict(rows_of(file_of(back))["sqlite_sequence"])["deliveries"] >= 4711


def test_the_schema_is_made_where_there_is_none(
    small: Store, make_new: Callable[..., Store]
) -> None:
    target = make_new(bare=True)
    moved(small, target)
    assert migrate.is_current(target)


def test_a_file_without_anybody_in_it_is_empty_enough(
    small: Store, empty_database: Path, tmp_path: Path
) -> None:
    shutil.copy(empty_database, tmp_path / "new.db")
    moved(small, Store("sqlite:///new.db", root=tmp_path))
    assert len(rows_of(tmp_path / "new.db")["subscribers"]) == 1


class TestTheOldDatabase:
    """It stays as it was, and is mute."""

    def test_it_says_where_everything_is(self, small: Store, target: Store) -> None:
        before = rows_of(small.path)
        moved(small, target)
        mark = mark_of(small)
        assert mark is not None
        assert mark.to == target.name
        after = rows_of(file_of(small))
        after["meta"] = [row for row in after["meta"] if row[0] != meta.MOVED]
        assert after == before

    def test_the_mark_does_not_travel(self, small: Store, target: Store) -> None:
        moved(small, target)
        assert mark_of(target) is None

    def test_it_is_not_moved_twice(
        self, small: Store, target: Store, make_new: Callable[..., Store]
    ) -> None:
        moved(small, target)
        for other in (target, make_new()):
            with pytest.raises(StoreError, match=f"was moved to {target.name} on"):
                moved(small, other)

    def test_a_move_that_died_before_its_last_step_is_made_again(
        self, small: Store, target: Store
    ) -> None:
        # As after a power cut: the mark is there, and nothing arrived.
        with small.write() as connection:
            meta.mark_moved(connection, meta.Mark(target.name, MONDAY))
        moved(small, target)
        assert mark_of(target) is None
        assert mark_of(small) is not None


class TestRefused:
    """What cannot be moved is refused in words, and nothing is changed."""

    def test_a_target_with_rows(self, small: Store, make_new: Callable[..., Store]) -> None:
        full = make_new()
        put(
            full,
            "INSERT INTO suppressions (address_hash, reason, scope, created_at, detail)"
            " VALUES ('x', 'manual', 'all', 0, '')",
        )
        words = refused(small, full)
        assert words.startswith(f"{full.name}: is not empty (there are rows in `suppressions`)")
        assert "createdb" in words

    def test_a_file_with_rows(self, small: Store, source: Store) -> None:
        assert "name a new database (a file that is not there yet)" in refused(small, source)

    def test_the_database_of_another_program(
        self, small: Store, make_new: Callable[..., Store], tmp_path: Path
    ) -> None:
        target = make_new(bare=True)
        put(target, "CREATE TABLE invoices (id int)")
        assert "the database of another program (it holds `invoices`)" in refused(small, target)
        with closing(sqlite3.connect(tmp_path / "other.db")) as connection:
            connection.execute("CREATE TABLE invoices (id int)")
        other = Store("sqlite:///other.db", root=tmp_path)
        assert "the database of another program" in refused(small, other)

    def test_the_same_database_twice(self, small: Store) -> None:
        with pytest.raises(StoreError, match="named twice"):
            moved(small, small)

    def test_a_source_that_is_not_there(self, target: Store, tmp_path: Path) -> None:
        nowhere = Store("sqlite:///nowhere.db", root=tmp_path)
        assert "there is no database" in refused(nowhere, target)
        assert not (tmp_path / "nowhere.db").exists()

    def test_a_source_of_an_older_schema(self, small: Store, target: Store) -> None:
        put(small, "UPDATE alembic_version SET version_num = '0006'")
        assert "run `bypost db upgrade`" in refused(small, target)

    def test_a_source_that_a_process_has_open(
        self, small: Store, make_new: Callable[..., Store], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(move, "_GOING", 0.5)
        beside = Store(str(small.url), root=small.path.parent)
        with beside.read() as connection:
            connection.execute(text("SELECT count(*) FROM meta")).all()
            assert "a process has it open\n    stop `bypost serve`" in refused(small, make_new())
        beside.close()
        first = make_new()
        moved(small, first)
        beside = Store(first.url.render_as_string(hide_password=False), root=Path())
        with beside.read() as connection:
            connection.execute(text("SELECT 1"))
            words = refused(first, make_new())
        beside.close()
        assert "processes of ByPost are connected (1, from its own machine)" in words

    def test_a_lease_that_somebody_holds(self, source: Store, target: Store) -> None:
        until = SystemClock().now() + timedelta(minutes=1)
        with source.write() as connection:
            held = update(batches).where(batches.c.id == 1)
            connection.execute(held.values(state="sending", lease_until=until, lease_owner="a/1/2"))
        assert "a pass is under way (1 requests in hand)" in refused(source, target)
        asked: list[str] = []

        def is_gone(owner: str) -> bool:
            asked.append(owner)
            return True

        move.move(source, target, clock=SystemClock(), is_gone=is_gone)
        assert asked == ["a/1/2"]

    @pytest.mark.parametrize(
        ("column", "value", "words"),
        [
            ("name", "'A' || char(0) || 'da'", "`name` holds a NUL character"),
            ("name", "CAST(x'41eda080' AS TEXT)", "`name` holds half of a character"),
            ("attributes", """'{"x": ["a\\u0000"]}'""", "`attributes` holds a NUL character"),
            ("attributes", """'{"\\ud83d": 1}'""", "`attributes` holds half of a character"),
            ("tags", "'[1'", "`tags` holds no JSON"),
        ],
    )
    def test_what_postgresql_does_not_keep(
        self, small: Store, target: Store, column: str, value: str, words: str
    ) -> None:
        put(small, f"UPDATE subscribers SET {column} = {value}")
        said = refused(small, target)
        assert f"{small.name}: `subscribers` where id = 7: {words}" in said
        assert "Ada" not in said
        if "NUL" in words:  # then it says how to mend it, and that does
            mend = said.partition("sqlite3: ")[2]
            with closing(sqlite3.connect(small.path)) as connection, connection:
                connection.execute(mend)
            moved(small, target)

    def test_a_server_that_is_not_there(self, small: Store, tmp_path: Path) -> None:
        url = "postgresql://bypost:hunter2@localhost:1/bypost"
        with pytest.raises(StoreError) as caught:
            moved(small, Store(url, root=tmp_path))
        assert "Connection refused" in str(caught.value)
        assert "start PostgreSQL, or mend host and port" in str(caught.value)
        assert "hunter2" not in str(caught.value)
        assert mark_of(small) is None

    def test_a_folder_without_room(
        self, small: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        usage = shutil.disk_usage(tmp_path)
        monkeypatch.setattr(shutil, "disk_usage", lambda _path: usage._replace(free=1000))
        words = refused(small, Store("sqlite:///new.db", root=tmp_path))
        assert "MB are needed, and 0 are free" in words

    def test_a_disk_that_fills_up(self, source: Store, tmp_path: Path) -> None:
        with largest_file(2_000_000):
            words = refused(source, Store("sqlite:///new.db", root=tmp_path))
        assert "new.db: cannot be written" in words


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    """Let every file of this process end at a size: the nearest to a disk that is full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


class TestStopped:
    """Wherever it ends, not both of them send."""

    @pytest.mark.parametrize("step", ["copying", "indexing", "checking"])
    @pytest.mark.parametrize("kind", ["server", "file"])
    def test_in_the_middle_the_target_is_empty_and_the_source_as_it_was(
        self, small: Store, target: Store, tmp_path: Path, step: str, kind: str
    ) -> None:
        new = target if kind == "server" else Store("sqlite:///new.db", root=tmp_path)
        before, there = rows_of(small.path), tables_of(new)

        def stop(what: str, _done: int, _total: int) -> None:
            if what == step:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            moved(small, new, on_progress=stop)
        assert tables_of(new) == there
        assert rows_of(file_of(small)) == before

    def test_a_target_that_dies_at_its_commit_leaves_the_source_to_send(
        self, small: Store, target: Store, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        mark = meta.mark_moved

        def mark_and_lose_the_other(connection: Any, where: meta.Mark) -> None:
            mark(connection, where)
            with closing(Store(cluster.url("postgres"), root=Path())) as other:
                end = (
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                    f"WHERE datname = '{target.url.database}'"
                )
                put(other, end)

        monkeypatch.setattr(meta, "mark_moved", mark_and_lose_the_other)
        words = refused(small, target)
        assert "the database was stopped or restarted" in words
        monkeypatch.undo()
        moved(small, target)


class TestTheWorkGoesOn:
    """A pass before, the move, a pass after: nobody twice, nobody missed."""

    @pytest.fixture
    def before(self, empty_project: Path, open_context: Callable[..., Context]) -> Context:
        write_course(empty_project, delays=("at once", "1 day", "1 day"))
        write_people(empty_project, *(f"p{i}@example.org,P{i},Europe/Berlin" for i in range(30)))
        monkey = open_context(empty_project, {"BYPOST_SENDING__QUIET_SECONDS": "900"})
        return replace(monkey, guarded=True)

    @pytest.mark.parametrize("there_and_back", [False, True])
    def test_nobody_twice_and_nobody_missed(
        self,
        before: Context,
        target: Store,
        tmp_path: Path,
        there_and_back: bool,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.delenv(instance.VARIABLE, raising=False)
        clock = before.clock
        assert isinstance(clock, SimulatedClock)
        provider = SimulatedProvider(clock=clock, send_class=Key(timedelta(hours=24)))
        before = replace(before, providers={provider.name: provider}, rates={})
        provider.script.add(ending.lost(accepted=True))
        provider.script.add(ending.lost(accepted=False))
        first = Pass(before, patience=timedelta(0)).run()
        assert 0 < first.total.accepted < 30
        moved(before.store, target)
        with pytest.raises(Muted, match=f"moved to {target.name}"):
            Pass(before).run()
        store = target
        if there_and_back:
            store = Store("sqlite:///back.db", root=tmp_path)
            moved(target, store)
        after = replace(before, store=store)
        for _ in range(16):
            clock.sleep(6 * 3600)
            Pass(after).run()
        with store.read() as connection:
            total = counts.count(connection)
            had = connection.execute(
                text(
                    "SELECT count(*), count(DISTINCT enrollment_id || '/' || item) FROM deliveries"
                )
            ).one()
        assert (total.owed, total.accepted, total.unknown) == (90, 90, 0)
        assert tuple(had) == (90, 90)
        assert len(provider.accepted) == 90
        assert set(provider.accepted.values()) == {1}
        store.close()

    def test_the_old_one_sends_again_only_when_told_so(
        self, before: Context, target: Store, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.delenv(instance.VARIABLE, raising=False)
        Pass(before).run()
        moved(before.store, target)
        assert "everything was moved to" in instance.trouble(before)
        with pytest.raises(Muted, match="db confirm --older"):
            instance.confirm(before.store, before.root)
        instance.confirm(before.store, before.root, older=True)
        instance.check(before)


def test_a_delivery_keeps_its_reference(source: Store, target: Store) -> None:
    with source.read() as connection:
        tag = meta.tag(connection)
        last = connection.execute(text("SELECT max(id) FROM deliveries")).scalar()
    moved(source, target)
    with target.read() as connection:
        assert meta.tag(connection) == tag
        assert connection.execute(deliveries.select().where(deliveries.c.id == last)).first()
