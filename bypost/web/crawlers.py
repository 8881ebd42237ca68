"""``/robots.txt`` and ``/sitemap.xml``: what search engines may list."""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree.ElementTree import Element, SubElement, tostring

from starlette.responses import PlainTextResponse, Response

from bypost.web.archive import Archive
from bypost.web.doors import Doors
from bypost.web.public import LISTED

_SITEMAP = "http://www.sitemaps.org/schemas/sitemap/0.9"
_HEADERS = {**LISTED, "Cache-Control": "public, max-age=300"}


class Crawlers:
    """Answers search engines."""

    def __init__(self, doors: Doors, archive: Archive) -> None:
        self._doors = doors
        self._archive = archive

    def robots(self) -> Response:
        """Keep crawlers from people's own pages; these say ``noindex`` of themselves, too."""
        closed = ("/c/", "/f/", "/p/", "/u/", "/embed/", "/api/")
        lines = ["User-agent: *", *(f"Disallow: {path}" for path in closed)]
        base = self._doors.context.links.base_url
        return PlainTextResponse(
            "\n".join((*lines, "", f"Sitemap: {base}/sitemap.xml", "")), headers=_HEADERS
        )

    def sitemap(self) -> Response:
        """List every page that anybody may read."""
        base = self._doors.context.links.base_url
        root = Element("urlset", {"xmlns": _SITEMAP})
        for path, day in self._pages():
            url = SubElement(root, "url")
            SubElement(url, "loc").text = f"{base}{path}"
            if day:
                SubElement(url, "lastmod").text = day
        text = tostring(root, encoding="utf-8", xml_declaration=True)
        return Response(text, media_type="application/xml", headers=_HEADERS)

    def _pages(self) -> Iterator[tuple[str, str]]:
        """Yield each page's path, and the date of its last change where that is known."""
        catalogue = self._doors.catalogue
        courses = catalogue.courses()
        if len(courses) != 1:
            yield "/", ""
        for course in courses:
            yield f"/courses/{course.id}", ""
            yield from ((link.path, "") for _, link in self._archive.lessons(course))
        for newsletter in catalogue.newsletters():
            yield f"/newsletters/{newsletter.id}", ""
            for one in self._archive.issues(newsletter):
                yield one.path, one.at.date().isoformat()
