"""Plans between two states of a project, for pull requests."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bypost.delivery.planning import Planned

#: People that are assumed where there is no database and no number was given.
_ASSUMED = 100


def compared(
    project: Path,
    course: str,
    base: str,
    head: str,
    people: int,
    on_person: Callable[[int], None],
) -> Planned:
    """Return what would wait for people who go by the revision ``base``.

    Args:
        head: A revision; empty for the files as they are.
        people: So many assumed people; 0 for those of the database, if there is one.
    """
    from bypost.check.compare.revision import Repository
    from bypost.delivery.concerned import assumed
    from bypost.delivery.planning import between
    from bypost.delivery.wishes import read_wishes
    from bypost.project import is_new, open_project, open_without_database
    from bypost.settings import load_settings
    from bypost.settings.folder import project_folder

    root = project_folder(project.resolve())
    repository = Repository(root)
    real = not people and not is_new(root)
    with ExitStack() as stack:
        folders = []
        for name in (base, head):
            folder = Path(stack.enter_context(TemporaryDirectory(prefix="bypost-plan-")))
            if name:
                repository.extract(repository.revision(name), folder)
            folders.append(folder if name else root)
        if real:
            context = stack.enter_context(open_project(root, upgrade=False))
        else:
            context = stack.enter_context(open_without_database(root, load_settings(root)))
        number, now = people or _ASSUMED, context.clock.now()
        return between(
            context,
            read_wishes(context, folders[0]),
            read_wishes(context, folders[1]),
            course,
            None if real else partial(assumed, number, now=now),
            on_person,
        )
