"""The reception: who asks, whether they may, and whether a form came from the desk itself."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from urllib.parse import urlencode

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.types import Message, Receive

from bypost.admins import session as sessions
from bypost.admins.role import Role, Visitor
from bypost.errors import ByPostError, StoreError
from bypost.web.client import client_network
from bypost.web.desk import said, session
from bypost.web.desk.ask import NOBODY, Address, Ask
from bypost.web.desk.desk import PREFIX, Desk
from bypost.web.guard import from_this_site

SIGN_IN = f"{PREFIX}/sign-in"
#: Who sits at this machine, while no account was made.
YOU = Visitor("you", Role.OPERATOR)
#: A page of the desk may tell itself where a form came from; other sites learn nothing.
_REFERRER = {"Referrer-Policy": "same-origin"}


class Reception:
    """Stands before every address of the desk."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._links = desk.context.links

    async def take(self, request: Request, address: Address) -> Response:
        """Answer one request."""
        now = self._desk.context.clock.now()
        ask = await run_in_threadpool(self._ask, request, now)
        response = await self._refused(request, address, ask)
        if response is None:
            response = await self._read(request, address, ask)
        return self._with_cookies(request, ask, response)

    async def _read(self, request: Request, address: Address, ask: Ask) -> Response:
        """Read the form of a request that may be made, and answer it."""
        try:
            form = await self._form(request, address)
        except HTTPException as error:
            words = f"{error.detail} Go back and try again."
            return self._desk.say(ask, "This was not taken", words, status=error.status_code)
        try:
            return await run_in_threadpool(self._answer, address, replace(ask, form=form))
        finally:
            await form.close()

    def _ask(self, request: Request, now: datetime) -> Ask:
        token = session.read(request.cookies, self._links)
        who = self._visitor(token, now)
        token = token or session.new_token()
        query = f"?{request.url.query}" if request.url.query else ""
        return Ask(
            who=who or NOBODY,
            url=f"{request.url.path}{query}",
            path=request.path_params,
            query=request.query_params,
            network=client_network(request),
            csrf=session.csrf_of(token),
            part=_is_part(request),
            said=said.read(request.cookies, self._links, now),
            token=token,
            cookies=request.cookies,
        )

    def _visitor(self, token: str, now: datetime) -> Visitor | None:
        """Return who asks; None for nobody known."""
        store = self._desk.context.store
        if token and (found := sessions.visitor(store, token, now)):
            return found
        return YOU if self._desk.local and not sessions.has_accounts(store) else None

    async def _refused(self, request: Request, address: Address, ask: Ask) -> Response | None:
        """Return the answer to a request that may not be made; None for one that may."""
        posts = request.method not in {"GET", "HEAD"}
        if address.needs is not None and ask.who == NOBODY:
            return _to_sign_in(ask, back=not posts)
        if posts and not self._from_the_desk(request):
            words = "Open the desk itself, and press the button there."
            return self._desk.say(ask, "This came from another site", words, status=403)
        if address.needs is not None and not ask.who.role.may(address.needs):
            words = "You may look at everything here. To act, ask an operator for that role."
            return self._desk.say(ask, "This is for operators", words, status=403)
        return None

    def _from_the_desk(self, request: Request) -> bool:
        own = {f"{request.url.scheme}://{request.headers.get('host', '')}", self._links.base_url}
        return any(from_this_site(request.headers, origin) for origin in own)

    async def _form(self, request: Request, address: Address) -> FormData:
        if request.method in {"GET", "HEAD"}:
            return FormData()
        length = request.headers.get("content-length", "")
        if length.isdecimal() and (len(length) > 18 or int(length) > address.most_bytes):
            raise _too_large(address)
        counted = Request(request.scope, _counted(request.receive, address))
        return await counted.form(max_files=4, max_fields=1000)

    def _answer(self, address: Address, ask: Ask) -> Response:
        """Run the handler, once the form's token is right."""
        if address.method != "GET" and not session.is_csrf(ask.token, ask.text("csrf")):
            words = "It was open for too long, or you signed in meanwhile. Load the page again."
            return self._desk.say(ask, "This page is stale", words, status=403)
        try:
            return address.handler(ask)
        except StoreError:
            raise
        except ByPostError as error:
            lines = str(error).splitlines()
            return self._desk.say(ask, "This cannot be done now", *lines, status=409)

    def _with_cookies(self, request: Request, ask: Ask, response: Response) -> Response:
        for name, value in _REFERRER.items():
            response.headers.setdefault(name, value)
        sets = session.cookie_name(self._links)
        held = any(value.startswith(f"{sets}=") for value in response.headers.getlist("set-cookie"))
        if not held and session.read(request.cookies, self._links) != ask.token:
            session.hold(response, ask.token, self._links)
        if ask.said and not ask.part and response.status_code not in {301, 302, 303, 307}:
            said.forget(response)
        return response


def _is_part(request: Request) -> bool:
    """Tell whether htmx asks for a part of a page; some of its requests are for all of it."""
    whole = {"hx-boosted", "hx-history-restore-request"}
    return "hx-request" in request.headers and whole.isdisjoint(request.headers.keys())


def _to_sign_in(ask: Ask, *, back: bool) -> Response:
    """Return the way to the page for signing in, and from there back to where they wanted."""
    where = f"{SIGN_IN}?{urlencode({'next': ask.url})}" if back else SIGN_IN
    if ask.part:  # the whole page has to go there, and not the part that htmx asked for
        return Response(status_code=401, headers={"HX-Redirect": SIGN_IN})
    return RedirectResponse(where, 303)


def _too_large(address: Address) -> HTTPException:
    most = address.most_bytes // 1024
    size = f"{most // 1024} MB" if most >= 1024 else f"{most} kB"
    return HTTPException(413, f"It is too large: at most {size} can be sent.")


def _counted(receive: Receive, address: Address) -> Receive:
    """Return ``receive`` that stops where a body is larger than the address takes."""
    left = address.most_bytes

    async def counting() -> Message:
        nonlocal left
        message = await receive()
        left -= len(message.get("body", b""))
        if left < 0:
            raise _too_large(address)
        return message

    return counting
