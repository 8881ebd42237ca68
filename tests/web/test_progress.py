"""A person's own page: it may read, pace, pause and leave."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from fastapi.testclient import TestClient
from selectolax.lexbor import LexborHTMLParser

from bypost.delivery.context import Context
from bypost.delivery.run import Pass
from bypost.people import pace
from bypost.store import consents, counts
from scheduler.clock import SimulatedClock
from tests.web.conftest import Beat, body, mails

Person = Callable[..., dict]


def had(context: Context, subscriber_id: int) -> int:
    with context.store.read() as connection:
        return len(counts.of_subscriber(connection, subscriber_id))


def offered(page: str) -> set[str]:
    """Return the words of the forms on a page."""
    nodes = LexborHTMLParser(page).css("[name=do]")
    return {node.attributes["value"] or "" for node in nodes}


def test_the_page_tells_what_came_and_when_the_next_comes_in_their_own_zone(
    public: TestClient, course_token: str
) -> None:
    page = public.get(f"/p/{course_token}").text
    assert "Course letters" in page
    assert "Monday 23 November" in page
    assert "Tuesday 24 November at 09:00 CET" in page


def test_a_form_leads_back_to_the_page(public: TestClient, course_token: str, beat: Beat) -> None:
    answer = public.post(f"/p/{course_token}", data={"do": "pause", "weeks": "2"})
    assert answer.status_code == 303
    assert answer.headers["location"] == f"/p/{course_token}?said=pause"
    assert "The course is paused." in public.get(answer.headers["location"]).text
    assert beat.woken == 1


def test_a_pause_stops_lessons_until_its_end_or_until_resumed(
    public: TestClient, context: Context, clock: SimulatedClock, person: Person, course_token: str
) -> None:
    public.post(f"/p/{course_token}", data={"do": "pause", "weeks": "1"})
    clock.advance(timedelta(days=3))
    Pass(context).run()
    assert had(context, person()["id"]) == 1
    assert "Paused until <strong>Monday 30 November 2026" in public.get(f"/p/{course_token}").text
    public.post(f"/p/{course_token}", data={"do": "resume"})
    Pass(context).run()
    assert had(context, person()["id"]) == 2


def test_a_slower_rhythm_moves_the_next_lesson(public: TestClient, course_token: str) -> None:
    public.post(f"/p/{course_token}", data={"do": "pace", "rhythm": "7 days"})
    assert "Monday 30 November at 09:00 CET" in public.get(f"/p/{course_token}").text
    public.post(f"/p/{course_token}", data={"do": "pace", "rhythm": ""})
    assert "Tuesday 24 November at 09:00 CET" in public.get(f"/p/{course_token}").text


def test_asking_for_the_next_one_twice_sends_one_lesson(
    public: TestClient, context: Context, person: Person, course_token: str
) -> None:
    form = {"do": "next", "after": "one"}
    first = public.post(f"/p/{course_token}", data=form)
    assert first.headers["location"].endswith("said=asked")
    assert public.post(f"/p/{course_token}", data=form).headers["location"].endswith("said=asked")
    Pass(context).run()
    late = public.post(f"/p/{course_token}", data=form)  # the same page, pressed once more
    assert late.headers["location"].endswith("said=on-its-way")
    Pass(context).run()
    assert had(context, person()["id"]) == 2


def test_the_button_names_the_lesson_after_which_it_asks(
    public: TestClient, course_token: str
) -> None:
    assert '<input type="hidden" name="after" value="one">' in public.get(f"/p/{course_token}").text


def test_two_lessons_within_a_day_are_enough(
    public: TestClient, context: Context, course_token: str
) -> None:
    public.post(f"/p/{course_token}", data={"do": "next", "after": "one"})
    Pass(context).run()
    answer = public.post(f"/p/{course_token}", data={"do": "next", "after": "two"})
    assert answer.headers["location"].endswith("said=enough")


@pytest.mark.parametrize(("most", "answers"), [(0, ["enough"]), (3, ["asked", "asked"])])
def test_the_author_says_how_many_lessons_a_day_can_be_asked_for(
    public: TestClient, context: Context, course_token: str, most: int, answers: list[str]
) -> None:
    file = context.root / "lessons/letters/course.toml"
    file.write_text(f"most_a_day = {most}\n{file.read_text()}", encoding="utf-8")
    Pass(context).run()
    offered = "Send me the next one now" in public.get(f"/p/{course_token}").text
    assert offered is (most > 0)
    for after, said in zip(("one", "two"), answers, strict=False):
        answer = public.post(f"/p/{course_token}", data={"do": "next", "after": after})
        assert answer.headers["location"].endswith(f"said={said}")
        Pass(context).run()


def test_nothing_is_asked_for_during_a_pause(public: TestClient, course_token: str) -> None:
    public.post(f"/p/{course_token}", data={"do": "pause", "weeks": "1"})
    answer = public.post(f"/p/{course_token}", data={"do": "next", "after": "one"})
    assert answer.headers["location"].endswith("said=paused")
    assert "Send me the next one now" not in public.get(f"/p/{course_token}").text


def test_own_hour_and_zone_hold_and_are_noted_as_the_persons_choice(
    public: TestClient, person: Person, course_token: str
) -> None:
    form = {"do": "clock", "hour": "07:00", "time_zone": "Pacific/Auckland"}
    public.post(f"/p/{course_token}", data=form)
    assert person()["own_choice"] == ["hour", "time_zone"]
    assert (person()["hour"], person()["time_zone"]) == ("07:00", "Pacific/Auckland")
    assert "at 07:00 NZDT" in public.get(f"/p/{course_token}").text


def test_only_what_changed_is_noted_as_own_choice(
    public: TestClient, person: Person, course_token: str
) -> None:
    form = {"do": "clock", "hour": "07:00", "time_zone": "Europe/Berlin"}
    public.post(f"/p/{course_token}", data=form)
    assert person()["own_choice"] == ["hour"]


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"do": "erase"},
        {"do": "pause", "weeks": "9"},
        {"do": "pause", "weeks": "many"},
        {"do": "pace", "rhythm": "0 days"},
        {"do": "clock", "hour": "03:00", "time_zone": "UTC"},
        {"do": "clock", "hour": "", "time_zone": "Mars/Olympus"},
    ],
)
def test_what_is_not_offered_is_refused_and_changes_nothing(
    public: TestClient, person: Person, course_token: str, form: dict[str, str]
) -> None:
    before = person()
    assert public.post(f"/p/{course_token}", data=form).status_code == 400
    assert person() == before


def test_after_leaving_the_page_offers_nothing_of_the_course_but_a_new_beginning(
    public: TestClient, course_token: str
) -> None:
    public.post(f"/u/{course_token}")
    page = public.get(f"/p/{course_token}").text
    assert "You have left this course" in page
    assert offered(page) == {"restart", "letter", "fresh"}
    form = {"do": "next", "after": "one"}
    answer = public.post(f"/p/{course_token}", data=form)
    assert answer.headers["location"].endswith("said=ended")


def test_pausing_a_course_that_was_left_does_not_wake_it(
    public: TestClient, person: Person, course_token: str
) -> None:
    public.post(f"/u/{course_token}")
    public.post(f"/p/{course_token}", data={"do": "resume"})
    assert (person()["run"]["status"], person()["run"]["next_due"]) == ("left", None)


def test_a_newsletters_link_shows_the_newsletter_and_the_way_out_only(
    public: TestClient, letter_token: str
) -> None:
    page = public.get(f"/p/{letter_token}").text
    assert "Notes &amp; News" in page
    assert f'href="/u/{letter_token}"' in page
    assert "Course letters" not in page
    assert offered(page) == {"fresh"}


def test_the_page_does_not_show_the_address(public: TestClient, course_token: str) -> None:
    """A forwarded mail must not tell who it was sent to."""
    assert "anna@" not in public.get(f"/p/{course_token}").text


def test_every_rhythm_on_offer_is_a_cadence() -> None:
    from bypost.delivery.due import parse_pace

    assert [str(parse_pace(text) or "") for text in pace.PACES] == list(pace.PACES)


def next_at(page: str) -> str:
    """Return when the page says that the next lesson comes."""
    found = LexborHTMLParser(page).css_first("main p strong")
    assert found is not None, page
    return found.text()


def test_a_lesson_had_can_be_read_as_it_was_sent(public: TestClient, course_token: str) -> None:
    page = public.get(f"/p/{course_token}").text
    assert f'<a href="/p/{course_token}/lessons/one">Title of one</a>' in page
    assert (
        f'src="/p/{course_token}/lessons/one/mail"'
        in public.get(f"/p/{course_token}/lessons/one").text
    )
    mail = public.get(f"/p/{course_token}/lessons/one/mail")
    assert "Hello Anna, this is one." in mail.text
    assert "script-src" not in mail.headers["content-security-policy"]
    assert "default-src 'none'" in mail.headers["content-security-policy"]


@pytest.mark.parametrize("lesson", ["two", "nothing", "..%2f..%2fone"])
def test_a_lesson_not_had_cannot_be_read(
    public: TestClient, course_token: str, lesson: str
) -> None:
    assert public.get(f"/p/{course_token}/lessons/{lesson}").status_code == 404
    assert public.get(f"/p/{course_token}/lessons/{lesson}/mail").status_code == 404


def test_somebody_elses_link_reads_their_own_mail_only(
    public: TestClient, context: Context, person: Person
) -> None:
    token = context.links.token(person("bo@example.org")["run"]["link_id"])
    assert "Anna" not in public.get(f"/p/{token}/lessons/one/mail").text


def test_the_next_one_now_moves_the_days_of_the_others(
    public: TestClient, context: Context, course_token: str
) -> None:
    """Lesson two is due on Tuesday, three a day after it; Anna asks for two on Monday."""
    public.post(f"/p/{course_token}", data={"do": "next", "after": "one", "then": "shift"})
    Pass(context).run()
    assert next_at(public.get(f"/p/{course_token}").text) == "Tuesday 24 November at 09:00 CET"


def test_just_this_one_leaves_the_days_of_the_others(
    public: TestClient, context: Context, clock: SimulatedClock, person: Person, course_token: str
) -> None:
    public.post(f"/p/{course_token}", data={"do": "next", "after": "one", "then": "keep"})
    Pass(context).run()
    assert next_at(public.get(f"/p/{course_token}").text) == "Wednesday 25 November at 09:00 CET"
    own = [mail for mail in mails(context.root) if "anna" in str(mail["To"])]
    assert "Wednesday at 09:00" in body(own[-1])
    clock.advance(timedelta(days=1))
    Pass(context).run()
    assert had(context, person()["id"]) == 2, "nothing on Tuesday: its lesson was had"
    clock.advance(timedelta(days=1))
    Pass(context).run()
    assert had(context, person()["id"]) == 3


def test_a_new_rhythm_counts_from_the_last_lesson_again(
    public: TestClient, context: Context, course_token: str
) -> None:
    public.post(f"/p/{course_token}", data={"do": "next", "after": "one", "then": "keep"})
    Pass(context).run()
    public.post(f"/p/{course_token}", data={"do": "pace", "rhythm": "1 day"})
    assert next_at(public.get(f"/p/{course_token}").text) == "Tuesday 24 November at 09:00 CET"


@pytest.mark.parametrize(
    ("rhythm", "at"),
    [
        ("1 day", "Tuesday 24 November at 09:00 CET"),
        ("1 weekday", "Tuesday 24 November at 09:00 CET"),
        ("twice a week", "Thursday 26 November at 09:00 CET"),
        ("7 days", "Monday 30 November at 09:00 CET"),
    ],
)
def test_every_rhythm_says_when_the_next_lesson_comes(
    public: TestClient, course_token: str, rhythm: str, at: str
) -> None:
    public.post(f"/p/{course_token}", data={"do": "pace", "rhythm": rhythm})
    page = public.get(f"/p/{course_token}").text
    assert next_at(page) == at
    assert f'<option value="{rhythm}" selected>' in page


def test_a_pause_ends_on_the_day_that_was_chosen(
    public: TestClient, context: Context, clock: SimulatedClock, person: Person, course_token: str
) -> None:
    public.post(f"/p/{course_token}", data={"do": "pause", "until": "2026-12-02"})
    assert next_at(public.get(f"/p/{course_token}").text) == "Wednesday 2 December 2026"
    Pass(context).run()
    clock.advance(timedelta(days=8, hours=23))
    Pass(context).run()
    assert had(context, person()["id"]) == 2


@pytest.mark.parametrize("until", ["2026-11-23", "2025-01-01", "2028-01-01", "soon", "9999-99-99"])
def test_a_pause_until_a_day_that_is_not_on_offer_is_refused(
    public: TestClient, person: Person, course_token: str, until: str
) -> None:
    answer = public.post(f"/p/{course_token}", data={"do": "pause", "until": until})
    assert answer.status_code == 400
    assert person()["run"]["paused_until"] is None


def test_a_lesson_is_left_out_once_and_the_one_after_it_comes_in_its_place(
    public: TestClient, context: Context, clock: SimulatedClock, person: Person, course_token: str
) -> None:
    form = {"do": "skip", "after": "one"}
    assert public.post(f"/p/{course_token}", data=form).headers["location"].endswith("skipped")
    again = public.post(f"/p/{course_token}", data=form).headers["location"]
    assert again.endswith("on-its-way")
    page = public.get(f"/p/{course_token}").text
    assert next_at(page) == "Tuesday 24 November at 09:00 CET"
    assert "left out" in page
    clock.advance(timedelta(days=1))
    Pass(context).run()
    subjects = [str(mail["Subject"]) for mail in mails(context.root) if "anna" in str(mail["To"])]
    assert subjects == ["The subject of one", "The subject of three"]
    with context.store.read() as connection:
        numbers = counts.count(connection)
    assert numbers.pending == 0
    assert numbers.cancelled == 1


def test_a_lesson_comes_once_more_as_it_was_and_moves_nothing(
    public: TestClient, context: Context, clock: SimulatedClock, course_token: str
) -> None:
    before = next_at(public.get(f"/p/{course_token}").text)
    clock.advance(timedelta(hours=2))
    form = {"do": "resend", "lesson": "one", "seen": "0"}
    assert public.post(f"/p/{course_token}", data=form).headers["location"].endswith("=resent")
    late = public.post(f"/p/{course_token}", data=form).headers["location"]
    assert late.endswith("copy-on-its-way")
    Pass(context).run()
    assert public.post(f"/p/{course_token}", data=form).headers["location"] == late
    own = [mail for mail in mails(context.root) if "anna" in str(mail["To"])]
    assert body(own[0]) == body(own[1])
    assert len(own) == 2
    assert next_at(public.get(f"/p/{course_token}").text) == before


def test_three_lessons_once_more_are_enough_for_a_day(
    public: TestClient, context: Context, clock: SimulatedClock, course_token: str
) -> None:
    said = []
    for seen in range(4):
        form = {"do": "resend", "lesson": "one", "seen": str(seen)}
        said.append(public.post(f"/p/{course_token}", data=form).headers["location"])
        Pass(context).run()
    assert [one.rpartition("=")[2] for one in said] == ["resent"] * 3 + ["enough-copies"]
    clock.advance(timedelta(days=2))
    form = {"do": "resend", "lesson": "one", "seen": "3"}
    assert public.post(f"/p/{course_token}", data=form).headers["location"].endswith("=resent")


def test_a_pause_does_not_keep_back_what_the_person_asked_for_once_more(
    public: TestClient, context: Context, person: Person, course_token: str
) -> None:
    public.post(f"/p/{course_token}", data={"do": "pause", "weeks": "4"})
    public.post(f"/p/{course_token}", data={"do": "resend", "lesson": "one", "seen": "0"})
    Pass(context).run()
    assert had(context, person()["id"]) == 2


def test_a_lesson_that_was_never_had_is_not_sent_once_more(
    public: TestClient, context: Context, person: Person, course_token: str
) -> None:
    form = {"do": "resend", "lesson": "three", "seen": "0"}
    answer = public.post(f"/p/{course_token}", data=form)
    assert answer.headers["location"].endswith("no-such-lesson")
    Pass(context).run()
    assert had(context, person()["id"]) == 1


def test_a_course_that_goes_on_cannot_be_begun_anew(
    public: TestClient, context: Context, person: Person, course_token: str
) -> None:
    answer = public.post(f"/p/{course_token}", data={"do": "restart"})
    assert course_token in answer.headers["location"]
    Pass(context).run()
    assert had(context, person()["id"]) == 1
    assert "restart" not in offered(public.get(f"/p/{course_token}").text)


def test_a_finished_course_begins_anew_once_with_a_page_of_its_own(
    public: TestClient, context: Context, clock: SimulatedClock, person: Person, course_token: str
) -> None:
    for _ in range(4):
        clock.advance(timedelta(days=1))
        Pass(context).run()
    assert person()["run"]["status"] == "finished"
    assert had(context, person()["id"]) == 3
    first = public.post(f"/p/{course_token}", data={"do": "restart"}).headers["location"]
    assert public.post(f"/p/{course_token}", data={"do": "restart"}).headers["location"] == first
    Pass(context).run()
    assert had(context, person()["id"]) == 4
    assert "Go to where you are now" in public.get(f"/p/{course_token}").text
    assert "Tuesday 1 December" not in public.get(first).text
    assert "begins anew" in public.get(first).text


def test_whoever_left_begins_anew_within_a_week_and_later_asks_with_the_form(
    public: TestClient, context: Context, clock: SimulatedClock, person: Person, course_token: str
) -> None:
    public.post(f"/u/{course_token}")
    clock.advance(timedelta(days=8))
    answer = public.post(f"/p/{course_token}", data={"do": "restart"})
    assert answer.headers["location"].endswith("too-late")
    Pass(context).run()
    assert had(context, person()["id"]) == 1


def test_a_name_that_was_chosen_is_used_and_kept(
    public: TestClient, context: Context, clock: SimulatedClock, person: Person, course_token: str
) -> None:
    public.post(f"/p/{course_token}", data={"do": "name", "name": "  Annika  "})
    assert (person()["name"], person()["own_choice"]) == ("Annika", ["name"])
    clock.advance(timedelta(days=1))
    Pass(context).run()
    own = [mail for mail in mails(context.root) if "anna@" in str(mail["To"])]
    assert "Hello Annika" in body(own[-1])


def test_a_newsletter_is_switched_off_and_on_with_evidence_of_both(
    public: TestClient, context: Context, person: Person, course_token: str
) -> None:
    form = {"do": "letter", "letter": "notes"}
    public.post(f"/p/{course_token}", data={**form, "on": "no"})
    assert person()["letter"]["status"] == "left"
    public.post(f"/p/{course_token}", data={**form, "on": "yes"})
    public.post(f"/p/{course_token}", data={**form, "on": "yes"})
    assert person()["letter"]["status"] == "active"
    with context.store.read() as connection:
        rows = consents.of_subscriber(connection, person()["id"])
    mine = [(row["source"], row["withdrawn_by"]) for row in rows if "notes" in row["purpose"]]
    assert mine == [("csv", "page"), ("page", "")]


def test_a_newsletter_that_there_is_not_cannot_be_switched_on(
    public: TestClient, course_token: str
) -> None:
    form = {"do": "letter", "letter": "../secrets", "on": "yes"}
    assert public.post(f"/p/{course_token}", data=form).status_code == 400


def test_whoever_left_everything_is_on_nothing_by_a_switch(
    public: TestClient, person: Person, course_token: str
) -> None:
    public.post(f"/u/{course_token}/everything")
    public.post(f"/p/{course_token}", data={"do": "letter", "letter": "notes", "on": "yes"})
    assert person()["letter"]["status"] == "left"


def test_a_copy_that_waited_too_long_is_not_sent_and_can_be_asked_for_again(
    public: TestClient, context: Context, clock: SimulatedClock, course_token: str
) -> None:
    public.post(f"/p/{course_token}", data={"do": "pause", "weeks": "4"})
    public.post(f"/p/{course_token}", data={"do": "resend", "lesson": "one", "seen": "0"})
    clock.advance(context.late + timedelta(hours=1))
    Pass(context).run()
    assert len([mail for mail in mails(context.root) if "anna" in str(mail["To"])]) == 1
    form = {"do": "resend", "lesson": "one", "seen": "1"}
    assert public.post(f"/p/{course_token}", data=form).headers["location"].endswith("=resent")
    Pass(context).run()
    assert len([mail for mail in mails(context.root) if "anna" in str(mail["To"])]) == 2
