"""What many tests need: a project in a folder of its own, a clock that stands still."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from zlib import crc32

import pytest
from hypothesis import HealthCheck, settings
from sqlalchemy import event, make_url

from bypost.delivery.context import Context
from bypost.project import wire
from bypost.settings import load_settings
from bypost.store import Store, migrate
from scheduler.clock import SimulatedClock
from tests import kept, scratch
from tests.forks.child import end_parent
from tests.postgres.cluster import Cluster
from tests.postgres.standing_in import StandingIn, standing_in

# Before anything imports them: a failing assertion in a contract is shown as in any test.
pytest.register_assert_rewrite("tests.contracts")

# Wall time says how busy the machine is, not whether a rule holds.
settings.register_profile(
    "project", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
settings.load_profile("project")

CHECKOUT = Path(__file__).resolve().parent.parent
#: A Monday morning, in no zone's change of clocks.
MONDAY = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)

LESSON = """\
---
id: {id}
subject: The subject of {id}
preheader: A preheader that is long enough to be taken for one by the checks
delay: {delay}
---
# Title of {id}

Hello {{{{ subscriber.name|default("you", true) }}}}, this is {id}.
"""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let the whole suite be run on PostgreSQL."""
    parser.addoption(
        "--database",
        choices=("sqlite", "postgresql"),
        default="sqlite",
        help="what tests that only need some database run on",
    )
    parser.addoption(
        "--some", action="store_true", help="of tests over very many cases take a part of them"
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what is about the other database, and with ``--some`` most of very many cases."""
    if config.getoption("--database") == "postgresql":
        skip = pytest.mark.skip(reason="about SQLite's file or its plans")
        for item in items:
            if item.get_closest_marker("sqlite"):
                item.add_marker(skip)
    if config.getoption("--some"):
        chosen = [item for item in items if _is_chosen(item)]
        config.hook.pytest_deselected(items=[item for item in items if item not in chosen])
        items[:] = chosen


def _is_chosen(item: pytest.Item) -> bool:
    """Tell whether a case is taken: each of the kind that its marker names, and one in so many."""
    marker = item.get_closest_marker("one_in")
    if marker is None or f"[{marker.kwargs.get('but', '[')}-" in item.name:
        return True
    return crc32(item.name.encode()) % int(marker.args[0]) == 0


def pytest_configure() -> None:
    """Not where this is only imported: what benchmarks and long runs write belongs on a disk."""
    scratch.in_memory()


def pytest_unconfigure(config: pytest.Config) -> None:
    """Leave nothing in memory; what a failed run has written stays there until the next one."""
    session = config.pluginmanager.get_plugin("session")
    if session is not None and session.exitstatus == 0:
        scratch.forget()


@pytest.fixture(scope="session", autouse=True)
def _made_once() -> Iterator[None]:
    with kept.one_set_of_sql(), kept.one_set_of_templates(), kept.compiled_once():
        yield
    end_parent()


@pytest.fixture(scope="session")
def _server(request: pytest.FixtureRequest) -> Iterator[StandingIn | None]:
    if request.config.getoption("--database") == "sqlite":
        yield None
        return
    with (
        standing_in(request.getfixturevalue("cluster")) as server,
        pytest.MonkeyPatch.context() as patch,
    ):
        # Machines that share a database are told their keys.
        patch.setenv("BYPOST_SITE__SECRET_KEYS", "k" * 32)
        patch.setenv("BYPOST_SITE__ADDRESS_KEY", "a" * 32)
        yield server


@pytest.fixture(autouse=True)
def _no_database_stays(_server: StandingIn | None) -> Iterator[None]:
    if _server:
        _server.settle()
    yield
    if _server:
        _server.forget()


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """A real PostgreSQL; it takes 3 s to start, for those who ask for it."""
    cluster = Cluster()
    yield cluster
    cluster.stop()


@pytest.fixture(scope="session")
def empty_database(_server: StandingIn | None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database to be copied: a migration for each test would take longer than it."""
    return kept.empty_database(tmp_path_factory.mktemp("empty"))


@pytest.fixture
def clock() -> SimulatedClock:
    return SimulatedClock(MONDAY)


@pytest.fixture
def empty_project(tmp_path: Path) -> Path:
    """A project folder with the shipped templates and settings, without people or content."""
    root = tmp_path / "project"
    root.mkdir()
    shutil.copytree(CHECKOUT / "templates", root / "templates")
    shutil.copy(CHECKOUT / "bypost.toml", root)
    return root


@pytest.fixture
def shipped_project(tmp_path: Path) -> Path:
    """A copy of everything an operator edits, as shipped."""
    root = tmp_path / "shipped"
    root.mkdir()
    for folder in ("templates", "lessons", "newsletters"):
        shutil.copytree(CHECKOUT / folder, root / folder)
    for name in ("bypost.toml", "subscribers.csv", "personas.toml"):
        shutil.copy(CHECKOUT / name, root)
    return root


def write_course(
    root: Path,
    name: str = "letters",
    delays: tuple[str, ...] = ("at once", "1 day", "1 day"),
    **settings: str,
) -> None:
    """Write a small course: lessons ``one``, ``two``, ``three`` ... with these delays."""
    folder = root / "lessons" / name
    folder.mkdir(parents=True)
    extra = "".join(f'{key} = "{value}"\n' for key, value in settings.items())
    (folder / "course.toml").write_text(
        f'title = "Course {name}"\nsummary = "A course for tests."\n{extra}', encoding="utf-8"
    )
    names = ("one", "two", "three", "four", "five")
    for number, (lesson, delay) in enumerate(zip(names, delays, strict=False)):
        text = LESSON.format(id=lesson, delay=delay)
        (folder / f"{number:02d}-{lesson}.md").write_text(text, encoding="utf-8")


def write_people(root: Path, *rows: str, header: str = "email,name,time_zone") -> None:
    """Write ``subscribers.csv``."""
    text = "\n".join((header, *rows)) + "\n"
    (root / "subscribers.csv").write_text(text, encoding="utf-8")


@pytest.fixture
def open_context(clock: SimulatedClock, empty_database: Path) -> Iterator[Callable[..., Context]]:
    """Open project folders with the test's clock; everything is closed at the end."""
    opened: list[Store] = []

    def opening(root: Path, environ: dict[str, str] | None = None) -> Context:
        settings = load_settings(root, environ or {})
        settings = settings.model_copy(
            update={"sending": settings.sending.model_copy(update={"threads": 2})}
        )
        url = make_url(settings.database.url)
        file = root / str(url.database)
        # A second one gets a tag of its own.
        if url.get_backend_name() == "sqlite" and not opened and not file.exists():
            file.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(empty_database, file)
        store = Store(settings.database.url, root=root)
        event.listen(store._writer, "connect", kept.do_not_flush)
        opened.append(store)
        migrate.upgrade(store)
        return wire(root, settings, store, clock)

    yield opening
    for store in opened:
        store.close()
