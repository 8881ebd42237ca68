"""The local page: the mailbox, the calendar, a mail opened beside them, and the simulated clock."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.responses import HTMLResponse, RedirectResponse, Response

from bypost.delivery import holds, last_pass
from bypost.delivery.context import Context
from bypost.errors import ByPostError
from bypost.store import Store, budgets, counts
from bypost.store import pages as store
from bypost.web import lists
from bypost.web.calendar import AHEAD, Calendar
from bypost.web.copies import MOST_PEOPLE, Copy
from bypost.web.forecast_ahead import ForecastAhead
from bypost.web.forecast_chart import shown
from bypost.web.guard import MAIL_POLICY
from bypost.web.health import Beat
from bypost.web.lists import Item
from bypost.web.mailbox import Mail, Mailbox, frame, frame_height
from bypost.web.pages import Pages
from bypost.web.simulation import Simulated, Simulation
from bypost.web.titles import Titles

#: Mails the list shows; a mailbox may hold a hundred thousand.
_MOST_MAILS = 100
VIEWS = ("html", "text", "headers", "source")
#: Characters of a source that the page shows; the whole of it can be saved.
_MOST_SOURCE = 200_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """The mail that is open."""

    item: Item
    mail: Mail
    view: str
    height: int
    source: str


class LocalPage:
    """The pages that exist on this machine only."""

    def __init__(self, context: Context, titles: Titles, pages: Pages, runner: Beat | None) -> None:
        self._context = context
        self._titles = titles
        self._pages = pages
        self._runner = runner
        self._calendar = Calendar(context)
        self._simulation = Simulation(context)
        self._forecast = ForecastAhead(context)
        self._mailbox = Mailbox(context.root / context.settings.providers.outbox.path)

    def close(self) -> None:
        """Throw the copies away."""
        self._calendar.close()
        self._forecast.close()
        self._simulation.back()

    def home(self) -> Response:
        """Show the lists, and the newest mail opened."""
        return self._show(None, "html")

    def mail(self, box: str, ref: str, view: str = "html") -> Response:
        """Show one mail opened."""
        if view not in VIEWS or self._find(box, ref) is None:
            return self._gone()
        return self._show((box, ref), view)

    def body(self, box: str, ref: str) -> Response:
        """Return the HTML of a mail for a frame, where nothing of it can run."""
        found = self._find(box, ref)
        if found is None:
            return self._gone()
        html = frame(found, self._context.links.base_url)
        return HTMLResponse(html, headers={"Content-Security-Policy": MAIL_POLICY})

    def source(self, box: str, ref: str) -> Response:
        """Return a mail as the file it is."""
        found = self._find(box, ref)
        if found is None:
            return self._gone()
        name = f'attachment; filename="{found.entry.ref}.eml"'
        headers = {"Content-Disposition": name}
        return Response(found.source, media_type="message/rfc822", headers=headers)

    def next(self) -> Response:
        """Go to the next send, on a copy."""
        try:
            self._simulation.go()
        except ByPostError as error:
            return self._pages.say("The simulation stopped", str(error), status=503)
        return RedirectResponse("/", 303)

    def today(self) -> Response:
        """Throw the simulation away."""
        self._simulation.back()
        return RedirectResponse("/", 303)

    def copies(self) -> list[Store]:
        """Return the databases of the copies that mails are shown of."""
        copies = (self._simulation.copy, self._calendar.copy)
        return [copy.rehearsal.context.store for copy in copies if copy]

    def _find(self, box: str, ref: str) -> Mail | None:
        """Return a mail of the real mailbox or of a copy's."""
        if box == "sent":
            return self._mailbox.mail(ref)
        copy = self._copy(box)
        return Mailbox(copy.outbox).mail(ref) if copy else None

    def _copy(self, box: str) -> Copy | None:
        if box == "simulated":
            return self._simulation.copy
        if box != "coming":
            return None
        if self._calendar.copy is None:
            self._calendar.outlook()
        return self._calendar.copy

    def _show(self, chosen: tuple[str, str] | None, view: str) -> Response:
        """Show the page with a mail opened: the chosen one, or the newest."""
        simulated = self._simulation.state
        outlook = self._calendar.outlook()
        now = simulated.now if simulated else self._context.clock.now()
        coming = [mail for mail in outlook.coming if mail.at > now] if outlook else []
        with self._context.store.read() as connection:
            zones = self._titles.zones(connection)
            inbox, mails = lists.sent_items(connection, self._mailbox, zones, _MOST_MAILS)
            link_id = store.sample_link(connection)
            total, blocked = counts.count(connection), budgets.breakers(connection)
            last = last_pass.read(connection)
            paused = holds.told(connection, self._context.clock.now())
        ahead = _simulated_items(simulated, zones)
        inbox = [*ahead, *inbox]
        items = [*inbox, *lists.ahead_items("coming", coming, zones)]
        opened = self._open(chosen, items, view)
        if chosen and opened is None:
            return self._gone()
        return self._pages.show(
            "local",
            total=total,
            blocked=blocked,
            paused=paused,
            waiting=last.waiting if last else {},
            provider=", ".join(self._context.providers),
            last_tick=self._runner.last_tick if self._runner else None,
            trouble=getattr(self._runner, "trouble", ""),
            simulated=simulated,
            step=[item for item in ahead if item.fresh],
            inbox=inbox,
            hidden=max(0, mails - _MOST_MAILS),
            outlook=outlook,
            first=lists.ahead_items("coming", coming[:1], zones),
            cards=lists.cards(coming, zones, now),
            days=AHEAD.days,
            most=MOST_PEOPLE,
            drafts=self._titles.drafts(),
            opened=opened,
            chosen=chosen is not None,
            views=VIEWS,
            forecast=shown(self._forecast.latest(), pending=self._forecast.pending),
            sample=self._context.links.token(link_id) if link_id else "",
        )

    def _open(self, chosen: tuple[str, str] | None, items: list[Item], view: str) -> Opened | None:
        """Return the chosen mail, or the first of the list."""
        if chosen is None and not items:
            return None
        box, ref = chosen or (items[0].box, items[0].ref)
        mail = self._find(box, ref)
        if mail is None:
            return None
        known = next((item for item in items if (item.box, item.ref) == (box, ref)), None)
        entry = mail.entry
        item = known or Item(box=box, ref=ref, at=entry.at, name=entry.name, title=entry.subject)
        source = mail.source.decode("utf-8", "replace")[:_MOST_SOURCE]
        return Opened(item=item, mail=mail, view=view, height=frame_height(mail), source=source)

    def _gone(self) -> Response:
        return self._pages.say(
            "This mail is not here",
            "The calendar may have been worked out anew since. Go back to the mailbox.",
            status=404,
        )


def _simulated_items(simulated: Simulated | None, zones: dict[str, str]) -> list[Item]:
    """Return what the simulation sent, newest first."""
    if simulated is None:
        return []
    items = lists.ahead_items("simulated", simulated.sent, zones, simulated.step)
    return items[::-1]
