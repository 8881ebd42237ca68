"""What may be sent, for those who only look: nothing is compiled, taken over or written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from bypost.content.loader import NOTICES as TEMPLATES
from bypost.content.loader import Library, load_project_content
from bypost.delivery import last_pass
from bypost.delivery.context import Context
from bypost.delivery.edit import Change, changes
from bypost.delivery.issue_order import ReadyIssue, ordered
from bypost.delivery.last_pass import LastPass
from bypost.delivery.shape import Shape, shape_of
from bypost.delivery.shape_file import load
from bypost.model.course import Issue, IssueStatus, Newsletter
from bypost.store import Connection, contents


@dataclass(frozen=True, slots=True, kw_only=True)
class Programme:
    """Courses and issues as the next pass would find them.

    Attributes:
        shapes: Every course that was ever taken over, as people go through it.
        sends: Courses among them of which something goes out: their folder is there and sound.
        held: Folder or file that sends nothing -> what is wrong with it first.
        waiting: Course -> changes of structure in its files that wait for ``bypost apply``.
        files: Course -> its lessons as the files have them.
        newsletters: By id.
        ready: Issues that go out at their time, by their files and by what was ordered.
    """

    shapes: Mapping[str, Shape]
    sends: frozenset[str]
    held: Mapping[str, str]
    waiting: Mapping[str, Sequence[Change]]
    files: Mapping[str, frozenset[str]]
    newsletters: Mapping[str, Newsletter]
    ready: Sequence[ReadyIssue]

    @property
    def courses(self) -> dict[str, Shape]:
        """Return the courses of which something goes out."""
        return {name: shape for name, shape in self.shapes.items() if name in self.sends}

    def trouble(self, course: str) -> str:
        """Return why a course sends nothing; empty where it does."""
        if course in self.sends:
            return ""
        return self.held.get(f"lessons/{course}") or f"its folder lessons/{course} is not there"

    def lessons(self) -> Iterator[tuple[str, str]]:
        """Yield every course with every lesson that is or was in it."""
        for course, shape in self.shapes.items():
            for lesson in {step.lesson for step in shape.steps} | self.files.get(course, set()):
                yield course, lesson


def programme(context: Context, connection: Connection) -> Programme:
    """Return what may be sent as things stand."""
    library = load_project_content(context.root)
    last = last_pass.read(connection)
    held = _held(library, last)
    shapes = {course: load(plain) for course, plain in contents.applied(connection).items()}
    sound = {course.id for course in library.courses if course.path not in held}
    # What cannot be compiled only a pass finds out.
    sent = set(last.courses) if last else set(shapes)
    no_mail = last is not None and TEMPLATES in last.held and not last.courses
    ready = [
        # What it says does not matter here: nothing is owed by it.
        ReadyIssue(newsletter, issue, "")
        for newsletter in library.newsletters
        for issue in newsletter.issues
        if _goes_out(context, issue) and issue.source.path not in held
    ]
    return Programme(
        shapes=shapes,
        sends=frozenset(sound & sent & set(shapes)),
        held=held,
        waiting=dict(_waiting(library, shapes)),
        files={one.id: frozenset(lesson.id for lesson in one.lessons) for one in library.courses},
        newsletters={newsletter.id: newsletter for newsletter in library.newsletters},
        ready=[] if no_mail else ordered(connection, ready),
    )


def _waiting(
    library: Library, shapes: Mapping[str, Shape]
) -> Iterator[tuple[str, Sequence[Change]]]:
    """Yield the courses whose files have another structure than people go through."""
    for course in library.courses:
        if course.id in shapes:
            # Texts are compared by nobody: only structure waits.
            texts = {lesson.id: (lesson.subject, "") for lesson in course.lessons}
            found = changes(shapes[course.id], shape_of(course, texts))
            if found:
                yield course.id, found


def _held(library: Library, last: LastPass | None) -> dict[str, str]:
    found = {folder: problems[0].message for folder, problems in library.broken.items()}
    for folder, told in (last.held if last else {}).items():
        if told:
            found.setdefault(folder, str(told[0]["message"]))
    return found


def _goes_out(context: Context, issue: Issue) -> bool:
    return issue.status is IssueStatus.READY or context.drafts
