"""Recipes: what was delivered can be built again, byte for byte, whatever changed since."""

from __future__ import annotations

import base64
import csv
import random
import re
import secrets
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import update

from bypost.delivery import recipe, trace
from bypost.delivery.context import Context
from bypost.delivery.recipe import Facts, Roll, Shared
from bypost.delivery.run import Pass
from bypost.errors import ByPostError
from bypost.model.compressed import compress
from bypost.project import KEY_FILE
from bypost.providers.eml import eml
from bypost.store.schema import batches, subscribers
from bypost.testing import fault
from bypost.testing.fake_resend import FakeResend
from scheduler.clock import SimulatedClock
from tests.contracts.provider import HOSTILE_NAMES

Open = Callable[..., Context]

SHARED = Shared(
    at=datetime(2026, 11, 23, 8, 0, 0, 123456, tzinfo=UTC),
    from_email="course@example.org",
    from_name="Clarity Notes",
    reply_to="hello@example.org",
    leave="https://course.example.org/u/",
    progress="https://course.example.org/p/",
    list_id="<letters.example.org>",
)
TEXTS = st.text(st.characters(exclude_categories=("Cs",)), max_size=20)
PEOPLE = st.dictionaries(
    st.integers(min_value=1, max_value=10**12),
    st.builds(
        Facts,
        to=TEXTS,
        to_name=TEXTS,
        token=TEXTS,
        values=st.dictionaries(st.sampled_from(["next.when", "subscriber.company"]), TEXTS),
    ),
    max_size=5,
)


@settings(max_examples=100, deadline=None)
@given(people=PEOPLE)
def test_what_is_packed_comes_back_in_its_order(people: dict[int, Facts]) -> None:
    shared, back = recipe.unpack(recipe.pack(SHARED, Roll.of(people)))
    assert shared == SHARED
    assert list(back.items()) == list(people.items())


def test_a_person_costs_far_less_than_100_bytes_in_a_batch_of_100() -> None:
    chance = random.Random(7)
    letters = "abcdefghijklmnopqrstuvwxyz"

    def word(size: int) -> str:
        return "".join(chance.choices(letters, k=size))

    people = {
        chance.randrange(10**6) + 10**6 * n: Facts(
            to=f"{word(5)}.{word(7)}@{chance.choice(['gmail.com', 'gmx.de', f'{word(8)}.org'])}",
            to_name=f"{word(5).title()} {word(7).title()}",
            token=base64.urlsafe_b64encode(secrets.token_bytes(25)).decode().rstrip("="),
            values={"next.when": chance.choice(["Tuesday at 09:00", "Monday at 07:30"])},
        )
        for n in range(100)
    }
    assert len(recipe.pack(SHARED, Roll.of(people))) / 100 < 75


def test_another_form_is_refused_and_not_misread() -> None:
    packed = compress(orjson.dumps({"form": 2}))
    with pytest.raises(ValueError, match="form 2"):
        recipe.unpack(packed)


def write_hostile_people(root: Path) -> None:
    zones = ["Europe/Berlin", "Asia/Kolkata", "America/New_York", "", "Pacific/Apia"]
    with (root / "subscribers.csv").open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(["email", "name", "time_zone", "courses", "newsletters"])
        for number, name in enumerate(["", *HOSTILE_NAMES]):
            zone = zones[number % len(zones)]
            where = ["after-the-interview", "clarity-notes"]
            rows.writerow([f"p{number}@example.org", name, zone, *where])


def send_everything(context: Context, clock: SimulatedClock) -> dict[str, bytes]:
    """Send until nothing comes any more; return the mails by reference."""
    one_pass = Pass(context)
    for _ in range(300):
        at = one_pass.run().next_at
        if at is None:
            break
        clock.advance_to(max(at, clock.now() + timedelta(seconds=30)))
    folder = context.root / "var" / "outbox"
    return {path.stem: path.read_bytes() for path in folder.iterdir()}


def change_everything(context: Context) -> None:
    """Rename and move everybody, rewrite every text, renew the keys."""
    with context.store.write() as connection:
        connection.execute(
            update(subscribers).values(
                name="Somebody Else", time_zone="Asia/Tokyo", hour="23:15", email="new@example.net"
            )
        )
    for path in (context.root / "lessons").rglob("*.md"):
        text = path.read_text(encoding="utf-8")
        path.write_text(re.sub(r"subject: .*", "subject: Another", text) + "\nMore.\n")
    for path in (context.root / "templates/email").glob("*.txt"):
        path.write_text("Another frame.\n" + path.read_text(encoding="utf-8"))
    course = context.root / "lessons/after-the-interview/course.toml"
    course.write_text(re.sub(r'title = ".*"', 'title = "Another"', course.read_text()))
    (context.root / KEY_FILE).unlink()


def test_every_shipped_mail_is_built_again_byte_for_byte_though_everything_changed(
    shipped_project: Path, open_context: Open, clock: SimulatedClock
) -> None:
    for path in (shipped_project / "newsletters").rglob("*.md"):
        path.write_text(path.read_text().replace("status: draft", "status: ready"))
    write_hostile_people(shipped_project)
    context = open_context(shipped_project)
    delivered = send_everything(context, clock)
    people, mails_each = 1 + len(HOSTILE_NAMES), 6 + 2
    assert len(delivered) == people * mails_each
    change_everything(context)
    context.store.close()
    another = open_context(
        shipped_project,
        {
            "BYPOST_SENDER__NAME": "Another Name",
            "BYPOST_SENDER__EMAIL": "another@example.net",
            "BYPOST_SENDER__REPLY_TO": "elsewhere@example.net",
            "BYPOST_SENDER__POSTAL_ADDRESS": "2 Other Street",
            "BYPOST_SITE__BASE_URL": "https://elsewhere.example.net",
            "BYPOST_SITE__SECRET_KEYS": "another-key",
        },
    )
    Pass(another, csv=False).run()
    for ref, mail in delivered.items():
        assert rebuilt(another, ref) == mail


def rebuilt(context: Context, ref: str) -> bytes:
    found = trace.find(context, ref)
    assert found is not None
    return eml(trace.mail(context, found))


def test_a_repeat_of_the_same_bytes_keeps_the_recipe_they_were_made_from(
    through_resend: Open, resend: FakeResend, clock: SimulatedClock
) -> None:
    """The second attempt is made after the person changed; what was accepted came before."""
    context = through_resend()
    resend.script.add(*[fault.Fault(accept=True, reset=True)] * 3)
    Pass(context, patience=timedelta(0)).run()
    with context.store.write() as connection:
        connection.execute(update(subscribers).values(name="Renamed"))
    clock.advance(timedelta(minutes=10))
    assert Pass(context).run().total.accepted == 5
    bodies = [orjson.loads(request.body) for request in resend.requests]
    sent = {mail["tags"][0]["value"]: mail for body in bodies for mail in body}
    for ref, mail in sent.items():
        found = trace.find(context, ref)
        assert found is not None
        again = trace.mail(context, found)
        assert (again.html, again.text) == (mail["html"], mail["text"])
        assert f"{again.to_name} <{again.to}>" == mail["to"][0]
        assert "Renamed" not in again.text


def test_without_its_recipe_a_mail_cannot_be_built_and_says_why(
    project: Path, open_context: Open
) -> None:
    context = open_context(project)
    Pass(context).run()
    ref = context.reference(1)
    for forgotten, why in (
        (
            recipe.pack(SHARED, Roll.of({2: Facts(to="b@example.org", to_name="B")})),
            "theirs is gone",
        ),
        (compress(orjson.dumps({"form": 9})), "newer version"),
        (None, "before recipes were kept"),
    ):
        with context.store.write() as connection:
            connection.execute(update(batches).values(recipe=forgotten))
        with pytest.raises(ByPostError, match=why):
            rebuilt(context, ref)
