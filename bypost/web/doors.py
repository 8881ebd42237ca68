"""What the public pages work with, and what they hand to the use cases of ``people``."""

from __future__ import annotations

from dataclasses import dataclass

from bypost.delivery import notices
from bypost.delivery.context import Context
from bypost.people.abuse import Rules
from bypost.people.csv_rows import Known
from bypost.people.signup import Notify
from bypost.web.catalogue import Catalogue
from bypost.web.health import Beat
from bypost.web.pages import Pages
from bypost.web.titles import Titles
from bypost.web.visits import Visits


@dataclass(frozen=True, slots=True, kw_only=True)
class Doors:
    """The parts that public pages share."""

    context: Context
    catalogue: Catalogue
    titles: Titles
    pages: Pages
    runner: Beat | None
    visits: Visits

    @property
    def rules(self) -> Rules:
        """Return what signing up goes by."""
        return Rules(settings=self.context.settings.signup, address_hash=self.context.address_hash)

    def notify(self) -> Notify:
        """Return what owes a notice; ask for it before the transaction begins."""
        return notices.notifier(self.context)

    def known(self) -> Known:
        """Return what can be asked for."""
        return Known(
            frozenset(one.id for one in self.catalogue.courses() if one.open),
            frozenset(one.id for one in self.catalogue.newsletters()),
        )
