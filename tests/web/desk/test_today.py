"""The first page of the desk, and the lists behind its numbers."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import event

from bypost.check.doctor import asking
from bypost.delivery import pause
from bypost.delivery.alarm_watch import Watch
from bypost.delivery.context import Context
from bypost.delivery.holds import Scope, read
from bypost.delivery.pause import Target
from bypost.delivery.run import Pass
from bypost.errors import Problem
from bypost.store import audit, budgets, daily, ledger
from bypost.store import today as store
from bypost.store.daily import Kind
from scheduler.clock import SimulatedClock
from tests.check.doctor.zones import Zones
from tests.delivery.desk import add_people, mails, owe_lesson, put
from tests.web.conftest import Beat
from tests.web.desk.conftest import Signed

Find = Callable[[str], str]


def tile(page: str, name: str) -> str:
    """Return the number of a tile."""
    found = re.search(rf'id="tile-{name}" href="[^"]*">([^<]*)<', page)
    assert found, page
    return found.group(1)


def owed(context: Context, people: int, state: str = "pending", **values: object) -> int:
    with context.store.write() as connection:
        batch = owe_lesson(connection, add_people(connection, people))
        put(connection, batch, state, **values)
    return batch


def actions(context: Context) -> list[str]:
    with context.store.read() as connection:
        return [row["action"] for row in audit.newest(connection, limit=10)]


def test_the_page_has_every_number_and_each_leads_to_its_list(
    viewer: Signed, context: Context, clock: SimulatedClock
) -> None:
    Pass(context).run()
    owed(context, 3, due_at=clock.now() - timedelta(hours=1))
    page = viewer.get("").text
    assert (tile(page, "due"), tile(page, "late"), tile(page, "unknown")) == ("3", "3", "0")
    for name in ("due", "late", "sent", "unknown", "failed"):
        assert viewer.get(f"/{name}").status_code == 200
    assert "Next 24 hours" in page
    assert "Nothing to look at" in page


def test_the_part_that_changes_is_served_alone_and_every_button_in_it_has_an_id(
    operator: Signed, context: Context, clock: SimulatedClock
) -> None:
    with context.store.write() as connection:
        budgets.open_breaker(connection, "outbox", "9 hard bounces", clock.now())
    pause.pause(
        context, Target(scope=Scope.COURSE, name="letters"), until=None, reason="<b>holidays</b>"
    )
    part = operator.get("/now", headers={"HX-Request": "true"}).text
    assert "<html" not in part
    for tag in re.findall(r"<(?:a|button|summary|input(?! type=\"hidden\"))\b[^>]*>", part):
        assert " id=" in tag, tag
    assert "&lt;b&gt;holidays" in part


def test_an_operator_lets_a_stopped_provider_go_on(
    operator: Signed, viewer: Signed, context: Context, clock: SimulatedClock, beat: Beat
) -> None:
    with context.store.write() as connection:
        budgets.open_breaker(connection, "outbox", "9 hard bounces", clock.now())
    assert "9 hard bounces" in viewer.get("").text
    assert "Resume" not in viewer.get("").text
    assert viewer.post("/providers/outbox/resume").status_code == 403
    said = operator.after("/providers/outbox/resume")
    assert "outbox may send again." in said.text
    with context.store.read() as connection:
        assert budgets.breakers(connection) == {}
    assert actions(context)[0] == "provider.resume"
    assert beat.woken == 1
    assert "was not stopped" in operator.after("/providers/outbox/resume").text


def test_an_operator_lets_a_course_go_on(
    operator: Signed, viewer: Signed, context: Context, clock: SimulatedClock
) -> None:
    pause.pause(context, Target(scope=Scope.COURSE, name="letters"), until=None, reason="why")
    fields = {"scope": "course", "name": "letters"}
    assert viewer.post("/holds/resume", fields).status_code == 403
    assert "letters goes on." in operator.after("/holds/resume", fields).text
    with context.store.read() as connection:
        assert read(connection, clock.now()).course("letters").hold is None
    assert actions(context)[0] == "course.resume"
    assert operator.post("/holds/resume", {"scope": "subscriber", "name": "1"}).status_code == 404


def test_alarms_stand_at_the_top_with_what_to_do(viewer: Signed, context: Context) -> None:
    watched = replace(context, guarded=True)
    Watch(watched).look({"lessons/letters": [Problem("lessons/letters/a.md", 3, "<i>broken</i>")]})
    page = viewer.get("").text
    assert "lessons/letters/a.md:3: &lt;i&gt;broken" in page
    assert "bypost check" in page
    assert "Nobody is told of this" in page


def test_a_page_tells_that_passes_stopped_when_nobody_else_can(
    viewer: Signed, context: Context, clock: SimulatedClock
) -> None:
    Pass(context, patient=True).run()
    assert "No pass was made since then" not in viewer.get("").text
    clock.advance(timedelta(minutes=10))
    assert "No pass was made since then" in viewer.get("").text


def test_the_next_hours_are_a_file_too(viewer: Signed, context: Context) -> None:
    Pass(context).run()
    lines = viewer.get("/next.csv").text.strip().splitlines()
    assert lines[0].lstrip("\ufeff") == "hour,due,leaves,waiting"
    assert len(lines) == 25


@pytest.mark.parametrize("what", ["due", "late"])
def test_what_waits_is_listed_by_its_key_and_none_is_left_out(
    viewer: Signed, context: Context, clock: SimulatedClock, what: str
) -> None:
    at = clock.now() - timedelta(hours=2)
    with context.store.write() as connection:
        for _ in range(120):
            batch = owe_lesson(connection, add_people(connection, 1))
            put(connection, batch, "pending", due_at=at)
    seen, path = 0, f"/{what}"
    while path:
        page = viewer.get(path).text
        seen += page.count("<tr><td>")
        link = re.search(r'href="/desk(/[^"]*)" rel="next"', page)
        path = link.group(1).replace("&amp;", "&") if link else ""
    assert seen == 120


def test_what_was_sent_at_one_instant_is_listed_once_each(
    context: Context, clock: SimulatedClock
) -> None:
    with context.store.write() as connection:
        for _ in range(7):
            batch = owe_lesson(connection, add_people(connection, 1))
            put(connection, batch, "settled", accepted_at=clock.now(), accepted=1)
    with context.store.read() as connection:
        since = clock.now() - timedelta(hours=1)
        seen, before = list[int](), None
        while rows := store.sent(connection, since, before=before, limit=2):
            seen += [row["id"] for row in rows]
            before = seen[-1]
        assert store.sent(connection, since, before=10**9, limit=2) == []
    mine = seen[:7]
    assert mine == sorted(set(mine), reverse=True)


def test_failed_mails_are_listed_with_their_reason(viewer: Signed, context: Context) -> None:
    batch = owed(context, 2, "settled", failed=1, accepted=1)
    with context.store.write() as connection:
        one = mails(connection, batch)[0]
        ledger.except_deliveries(connection, [(one, "failed", "no such <mailbox>")])
    page = viewer.get("/failed").text
    assert "no such &lt;mailbox&gt;" in page
    assert context.reference(one) in page


def unknown(context: Context, people: int) -> tuple[int, list[int]]:
    batch = owed(context, people, "unknown", members=people, first_sent_at=context.clock.now())
    with context.store.read() as connection:
        return batch, mails(connection, batch)


def left(context: Context) -> int:
    return Pass(context).status().total.unknown


def test_one_unknown_mail_is_settled_as_sent_or_owed_again(
    operator: Signed, viewer: Signed, context: Context
) -> None:
    _, (one, two, _) = unknown(context, 3)
    page = viewer.get("/unknown").text
    assert context.reference(one) in page
    assert "It was sent" not in page
    sent = {"ref": context.reference(one), "as": "sent"}
    assert viewer.post("/unknown", sent).status_code == 403
    assert "1 settled as sent." in operator.after("/unknown", sent).text
    assert left(context) == 2
    again = {"ref": context.reference(two), "as": "again"}
    assert "1 owed again" in operator.after("/unknown", again).text
    assert left(context) == 1
    assert actions(context)[:2] == ["delivery.again", "delivery.sent"]
    assert "settled already" in operator.after("/unknown", sent).text
    assert "settled already" in operator.after("/unknown", {"ref": "x-1", "as": "sent"}).text


def test_a_whole_request_is_sent_again_only_when_the_word_is_typed(
    operator: Signed, context: Context
) -> None:
    batch, _ = unknown(context, 3)
    fields = {"batch": str(batch), "as": "again"}
    answer = operator.post("/unknown", {**fields, "typed": "agai"})
    assert answer.status_code == 400
    assert "Type the word to go on." in answer.text
    assert left(context) == 3
    assert "3 owed again" in operator.after("/unknown", {**fields, "typed": "again"}).text
    assert left(context) == 0


def test_a_whole_request_is_settled_as_sent(operator: Signed, context: Context) -> None:
    batch, _ = unknown(context, 120)
    page = operator.get("/unknown").text
    assert f"/desk/unknown?batch={batch}&amp;behind=" in page
    more = operator.get(f"/unknown?batch={batch}&behind=5").text
    assert "Settle all 120 of this request" in more
    fields = {"batch": str(batch), "as": "sent"}
    assert "120 settled as sent." in operator.after("/unknown", fields).text
    assert left(context) == 0


def test_the_doctor_runs_on_demand_and_its_result_is_kept(
    operator: Signed, viewer: Signed, context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = 0

    def resolver() -> Zones:
        nonlocal asked
        asked += 1
        return Zones("")

    monkeypatch.setattr(asking, "_of_this_machine", resolver)
    assert "Look at everything now" in operator.get("/deliverability").text
    assert asked == 0
    assert viewer.post("/deliverability").status_code == 403
    page = operator.after("/deliverability").text
    assert "Looked at everything just now." in page
    assert "links in the mails would lead nowhere" in page or "base_url" in page
    assert "Look again" in operator.get("/deliverability").text
    assert actions(context)[0] == "doctor.run"


def test_receiving_domains_are_shown_with_what_to_do(
    viewer: Signed, context: Context, clock: SimulatedClock
) -> None:
    with context.store.write() as connection:
        for kind, number in (
            (Kind.DOMAIN_ACCEPTED, 1000),
            (Kind.DOMAIN_BOUNCED, 30),
            (Kind.DOMAIN_SOFT_BOUNCED, 3),
        ):
            daily.add(connection, clock.now(), kind, "", label="gmail.com", number=number)
        old = clock.now() - timedelta(days=40)
        daily.add(connection, old, Kind.DOMAIN_ACCEPTED, "", label="old.example", number=5)
    page = viewer.get("/deliverability").text
    assert "gmail.com" in page
    assert "3.00 %" in page
    assert "Many of its addresses do not work" in page
    assert "old.example" not in page
    lines = viewer.get("/deliverability.csv").text.strip().splitlines()
    assert lines[1] == "gmail.com,1000,0,3,30,0"


def test_the_page_reads_and_never_writes(viewer: Signed, context: Context) -> None:
    wrote: list[str] = []

    def note(_: object, __: object, statement: str, *___: object) -> None:
        if not statement.lstrip().upper().startswith(("SELECT", "BEGIN", "PRAGMA", "EXPLAIN")):
            wrote.append(statement)

    viewer.get("")  # the session of the visitor is seen, once
    event.listen(context.store._writer, "before_cursor_execute", note)
    for path in ("", "/now", "/due", "/late", "/sent", "/failed", "/unknown", "/deliverability"):
        assert viewer.get(path).status_code == 200
    assert wrote == []
