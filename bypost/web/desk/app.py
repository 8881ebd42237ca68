"""The desk's addresses: every section in one list, and the reception before each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from bypost.web.desk.accounts import Accounts
from bypost.web.desk.ask import Address, Section
from bypost.web.desk.audiences import Audiences
from bypost.web.desk.bulk import Bulk
from bypost.web.desk.courses import Courses
from bypost.web.desk.deliverability import Deliverability
from bypost.web.desk.desk import PREFIX, Desk
from bypost.web.desk.failed import Failed
from bypost.web.desk.housekeeping import Housekeeping
from bypost.web.desk.imports import Imports
from bypost.web.desk.log import Log
from bypost.web.desk.newsletters import Newsletters
from bypost.web.desk.person import Person
from bypost.web.desk.reception import Reception
from bypost.web.desk.sign_in import SignIn
from bypost.web.desk.subscribers import Subscribers
from bypost.web.desk.today import Today
from bypost.web.desk.unknown import Unknown

#: What the desk is made of. Of two addresses that both fit, the one that is listed first answers.
SECTIONS: tuple[Callable[[Desk], Section], ...] = (
    SignIn,
    Today,
    Unknown,
    Failed,
    Deliverability,
    Accounts,
    Log,
    Housekeeping,
    Courses,
    Newsletters,
    Subscribers,
    Person,
    Audiences,
    Bulk,
    Imports,
)


def addresses(desk: Desk) -> list[Address]:
    """Return every address of the desk."""
    return [address for section in SECTIONS for address in section(desk).addresses()]


def make_routes(desk: Desk) -> list[BaseRoute]:
    """Return the routes below ``/desk``."""
    reception = Reception(desk)
    paths: dict[str, dict[str, Address]] = defaultdict(dict)
    for address in addresses(desk):
        paths[address.path][address.method] = address
    return [
        Route(f"{PREFIX}{path}", _endpoint(reception, methods), methods=list(methods))
        for path, methods in paths.items()
    ]


def _endpoint(
    reception: Reception, methods: Mapping[str, Address]
) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        method = "GET" if request.method == "HEAD" else request.method
        return await reception.take(request, methods[method])

    return answer
