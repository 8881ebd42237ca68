"""An issue from its schedule to its last mail, as an operator sees it go."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from bypost.testing.fake_resend import FakeResend
from tests.browser.conftest import Watched
from tests.browser.desk.conftest import LETTER, PEOPLE, House, write_issue

pytestmark = [pytest.mark.browser, pytest.mark.process]

Watch = Callable[..., Watched]
KEY = "re_test_key"
SUBJECT = "What spring does to a search"
#: So few mails a request that an issue is on its way for a while, however many people there are.
BATCH = max(1, PEOPLE // 2000)


@pytest.fixture
def resend() -> Iterator[FakeResend]:
    with FakeResend(api_key=KEY) as fake:
        fake.requests = deque()  # all of them
        yield fake


@pytest.fixture
def desk(house: Callable[..., House], resend: FakeResend) -> House:
    """A desk whose provider takes few mails a request, and five requests a second."""

    def prepare(root: Path) -> None:
        write_issue(root, "spring", SUBJECT)

    return house(
        prepare,
        BYPOST_SENDING__PROVIDER="resend",
        BYPOST_PROVIDERS__RESEND__BASE_URL=resend.url,
        BYPOST_PROVIDERS__RESEND__API_KEY=KEY,
        BYPOST_PROVIDERS__RESEND__BATCH_SIZE=str(BATCH),
        BYPOST_PROVIDERS__RESEND__PER_SECOND="5",
    )


def left(resend: FakeResend) -> int:
    """Return how many mails of the issue the provider was given."""
    bodies = [request.body for request in list(resend.requests)]
    return sum(body.count(b'"from":') for body in bodies if SUBJECT.encode() in body)


def tile(page: Page, name: str) -> int:
    """Return a number that the page shows."""
    found = page.locator("#progress .tile").filter(has=page.get_by_text(name, exact=True))
    return int(found.locator(".number").inner_text().replace(",", ""))


def at_least(page: Page, number: int) -> None:
    """Wait until the page says, by itself, that so many were accepted."""
    until = time.monotonic() + 20
    while time.monotonic() < until:
        if page.locator("#progress .tile").count() and tile(page, "Accepted") >= number:
            return
        page.wait_for_timeout(100)
    raise AssertionError(page.locator("#progress").inner_text())


def test_an_issue_goes_at_nine_everywhere_and_waits_while_it_is_paused(
    desk: House, resend: FakeResend, watch: Watch
) -> None:
    seen = watch(desk.url)
    page = desk.sign_in(seen)
    page.goto(f"{desk.url}{LETTER}/spring")
    expect(page.locator("#check")).to_contain_text("18 words")
    page.get_by_label("On a date, at a local hour for everyone").check()
    # In the zones east of Europe it is past nine on this date, whatever time it is now.
    page.locator("#day").fill(f"{datetime.now(UTC):%Y-%m-%d}")
    page.locator("#hour").fill("09:00")
    page.get_by_role("button", name="What would it mean?").click()
    expect(page.locator("h1")).to_have_text("What this schedule means")
    expect(page.locator(".lead")).to_contain_text("at 09:00 in each person's own zone")
    expect(page.get_by_role("row").filter(has_text="Asia/Tokyo")).to_contain_text("now")
    assert left(resend) == 0
    page.get_by_role("button", name="Schedule it").click()
    page.wait_for_url(f"{desk.url}{LETTER}/spring")
    page.evaluate("window.stayed = true")
    at_least(page, 2)
    assert page.evaluate("window.stayed")

    page.get_by_role("button", name="Pause", exact=True).click()
    expect(page.get_by_role("status")).to_contain_text("Paused")
    expect(page.locator("#progress .state").first).to_contain_text("paused")
    page.wait_for_timeout(500)  # a request that was under way comes to its end
    stood = left(resend)
    page.wait_for_timeout(1500)
    assert left(resend) == stood
    page.reload()
    assert tile(page, "Accepted") == stood

    page.get_by_role("button", name="Resume").click()
    expect(page.get_by_role("status")).to_contain_text("It goes on")
    page.evaluate("window.stayed = true")
    at_least(page, stood + 2)
    assert page.evaluate("window.stayed"), "the page moves by itself"
    seen.heard()


def test_a_cancelled_issue_stops_where_it_is(desk: House, resend: FakeResend, watch: Watch) -> None:
    seen = watch(desk.url)
    page = desk.sign_in(seen)
    page.goto(f"{desk.url}{LETTER}/spring")
    page.get_by_label("Now", exact=True).check()
    page.get_by_role("button", name="What would it mean?").click()
    page.get_by_role("button", name="Schedule it").click()
    page.wait_for_url(f"{desk.url}{LETTER}/spring")
    at_least(page, 1)

    page.locator("#typed").fill("summer")
    page.get_by_role("button", name="Cancel this issue").click()
    expect(page.get_by_role("alert")).to_contain_text("Nothing was cancelled")
    page.locator("#typed").fill("spring")
    page.get_by_role("button", name="Cancel this issue").click()
    expect(page.get_by_role("status")).to_contain_text("Cancelled")
    expect(page.locator("#progress .state").first).to_contain_text("cancelled")
    page.wait_for_timeout(500)
    stood = left(resend)
    page.wait_for_timeout(1500)
    assert left(resend) == stood
    page.reload()
    # What a pass had in its hands at that moment is cancelled when it comes to it.
    while tile(page, "Still to send"):
        page.reload()
    whole = desk.ask("SELECT count(*) FROM deliveries WHERE item = 'clarity-notes/spring'")
    assert whole > stood
    assert (tile(page, "Accepted"), tile(page, "Cancelled")) == (stood, whole - stood)
    assert seen.elsewhere == []
