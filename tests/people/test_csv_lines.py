"""What is told of a bad row is that row as it stood, wherever in a long file, but not too much."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bypost.people import csv_lines
from bypost.people.columns import read_form
from bypost.people.csv_lines import Lines
from bypost.people.csv_rows import Known, SpoiledRow, read_rows

_NOTHING = Known(frozenset(), frozenset())


def spoiled(path: Path, lines: list[str]) -> dict[int, SpoiledRow]:
    path.write_text("email,name\n" + "".join(lines), encoding="utf-8")
    rows = read_rows(path, read_form(path), _NOTHING)
    return {row.line: row for row in rows if isinstance(row, SpoiledRow)}


@pytest.mark.parametrize("before", [0, 997, 998, 999, 1000, 2500])
def test_a_row_that_stands_far_behind_is_told_as_it_stood(tmp_path: Path, before: int) -> None:
    good = [f"p{number}@example.org,x\n" for number in range(before)]
    bad = spoiled(tmp_path / "x.csv", [*good, "a@x.org,b,surplus\n", '"c"d,e\n', "f@x.org,\n"])
    assert {line: row.text for line, row in bad.items()} == {
        before + 2: "a@x.org,b,surplus\n",
        before + 3: '"c"d,e\n',
    }


def test_of_a_quote_that_swallows_all_behind_it_the_beginning_is_told(tmp_path: Path) -> None:
    good = [f"p{number}@example.org,x\n" for number in range(1500)]
    swallowed = [f"line {number}\n" for number in range(7000)]
    bad = spoiled(tmp_path / "x.csv", [*good, 'a@x.org,"b\n', *swallowed])
    assert bad[1502].text == 'a@x.org,"b\n' + "".join(swallowed[:999])
    assert list(bad) == [1502]


def test_behind_a_row_that_was_too_long_the_next_bad_one_is_told_as_well(tmp_path: Path) -> None:
    long = ['a@x.org,"b\n', *(["x" * 60 + "\n"] * 4000)]
    bad = spoiled(tmp_path / "x.csv", [*long, "c@x.org,d,surplus\n"])
    assert "longer than 131,072 characters" in bad[2].reason
    assert bad[2].text.startswith('a@x.org,"b\nxxx')
    assert len(bad[2].text) == 10_000
    assert bad[4003].text == "c@x.org,d,surplus\n"


@given(sizes=st.lists(st.integers(1, 9), max_size=12), batch=st.integers(1, 5))
def test_rows_of_several_lines_are_told_apart_whatever_the_batches(
    sizes: list[int], batch: int
) -> None:
    rows = [[f"row {number}\n"] + ["more\n"] * (size - 1) for number, size in enumerate(sizes)]
    quoted = [[f'"{lines[0]}', *lines[1:], '"\n'] for lines in rows]
    told = []
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(csv_lines, "_BATCH", batch)
        lines = Lines(iter([line for row in quoted for line in row]))
        reader = csv.reader(lines, strict=True)
        for cells in reader:
            told.append((cells, lines.text(reader.line_num)))
            lines.first = reader.line_num + 1
    # No more is told than one batch of lines, from the beginning of the row.
    assert told == [
        (["".join(row)], "".join(lines[:batch])) for row, lines in zip(rows, quoted, strict=True)
    ]
