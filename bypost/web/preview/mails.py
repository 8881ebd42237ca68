"""One mail of the bench: its page with every way to look at it, and the frames in that page."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from bypost.web.preview import problems, source
from bypost.web.preview.bench import Bench, choice_of
from bypost.web.preview.choice import SCHEMES, VIEWS, WIDTHS, Choice
from bypost.web.preview.frame import framed, policy
from bypost.web.preview.menu import PREFIX
from bypost.web.preview.part import part_of
from bypost.web.preview.session import Picture
from bypost.web.preview.shelf import Entry


@dataclass(frozen=True, slots=True, kw_only=True)
class Pane:
    """One frame of the page.

    Attributes:
        address: Another as soon as the mail in it differs.
    """

    width: int
    scheme: str
    address: str

    @property
    def name(self) -> str:
        """Return what the frame is called on the page."""
        return f"pane-{self.width}-{self.scheme}"

    @property
    def title(self) -> str:
        """Return what it shows, for people."""
        return f"{self.width} px, {SCHEMES[self.scheme].lower()}"


class Mails:
    """The pages about single mails."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench

    def routes(self) -> list[BaseRoute]:
        """Return the addresses."""
        return [
            Route(PREFIX, self.home),
            Route(f"{PREFIX}/problems", self.problems),
            Route(f"{PREFIX}/mail/{{path:path}}", self.show),
            Route(f"{PREFIX}/frame/{{path:path}}", self.frame),
            Route(f"{PREFIX}/eml/{{path:path}}", self.eml),
            Route(f"{PREFIX}/source/{{path:path}}", self.source),
            Route(f"{PREFIX}/assets/{{name}}", self.asset),
        ]

    def home(self, request: Request) -> Response:
        """Go to the first mail."""
        self._bench.session.refresh()
        entries = self._bench.session.shelf.entries
        if not entries:
            return self._bench.show(request, "preview_empty")
        return RedirectResponse(address_of(entries[0], choice_of(request)), 303)

    def problems(self, request: Request) -> Response:
        """Show everything the checks say, file by file."""
        session = self._bench.session
        session.refresh()
        groups: dict[str, list[problems.Told]] = {}
        for one in problems.told(session.told()):
            groups.setdefault(one.finding.path, []).append(one)
        mails = {entry.path: entry for entry in session.shelf.entries}
        return self._bench.show(
            request,
            "preview_problems",
            groups=dict(sorted(groups.items())),
            mails=mails,
            editor=self._editor,
            lead=self._mail_link,
        )

    def show(self, request: Request) -> Response:
        """Show a mail in the way its address asks for."""
        session = self._bench.session
        session.refresh()
        entry = session.shelf.find(request.path_params["path"])
        if entry is None:
            return self._bench.gone(request)
        choice = choice_of(request)
        persona = session.persona(choice.persona)
        at = choice.instant(persona, session.clock)
        picture = session.picture(entry, persona, at)
        told = problems.of_mail(session, entry)
        return self._bench.show(
            request,
            "preview_mail",
            entry=entry,
            picture=picture,
            personas=session.state.personas,
            persona=persona,
            at=at,
            panes=panes(entry, choice, picture) if choice.view == "mail" else (),
            part=part_of(session, entry, persona, at, choice.view),
            widths=tuple(dict.fromkeys((*WIDTHS, *choice.widths))),
            schemes=SCHEMES,
            views=VIEWS,
            eml=address_of(entry, choice, "eml"),
            told=told,
            # The heaviest comes first, and is to stay where a line has several.
            marks={one.finding.line: one.finding.level for one in reversed(told)},
            around=problems.around(session, entry),
            editor=self._editor,
        )

    def frame(self, request: Request) -> Response:
        """Return the HTML of a mail for a frame, where nothing of it can run."""
        session, choice = self._bench.session, choice_of(request)
        entry = session.shelf.find(request.path_params["path"])
        persona = session.persona(choice.persona)
        at = choice.instant(persona, session.clock)
        mail = session.picture(entry, persona, at).mail if entry else None
        if mail is None:
            return PlainTextResponse("There is no such mail.\n", 404)
        assets = f"{session.state.settings.site.base_url}/assets/"
        html = framed(mail.html, choice, choice.schemes[0], assets=assets)
        return HTMLResponse(html, headers={"Content-Security-Policy": policy(choice)})

    def eml(self, request: Request) -> Response:
        """Return a mail as a file that mail programs open."""
        session, choice = self._bench.session, choice_of(request)
        entry = session.shelf.find(request.path_params["path"])
        persona = session.persona(choice.persona)
        at = choice.instant(persona, session.clock)
        part = part_of(session, entry, persona, at, "message") if entry else None
        if entry is None or part is None or part.complaint:
            return self._bench.gone(request)
        name = f"attachment; filename*=UTF-8''{quote(entry.name)}-{quote(persona.key)}.eml"
        headers = {"Content-Disposition": name}
        return Response(part.data, media_type="message/rfc822", headers=headers)

    def source(self, request: Request) -> Response:
        """Show the lines of a file that a paragraph comes from, and the way into an editor."""
        path = request.path_params["path"]
        lines = source.lines_of(self._bench.session.root, path)
        said = request.query_params.get("line", "1")
        number = int(said) if said.isascii() and said.isdigit() and len(said) < 8 else 1
        if lines is None or number > len(lines):
            return self._bench.gone(request)
        return self._bench.pages.show(
            "preview_source",
            path=path,
            number=number,
            lines=source.paragraph(lines, number),
            editor=self._editor,
        )

    def asset(self, request: Request) -> Response:
        """Return an image of a mail that was looked at."""
        asset = self._bench.session.asset(request.path_params["name"])
        if asset is None:
            return PlainTextResponse("There is no such image.\n", 404)
        return Response(asset.data, media_type=asset.media_type)

    def _editor(self, path: str, line: int | None) -> str:
        session = self._bench.session
        template = session.state.settings.preview.editor
        return source.editor_link(template, session.root, path, line)

    def _mail_link(self, entry: Entry, line: int | None) -> str:
        """Return where the Markdown of a mail is shown, at a line."""
        return address_of(entry, Choice(view="markdown")) + (f"#line-{line}" if line else "")


def address_of(entry: Entry, choice: Choice, page: str = "mail") -> str:
    """Return the address of a page about a mail."""
    return f"{PREFIX}/{page}/{quote(entry.path)}{choice.query()}"


def panes(entry: Entry, choice: Choice, picture: Picture) -> Sequence[Pane]:
    """Return the frames that show a mail: each width in each colour scheme."""
    if picture.mail is None:
        return ()
    version = hashlib.sha256(picture.mail.html.encode()).hexdigest()[:12]
    shown = []
    for scheme in choice.schemes:
        query = choice.query(view="mail", widths=Choice().widths, schemes=(scheme,))
        address = f"{PREFIX}/frame/{quote(entry.path)}{query}{'&' if query else '?'}v={version}"
        shown.append((scheme, address))
    return [
        Pane(width=width, scheme=scheme, address=address)
        for width in choice.widths
        for scheme, address in shown
    ]
