"""Taking over content: what checks clean is compiled and stored; only stored content is sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass, field, replace
from datetime import datetime, timedelta

from bypost.content.loader import Library, load_project_content
from bypost.content.watch import Stamp, file_stamp, signature
from bypost.delivery.applied import as_applied, take_over
from bypost.delivery.context import Context
from bypost.delivery.edit import Change
from bypost.delivery.issue_order import ReadyIssue as ReadyIssue
from bypost.delivery.shape import Shape
from bypost.delivery.wishes import compiler_for, read_courses
from bypost.errors import ContentError, Problem
from bypost.model.asset import Asset
from bypost.model.content import Content
from bypost.model.course import IssueStatus, Kind
from bypost.people.columns import attribute_names
from bypost.render.assets import served
from bypost.render.compile import Compiler
from bypost.render.redirects import Redirect
from bypost.render.stored import dump
from bypost.store import Connection, assets, clicks, contents
from bypost.store import notices as store

#: What the files of each folder look like from outside.
Files = Mapping[str, tuple[Stamp, ...]]
#: An author may be in the middle of saving: files count once they have been still for so long.
STILL = timedelta(seconds=60)


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """What may be sent now.

    Attributes:
        shapes: Courses by id, as people go through them.
        wishes: The same as their files would have them.
        waiting: Changes of structure that wait for ``bypost apply``, by course.
        issues: Ready issues.
        known_courses: Every course folder, broken ones too.
        notices: Content of each notice by its id; a broken one keeps the last good one.
        held: Why a folder sends nothing: folder -> problems.
    """

    shapes: Mapping[str, Shape] = field(default_factory=dict)
    wishes: Mapping[str, Shape] = field(default_factory=dict)
    waiting: Mapping[str, Sequence[Change]] = field(default_factory=dict)
    issues: Sequence[ReadyIssue] = ()
    known_courses: frozenset[str] = frozenset()
    known_newsletters: frozenset[str] = frozenset()
    notices: Mapping[str, str] = field(default_factory=dict)
    held: Mapping[str, Sequence[Problem]] = field(default_factory=dict)


class Publisher:
    """Takes over the working tree, and remembers it while nothing changes."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._seen: tuple[Files, frozenset[str], Stamp | None] | None = None
        self._stamps: Mapping[str, datetime] = {}
        self._last = Published()
        #: Whether files were saved a moment ago, and are taken over once they have been still.
        self.is_waiting = False

    def take_over(self, *, patient: bool) -> Published:
        """Return what may be sent.

        A course with a problem is held as a whole: nothing of it is sent until it is mended.

        Args:
            patient: Leave files alone until they have been still for :data:`STILL`; a single
                pass started by hand takes them as they are.
        """
        now = self._context.clock.now()
        root = self._context.root
        files = signature(root)
        # Which attributes lessons may use depends on the CSV's first line.
        seen = (files, attribute_names(root), _logo(self._context))
        resting = patient and self._seen is not None and _just_saved(files, now)
        self.is_waiting = seen != self._seen and resting
        if seen != self._seen and not resting:
            self._last = publish(self._context, now)
            self._seen = seen
        elif self._applied() != self._stamps:  # by another process: `bypost apply`
            self._last = _refreshed(self._context, self._last)
        self._stamps = self._applied()
        return self._last

    def _applied(self) -> Mapping[str, datetime]:
        with self._context.store.read() as connection:
            return contents.applied_at(connection)


def publish(context: Context, now: datetime) -> Published:
    """Load, compile and store everything in the project's folders."""
    library = load_project_content(context.root)
    held: dict[str, Sequence[Problem]] = dict(library.broken)
    compiled: list[Content] = []
    shapes: dict[str, Shape] = {}
    issues: list[ReadyIssue] = []
    pictures: Mapping[str, Asset] = {}
    redirects: Mapping[str, Redirect] = {}
    try:
        compiler = compiler_for(context)
    except ContentError as error:  # no mail can be built at all
        held["templates/email"] = error.problems
    else:
        shapes = read_courses(compiler, library, compiled, held)
        issues = _issues(context, compiler, library, compiled, held)
        _notices(compiler, library, compiled, held)
        pictures, redirects = compiler.assets, compiler.redirects
    _keep_pictures(context, pictures, compiled, now)
    titles = {newsletter.id: newsletter.title for newsletter in library.newsletters}
    with context.store.write() as connection:
        clicks.keep_addresses(connection, map(astuple, redirects.values()), now)
        _store(connection, compiled, now)
        taken = take_over(connection, shapes, now)
        texts = {one.item: one.hash for one in compiled if one.kind == Kind.NOTICE}
        store.put(connection, texts, titles)
        notices = store.texts(connection)
    return Published(
        shapes={course: one.shape for course, one in taken.items()},
        wishes=shapes,
        waiting={course: one.waiting for course, one in taken.items() if one.waiting},
        issues=issues,
        known_courses=_names(library, "lessons", [c.id for c in library.courses]),
        known_newsletters=_names(library, "newsletters", [n.id for n in library.newsletters]),
        notices=notices,
        held=held,
    )


def _refreshed(context: Context, last: Published) -> Published:
    """Return the same files, and the courses as they hold by now."""
    with context.store.read() as connection:
        taken = as_applied(connection, last.wishes)
    return replace(
        last,
        shapes={course: one.shape for course, one in taken.items()},
        waiting={course: one.waiting for course, one in taken.items() if one.waiting},
    )


def _logo(context: Context) -> Stamp | None:
    """Return what the file of the logo looks like, which stands in none of the folders."""
    name = context.settings.theme.logo  # may be an address on the web
    return file_stamp(context.root / name) if name else None


def _issues(
    context: Context,
    compiler: Compiler,
    library: Library,
    compiled: list[Content],
    held: dict[str, Sequence[Problem]],
) -> list[ReadyIssue]:
    """Compile the issues that are ready; a broken one is held alone."""
    ready = []
    for newsletter in library.newsletters:
        for issue in newsletter.issues:
            if issue.status is not IssueStatus.READY and not context.drafts:
                continue
            try:
                content = compiler.issue(newsletter, issue)
            except ContentError as error:
                held[issue.source.path] = error.problems
                continue
            compiled.append(content)
            ready.append(ReadyIssue(newsletter, issue, content.hash))
    return ready


def _notices(
    compiler: Compiler,
    library: Library,
    compiled: list[Content],
    held: dict[str, Sequence[Problem]],
) -> None:
    """Compile the notices; a broken one holds nothing but itself."""
    for notice in library.notices:
        try:
            compiled.append(compiler.notice(notice))
        except ContentError as error:
            held[notice.source.path] = error.problems


def _keep_pictures(
    context: Context, made: Mapping[str, Asset], compiled: Sequence[Content], now: datetime
) -> None:
    """Store the pictures of the compiled mails, before the mails themselves.

    Each in a transaction of its own: nobody waits for a megabyte to be written. One whose mails are
    not stored after all does no harm.
    """
    used = {asset.name: asset for content in compiled for asset in served(made, content)}
    if not used:
        return
    with context.store.read() as connection:
        there = assets.known(connection, used.keys())
    for name, asset in used.items():
        if name not in there:
            with context.store.write() as connection:
                assets.save(connection, asset, now)


def _store(connection: Connection, compiled: Sequence[Content], now: datetime) -> None:
    """Keep each compiled mail under its hash."""
    for content in compiled:
        contents.save(
            connection,
            content.hash,
            dump(content),
            kind=content.kind,
            collection=content.collection,
            item=content.item,
            title=content.title,
            now=now,
        )


def _names(library: Library, folder: str, loaded: Sequence[str]) -> frozenset[str]:
    """Return every folder's name, whether it loaded or not."""
    broken = {key.removeprefix(f"{folder}/") for key in library.broken if key.startswith(folder)}
    return frozenset(loaded) | broken


def _just_saved(files: Files, now: datetime) -> bool:
    """Tell whether some file changed less than :data:`STILL` ago."""
    newest = max((stamp[2] for stamps in files.values() for stamp in stamps), default=0)
    age = now.timestamp() - newest / 1e9
    return 0 <= age < STILL.total_seconds()
