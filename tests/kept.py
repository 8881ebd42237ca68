"""What is made once and kept for all tests of a process: it took most of their time.

Kept are an empty database, SQL as SQLAlchemy compiled it, templates as Jinja compiled them, and
lessons as they were compiled from the same bytes. Nothing that a test writes is kept.
"""

from __future__ import annotations

import hashlib
import pickle
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import CodeType
from typing import Any

import jinja2
import pytest
from jinja2 import bccache
from sqlalchemy import Engine, create_engine, select

from bypost.delivery import wishes
from bypost.model.content import Content
from bypost.model.course import Course, Issue, Lesson, Newsletter, Notice
from bypost.model.theme import PLAIN, Theme
from bypost.render import jinja
from bypost.render.compile import Compiler
from bypost.store import Store, migrate, sqlite
from bypost.store.schema import metadata
from bypost.web import pages
from tests.postgres import standing_in

#: Statements; one store alone keeps 500.
_STATEMENTS = 5_000


def empty_database(folder: Path) -> Path:
    """Make a database of this version without anything in it; to be copied."""
    store = Store("sqlite:///empty.db", root=folder)
    migrate.upgrade(store)
    store.close()
    return folder / "empty.db"


def do_not_flush(connection: Any, _record: object) -> None:
    """Set a new connection up so that nothing waits for the disk.

    Where a crash is an exception, and not a power cut, nothing needs to reach it.
    """
    if isinstance(connection, sqlite3.Connection):
        connection.execute("PRAGMA synchronous = OFF")


def snapshot(store: Store) -> Any:
    """Return all that stands in a database, for :func:`put`; nothing may be going on there."""
    if store.is_shared:
        with standing_in.opened(store) as connection:
            return standing_in.take(connection)
    store.close()
    return store.path.read_bytes()


def copy(store: Store, to: Path) -> None:
    """Make a file that a copy of a store's database can be opened by."""
    if store.is_shared:
        standing_in.copy(store, to)
    else:
        store.copy_to(to)


def put(store: Store, content: Any) -> None:
    """Put what :func:`snapshot` returned in the place of what stands in a store's database."""
    if store.is_shared:
        with standing_in.opened(store) as connection:
            standing_in.put(connection, content)
        return
    store.close()
    for end in ("-wal", "-shm"):
        store.path.with_name(store.path.name + end).unlink(missing_ok=True)
    store.path.write_bytes(content)


def everything(store: Store) -> list[str]:
    """Return all rows of a database."""
    with store.read() as connection:
        return [
            f"{table.name}: {row}"
            for table in metadata.sorted_tables
            for row in connection.execute(select(table).order_by(*table.primary_key))
        ]


@contextmanager
def one_set_of_sql() -> Iterator[None]:
    """Let all stores share what SQLAlchemy has compiled; each would compile the same again."""
    shared = create_engine("sqlite://", query_cache_size=_STATEMENTS)
    shared.connect().close()  # the dialect asks its database once what it can do
    shared.dispose()

    def sharing(*words: Any, **options: Any) -> Engine:
        made = create_engine(*words, **options)
        made.dialect, made._compiled_cache = shared.dialect, shared._compiled_cache
        return made

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sqlite, "create_engine", sharing)
        yield


class _Code(jinja2.BytecodeCache):
    """Templates of environments that are set up alike, by their name and their text."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str], CodeType] = {}

    def get_cache_key(self, name: str, filename: str | None = None) -> str:
        """Return the name alone: each project of a test has its copy of the same templates."""
        return name

    def get_bucket(
        self, environment: jinja2.Environment, name: str, filename: str | None, source: str
    ) -> bccache.Bucket:
        bucket = super().get_bucket(environment, name, filename, source)
        if bucket.code and filename:
            bucket.code = _in_file(bucket.code, filename)
        return bucket

    def load_bytecode(self, bucket: bccache.Bucket) -> None:
        bucket.code = self._kept.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: bccache.Bucket) -> None:
        assert bucket.code
        self._kept[bucket.key, bucket.checksum] = bucket.code


def _in_file(code: CodeType, filename: str) -> CodeType:
    """Return code as if it had been compiled from a file: errors name it."""
    if code.co_filename == filename:
        return code
    inner = (_in_file(it, filename) if isinstance(it, CodeType) else it for it in code.co_consts)
    return code.replace(co_filename=filename, co_consts=tuple(inner))


@contextmanager
def one_set_of_templates() -> Iterator[None]:
    """Let pages and mails take compiled templates from those of the same text before them."""
    with pytest.MonkeyPatch.context() as patch:
        for module, name in ((pages, "Environment"), (jinja, "SandboxedEnvironment")):
            patch.setattr(module, name, partial(getattr(module, name), bytecode_cache=_Code()))
        yield


class _Keeping(Compiler):
    """Compiles a mail only if it has not done so before, from the same bytes."""

    kept: dict[bytes, Content] = {}  # noqa: RUF012 - shared on purpose

    def __init__(self, root: Path, **options: Any) -> None:
        super().__init__(root, **options)
        self._theme: Theme = options.get("theme", PLAIN)
        self._ground = (_files(root / "templates"), options)

    def lesson(self, course: Course, lesson: Lesson) -> Content:
        if self._has_pictures(lesson) or course.clicks:
            return super().lesson(course, lesson)
        return self._once(lambda: super(_Keeping, self).lesson(course, lesson), course, lesson)

    def issue(self, newsletter: Newsletter, issue: Issue) -> Content:
        if self._has_pictures(issue) or newsletter.clicks:
            return super().issue(newsletter, issue)
        return self._once(lambda: super(_Keeping, self).issue(newsletter, issue), newsletter, issue)

    def notice(self, notice: Notice, *, language: str = "en") -> Content:
        if self._has_pictures(notice):
            return super().notice(notice, language=language)
        make = super().notice
        return self._once(lambda: make(notice, language=language), notice, language)

    def _has_pictures(self, mail: Lesson | Issue | Notice) -> bool:
        """Tell whether files beside the text count: they are read anew, and kept by a compiler."""
        return "![" in mail.source.body or self._theme.logo is not None

    def _once(self, make: Callable[[], Content], *of: object) -> Content:
        key = hashlib.sha256(pickle.dumps((self._ground, of))).digest()
        if key not in self.kept:
            self.kept[key] = make()
        return self.kept[key]


def _files(folder: Path) -> list[tuple[str, bytes]]:
    found = sorted(path for path in folder.rglob("*") if path.is_file())
    return [(str(path.relative_to(folder)), path.read_bytes()) for path in found]


@contextmanager
def compiled_once() -> Iterator[None]:
    """Let passes take lessons from what was compiled before; all else compiles as ever."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(wishes, "Compiler", _Keeping)
        yield
