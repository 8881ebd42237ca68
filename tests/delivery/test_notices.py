"""Notices go through the ledger: once for each request, to whom it concerns, in nobody's words."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from bypost.delivery import answers, notices, trace
from bypost.delivery.context import Context
from bypost.delivery.publish import Publisher
from bypost.delivery.report import Report
from bypost.delivery.run import Pass
from bypost.delivery.sender import Sender
from bypost.errors import ByPostError
from bypost.people import confirm, leave, signup
from bypost.people.abuse import Rules
from bypost.people.signup import Signup
from bypost.people.wish import Wish
from bypost.providers.eml import eml
from bypost.store import contents, enrollments, signups, subscribers, subscriptions, suppressions
from bypost.store.schema import batches, deliveries
from scheduler.clock import SimulatedClock
from tests.conftest import write_course, write_people

Open = Callable[..., Context]
#: What a stranger may type; none of it may be mailed.
TYPED = {"name": "Spam Buyer", "time_zone": "Pacific/Kiritimati", "hour": "05:00"}


@dataclass
class Office:
    """A project that mails into a folder, and its sign-up form."""

    context: Context
    clock: SimulatedClock
    publisher: Publisher = field(init=False)

    def __post_init__(self) -> None:
        self.publisher = Publisher(self.context)

    @property
    def rules(self) -> Rules:
        hashed = self.context.address_hash
        return Rules(settings=self.context.settings.signup, address_hash=hashed)

    def ask(self, email: str = "ana@example.org", **values: Any) -> Signup:
        """Fill in the form, and return the request; the mail is only owed."""
        plain = {"course": "letters", "form": "page", "wording": "w", "network": "n", **TYPED}
        notify = notices.notifier(self.context)
        with self.context.store.write() as connection:
            signup.request(
                connection,
                Wish(**{**plain, "email": email, **values}),
                now=self.clock.now(),
                rules=self.rules,
                notify=notify,
            )
            person = subscribers.by_keys(connection, [email])[email]
            row = signups.of_subscriber(connection, person["id"])[-1]
            found = signup.find(connection, row["link_id"])
        assert found is not None
        return found

    def confirm(self, asked: Signup) -> None:
        with self.context.store.write() as connection:
            done = confirm.confirm(
                connection, asked, network="n", now=self.clock.now(), rules=self.rules
            )
        assert done.result is confirm.Result.CONFIRMED

    def run(self) -> Report:
        return Pass(self.context).run()

    def owe(self, notice: str, person: int, request: str) -> None:
        with self.context.store.write() as connection:
            notices.owe(
                self.context, connection, notice=notice, subscriber_id=person, request=request
            )

    def mails(self) -> list[EmailMessage]:
        files = sorted((self.context.root / "var" / "outbox").rglob("*.eml"))
        found = []
        for file in files:
            parsed = message_from_bytes(file.read_bytes(), policy=policy.default)
            assert isinstance(parsed, EmailMessage)
            found.append(parsed)
        return found

    def notices(self) -> list[EmailMessage]:
        return [mail for mail in self.mails() if mail["List-Id"] is None]

    def rows(self) -> list[Any]:
        """Return the notices of the ledger with their batches."""
        query = (
            select(deliveries, batches.c.size, batches.c.content_hash, batches.c.provider)
            .join(batches, batches.c.id == deliveries.c.batch_id)
            .where(deliveries.c.kind == "notice")
            .order_by(deliveries.c.id)
        )
        with self.context.store.read() as connection:
            return list(connection.execute(query).mappings())


def body(mail: EmailMessage, kind: str = "plain") -> str:
    part = mail.get_body((kind,))
    assert part is not None
    return str(part.get_content())


def link(mail: EmailMessage, kind: str) -> str:
    """Return the token of the first link of a kind (``c``, ``p``, ``f``) in a mail."""
    found = re.search(rf"http://localhost:8000/{kind}/([\w.-]+)", body(mail))
    assert found, body(mail)
    return found[1]


@pytest.fixture
def project(empty_project: Path) -> Path:
    write_course(empty_project)
    folder = empty_project / "newsletters" / "notes"
    folder.mkdir(parents=True)
    file = folder / "newsletter.toml"
    file.write_text('title = "Notes & News"\nsummary = "For tests."\n', encoding="utf-8")
    return empty_project


@pytest.fixture
def office(project: Path, open_context: Open, clock: SimulatedClock) -> Office:
    return Office(open_context(project), clock)


# The texts


def test_notices_are_taken_over_by_their_hash_like_everything_that_is_sent(office: Office) -> None:
    published = office.publisher.take_over(patient=False)
    assert set(published.notices) == {"confirmation", "goodbye", "notice"}
    assert not published.held
    with office.context.store.read() as connection:
        for content in published.notices.values():
            assert contents.load(connection, content)


def test_a_broken_notice_holds_notices_alone_and_says_so(office: Office) -> None:
    good = office.publisher.take_over(patient=False)
    file = office.context.root / "templates" / "email" / "confirmation.md"
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("about.title", "about.titel"), encoding="utf-8")
    published = office.publisher.take_over(patient=False)
    assert published.notices == good.notices, "the last good text stays"
    assert set(published.shapes) == {"letters"}
    ((path, (problem, *_)),) = published.held.items()
    assert path == "templates/email/confirmation.md"
    assert "about.titel" in problem.message
    office.ask()
    office.run()
    assert len(office.notices()) == 1


def test_a_notice_that_never_had_a_text_is_told_in_words(office: Office) -> None:
    file = office.context.root / "templates" / "email" / "confirmation.md"
    file.write_text("no front matter\n", encoding="utf-8")
    with pytest.raises(ByPostError, match=r"confirmation.md: there is no usable text"):
        office.ask()
    assert office.rows() == []


def test_a_notice_can_be_owed_before_the_first_pass(office: Office) -> None:
    office.ask()
    assert office.run().this_pass.accepted == 1


# Owing


def test_a_notice_is_owed_once_for_each_request_in_a_batch_of_its_own(office: Office) -> None:
    asked = office.ask()
    (first,) = office.rows()
    office.owe("confirmation", asked.subscriber_id, first["request"])
    office.ask("bo@example.org")
    office.run()
    office.owe("confirmation", asked.subscriber_id, first["request"])
    assert [(row["item"], row["size"]) for row in office.rows()] == [("confirmation", 1)] * 2
    assert office.run().this_pass.accepted == 0
    assert len(office.notices()) == 2


def test_what_the_person_did_and_the_notice_are_undone_together(office: Office) -> None:
    person = office.ask().subscriber_id

    def owe_and_fail() -> None:
        with office.context.store.write() as connection:
            notices.owe(
                office.context, connection, notice="notice", subscriber_id=person, request="left:1"
            )
            raise RuntimeError

    with pytest.raises(RuntimeError):
        owe_and_fail()
    assert len(office.rows()) == 1


def test_a_notice_that_comes_while_a_pass_sleeps_ends_the_sleep(office: Office) -> None:
    began = office.clock.now()

    class Waking(SimulatedClock):
        def sleep(self, seconds: float) -> None:
            super().sleep(seconds)
            if self.now() - began > timedelta(seconds=3) and not office.rows():
                office.ask()

    clock = Waking(began)
    sender = Sender(replace(office.context, clock=clock), timedelta(minutes=1), None)
    assert sender.wait_until(began + timedelta(seconds=30))
    assert timedelta(seconds=3) < clock.now() - began < timedelta(seconds=10)
    office.run()
    clock.advance_to(began + timedelta(seconds=20))
    assert sender.wait_until(began + timedelta(seconds=40))
    assert clock.now() == began + timedelta(seconds=40), "there is nothing to wake for"
    assert not sender.wait_until(began + timedelta(seconds=90)), "its patience was used up"


# What a confirmation says


def test_a_confirmation_carries_the_title_and_the_link_and_nothing_that_was_typed(
    office: Office,
) -> None:
    asked = office.ask(newsletters=("notes",))
    office.run()
    (mail,) = office.notices()
    assert mail["To"] == "ana@example.org"
    assert mail["Subject"] == "Please confirm: Course letters and Notes & News"
    link_id = office.context.links.verify(link(mail, "c"))
    with office.context.store.read() as connection:
        assert link_id is not None
        assert signup.find(connection, link_id) == asked
    said = f"{mail}{body(mail)}{body(mail, 'html')}"
    for typed in TYPED.values():
        assert typed not in said
    assert mail["List-Unsubscribe"] is None
    assert mail["Auto-Submitted"] == "auto-generated"


def test_a_confirmation_names_nobody_even_if_the_person_has_a_name(
    office: Office, project: Path
) -> None:
    write_people(project, "ana@example.org,Ana Annasdottir,Europe/Berlin")
    text = project / "templates" / "email" / "confirmation.md"
    greeting = 'Dear {{ subscriber.name|default("reader", true) }} of {{ subscriber.time_zone }}'
    text.write_text(f"{text.read_text(encoding='utf-8')}\n{greeting}\n", encoding="utf-8")
    office.run()
    office.ask(course="", newsletters=("notes",))
    office.run()
    (mail,) = office.notices()
    assert mail["To"] == "ana@example.org"
    assert "Dear reader of" in body(mail)
    assert "Annasdottir" not in f"{mail}{body(mail, 'html')}"


def test_what_is_mailed_can_be_built_again_whatever_became_of_the_request(office: Office) -> None:
    asked = office.ask()
    office.run()
    (file,) = (office.context.root / "var" / "outbox").rglob("*.eml")
    office.confirm(asked)
    (row,) = office.rows()
    found = trace.find(office.context, office.context.reference(row["id"]))
    assert found is not None
    assert eml(trace.mail(office.context, found)) == file.read_bytes()


# Who gets it


@pytest.mark.parametrize(
    ("reason", "accepted"), [("bounced", 0), ("complained", 0), ("manual", 0), ("left", 1)]
)
def test_what_stops_all_mail_stops_notices_and_leaving_does_not(
    office: Office, reason: str, accepted: int
) -> None:
    office.ask()
    with office.context.store.write() as connection:
        hashed = office.context.address_hash("ana@example.org")
        suppressions.add(connection, hashed, reason=reason, now=office.clock.now())
    done = office.run().this_pass
    assert (done.accepted, done.cancelled) == (accepted, 1 - accepted)


@pytest.mark.parametrize("what", ["confirmed", "removed", "expired"])
def test_a_confirmation_that_is_not_needed_any_more_is_not_sent(office: Office, what: str) -> None:
    asked = office.ask()
    if what == "confirmed":
        office.confirm(asked)
    elif what == "expired":
        office.clock.advance(timedelta(days=8))
    else:
        with office.context.store.write() as connection:
            connection.exec_driver_sql("DELETE FROM signups")
    assert office.run().this_pass.cancelled == 1
    (row,) = office.rows()
    assert office.notices() == []
    assert {"confirmed": "confirmed already", "removed": "removed", "expired": "expired"}[
        what
    ] in row["detail"]


def test_a_notice_whose_request_nobody_knows_fails_alone(office: Office) -> None:
    person = office.ask().subscriber_id
    office.owe("notice", person, "nonsense:1")
    done = office.run().this_pass
    assert (done.accepted, done.failed) == (1, 1)
    assert "this request is gone" in office.rows()[1]["detail"]


# The others


def test_a_goodbye_names_the_person_the_course_and_the_way_back(office: Office) -> None:
    asked = office.ask(newsletters=("notes",))
    office.confirm(asked)
    now = office.clock.now()
    with office.context.store.write() as connection:
        (run,) = enrollments.of_subscribers(connection, [asked.subscriber_id])
        (letter,) = subscriptions.of_subscribers(connection, [asked.subscriber_id])
        for row in (run, letter):
            member = leave.find(connection, row["link_id"])
            assert member is not None
            leave.leave(connection, member, by="page", now=now)
    office.owe("goodbye", asked.subscriber_id, answers.left_course(run["id"]))
    office.owe("goodbye", asked.subscriber_id, answers.left_newsletter(letter["id"], now))
    office.run()
    course, newsletter = office.notices()[-2:]
    assert course["To"] == "Spam Buyer <ana@example.org>", "confirmed: it is their own word now"
    assert course["Subject"] == "You have left Course letters"
    assert newsletter["Subject"] == "You have left Notes & News"
    assert office.context.links.verify(link(course, "p")) == run["link_id"]
    assert office.context.links.verify(link(newsletter, "p")) == letter["link_id"]


@pytest.mark.parametrize("purpose", answers.FRESH)
def test_a_fresh_link_works_for_half_an_hour_from_its_mail(office: Office, purpose: str) -> None:
    asked = office.ask()
    office.confirm(asked)
    office.run()
    owed = office.clock.now()
    for _ in range(2):
        request = answers.fresh(purpose, asked.subscriber_id, owed)
        office.owe("notice", asked.subscriber_id, request)
    office.clock.advance(timedelta(hours=2))
    sent = office.clock.now()
    office.run()
    (mail,) = (mail for mail in office.notices() if mail["Subject"] == answers.FRESH[purpose][0])
    token = link(mail, "f")
    found = office.context.links.open_fresh(token, sent + timedelta(minutes=30))
    assert found is not None
    assert (found.purpose, found.subject) == (purpose, asked.subscriber_id)
    late = sent + timedelta(minutes=30, seconds=1)
    assert office.context.links.open_fresh(token, late) is None


def test_there_are_fresh_links_for_known_purposes_only() -> None:
    with pytest.raises(KeyError):
        answers.fresh("nonsense", 1, SimulatedClock.now)  # type: ignore[arg-type]
