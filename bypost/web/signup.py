"""Signing up: the form comes in, and the page that says where to look for the mail.

Every answer is the same for known, new, suppressed and refused addresses.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from fastapi import Request
from fastapi.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse, Response

from bypost.people import signup
from bypost.people.abuse import FormCheck, check_form_token, make_form_token
from bypost.people.signup import Outcome
from bypost.people.wish import BadWish, read_wish
from bypost.web.asked import asked, remember
from bypost.web.client import client_network
from bypost.web.doors import Doors
from bypost.web.form import Form, Typed

#: Where the page is that says what to do next, below the page of the form.
INBOX = "check-your-inbox"
TOO_MANY = (
    "Too many requests came from your network lately. Nothing you typed is lost: "
    "try again in an hour."
)
#: Seconds after which a form is answered. A new address takes some milliseconds longer than a known
#: one; whoever measures is not to learn who is on the list.
ANSWERED = 0.1
_AGAIN = {
    FormCheck.TOO_FAST: "That was very quick. Press the button once more.",
    FormCheck.STALE: "This page was open for more than a day. Press the button once more.",
    FormCheck.WRONG: "The form did not arrive whole. Press the button once more.",
}

#: Shows the form again: what was typed, what is wrong, and the status of the answer.
Show = Callable[[Typed, dict[str, str], int], Response]
#: Says that the mail is on its way.
Sent = Callable[[Typed], Response]


class SignUp:
    """Takes forms."""

    def __init__(self, doors: Doors) -> None:
        self._doors = doors

    async def take(
        self, request: Request, form: Form, show: Show, sent: Sent | None = None
    ) -> Response:
        """Take a form that was sent off; ``show`` shows it again where something is wrong."""
        typed = await _typed(request)

        def to_inbox(typed: Typed) -> Response:
            return self._to_inbox(typed, form)

        began = self._doors.context.clock.elapsed()
        response = await run_in_threadpool(
            self._take, typed, client_network(request), form, show, sent or to_inbox
        )
        await self._until_the_moment(began)
        return response

    async def again(self, request: Request, form: Form) -> Response:
        """Ask for the mail once more, from the page that says where to look for it."""
        token = (await _typed(request)).token
        began = self._doors.context.clock.elapsed()
        response = await run_in_threadpool(self._again, request, token, form)
        await self._until_the_moment(began)
        return response

    def inbox(self, request: Request, form: Form) -> Response:
        """Say where to look for the mail."""
        context = self._doors.context
        typed = asked(context.links, request)
        said = request.query_params.get("again", "")
        return self._doors.pages.show(
            "inbox",
            429 if said == Outcome.TOO_MANY else 200,
            title="Check your inbox",
            email=typed.email if typed else "",
            begins=form.begins,
            subject=self._subject(form, typed),
            too_many=TOO_MANY if said == Outcome.TOO_MANY else "",
            once_more=said == Outcome.SENT,
            days=f"{context.settings.signup.confirm_days:g}",
            action=form.path,
            token=make_form_token(context.links, _resending(form), context.clock.now()),
        )

    async def _until_the_moment(self, began: float) -> None:
        """Wait: a form is answered at the same moment, whatever there was to do for it."""
        await asyncio.sleep(max(0.0, began + ANSWERED - self._doors.context.clock.elapsed()))

    def _subject(self, form: Form, typed: Typed | None) -> str:
        """Return the subject of the mail to look for."""
        catalogue = self._doors.catalogue
        ticked = [catalogue.newsletter(name) for name in (typed.newsletters if typed else ())]
        titles = [form.title, *(one.title for one in ticked if one is not None)]
        return catalogue.subject(signup.NOTICE, " and ".join(titles))

    def _take(self, typed: Typed, network: str, form: Form, show: Show, sent: Sent) -> Response:
        context = self._doors.context
        if typed.trapped:  # a program: it learns nothing, and nothing is done
            return sent(typed)
        check = check_form_token(context.links, typed.token, form.name, context.clock.now())
        if check is not FormCheck.GOOD:
            return show(typed, {"signup": _AGAIN[check]}, 422)
        try:
            outcome = self._ask(typed, network, form)
        except BadWish as error:
            return show(typed, error.problems, 422)
        if outcome is Outcome.TOO_MANY:
            return show(typed, {"signup": TOO_MANY}, 429)
        return sent(typed)

    def _again(self, request: Request, token: str, form: Form) -> Response:
        context = self._doors.context
        typed = asked(context.links, request)
        check = check_form_token(context.links, token, _resending(form), context.clock.now())
        if typed is None or check in (FormCheck.WRONG, FormCheck.STALE):
            return RedirectResponse(f"{form.path}#signup", 303)
        try:
            # Too fast is a second press of the same button: it asks for nothing new.
            fast = check is FormCheck.TOO_FAST
            outcome = Outcome.SENT if fast else self._ask(typed, client_network(request), form)
        except BadWish:  # what can be asked for has changed since
            return RedirectResponse(f"{form.path}#signup", 303)
        return RedirectResponse(f"{form.path}/{INBOX}?again={outcome}", 303)

    def _ask(self, typed: Typed, network: str, form: Form) -> Outcome:
        """Take the wish up; raise BadWish where it cannot be."""
        doors = self._doors
        wish = read_wish(
            doors.known(),
            email=typed.email,
            name=typed.name,
            course=form.course,
            newsletters=form.wanted(typed.newsletters),
            time_zone=typed.time_zone,
            hour="" if typed.hour == form.hour else typed.hour,
            form=form.name,
            wording=form.agreed(typed.newsletters),
            network=network,
        )
        notify, now = doors.notify(), doors.context.clock.now()
        with doors.context.store.write() as connection:
            outcome = signup.request(connection, wish, now=now, rules=doors.rules, notify=notify)
        if doors.runner:
            doors.runner.wake()
        return outcome

    def _to_inbox(self, typed: Typed, form: Form) -> Response:
        response = RedirectResponse(f"{form.path}/{INBOX}", 303)
        remember(response, typed, form.path, self._doors.context.links)
        return response


def _resending(form: Form) -> str:
    return f"again:{form.name}"


async def _typed(request: Request) -> Typed:
    """Return what came in; files among it are closed and forgotten."""
    async with request.form() as data:
        return Typed.read(data)
