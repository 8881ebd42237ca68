"""A course that goes on through another service: `provider` and one key are all that changes."""

from __future__ import annotations

import random
import signal
import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from bypost.delivery.steps import LABELS
from bypost.testing import fault
from bypost.testing.fake_brevo import FakeBrevo
from bypost.testing.fake_mailgun import DOMAIN, FakeMailgun
from bypost.testing.fake_postmark import FakePostmark
from bypost.testing.fake_provider import FakeProvider
from bypost.testing.fake_sendgrid import FakeSendGrid
from bypost.testing.fault import Fault
from tests.acceptance.sends import Sends, finish
from tests.conftest import write_course, write_people

PEOPLE = 120
LESSONS = 3
BATCH = 10
#: Kills that fall anywhere.
KILLS = 4
#: Requests of the old service that go well, and the one of them whose answer is lost.
WELL, LOST = 16, 2

pytestmark = pytest.mark.process

Make = Callable[..., FakeProvider]


@dataclass(frozen=True)
class Account:
    """A service, and what the project has written down of it long before it is used."""

    make: Make
    key: str
    settings: str = ""


POSTMARK = Account(FakePostmark, "pm_test_key")
SENDGRID = Account(FakeSendGrid, "SG.test")
MAILGUN = Account(FakeMailgun, "mg_test_key", f'domain = "{DOMAIN}"\n')
BREVO = Account(FakeBrevo, "xkeysib-test")

#: The old service, the new one, and what the old one answers in the end: come back in an hour, or
#: that it does not know the key any more.
MOVES = {
    "postmark to sendgrid": (POSTMARK, SENDGRID, fault.throttled("3600")),
    "mailgun to brevo": (MAILGUN, BREVO, fault.answer(401, "Forbidden")),
}


class Course:
    """A project with two services, one of which it sends through."""

    def __init__(self, root: Path, old: Account, new: Account, stack: ExitStack) -> None:
        self._root = root
        self._stack = stack
        self._keys: dict[str, str] = {}
        self.old, self.new = (self._opened(account) for account in (old, new))
        self.sends = self._through(self.old, instead_of="outbox")

    def change(self) -> None:
        """Write the new service's name and give its key; that of the old one is taken away."""
        self.sends = self._through(self.new, instead_of=self.old.name)

    def go_on(self) -> dict[str, Any]:
        """Send until nothing more is owed; return the numbers."""
        while True:
            numbers = self.sends.to_the_end()
            if not numbers["this_pass"]["owed"] and not self.look_now():
                return numbers

    def look_now(self) -> bool:
        """Let the minute pass after which somebody is looked at whose lesson was under way."""
        now = int(time.time() * 1_000_000)
        with closing(sqlite3.connect(self._root / "var" / "bypost.db")) as database, database:
            soon = (now, now, now + 90_000_000)
            change = "UPDATE enrollments SET next_due = ? WHERE next_due BETWEEN ? AND ?"
            return database.execute(change, soon).rowcount > 0

    def accepted(self) -> Mapping[str, int]:
        """Return how often each reference was accepted, by both services."""
        return Counter(self.old.accepted) + Counter(self.new.accepted)

    def mails(self) -> Mapping[str, int]:
        """Return how many mails each address got, from both services."""
        return Counter(one.to for fake in (self.old, self.new) for one in fake.acceptances.all())

    def _opened(self, account: Account) -> FakeProvider:
        fake = self._stack.enter_context(account.make(latency_s=0.02))
        self._keys[fake.name] = account.key
        with (self._root / "bypost.toml").open("a", encoding="utf-8") as file:
            file.write(f'\n[providers.{fake.name}]\nbase_url = "{fake.url}"\n')
            file.write(f"batch_size = {BATCH}\nper_second = 1000\n{account.settings}")
        return fake

    def _through(self, fake: FakeProvider, *, instead_of: str) -> Sends:
        path = self._root / "bypost.toml"
        before = path.read_text(encoding="utf-8")
        line = 'provider = "{}"'.format
        assert before.count(line(instead_of)) == 1
        path.write_text(before.replace(line(instead_of), line(fake.name)), encoding="utf-8")
        key = {f"BYPOST_PROVIDERS__{fake.name.upper()}__API_KEY": self._keys[fake.name]}
        threads = {"BYPOST_SENDING__THREADS": "2"}
        return self._stack.enter_context(Sends(self._root, {**key, **threads}))


Open = Callable[[Account, Account], Course]


@pytest.fixture
def course(empty_project: Path) -> Iterator[Open]:
    """Open a course whose lessons follow each other at once, sent through the first service."""
    write_course(empty_project, delays=("at once",) * LESSONS)
    write_people(empty_project, *(f"{address(i)},Person {i},UTC" for i in range(PEOPLE)))
    with ExitStack() as stack:
        yield lambda old, new: Course(empty_project, old, new, stack)


def address(number: int) -> str:
    return f"p{number}@example.org"


def until(end: Fault, *, lost: bool) -> Callable[[int], Fault | None]:
    """Return what the old service does: some requests go well, then none does."""

    def choose(number: int) -> Fault | None:
        if number >= WELL:
            return end
        return fault.reset(accept=True) if lost and number == LOST else None

    return choose


def doubtful(numbers: Mapping[str, Any]) -> dict[str, str]:
    """Return the mails of which nobody knows: by reference, to whom."""
    return {row["ref"]: row["email"] for row in numbers["unknown_deliveries"]}


def the_course_went_on(given: Course, in_doubt: Mapping[str, str]) -> None:
    """Check both services' own books: nobody twice, and all of it to all but who is in doubt."""
    assert set(given.accepted().values()) == {1}
    assert not set(in_doubt) & set(given.new.accepted)
    certain = {one: LESSONS for one in map(address, range(PEOPLE)) if one not in in_doubt.values()}
    mails = given.mails()
    assert {one: mails[one] for one in certain} == certain
    # Theirs goes on once somebody has said what became of it.
    assert all(mails[one] <= 1 for one in in_doubt.values())


@pytest.mark.parametrize("lost", [False, True], ids=["all answered", "one answer lost"])
@pytest.mark.parametrize("move", MOVES)
def test_a_course_goes_on_through_another_service_where_it_stands(
    course: Open, move: str, lost: bool
) -> None:
    old, new, end = MOVES[move]
    given = course(old, new)
    given.old.script = fault.Script(until(end, lost=lost))
    _, numbers = given.sends.once()
    assert numbers["pending"] > 0
    assert numbers["unknown"] == (BATCH if lost else 0)
    in_doubt = doubtful(numbers)
    before = dict(given.old.accepted)

    given.change()
    numbers = given.go_on()
    assert doubtful(numbers) == in_doubt
    the_course_went_on(given, in_doubt)
    assert numbers["accepted"] == numbers["owed"] - len(in_doubt)
    assert given.old.accepted == before
    assert len(before) == WELL * BATCH
    assert all(before[ref] == 1 for ref in in_doubt)


def test_killed_before_and_after_the_change_it_goes_on_all_the_same(course: Open) -> None:
    given = course(MAILGUN, BREVO)
    for label, times in (("leased", 2), ("intended", 2), ("answered", 3)):
        assert given.sends.die_at(label, times) == -signal.SIGKILL, label

    given.change()
    for label in LABELS:
        given.look_now()
        assert given.sends.die_at(label, 1) == -signal.SIGKILL, label
    rng = random.Random(20261123)
    for number in range(KILLS):
        given.look_now()
        kill_amid(replace(given.sends, anew=number == 0), given.new, rng)
    numbers = given.go_on()
    in_doubt = doubtful(numbers)
    assert 0 < len(in_doubt) < PEOPLE / 2
    the_course_went_on(given, in_doubt)
    assert numbers["accepted"] == numbers["owed"] - len(in_doubt)
    assert given.old.accepted


def kill_amid(sends: Sends, fake: FakeProvider, rng: random.Random) -> None:
    """Start a pass and kill it when the service has got a few mails more, or it has ended."""
    process = sends.start()
    goal = len(fake.accepted) + rng.randint(1, 3 * BATCH)
    deadline = time.monotonic() + 20
    while len(fake.accepted) < goal and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.002)
    process.send_signal(signal.SIGKILL)
    finish(process)
