"""Erasing somebody: nothing that tells of them stays, and nothing brings them back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from bypost.delivery import notices, recipe
from bypost.delivery.context import Context
from bypost.delivery.forget import forget, sweep
from bypost.delivery.owe import owe_lessons
from bypost.delivery.publish import publish
from bypost.delivery.run import Pass
from bypost.links import AddressHash
from bypost.model.event import Event, EventKind
from bypost.people import change_address, signup
from bypost.people.abuse import Rules
from bypost.people.wish import Wish
from bypost.store import Row, counts, enrollments, erasure, subscribers, suppressions
from bypost.store import events as store_events
from bypost.store.schema import attempts, batches, deliveries
from scheduler.clock import SimulatedClock
from tests.conftest import write_course, write_people

ANNA, NAME = "anna@example.org", "Anna Wintergarten"
#: Words that only she has; the database compresses what mails are made of, so recipes are opened.
HERS = (ANNA, NAME, "her-own-colour", "anna.new@example.org", "consented-by-phone")


@dataclass
class House:
    """A project in which somebody has done everything that leaves a trace."""

    context: Context
    clock: SimulatedClock
    root: Path

    def person(self, address: str = ANNA) -> Row:
        with self.context.store.read() as connection:
            return subscribers.by_keys(connection, [address])[address]

    def rules(self) -> Rules:
        hashed: AddressHash = self.context.address_hash
        return Rules(settings=self.context.settings.signup, address_hash=hashed)

    def files(self) -> list[Path]:
        return [path for path in (self.root / "var").rglob("*") if path.is_file()]

    def found(self, words: tuple[str, ...] = HERS) -> list[tuple[str, str]]:
        """Return which words stand in which file of the project's own, whatever it is."""
        return [
            (path.name, word)
            for path in self.files()
            for word in words
            if word.lower().encode() in path.read_bytes().lower()
        ]

    def described(self) -> set[str]:
        """Return every address and name in any recipe."""
        with self.context.store.read() as connection:
            packed = connection.execute(
                select(batches.c.recipe).where(batches.c.recipe.is_not(None))
            ).scalars()
            people = [one for each in packed for one in recipe.unpack(each)[1].values()]
        return {word for one in people for word in (one.to, one.to_name) if word}

    def run(self) -> None:
        Pass(self.context).run()


@pytest.fixture
def house(
    empty_project: Path, open_context: Callable[..., Context], clock: SimulatedClock
) -> House:
    write_course(empty_project)
    write_people(
        empty_project,
        f"{ANNA},{NAME},Europe/Berlin,her-own-colour,consented-by-phone",
        "bo@example.org,Bo,Europe/Berlin,green,",
        header="email,name,time_zone,colour,consent_note",
    )
    context = open_context(empty_project)
    house = House(context, clock, empty_project)
    house.run()
    _leave_traces(house)
    (empty_project / "subscribers.csv").unlink()
    return house


def _leave_traces(house: House) -> None:
    """Sign up once more, ask for another address, and have a provider talk of a mail."""
    context, now = house.context, house.clock.now()
    notify = notices.notifier(context)
    person = house.person()
    with context.store.write() as connection:
        wish = Wish(email=ANNA, course="other", name=NAME, form="f", wording="w", network="n")
        signup.request(connection, wish, now=now, rules=house.rules(), notify=notify)
        door = change_address.Doorman(rules=house.rules(), notify=notify, now=now)
        assert change_address.ask(connection, person, "anna.new@example.org", door)
        mail = counts.of_subscriber(connection, person["id"])[0]
        said = Event(
            event_id="1",
            provider_id="p",
            kind=EventKind.SOFT_BOUNCED,
            ref="r",
            at=now,
            recipient=ANNA,
            detail=f"550 {ANNA} is full",
            raw={"to": ANNA},
        )
        store_events.add(connection, "outbox", said, delivery_id=mail["id"], now=now)
        connection.execute(
            deliveries.update().where(deliveries.c.id == mail["id"]).values(detail=f"to {ANNA}")
        )
        connection.execute(
            attempts.update()
            .where(attempts.c.batch_id == mail["batch_id"])
            .values(detail=f"{ANNA.upper()} said no")
        )
    house.run()


@pytest.mark.sqlite
def test_before_erasing_she_is_everywhere(house: House) -> None:
    assert {word for _, word in house.found()} == set(HERS)
    assert {ANNA, NAME} <= house.described()


def test_after_erasing_neither_the_database_file_nor_the_outbox_holds_anything_of_her(
    house: House,
) -> None:
    before = len(house.files())
    assert forget(house.context, house.person()["id"])
    assert house.found() == []
    assert house.described() == {"bo@example.org", "Bo"}
    assert len(house.files()) < before


def test_the_mailbox_is_cleaned_also_when_no_mail_goes_into_it_any_more(
    house: House, open_context: Callable[..., Context]
) -> None:
    environ = {"BYPOST_SENDING__PROVIDER": "resend", "BYPOST_PROVIDERS__RESEND__API_KEY": "re_x"}
    elsewhere = open_context(house.root, environ)
    house.context.store.close()
    assert forget(elsewhere, house.person()["id"])
    assert house.found() == []


def test_the_ledger_still_adds_up_and_her_rows_stay_with_an_empty_person(house: House) -> None:
    with house.context.store.read() as connection:
        numbers = counts.count(connection)
    number = house.person()["id"]
    forget(house.context, number)
    with house.context.store.read() as connection:
        assert counts.count(connection) == numbers
        person = subscribers.by_id(connection, number)
        assert person is not None
        assert (person["status"], person["email"], person["name"]) == ("erased", None, "")
        assert counts.of_subscriber(connection, number)
        runs = enrollments.of_subscribers(connection, [number])
    assert [run["status"] for run in runs] == ["left"]


def test_other_peoples_mails_of_the_same_request_can_still_be_rebuilt(house: House) -> None:
    number = house.person()["id"]
    forget(house.context, number)
    bo = house.person("bo@example.org")
    with house.context.store.read() as connection:
        mail = counts.of_subscriber(connection, bo["id"])[0]
        packed = connection.execute(
            select(batches.c.recipe).where(batches.c.id == mail["batch_id"])
        ).scalar_one()
    assert list(recipe.unpack(packed)[1]) == [mail["id"]]


def test_the_keyed_hash_stays_and_no_import_brings_her_back(house: House) -> None:
    forget(house.context, house.person()["id"])
    hashed = house.context.address_hash(ANNA)
    with house.context.store.read() as connection:
        assert suppressions.find(connection, [hashed]) == {hashed: "left"}
    write_people(house.root, f"{ANNA},{NAME},Europe/Berlin")
    house.run()
    with house.context.store.read() as connection:
        assert ANNA not in subscribers.by_keys(connection, [ANNA])


def test_erasing_twice_changes_nothing(house: House) -> None:
    number = house.person()["id"]
    assert forget(house.context, number)
    house.clock.advance(timedelta(hours=1))
    assert not forget(house.context, number)
    assert not forget(house.context, 4711)


def test_what_is_owed_to_her_and_was_never_attempted_is_cancelled(house: House) -> None:
    house.clock.advance(timedelta(days=1))
    owe_lessons(house.context, publish(house.context, house.clock.now()).shapes)
    number = house.person()["id"]
    forget(house.context, number)
    house.run()
    with house.context.store.read() as connection:
        last = counts.of_subscriber(connection, number)[-1]
    assert (last["item"], last["state"]) == ("two", "cancelled")
    assert house.found() == []


def test_an_attempt_that_may_have_been_accepted_is_not_made_again_for_her(house: House) -> None:
    number = house.person()["id"]
    with house.context.store.write() as connection:
        mail = next(m for m in counts.of_subscriber(connection, number) if m["item"] == "one")
        connection.execute(
            batches.update()
            .where(batches.c.id == mail["batch_id"])
            .values(state="sending", ambiguous=True, accepted=0, accepted_at=None)
        )
    forget(house.context, number)
    house.clock.advance(timedelta(minutes=1))
    house.run()
    with house.context.store.read() as connection:
        assert counts.of_subscriber(connection, number)[0]["state"] == "failed"
    assert house.found() == []
    assert house.described() >= {"bo@example.org"}


def test_a_recipe_that_a_batch_kept_when_her_mail_moved_on_is_found(house: House) -> None:
    number = house.person()["id"]
    with house.context.store.write() as connection:
        mail = next(m for m in counts.of_subscriber(connection, number) if m["item"] == "one")
        row = connection.execute(select(batches).where(batches.c.id == mail["batch_id"])).mappings()
        old = dict(row.one())
        del old["id"]
        new = connection.execute(
            batches.insert().values({**old, "size": 1}).returning(batches.c.id)
        ).scalar_one()
        connection.execute(
            deliveries.update().where(deliveries.c.id == mail["id"]).values(batch_id=new)
        )
        connection.execute(
            batches.update().where(batches.c.id == mail["batch_id"]).values(size=1, accepted=1)
        )
    forget(house.context, number)
    assert house.described() == {"bo@example.org", "Bo"}


def test_a_file_that_a_request_under_way_wrote_afterwards_is_swept_away(house: House) -> None:
    number = house.person()["id"]
    with house.context.store.read() as connection:
        mail = erasure.deliveries_of(connection, number)[0]
    forget(house.context, number)
    outbox = house.root / "var" / "outbox"
    (outbox / f"{house.context.reference(mail)}.eml").write_text(ANNA)
    (outbox / f".{house.context.reference(mail)}.1-2.tmp").write_text(ANNA)
    sweep(house.context, house.clock.now())
    assert house.found() == []
