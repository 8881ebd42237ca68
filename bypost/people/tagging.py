"""Tags and attributes of a person, changed by whoever runs the project.

A file changes them back only with a cell that is another than before.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from bypost.people.columns import KNOWN, clean
from bypost.store import Connection, Row, subscribers

#: Characters of a tag, of an attribute's name and of its text; how many somebody may have.
LONGEST, LONGEST_TEXT, MOST = 64, 500, 100


def read_tag(typed: str) -> str:
    """Return a tag as it is kept.

    Raises:
        ValueError: It cannot be one, with a sentence that says why.
    """
    tag = clean(typed)
    if not tag:
        raise ValueError("write a tag")
    if ";" in tag or not tag.isprintable():
        raise ValueError("a tag has no `;` and nothing that cannot be seen: it stands in a list")
    if len(tag) > LONGEST:
        raise ValueError(f"a tag has at most {LONGEST} characters")
    return tag


def add_tag(connection: Connection, person: Row, tag: str) -> bool:
    """Give somebody a tag; return False where they have it, or have as many as they may."""
    if tag in person["tags"] or len(person["tags"]) >= MOST:
        return False
    subscribers.change(connection, person["id"], {"tags": [*person["tags"], tag]})
    return True


def remove_tag(connection: Connection, person: Row, tag: str) -> bool:
    """Take a tag from somebody; return False where they do not have it."""
    if tag not in person["tags"]:
        return False
    subscribers.change(
        connection, person["id"], {"tags": [one for one in person["tags"] if one != tag]}
    )
    return True


def set_tags(connection: Connection, person: Row, tags: Iterable[str]) -> None:
    """Give somebody these tags and no others.

    Raises:
        ValueError: One of them cannot be a tag, or they are too many.
    """
    wanted = list(dict.fromkeys(read_tag(one) for one in tags))
    if len(wanted) > MOST:
        raise ValueError(f"somebody has at most {MOST} tags")
    if wanted != person["tags"]:
        subscribers.change(connection, person["id"], {"tags": wanted})


def read_attribute(name: str, text: str) -> tuple[str, str]:
    """Return an attribute as it is kept: its name and its text, which may be empty.

    Raises:
        ValueError: It cannot be one, with a sentence that says why.
    """
    kept, value = " ".join(clean(name).casefold().split()), clean(text)
    if not kept:
        raise ValueError("write the name of the attribute")
    if kept in KNOWN:
        raise ValueError(f"`{kept}` has a field of its own")
    if len(kept) > LONGEST or not kept.isprintable():
        raise ValueError(f"a name has at most {LONGEST} characters, all of which can be seen")
    if len(value) > LONGEST_TEXT or "\0" in value:
        raise ValueError(f"a text has at most {LONGEST_TEXT} characters")
    return kept, value


def set_attributes(connection: Connection, person: Row, changes: Mapping[str, str | None]) -> None:
    """Change attributes of somebody; None takes one away, the others stay.

    Raises:
        ValueError: They would be too many.
    """
    wanted = {**person["attributes"], **changes}
    kept = {name: text for name, text in wanted.items() if text is not None}
    if len(kept) > MOST:
        raise ValueError(f"somebody has at most {MOST} attributes")
    if kept != person["attributes"]:
        subscribers.change(connection, person["id"], {"attributes": kept})
