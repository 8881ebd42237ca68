"""What keeps the form from being turned on others: limits, tokens, domains."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta

import pytest

from bypost.links import AddressHash, Links
from bypost.people import abuse
from bypost.people.abuse import FormCheck, Rules
from bypost.people.csv_rows import Known
from bypost.people.signup import Outcome
from bypost.people.wish import BadWish, Wish, read_wish
from bypost.settings.model import SignUp
from tests.people.desk import Desk
from tests.people.form import Form

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
LINKS = Links("https://course.example.org", ["new", "old"])
KNOWN = Known(frozenset({"alpha"}), frozenset({"gazette"}))


@pytest.fixture
def form(desk: Desk) -> Form:
    return Form(desk)


# Networks


@pytest.mark.parametrize(
    ("ip", "network"),
    [
        ("203.0.113.77", "203.0.113.0/24"),
        ("::ffff:203.0.113.77", "203.0.113.0/24"),
        ("2001:db8:1:2:3::4", "2001:db8:1::/48"),
        ("fe80::1%eth0", "fe80::/48"),
        ("testclient", "unknown"),
        ("", "unknown"),
    ],
)
def test_a_network_is_what_neighbours_share_and_names_no_household(ip: str, network: str) -> None:
    assert abuse.network_of(ip) == network


def test_addresses_of_one_network_share_its_budget_and_others_have_their_own(form: Form) -> None:
    form.limits = {"per_network_per_hour": 3}
    one, other = abuse.network_of("203.0.113.1"), abuse.network_of("203.0.114.1")
    answers = [form.ask(f"a{i}@example.org", network=one) for i in range(5)]
    assert answers == [Outcome.SENT] * 3 + [Outcome.TOO_MANY] * 2
    assert form.ask("b@example.org", network=other) is Outcome.SENT
    form.later(timedelta(hours=1))
    assert form.ask("c@example.org", network=one) is Outcome.SENT


def test_what_a_network_has_in_excess_takes_nothing_from_the_others(form: Form) -> None:
    form.limits = {"per_network_per_hour": 2, "per_hour": 5, "per_form_per_hour": 5}
    for i in range(50):
        form.ask(f"a{i}@example.org", network="hostile")
    answers = [form.ask(f"b{i}@example.org", network=f"good-{i}") for i in range(4)]
    assert answers == [Outcome.SENT] * 3 + [Outcome.TOO_MANY]


def test_what_came_over_no_network_has_no_limit_of_one(form: Form) -> None:
    form.limits = {"per_network_per_hour": 1}
    answers = [form.ask(f"a{i}@example.org", network="") for i in range(4)]
    assert answers == [Outcome.SENT] * 4


# Budgets


def test_a_form_that_is_used_up_leaves_the_other_forms_open(form: Form) -> None:
    form.limits = {"per_form_per_hour": 2}
    answers = [form.ask(f"a{i}@example.org", form="embed:alpha") for i in range(3)]
    assert answers[-1] is Outcome.TOO_MANY
    assert form.ask("b@example.org", form="page:alpha") is Outcome.SENT


def test_whether_there_is_room_does_not_depend_on_the_address(form: Form) -> None:
    form.limits = {"per_hour": 3}
    form.desk.suppress("bounced", "known@example.org")
    answers = [form.ask(name) for name in ("known@example.org", *["ana@example.org"] * 3)]
    assert answers == [Outcome.SENT] * 3 + [Outcome.TOO_MANY]


def test_a_budget_that_closes_is_told_once_and_stands_in_the_alarms_until_it_opens(
    form: Form, caplog: pytest.LogCaptureFixture
) -> None:
    form.limits = {"per_hour": 2, "per_network_per_hour": 100}
    with caplog.at_level(logging.WARNING, logger="bypost.people.abuse"):
        for i in range(9):
            form.ask(f"a{i}@example.org")
    (said,) = caplog.messages
    assert "raise [signup] per_hour" in said
    with form.desk.store.read() as connection:
        assert abuse.alarms(connection, form.now) == [said]
        assert abuse.alarms(connection, form.now + timedelta(hours=1)) == []
    form.later(timedelta(hours=1))
    assert form.ask("b@example.org") is Outcome.SENT
    with caplog.at_level(logging.WARNING, logger="bypost.people.abuse"):
        for i in range(5):
            form.ask(f"c{i}@example.org")
    assert len(caplog.messages) == 2, "once in each window"


def test_a_form_that_closes_is_named_and_a_network_is_not(
    form: Form, caplog: pytest.LogCaptureFixture
) -> None:
    form.limits = {"per_form_per_hour": 1, "per_network_per_hour": 2}
    for i in range(9):
        form.ask(f"a{i}@example.org")
    (said,) = caplog.messages
    assert "the form `page:alpha` reached" in said
    assert "203.0.113" not in said


def test_one_mailbox_is_counted_once_however_it_is_written(form: Form) -> None:
    for email in ("ana@gmail.com", "a.n.a+x@gmail.com", "ana@googlemail.com", "ANA+1@Gmail.com"):
        form.ask(email)
    assert len(form.mails) == 1
    form.ask("an.a@example.org")
    form.ask("ana@example.org")
    assert len(form.mails) == 3, "elsewhere dots tell people apart"


@pytest.mark.sqlite
def test_what_is_counted_of_an_address_holds_no_address(form: Form) -> None:
    form.ask("ana@example.org")
    form.desk.store.close()
    raw = form.desk.store.path.read_bytes()
    assert raw.count(b"address:ever:") >= 1
    assert b"ever:ana" not in raw


# The form


def test_a_form_is_believed_between_two_seconds_and_a_day_after_it_was_shown() -> None:
    token = abuse.make_form_token(LINKS, "page:alpha", NOON)
    ages = {
        timedelta(0): FormCheck.TOO_FAST,
        timedelta(seconds=1.9): FormCheck.TOO_FAST,
        timedelta(seconds=2): FormCheck.GOOD,
        timedelta(hours=24): FormCheck.GOOD,
        timedelta(hours=24, seconds=1): FormCheck.STALE,
        timedelta(seconds=-60): FormCheck.TOO_FAST,
    }
    checked = {age: abuse.check_form_token(LINKS, token, "page:alpha", NOON + age) for age in ages}
    assert checked == ages


def test_a_token_of_another_form_another_key_or_another_purpose_is_wrong() -> None:
    later = NOON + timedelta(minutes=1)
    others = {
        "another form": abuse.make_form_token(LINKS, "page:beta", NOON),
        "another key": abuse.make_form_token(Links(LINKS.base_url, ["x"]), "page:alpha", NOON),
        "another purpose": LINKS.sign("fresh", ["page:alpha", NOON.timestamp()]),
        "another shape": LINKS.sign("form", {"page:alpha": 1}),
        "cut": abuse.make_form_token(LINKS, "page:alpha", NOON)[:-3],
        "none": "",
    }
    for token in others.values():
        check = abuse.check_form_token(LINKS, token, "page:alpha", later)
        assert check is FormCheck.WRONG


def test_a_form_shown_before_the_key_was_changed_is_still_good() -> None:
    old = abuse.make_form_token(Links(LINKS.base_url, ["old"]), "page:alpha", NOON)
    later = NOON + timedelta(minutes=1)
    assert abuse.check_form_token(LINKS, old, "page:alpha", later) is FormCheck.GOOD


# Domains


@pytest.mark.parametrize(
    ("email", "disposable"),
    [
        ("x@mailinator.com", True),
        ("x@MAILINATOR.com", True),
        ("x@deep.sub.mailinator.com", True),
        ("x@not-quite-mailinator.com", False),
        ("mailinator.com@example.org", False),
        ("x@gmail.com", False),
    ],
)
def test_throw_away_domains_are_known_with_all_below_them(email: str, disposable: bool) -> None:
    assert abuse.is_disposable(email) is disposable


def test_throw_away_addresses_are_refused_only_where_that_is_set() -> None:
    hashed = AddressHash("a key")
    for setting, refused in (("mark", False), ("refuse", True)):
        rules = Rules(settings=SignUp(disposable=setting), address_hash=hashed)
        assert abuse.is_refused("x@mailinator.com", rules) is refused
        assert abuse.is_refused("postmaster@example.org", rules)
        assert not abuse.is_refused("ana@example.org", rules)


# What is typed


def typed(**values: object) -> Wish:
    plain = {"email": "ana@example.org", "course": "alpha", "form": "f", "wording": "w"}
    return read_wish(KNOWN, **{**plain, **values})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("email", "said"),
    [
        ("", "Enter your email address."),
        ("   ", "Enter your email address."),
        ("ana", "Enter an address such as ana@example.org."),
        ("ana@example", "Enter an address such as ana@example.org."),
        ("ana@exa mple.org", "Enter an address such as ana@example.org."),
        ("a@example.org, b@example.org", "Enter an address such as ana@example.org."),
        ("ana@example.org\nBcc: b@example.org", "Enter an address such as ana@example.org."),
        (f"{'a' * 300}@example.org", "Enter an address such as ana@example.org."),
        ("josé@example.org", "Letters such as é before the @ cannot be mailed"),
    ],
)
def test_an_address_that_cannot_be_mailed_is_told_in_words(email: str, said: str) -> None:
    with pytest.raises(BadWish) as caught:
        typed(email=email)
    assert caught.value.problems["email"].startswith(said)


def test_an_address_is_taken_as_it_is_meant() -> None:
    assert typed(email=" Ana@Example.org ").email.casefold() == "ana@example.org"
    assert typed(email="ana@bücher.example.org").email == "ana@xn--bcher-kva.example.org"


def test_only_what_is_there_can_be_asked_for() -> None:
    for values, field in (
        ({"course": "beta"}, "course"),
        ({"course": ""}, "course"),
        ({"newsletters": ["gazette", "x"]}, "newsletters"),
    ):
        with pytest.raises(BadWish) as caught:
            typed(**values)
        assert list(caught.value.problems) == [field]
    assert typed(course="", newsletters=["gazette", "gazette"]).newsletters == ("gazette",)


def test_a_zone_or_an_hour_that_is_not_offered_is_left_out() -> None:
    wish = typed(time_zone="Mars/Olympus", hour="03:30")
    assert (wish.time_zone, wish.hour) == ("", "")
    wish = typed(time_zone="Asia/Tokyo", hour="07:00")
    assert (wish.time_zone, wish.hour) == ("Asia/Tokyo", "07:00")


def test_a_name_is_one_short_line() -> None:
    assert typed(name=" Ana\r\nBcc: x\u2028y ").name == "Ana Bcc: x y"
    assert len(typed(name="a" * 999).name) == 80
