"""Each page of the desk over weeks of history: on a phone and a wide screen, light and dark."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Page, expect

from bypost.cli import main
from bypost.delivery import bulk
from bypost.people.bulk import Action, Order
from bypost.project import open_project
from tests.browser.conftest import Watched
from tests.browser.desk.conftest import COURSE, NAME, SHOTS, House, insert_lesson, write_issue
from tests.browser.test_public_pages import AXE
from tests.web.desk.test_roles import GETS

pytestmark = [pytest.mark.browser, pytest.mark.process]

#: What fills the names in addresses, beside the numbers that are looked up.
NAMES = {
    "newsletter": "clarity-notes",
    "issue": "spring",
    "course": COURSE,
    "lesson": "comparison",
}
#: Pages that somebody has before them each day: looked at in every width and scheme.
MAIN = (
    "",
    "/courses",
    "/courses/{course}",
    "/newsletters",
    "/newsletters/{newsletter}",
    "/newsletters/{newsletter}/{issue}",
    "/subscribers",
    "/subscribers/{id}",
    "/imports",
    "/deliverability",
)
#: Parts of pages, and the mail itself, which tests/browser/test_mails.py looks at.
NOT_PAGES = re.compile(r"\.(csv|json)$|/frame$|^/now$")
#: What pages show by themselves, and what nobody sees who has signed in.
SEEN = re.compile(r"{asset}|^/sign-in$")
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
VIEWS = [(width, scheme) for width in (375, 1280) for scheme in SCHEMES]


@pytest.fixture
def desk(house: Callable[..., House]) -> House:
    """A desk that was worked at: every kind of page has something to show."""
    return house(worked_at)


def worked_at(root: Path) -> None:
    """Save an audience, do something for it, import a file, write an issue and a lesson."""
    insert_lesson(root)
    write_issue(root, NAMES["issue"], "What spring does to a search")
    people = root / "people.csv"
    people.write_text("email,name\nnew-one@example.org,Nell\nnonsense,Ned\n", encoding="utf-8")
    there = ["--project", str(root)]
    assert main(["audience", "save", "talkers", "tag talk", *there]) == 0
    assert main(["subscribers", "import", str(people), *there]) == 1
    with open_project(root) as context:
        order = Order(action=Action.ADD_TAG, value="spring")
        number = bulk.start(context, order, "talkers", by=NAME)
        bulk.go_on(context, number, enough=lambda: False)


def whereabouts(house: House) -> Mapping[str, str]:
    """Return what stands for a name in addresses, or in one of them, and what one asks for."""
    of_most = "SELECT subscriber_id FROM deliveries GROUP BY 1 ORDER BY count(*) DESC LIMIT 1"
    return {
        **NAMES,
        "/subscribers/{id}": str(house.ask(of_most)),
        "/bulk/{id}": str(house.ask("SELECT max(id) FROM bulk_actions")),
        "/imports/{number}": str(house.ask("SELECT max(id) FROM imports")),
        "/audiences/count?": "?audience=talkers",
        "/audiences/saved/{name}": "talkers",
        "/admins/{name}": NAME,
    }


def url_of(path: str, real: Mapping[str, str]) -> str:
    """Return an address with something real in place of its names."""

    def found(match: re.Match[str]) -> str:
        return real.get(path[: match.end()]) or real[match[1]]

    return "/desk" + re.sub(r"{([a-z_]+)[a-z:]*}", found, path) + real.get(f"{path}?", "")


@dataclass
class Look:
    """One page after the other, and all that is wrong with them."""

    page: Page
    faults: list[str] = field(default_factory=list)

    def at(self, name: str, *, thorough: bool) -> None:
        """Look at the page that is open in every width and scheme."""
        self.page.evaluate(AXE)
        for width, scheme in VIEWS:
            self.page.set_viewport_size({"width": width, "height": 900})
            self.page.emulate_media(color_scheme=scheme)
            if SHOTS:
                # A frame that was never in sight is not painted.
                for frame in self.page.locator("iframe").all():
                    frame.scroll_into_view_if_needed()
                file = Path(SHOTS) / f"{name}-{width}-{scheme}.png"
                self.page.screenshot(path=file, full_page=True)
            wide = self.page.evaluate("document.documentElement.scrollWidth")
            if wide > width:
                self.faults.append(f"{name}: {wide} px wide at {width}")
            if thorough or (width, scheme) == VIEWS[0]:
                self.faults += self._violations(name, width, scheme)

    def _violations(self, name: str, width: int, scheme: str) -> list[str]:
        found = self.page.evaluate("axe.run(document, {resultTypes: ['violations']})")
        where = f"{name} at {width} px, {scheme}"
        return [
            f"{where}: {one['id']}: {[node['html'][:200] for node in one['nodes']]}"
            for one in found["violations"]
        ]


def test_every_page_is_whole_on_any_screen_and_asks_no_other_host(
    desk: House, watch: Callable[..., Watched]
) -> None:
    seen = watch(desk.url)
    page = seen.page
    look, real = Look(page), whereabouts(desk)
    page.goto(f"{desk.url}/desk")
    look.at("sign-in", thorough=True)
    desk.sign_in(seen)
    for path in [one.path for one in GETS if not SEEN.search(one.path)]:
        url = f"{desk.url}{url_of(path, real)}"
        if NOT_PAGES.search(path):
            assert page.request.get(url).status == 200, url
            continue
        answer = page.goto(url)
        assert answer is not None
        assert answer.status == 200, url
        # Parts that a page loads by itself are part of it.
        expect(page.locator("[hx-trigger=load], #plan[hx-get]")).to_have_count(0)
        name = re.sub(r"[^a-z]+", "-", path).strip("-") or "today"
        look.at(name, thorough=path in MAIN)
    assert look.faults == []
    seen.heard()
