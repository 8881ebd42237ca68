"""Signing up: one mail asks, one button starts; the answer never tells what is known."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bypost.people import leave, pace, signup
from bypost.people.confirm import Result
from bypost.people.signup import DISPOSABLE, Outcome
from bypost.store import Store, enrollments, signups, subscribers, subscriptions
from tests.people.desk import Desk
from tests.people.form import DAY, NETWORK, WORDING, Form

#: Gaps between two requests: within a moment, a day and less or more, and a removal.
GAPS = (timedelta(0), timedelta(hours=23), timedelta(hours=25), timedelta(days=20))
SPELLINGS = ("ana@example.org", "ANA@Example.org", "ana+news@example.org", "Ana+x+y@example.org")


@pytest.fixture
def form(desk: Desk) -> Form:
    return Form(desk)


# Asking


def test_a_request_owes_one_mail_and_starts_nothing(form: Form) -> None:
    assert form.ask() is Outcome.SENT
    person = form.desk.person()
    assert form.mails == [(person["id"], form.mails[0][1])]
    assert (person["status"], form.desk.on()) == ("unconfirmed", {})
    assert form.desk.consents() == []


def test_nothing_that_was_typed_is_known_of_a_person_before_they_confirm(form: Form) -> None:
    form.ask(name="Buy at spam.example", time_zone="Asia/Tokyo", hour="05:00")
    person = form.desk.person()
    assert (person["name"], person["time_zone"], person["hour"]) == ("", "", "")
    assert (person["attributes"], person["tags"]) == ({}, [])


def test_a_number_of_requests_for_one_address_is_one_person(form: Form) -> None:
    for _ in range(3):
        form.ask()
        form.ask("ANA@example.org")
        form.later(DAY)
    assert form.desk.count() == 1


@pytest.mark.parametrize(
    "known", ["new", "asked before", "confirmed", "left", "bounced", "complained", "manual"]
)
def test_the_answer_is_the_same_whatever_is_known_of_the_address(form: Form, known: str) -> None:
    if known == "asked before":
        form.ask()
    elif known in ("confirmed", "left"):
        form.join()
    elif known != "new":
        form.desk.suppress(known)
    if known == "left":
        form.desk.leave_everything()
    form.mails.clear()
    assert form.ask() is Outcome.SENT
    assert len(form.mails) == (known in ("new", "left"))


def test_a_refused_address_gets_the_same_answer_and_no_mail(form: Form) -> None:
    form.limits = {"disposable": "refuse"}
    for email in ("x@mailinator.com", "x@sub.mailinator.com", "abuse@example.org"):
        assert form.ask(email) is Outcome.SENT
    assert form.mails == []
    assert form.desk.count() == 0


def test_a_throw_away_address_is_marked(form: Form) -> None:
    form.join("x@mailinator.com")
    form.join("y@example.org")
    tags = {key: one["tags"] for key, one in form.desk.everybody().items()}
    assert tags == {"x@mailinator.com": [DISPOSABLE], "y@example.org": []}


def test_whoever_is_on_everything_they_ask_for_gets_no_mail(form: Form) -> None:
    form.join(newsletters=("gazette",))
    form.mails.clear()
    form.ask()
    form.ask(course="", newsletters=("gazette",))
    assert form.mails == []
    form.ask(course="beta")
    assert len(form.mails) == 1


def test_a_second_course_can_be_had_on_the_day_of_the_first(form: Form) -> None:
    form.join()
    form.join(course="beta")
    assert form.desk.on() == {"course:alpha": "active", "course:beta": "active"}


@settings(max_examples=40, deadline=None)
@given(
    requests=st.lists(
        st.tuples(
            st.sampled_from(GAPS),
            st.sampled_from(SPELLINGS),
            st.integers(0, 9),
            st.sampled_from(["alpha", "beta", ""]),
            st.booleans(),
        ),
        min_size=1,
        max_size=15,
    )
)
def test_one_address_gets_at_most_one_mail_a_day_and_three_ever(
    fresh_desk: Callable[[], Desk], requests: Sequence[tuple[timedelta, str, int, str, bool]]
) -> None:
    form = Form(fresh_desk())
    sent = []
    for gap, email, network, course, tidied in requests:
        form.later(gap)
        if tidied:
            form.tidy()
        before = len(form.mails)
        answer = form.ask(
            email, network=f"10.0.{network}.0/24", course=course, newsletters=("gazette",)
        )
        assert answer is Outcome.SENT
        sent += [form.now] * (len(form.mails) - before)
    assert 1 <= len(sent) <= 3
    assert all(later - earlier >= DAY for earlier, later in pairwise(sent))


def test_ten_thousand_hostile_requests_of_one_network_stay_within_its_budget(form: Form) -> None:
    form.limits = {"per_network_per_hour": 20}
    with form.desk.store.write() as connection:
        outcomes = Counter(
            signup.request(
                connection,
                signup.Wish(
                    email=f"victim{number}@example.org",
                    course="alpha",
                    form=f"embed:{number % 7}",
                    wording=WORDING,
                    network=NETWORK,
                ),
                now=form.now,
                rules=form.rules,
                notify=form.notify,
            )
            for number in range(10_000)
        )
    assert outcomes == {Outcome.SENT: 20, Outcome.TOO_MANY: 9_980}
    assert len(form.mails) == 20
    assert form.desk.count() == 20, "what is turned away leaves nothing behind"
    assert form.ask("neighbour@example.org", network="192.0.2.0/24") is Outcome.SENT


# Confirming


def test_the_clock_of_the_course_starts_at_the_confirmation(form: Form) -> None:
    form.ask()
    form.later(timedelta(days=3))
    done = form.confirm()
    (run,) = form.desk.runs()
    assert (done.result, done.link_id) == (Result.CONFIRMED, run["link_id"])
    assert (run["started_at"], run["next_due"], run["run"]) == (form.now, form.now, 1)
    assert form.desk.person()["confirmed_at"] == form.now


def test_name_zone_and_hour_are_taken_over_and_no_file_changes_them_back(form: Form) -> None:
    form.join(name="Ana", time_zone="Asia/Tokyo", hour="05:00")
    person = form.desk.person()
    assert (person["name"], person["time_zone"], person["hour"]) == ("Ana", "Asia/Tokyo", "05:00")
    form.desk.rows("ana@example.org,Anna,Europe/Berlin,,,,,")
    person = form.desk.person()
    assert (person["name"], person["time_zone"]) == ("Ana", "Asia/Tokyo")


def test_what_somebody_chose_on_their_page_outlives_what_is_typed_later(form: Form) -> None:
    form.join(name="Ana", hour="05:00")
    with form.desk.store.write() as connection:
        person = subscribers.by_id(connection, form.desk.person()["id"])
        assert person is not None
        pace.set_clock(connection, person, hour="07:00", time_zone="Europe/Berlin", now=form.now)
    form.join(course="beta", name="Mallory", time_zone="Asia/Tokyo", hour="22:00")
    person = form.desk.person()
    assert (person["name"], person["time_zone"], person["hour"]) == (
        "Ana",
        "Europe/Berlin",
        "07:00",
    )


def test_newsletters_come_only_where_they_were_ticked(form: Form) -> None:
    form.join()
    form.join("bo@example.org", newsletters=("gazette",))
    assert form.desk.on() == {"course:alpha": "active"}
    assert form.desk.on("bo@example.org") == {
        "course:alpha": "active",
        "newsletter:gazette": "active",
    }


def test_the_evidence_says_what_was_agreed_to_where_and_when(form: Form) -> None:
    asked = form.now
    form.ask(newsletters=("gazette",), form="embed:alpha", language="de")
    form.later(timedelta(hours=5))
    form.confirm(network="2001:db8:1::/48")
    course, letter = form.desk.consents()
    assert {
        "purpose": "course:alpha",
        "source": "form",
        "form": "embed:alpha",
        "language": "de",
        "note": WORDING,
        "network": NETWORK,
        "confirmed_network": "2001:db8:1::/48",
        "requested_at": asked,
        "confirmed_at": form.now,
        "withdrawn_at": None,
    }.items() <= dict(course).items()
    assert (letter["purpose"], letter["note"]) == ("newsletter:gazette", WORDING)


def test_confirming_twice_is_confirming_once(form: Form) -> None:
    form.ask()
    asked = form.mailed()
    first = form.confirm(asked)
    form.later(timedelta(minutes=1))
    again = form.confirm(asked)
    assert (again.result, again.link_id) == (Result.ALREADY, first.link_id)
    assert len(form.desk.runs()) == len(form.desk.consents()) == 1
    assert form.desk.person()["confirmed_at"] < form.now


def test_two_browsers_that_press_at_once_start_one_run(form: Form) -> None:
    form.ask()
    asked = form.mailed()
    start = threading.Barrier(4)
    results: list[Result] = []

    def press() -> None:
        start.wait()
        results.append(form.confirm(asked).result)

    threads = [threading.Thread(target=press) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == [Result.ALREADY] * 3 + [Result.CONFIRMED]
    assert len(form.desk.runs()) == len(form.desk.consents()) == 1


def test_looking_at_a_request_changes_nothing(form: Form) -> None:
    form.ask()
    before = form.mailed()
    for _ in range(5):
        assert form.mailed() == before
    assert form.desk.on() == {}


def test_a_link_works_for_seven_days_and_then_offers_another(form: Form) -> None:
    form.ask(name="Ana")
    asked = form.mailed()
    requested = form.now
    form.later(timedelta(days=7) - timedelta(seconds=1))
    assert not asked.expired(form.now)
    assert form.again(asked) is Outcome.SENT
    assert len(form.mails) == 1, "the link still works"
    form.later(timedelta(seconds=1))
    assert form.confirm(asked).result is Result.EXPIRED
    assert form.desk.on() == {}
    assert form.again(asked) is Outcome.SENT
    assert form.again(asked) is Outcome.SENT
    assert len(form.mails) == 2, "one a day"
    fresh = form.mailed()
    assert (fresh.id != asked.id, fresh.requested_at) == (True, requested)
    assert form.confirm(fresh).result is Result.CONFIRMED
    assert form.desk.person()["name"] == "Ana"


def test_another_link_is_had_within_the_limits_of_the_form(form: Form) -> None:
    form.limits = {"per_network_per_hour": 2}
    form.ask()
    asked = form.mailed()
    form.later(timedelta(days=8))
    answers = [form.again(asked) for _ in range(3)]
    assert answers == [Outcome.SENT, Outcome.SENT, Outcome.TOO_MANY]


@pytest.mark.parametrize("reason", ["bounced", "complained", "manual"])
def test_an_address_that_must_not_be_mailed_cannot_be_confirmed(form: Form, reason: str) -> None:
    form.ask()
    form.desk.suppress(reason)
    assert form.confirm().result is Result.REFUSED
    assert (form.desk.on(), form.suppressed()) == ({}, reason)


def test_a_request_of_somebody_who_was_erased_leads_nowhere(form: Form) -> None:
    form.ask()
    asked = form.mailed()
    with form.desk.store.write() as connection:
        signups.blank(connection, [asked.subscriber_id], form.now)
    assert form.confirm(asked).result is Result.REFUSED


# Coming back


def test_who_left_a_course_comes_back_with_a_new_run(form: Form) -> None:
    form.join()
    form.desk.leave("alpha")
    form.later(DAY)
    assert form.join().result is Result.CONFIRMED
    runs = [(run["run"], run["status"]) for run in form.desk.runs()]
    assert runs == [(1, "left"), (2, "active")]


def test_who_finished_a_course_may_take_it_again(form: Form) -> None:
    form.join()
    with form.desk.store.write() as connection:
        enrollments.finish(connection, [form.desk.runs()[0]["id"]], form.now)
    form.join()
    assert [run["run"] for run in form.desk.runs()] == [1, 2]


def test_who_left_everything_comes_back_to_what_they_confirm_and_nothing_else(
    form: Form,
) -> None:
    form.join(newsletters=("gazette",))
    form.join(course="beta")
    form.desk.leave_everything()
    assert form.suppressed() == "left"
    form.join()
    assert form.suppressed() == ""
    on = form.desk.on()
    assert on == {"course:alpha": "active", "course:beta": "left", "newsletter:gazette": "left"}


def test_asking_alone_brings_nobody_back(form: Form) -> None:
    form.join()
    form.desk.leave_everything()
    form.ask()
    assert (form.suppressed(), form.desk.on()) == ("left", {"course:alpha": "left"})


def test_who_left_a_newsletter_comes_back_under_the_same_link(form: Form) -> None:
    form.join(newsletters=("gazette",))
    with form.desk.store.read() as connection:
        (before,) = subscriptions.of_subscribers(connection, [form.desk.person()["id"]])
    form.desk.leave("gazette")
    form.later(DAY)
    done = form.join(course="", newsletters=("gazette",))
    with form.desk.store.read() as connection:
        (after,) = subscriptions.of_subscribers(connection, [form.desk.person()["id"]])
        member = leave.find(connection, before["link_id"])
    assert (after["status"], after["started_at"]) == ("active", form.now)
    assert done.link_id == before["link_id"]
    assert member is not None
    assert not member.left


# Removing


def test_requests_that_nobody_confirms_are_removed_with_their_people(form: Form) -> None:
    form.ask("ana@example.org")
    form.ask("bo@example.org")
    form.confirm()
    form.ask("cy@example.org", course="beta")
    form.later(timedelta(days=14))
    assert form.tidy() == 0
    form.later(timedelta(seconds=1))
    assert form.tidy() == 2
    assert form.tidy() == 0
    assert list(form.desk.everybody()) == ["bo@example.org"]


def test_a_person_of_the_file_stays_when_their_request_is_removed(form: Form) -> None:
    form.desk.rows("ana@example.org,Ana,,,unconfirmed,,,")
    form.ask()
    form.later(timedelta(days=15))
    assert form.tidy() == 1
    assert form.desk.person()["name"] == "Ana"


def test_a_removed_address_may_be_asked_for_again_but_not_more_often(form: Form) -> None:
    for _ in range(5):
        form.ask()
        form.later(timedelta(days=15))
        form.tidy()
    assert len(form.mails) == 3
    assert form.desk.count() == 0


def test_the_store_of_requests_survives_its_process(form: Form, desk: Desk) -> None:
    form.ask()
    asked = form.mailed()
    desk.store.close()
    desk.store = Store("sqlite:///people.db", root=desk.folder)
    assert form.confirm(asked).result is Result.CONFIRMED
    assert form.ask() is Outcome.SENT
    assert len(form.mails) == 1
