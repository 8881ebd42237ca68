"""What courses and newsletters are called, and the zone of people whose own is not known."""

from __future__ import annotations

from bypost.content.loader import load_project_content
from bypost.content.watch import signature
from bypost.delivery import shape_file
from bypost.delivery.context import Context
from bypost.delivery.shape import Shape
from bypost.store import Connection, contents


class Titles:
    """Names for pages; a folder's name where nothing better is known."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._seen: object = None
        self._newsletters: dict[str, tuple[str, str]] = {}
        self._drafts = 0

    def shape(self, connection: Connection, course: str) -> Shape | None:
        """Return a course as people go through it; None if it was never taken over."""
        plain = contents.applied(connection).get(course)
        return shape_file.load(plain) if plain else None

    def title(self, connection: Connection, kind: str, name: str) -> str:
        """Return the title of a course or newsletter."""
        if kind == "course":
            shape = self.shape(connection, name)
            return shape.title if shape else name
        self._look()
        return self._newsletters.get(name, (name, ""))[0]

    def zones(self, connection: Connection) -> dict[str, str]:
        """Return the zone of each course and newsletter, by folder name."""
        self._look()
        zones = {name: zone for name, (_, zone) in self._newsletters.items()}
        applied = contents.applied(connection)
        return zones | {course: plain["time_zone"] for course, plain in applied.items()}

    def drafts(self) -> int:
        """Return how many issues are drafts: they never go out as they are."""
        self._look()
        return self._drafts

    def _look(self) -> None:
        """Read the newsletters again if a file changed."""
        found = signature(self._context.root)
        if found == self._seen:
            return
        library = load_project_content(self._context.root)
        self._newsletters = {n.id: (n.title, n.time_zone) for n in library.newsletters}
        issues = [issue for n in library.newsletters for issue in n.issues]
        self._drafts = sum(issue.status == "draft" for issue in issues)
        self._seen = found
