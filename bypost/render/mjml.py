"""The only door to mrml: MJML in, HTML out, with errors that name a line.

mrml accepts nearly anything in silence, so :mod:`bypost.render.validate` has looked before. Three
of its habits are dealt with here: fonts from a remote host unless told otherwise, comments kept,
and errors that give a byte offset.
"""

from __future__ import annotations

import re

from mjml import mjml2html

from bypost.errors import ContentError, Problem
from bypost.render.frames import AT, FOLDER

_PLACE = re.compile(rf' {AT}="([^":]+):(\d+)"')
_OFFSET = re.compile(r"position (\d+)")


def bare(source: str) -> str:
    """Return a document without the places of its elements: what MJML itself is."""
    return _PLACE.sub("", source)


def compile_mjml(source: str, template: str) -> str:
    """Return the HTML of a whole MJML document whose elements may carry their places.

    Args:
        source: The document.
        template: Name of the template it came from, for errors without a better place.

    Raises:
        ContentError: mrml could not read it.
    """
    try:
        return mjml2html(bare(source), fonts={}, disable_comments=True)
    except Exception as error:
        file, line = _place(source, str(error)) or (template, None)
        message = f"MJML cannot be read: {error}"
        fix = "look for an element that is not closed, or a bare `<` or `&`"
        raise ContentError(
            Problem(f"{FOLDER}/{file}", line, message, fix, "mjml-syntax")
        ) from error


def _place(source: str, message: str) -> tuple[str, int] | None:
    """Return the place of the last element that begins before the offset in ``message``."""
    offset = _OFFSET.search(message)
    if not offset:
        return None
    removed = 0
    found: tuple[str, int] | None = None
    for place in _PLACE.finditer(source):
        if len(source[: place.start()].encode()) - removed > int(offset[1]):
            break
        removed += len(place[0].encode())
        found = place[1], int(place[2])
    return found
