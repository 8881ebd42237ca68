"""A dry run writes nothing, and the import that follows does what it said."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from bypost.people.import_csv import Summary
from tests.people.desk import HEADER, Desk

_EMAILS = [f"p{number}@example.org" for number in range(5)]
_ROWS = st.lists(
    st.tuples(
        st.sampled_from([*_EMAILS, "nobody", ""]),
        st.sampled_from(["", "Ana", "Åse"]),
        st.sampled_from(["", "Asia/Tokyo", "Mars"]),
        st.sampled_from(["", "one;two"]),
        st.sampled_from(["", "confirmed", "unconfirmed", "left", "bounced", "junk"]),
        st.sampled_from(["", "said so"]),
        st.sampled_from(["", "alpha", "alpha;beta", ";"]),
        st.sampled_from(["", "gazette"]),
    ).map(lambda cells: ",".join(f'"{cell}"' for cell in cells)),
    max_size=8,
)
_HAPPENS = st.lists(
    st.tuples(
        st.sampled_from(_EMAILS),
        st.sampled_from(["left everything", "bounced", "erased", "chose", "left alpha"]),
    ),
    max_size=3,
)


def dry(desk: Desk, path: Path) -> Summary:
    return replace(desk.importer(), dry=True).run(path, now=desk.now)


def happen(desk: Desk, email: str, what: str) -> None:
    if (person := desk.person(email)) is None:
        return
    if what == "left everything":
        desk.leave_everything(email)
    elif what == "bounced":
        desk.suppress("bounced", email)
    elif what == "erased":
        desk.erase(email)
    elif what == "left alpha" and "course:alpha" in desk.on(email):
        desk.leave("alpha", email)
    elif what == "chose":
        desk.change_of(person["id"], time_zone="Europe/Oslo", own_choice=["time_zone"])


@settings(max_examples=40, deadline=None)
@given(before=_ROWS, happens=_HAPPENS, rows=_ROWS)
def test_a_dry_run_writes_nothing_and_counts_what_the_import_then_does(
    fresh_desk: Callable[[], Desk],
    before: list[str],
    happens: list[tuple[str, str]],
    rows: list[str],
) -> None:
    desk = fresh_desk()
    desk.rows(*before)
    for email, what in happens:
        happen(desk, email, what)
    file = desk.folder / "next.csv"
    file.write_text("\n".join((HEADER, *rows)) + "\n", encoding="utf-8")
    stood = desk.dump()
    told = dry(desk, file)
    assert desk.dump() == stood
    done = desk.importer().run(file, now=desk.now)
    assert told.outcomes() == done.outcomes()
    assert told.examples == done.examples
    assert told.notes == done.notes
    assert told.bad == done.bad


def test_each_outcome_is_counted_and_shown_with_an_example(desk: Desk) -> None:
    desk.rows(*(f"{name}@example.org,Ana,Asia/Tokyo" for name in ("chose", "gone", "same", "name")))
    happen(desk, "chose@example.org", "chose")
    desk.suppress("complained", "gone@example.org")
    desk.rows("erased@example.org")
    desk.erase("erased@example.org")
    file = desk.folder / "next.csv"
    rows = (
        "new@example.org,New,,,,,alpha,gazette",
        "chose@example.org,Ana,Europe/Berlin",
        "gone@example.org,Ana,Asia/Tokyo,,,,beta",
        "same@example.org,Ana,Asia/Tokyo",
        "name@example.org,Åse,Asia/Tokyo",
        "erased@example.org",
        "nobody",
    )
    file.write_text("\n".join((HEADER, *rows)) + "\n", encoding="utf-8")
    told = dry(desk, file)
    assert told.outcomes() == {
        "rows": 7,
        "added": 1,
        "changed": 1,
        "unchanged": 3,
        "rejected": 2,
        "bad_rows": 1,
        "enrolled": {"course:alpha": 1, "newsletter:gazette": 1},
        "fields": {"name": 1},
        "kept": {"time_zone": 1},
        "refused": {"complained": 1, "erased": 1},
    }
    shown = {name: [one.line for one in rows] for name, rows in told.examples.items()}
    assert shown == {
        "bad_rows": [8],
        "added": [2],
        "kept": [3],
        "unchanged": [3, 4, 5],
        "refused": [4, 7],
        "changed": [6],
    }


def test_a_dry_run_of_a_file_that_was_taken_up_says_that_it_is_unchanged(desk: Desk) -> None:
    desk.rows("ana@example.org")
    stood = desk.dump()
    assert dry(desk, desk.file).skipped
    assert desk.dump() == stood
