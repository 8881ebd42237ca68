"""What the public pages share: the links at their head, and what other sites show of them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from markupsafe import Markup

from bypost.model.course import Course, Sender
from bypost.web.catalogue import Catalogue
from bypost.web.facts import Facts

#: Pages that search engines may list; whatever has no such header is kept out of them.
LISTED = {"X-Robots-Tag": "all", "Cache-Control": "no-cache"}
#: Links at the head of a page; more than these nobody reads.
_MOST_LINKS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """What other sites show of a link to a page.

    Attributes:
        url: Its one address, whichever way it was reached.
        kind: As Open Graph has it.
        image: Address of a picture; empty for none.
        feed: Path of its Atom feed; empty for none.
        data: Structured data (JSON-LD), ready for a script element.
    """

    url: str
    title: str
    about: str
    kind: str = "website"
    image: str = ""
    feed: str = ""
    data: Markup | str = ""


@dataclass(frozen=True, slots=True)
class Link:
    """A link at the head of a page, or to the page before or after."""

    path: str
    title: str


def menu(catalogue: Catalogue) -> list[Link]:
    """Return the links at the head of every public page."""
    courses, newsletters = catalogue.courses(), catalogue.newsletters()
    if len(courses) + len(newsletters) < 2:
        return []
    found = [Link(f"/courses/{one.id}", one.title) for one in courses]
    found += [Link(f"/newsletters/{one.id}", one.title) for one in newsletters]
    if len(found) <= _MOST_LINKS:
        return found
    return [Link("/courses", "Courses and newsletters")]


def course_data(course: Course, facts: Facts, url: str, sender: Sender, site: str) -> Markup:
    """Return a course as schema.org has it."""
    workload = f"PT{sum(line.minutes for line in facts.lines)}M"
    return json_ld(
        {
            "@context": "https://schema.org",
            "@type": "Course",
            "name": course.title,
            "description": course.summary,
            "url": url,
            "inLanguage": course.language,
            "isAccessibleForFree": True,
            "provider": {"@type": "Organization", "name": sender.name, "url": site},
            "offers": {"@type": "Offer", "category": "Free"},
            "hasCourseInstance": {
                "@type": "CourseInstance",
                "courseMode": "online",
                "courseWorkload": workload,
            },
            **({"image": course.image} if course.image else {}),
        }
    )


def json_ld(data: Mapping[str, object]) -> Markup:
    """Return ``data`` for a script element: nothing in it can end that element."""
    text = json.dumps(data, ensure_ascii=False)
    for sign in "<>&":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return Markup(text)  # noqa: S704 - signs that mean something in HTML are written as escapes
