"""``bypost show``: one delivery, however it stands."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import insert, update

from bypost.store import Store, budgets
from bypost.store.schema import batches, deliveries, events, subscribers
from scheduler.clock import SystemClock
from tests.cli.conftest import Ran, everything
from tests.conftest import write_people

Run = Callable[..., Ran]


@pytest.fixture
def store(project: Path) -> Iterator[Store]:
    opened = Store("sqlite:///var/bypost.db", root=project)
    yield opened
    opened.close()


@pytest.fixture
def ref(run: Run, project: Path) -> str:
    """Send the first lesson to everybody; return one reference."""
    run("send")
    return min(path.stem for path in (project / "var/outbox").iterdir())


def change(store: Store, table: object, **values: object) -> None:
    with store.write() as connection:
        connection.execute(update(table).values(**values))


def test_show_tells_who_what_when_and_how_it_stands(run: Run, ref: str) -> None:
    done = run("show", ref)
    assert done.code == 0
    lines = dict(line.split(maxsplit=1) for line in done.out.splitlines())
    assert lines["now"].startswith("✓ accepted by outbox on ")
    assert lines["what"] == "Title of one  letters/one"
    assert lines["to"] == "Person 0 <p0@example.org>"
    assert lines["batch"] == f"{ref.partition('-')[0]}-b1, 3 people, outbox"
    assert "accepted after " in lines["attempts"]


def test_json_has_the_documented_keys(run: Run, ref: str, store: Store) -> None:
    now = SystemClock().now()
    with store.write() as connection:
        connection.execute(
            insert(events).values(
                provider="resend",
                event_id="e1",
                delivery_id=int(ref.rpartition("-")[2]),
                kind="bounced",
                at=now,
                received_at=now,
            )
        )
    found = run("show", ref, "--json").json
    assert list(found) == [
        *("ref", "kind", "collection", "item", "title", "email", "name", "due_at"),
        *("state", "reason", "accepted_at", "next_try", "provider", "provider_id"),
        *("batch", "attempts", "events"),
    ]
    assert (found["ref"], found["state"], found["reason"]) == (ref, "accepted", "")
    assert found["batch"] == {"ref": f"{ref.partition('-')[0]}-b1", "size": 3}
    (attempt,) = found["attempts"]
    assert list(attempt) == ["started_at", "ended_at", "outcome", "status", "detail"]
    (event,) = found["events"]
    assert list(event) == ["provider", "kind", "at", "received_at"]
    assert "bounced, says resend" in run("show", ref).out


def test_looking_changes_nothing(run: Run, ref: str, project: Path) -> None:
    before = everything(project)
    for words in (["show", ref], ["show", ref, "--json"], ["show", ref, "--eml"]):
        assert run(*words).code == 0
    assert everything(project) == before


def test_eml_is_the_mail_that_was_delivered_and_nothing_else(
    run: Run, ref: str, project: Path
) -> None:
    done = run("show", ref, "--eml")
    assert (done.code, done.err) == (0, "")
    assert done.out.encode() == (project / f"var/outbox/{ref}.eml").read_bytes()


def test_what_was_not_sent_yet_has_no_mail_and_says_what_it_waits_for(
    run: Run, ref: str, project: Path, store: Store
) -> None:
    with store.write() as connection:
        budgets.open_breaker(connection, "outbox", "the disk is full", SystemClock().now())
    write_people(project, "late@example.org,,")
    run("send")
    waiting = f"{ref.partition('-')[0]}-4"
    done = run("show", waiting, "--eml")
    assert (done.code, done.out) == (1, "")
    assert f"{waiting}: not sent yet; there is no mail to show" in done.err
    assert "waiting; goes out" in run("show", waiting).out
    assert "outbox is stopped: the disk is full" in run("show", waiting).out
    assert run("show", waiting, "--json").json["state"] == "pending"


@pytest.mark.parametrize("state", ["failed", "cancelled"])
def test_what_was_never_delivered_says_why(run: Run, ref: str, store: Store, state: str) -> None:
    change(store, deliveries, state=state, detail="left the course")
    done = run("show", ref, "--eml")
    assert (done.code, done.out) == (1, "")
    assert "never delivered: left the course" in done.err
    assert f"✗ {state}: left the course" in run("show", ref).out


@pytest.mark.parametrize("state", ["unknown", "sending"])
def test_of_an_open_question_the_mail_is_shown_with_a_remark(
    run: Run, ref: str, store: Store, project: Path, state: str
) -> None:
    change(store, batches, state=state, members=3)
    done = run("show", ref, "--eml")
    assert done.code == 0
    assert "nobody knows yet whether it was delivered" in done.err
    assert done.out.encode() == (project / f"var/outbox/{ref}.eml").read_bytes()


def test_an_unknown_delivery_says_how_to_settle_it(run: Run, ref: str, store: Store) -> None:
    change(store, batches, state="unknown", members=3)
    told = run("show", ref).out
    assert f"bypost reconcile --sent {ref}, or --resend {ref}" in told


def test_a_repeat_to_come_is_told_apart_from_a_first_attempt(
    run: Run, ref: str, store: Store
) -> None:
    change(store, batches, state="pending", ambiguous=True)
    assert "no answer yet; the same request is repeated with the next pass" in run("show", ref).out
    change(store, batches, state="pending", ambiguous=False)
    assert "waiting; goes out with the next pass" in run("show", ref).out


def test_the_mail_of_an_erased_person_is_gone(run: Run, ref: str, store: Store) -> None:
    change(store, subscribers, email=None, email_key=None, name="")
    done = run("show", ref, "--eml")
    assert (done.code, done.out) == (1, "")
    assert "the person was erased, and their mail with them" in done.err
    assert "a person who was erased" in run("show", ref).out


@pytest.mark.parametrize(
    "wrong", ["k7mq2xw9-1", "nonsense", "", "1", "{tag}-999", "{tag}-b999", "other-b1"]
)
def test_a_reference_that_is_not_known_ends_with_2(run: Run, ref: str, wrong: str) -> None:
    done = run("show", wrong.format(tag=ref.partition("-")[0]))
    assert (done.code, done.out) == (2, "")
    assert "is not the reference of a delivery here" in done.err


def test_the_reference_of_a_batch_leads_to_its_deliveries(run: Run, ref: str) -> None:
    tag = ref.partition("-")[0]
    done = run("show", f"{tag}-b1")
    assert (done.code, done.out) == (2, "")
    assert f"but of a batch\n    its deliveries: {tag}-1 {tag}-2 {tag}-3" in done.err


def test_a_mail_and_an_object_cannot_be_had_at_once(run: Run, ref: str) -> None:
    done = run("show", ref, "--eml", "--json")
    assert done.code == 2
    assert "give one of them" in done.err
