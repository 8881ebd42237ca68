"""Subscribers: looked at, asked for consent, taken on with it, changed, leaving, erased."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from bypost.delivery.forget import forget
from bypost.people import leave, profile, signup
from bypost.people.abuse import network_of
from bypost.people.admit import Basis, Newcomer, admit
from bypost.people.wish import BadWish, clean_name, read_wish
from bypost.store import Connection, Row, listing, subscribers, suppressions
from bypost.web.api.bearer import CallerOf, needs
from bypost.web.api.content import require_course, require_newsletters
from bypost.web.api.fields import (
    NumberInPath,
)
from bypost.web.api.once import CallOf, Once, Reply
from bypost.web.api.paging import Page, page
from bypost.web.api.refusals import missing, unusable
from bypost.web.api.subscriber import (
    NewSubscriber,
    Requested,
    Subscriber,
    SubscriberChange,
    SubscribersAsked,
)
from bypost.web.doors import Doors
from bypost.web.problem import API, Problem


class Subscribers:
    """Answers requests about subscribers."""

    def __init__(self, doors: Doors, once: Once) -> None:
        self._doors = doors
        self._context = doors.context
        self._once = once

    def page(self, asked: Annotated[SubscribersAsked, Query()]) -> Page[Subscriber]:
        """List subscribers."""
        key = asked.email.strip().casefold() if asked.email is not None else None
        with self._context.store.read() as connection:
            return page(
                self._context.links,
                "subscribers",
                asked,
                lambda after, limit: listing.people(
                    connection, after=after, limit=limit, status=asked.status, email_key=key
                ),
                lambda rows: self._shown(connection, rows),
                key=lambda row: int(row["id"]),
                first=0,
            )

    def get(self, subscriber_id: NumberInPath) -> Subscriber:
        """Return one subscriber."""
        with self._context.store.read() as connection:
            return self._shown(connection, [_known(connection, subscriber_id)])[0]

    def create(self, body: NewSubscriber, call: CallOf, caller: CallerOf) -> Response:
        """Ask somebody for consent, or take them on with it.

        202: a mail asks them, if one may be sent; the answer is the same for every address.
        201, 200: they were taken on, with the statement `consent`; 200 where they were known.
        """
        if body.course:
            require_course(self._doors.catalogue, body.course)
        require_newsletters(self._doors.catalogue, body.newsletters)
        if body.consent is None:
            return self._ask(body, call)
        if "write" not in caller.scopes:
            raise Problem(
                403,
                "Taking people on with `consent` needs the scope `write`; leave it out, and they "
                "are asked by mail.",
                code="scope",
            )
        return self._once.run(call, body, lambda c, now: self._admit(c, now, body))

    def change(self, subscriber_id: NumberInPath, body: SubscriberChange) -> Subscriber:
        """Change name, time zone or hour; it counts as what they chose themselves."""
        now = self._context.clock.now()
        with self._context.store.write() as connection:
            person = _known(connection, subscriber_id)
            if person["status"] == "erased":
                raise missing("subscriber")
            fields = body.model_dump(exclude_none=True)
            profile.change(connection, person, **fields, now=now)
            changed = self._shown(connection, [_known(connection, subscriber_id)])[0]
        if self._doors.runner:
            self._doors.runner.wake()
        return changed

    def leave(self, subscriber_id: NumberInPath, call: CallOf) -> Response:
        """End everything they are on; nothing brings them back but signing up themselves."""
        return self._once.run(call, None, lambda c, now: self._leave(c, now, subscriber_id))

    def erase(self, subscriber_id: NumberInPath) -> Response:
        """Forget this person: an empty row stays, and a hash that keeps imports from reviving them.

        A second time changes nothing. Mails that were delivered are in their mailbox.
        """
        with self._context.store.read() as connection:
            _known(connection, subscriber_id)
        forget(self._context, subscriber_id)
        return Response(status_code=204)

    def _ask(self, body: NewSubscriber, call: CallOf) -> Response:
        doors = self._doors
        try:
            wish = read_wish(
                doors.known(),
                email=body.email,
                form=f"api:{call.caller.name}",
                wording=_wording(body),
                name=body.name,
                course=body.course or "",
                newsletters=body.newsletters,
                time_zone=body.time_zone,
                hour=body.hour,
                network=network_of(body.ip) if body.ip else "",
                language=body.language,
            )
        except BadWish as error:
            raise _unusable(error.problems) from None
        notify = doors.notify()

        def act(connection: Connection, now: datetime) -> Reply | Problem:
            outcome = signup.request(connection, wish, now=now, rules=doors.rules, notify=notify)
            if outcome is signup.Outcome.TOO_MANY:
                return _too_many()
            return Reply(status=202, body=Requested())

        return self._once.run(call, body, act)

    def _admit(self, connection: Connection, now: datetime, body: NewSubscriber) -> Reply:
        newcomer = Newcomer(
            email=body.email,
            name=clean_name(body.name),
            time_zone=body.time_zone,
            hour=body.hour,
            courses=[body.course] if body.course else [],
            newsletters=body.newsletters,
        )
        basis = Basis(
            statement=body.consent or "", address_hash=self._context.address_hash, now=now
        )
        person, new = admit(connection, newcomer, basis)
        return self._reply(connection, person["id"], 201 if new else 200)

    def _leave(self, connection: Connection, now: datetime, subscriber_id: int) -> Reply:
        person = _known(connection, subscriber_id)
        leave.leave_everything(
            connection, person["id"], self._context.address_hash, by="api", now=now
        )
        return self._reply(connection, subscriber_id, 200)

    def _reply(self, connection: Connection, subscriber_id: int, status: int) -> Reply:
        shown = self._shown(connection, [_known(connection, subscriber_id)])[0]
        location = f"{API}/subscribers/{subscriber_id}" if status == 201 else ""
        return Reply(status=status, body=shown, location=location, subscriber_id=subscriber_id)

    def _shown(self, connection: Connection, rows: Sequence[Row]) -> list[Subscriber]:
        address_hash = self._context.address_hash
        hashes = {row["id"]: address_hash(row["email_key"]) for row in rows if row["email_key"]}
        muted = suppressions.find(connection, list(hashes.values()))
        own = [name for name in Subscriber.model_fields if name != "suppressed"]
        return [
            Subscriber(
                **{name: row[name] for name in own},
                suppressed=muted.get(hashes.get(row["id"], b"")),
            )
            for row in rows
        ]


def routes(doors: Doors, once: Once) -> APIRouter:
    """Return what can be asked about subscribers."""
    desk = Subscribers(doors, once)
    router = APIRouter(prefix="/subscribers", tags=["subscribers"])
    one = "/{subscriber_id}"
    router.add_api_route("", desk.page, dependencies=[needs("read")])
    router.add_api_route(
        "",
        desk.create,
        methods=["POST"],
        status_code=201,
        response_model=Subscriber,
        responses={200: {"model": Subscriber}, 202: {"model": Requested}},
        dependencies=[needs("signup", "write")],
    )
    router.add_api_route(one, desk.get, dependencies=[needs("read")])
    router.add_api_route(one, desk.change, methods=["PATCH"], dependencies=[needs("write")])
    router.add_api_route(
        one,
        desk.erase,
        methods=["DELETE"],
        status_code=204,
        response_class=Response,
        dependencies=[needs("write")],
    )
    router.add_api_route(
        f"{one}/leave",
        desk.leave,
        methods=["POST"],
        response_model=Subscriber,
        dependencies=[needs("write")],
    )
    return router


def _known(connection: Connection, subscriber_id: int) -> Row:
    person = subscribers.by_id(connection, subscriber_id)
    if person is None:
        raise missing("subscriber")
    return person


def _wording(body: NewSubscriber) -> str:
    if body.wording is None:
        raise _unusable({"wording": "write the text under which they typed their address"})
    return body.wording


def _unusable(problems: dict[str, str]) -> Problem:
    return unusable([(f"body.{name}", text.rstrip(".")) for name, text in problems.items()])


def _too_many() -> Problem:
    return Problem(
        429,
        "Too many people were asked for their consent lately, by this token, from this network or "
        "in all. Repeat the request in an hour; [signup] sets how many there may be.",
        code="too-many-signups",
        headers={"Retry-After": "3600"},
    )
