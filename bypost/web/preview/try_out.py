"""Sending one mail as a marked test, to an address of the author's own."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import BaseRoute, Route

from bypost.content.personas import Persona
from bypost.errors import ByPostError, ContentError, SendError
from bypost.settings import Settings
from bypost.web.preview.bench import Bench, choice_of
from bypost.web.preview.choice import Choice, read_choice
from bypost.web.preview.mails import address_of
from bypost.web.preview.menu import PREFIX
from bypost.web.preview.person import values_of
from bypost.web.preview.session import Session
from bypost.web.preview.shelf import Entry

if TYPE_CHECKING:
    from datetime import datetime

    from bypost.delivery.marked import Handed, MarkedTests

PAGE = f"{PREFIX}/test"
_REF = "test-"


class TryOut:
    """The form, and what became of a test."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._lock = threading.Lock()
        #: Kept while the settings stay as they are: it counts how many tests leave.
        self._tests: tuple[Settings, MarkedTests] | None = None

    def routes(self) -> list[BaseRoute]:
        """Return the addresses."""
        return [
            Route(PAGE, self.send, methods=["POST"]),
            Route(f"{PAGE}/sent/{{ref}}", self.file),
            Route(f"{PAGE}/{{path:path}}", self.ask),
        ]

    def ask(self, request: Request) -> Response:
        """Show the form for one mail; sends nothing."""
        session = self._bench.session
        session.refresh()
        entry = session.shelf.find(request.path_params["path"])
        if entry is None:
            return self._bench.gone(request)
        return self._page(request, entry, choice_of(request))

    async def send(self, request: Request) -> Response:
        """Send what the form asks for, and say what became of it."""
        return await run_in_threadpool(self._send, request, await request.form())

    def _send(self, request: Request, form: FormData) -> Response:
        session = self._bench.session
        session.refresh()
        fields = {name: value for name, value in form.items() if isinstance(value, str)}
        entry = session.shelf.find(fields.get("path", ""))
        if entry is None:
            return self._bench.gone(request)
        choice = read_choice(fields.items())
        persona = session.persona(choice.persona)
        at, to = choice.instant(persona, session.clock), fields.get("to", "")
        try:
            handed = hand_over(session, self._current(session), entry, persona, at, to)
        except SendError as error:
            from bypost.delivery.marked import why_not

            return self._page(request, entry, choice, why_not(error), 502)
        except ByPostError as error:
            return self._page(request, entry, choice, f"Nothing was sent. {error}", 422)
        return self._page(request, entry, choice, handed=handed)

    def file(self, request: Request) -> Response:
        """Return a test out of the local mailbox, as the file it is."""
        ref = request.path_params["ref"]
        settings = self._bench.session.state.settings
        path = self._bench.session.root / settings.providers.outbox.path / f"{ref}.eml"
        sound = ref.startswith(_REF) and ref.replace("-", "").isalnum() and ref.isascii()
        if not sound or not path.is_file():
            return self._bench.gone(request)
        return FileResponse(path, media_type="message/rfc822", filename=path.name)

    def _current(self, session: Session) -> MarkedTests:
        settings = session.state.settings
        with self._lock:
            if self._tests is None or self._tests[0] != settings or session.state.problems:
                self._tests = settings, marked_tests(session)
            return self._tests[1]

    def _page(
        self,
        request: Request,
        entry: Entry,
        choice: Choice,
        trouble: str = "",
        status: int = 200,
        handed: Handed | None = None,
    ) -> Response:
        session = self._bench.session
        settings = session.state.settings
        return self._bench.show(
            request,
            "preview_test",
            status=status,
            entry=entry,
            asked=choice,
            mail=address_of(entry, Choice(persona=choice.persona, at=choice.at)),
            persona=session.persona(choice.persona),
            personas=session.state.personas,
            addresses=settings.preview.addresses,
            provider=settings.sending.provider[0],
            trouble=trouble,
            handed=handed,
            beside=self._bench.mailbox,
        )


def marked_tests(session: Session) -> MarkedTests:
    """Return what hands tests to the provider of the settings.

    Raises:
        SettingsError: the settings are still the sample's, and the provider is a real one.
        ContentError: the settings, or what else every mail depends on, cannot be read.
    """
    from bypost.delivery.marked import MarkedTests
    from bypost.project import open_without_database, refuse_sample_settings

    if session.state.problems:  # what is used meanwhile is of before, or a default
        raise ContentError(*session.state.problems)
    settings = session.state.settings
    context = open_without_database(session.root, settings, clock=session.clock)
    refuse_sample_settings(context)
    return MarkedTests(
        context.provider,
        sender=context.sender,
        links=context.links,
        allowed=settings.preview.addresses,
        clock=session.clock,
    )


def hand_over(
    session: Session,
    tests: MarkedTests,
    entry: Entry,
    persona: Persona,
    at: datetime,
    to: str,
) -> Handed:
    """Send a mail, as ``persona`` gets it at the instant ``at``, to a listed address.

    Raises:
        ContentError: it cannot be made.
        SettingsError: ``to`` is not listed.
        ByPostError: for whatever else keeps it from being sent; see ``MarkedTests.send``.
    """
    from bypost.render.personalise import Personaliser

    tests.check(to)  # before anything else: nobody waits for a compiler to hear a no
    content = session.content(entry)
    values = dict(values_of(session, entry, content, persona, at))
    values["links"] = tests.links
    values["about"] = {**values.get("about", {}), "link": tests.links["progress"]}
    rendered = Personaliser(content).render(values)
    return tests.send(content, rendered, to=to, to_name=persona.name)
