"""Dirty files by the dozen: each gives what is expected, with and without a byte order mark."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from bypost.errors import ByPostError
from bypost.people.columns import Reading
from bypost.people.import_csv import Importer
from tests.people.desk import Desk

_TWO = "email,name\na@example.org,Åse Müller\nb@example.org,Bea\n"


@dataclass(frozen=True)
class Beast:
    """A file with what it holds."""

    content: bytes
    names: dict[str, str]
    bad: list[int] = field(default_factory=list)
    encoding: str = ""


def _two(content: bytes, encoding: str = "") -> Beast:
    names = {"a@example.org": "Åse Müller", "b@example.org": "Bea"}
    return Beast(content, names, encoding=encoding)


ZOO = {
    "plain": _two(_TWO.encode()),
    "CRLF": _two(_TWO.replace("\n", "\r\n").encode()),
    "CR": _two(_TWO.replace("\n", "\r").encode()),
    "no line end at the end": _two(_TWO.rstrip().encode()),
    "blank lines": _two(_TWO.replace("\n", "\n\n\n").encode()),
    "semicolons": _two(_TWO.replace(",", ";").encode()),
    "tabs": _two(_TWO.replace(",", "\t").encode()),
    "bars": _two(_TWO.replace(",", "|").encode()),
    "quotes around everything": _two(
        '"email","name"\n"a@example.org","Åse Müller"\n"b@example.org","Bea"\n'.encode()
    ),
    "NBSP and invisible marks": _two(
        "email\u00a0,\u200bname\n\u00a0a@example.org,\u00a0Åse\u00a0Müller \n"
        "b@example.org,Bea\u200b\n".encode()
    ),
    "capitals": _two(_TWO.replace("email,name", "EMail,NAME").replace("EMail", "EMAIL").encode()),
    "UTF-16": _two(_TWO.encode("utf-16")),
    "UTF-16 LE with a mark": _two(("\ufeff" + _TWO).encode("utf-16-le")),
    "UTF-16 BE with a mark": _two(("\ufeff" + _TWO).encode("utf-16-be")),
    "UTF-16 LE without one, named": _two(_TWO.encode("utf-16-le"), "utf-16-le"),
    "UTF-16 BE without one, named": _two(_TWO.encode("utf-16-be"), "utf-16-be"),
    "Latin-1, named": _two(_TWO.encode("latin-1"), "iso-8859-1"),
    "Windows-1252, named": _two(_TWO.encode("windows-1252"), "windows-1252"),
    "Latin-1, not named": Beast(_TWO.encode("latin-1"), {"b@example.org": "Bea"}, [2]),
    "decomposed letters": _two(
        "email,name\na@example.org,A\u030ase Mu\u0308ller\nb@example.org,Bea\n".encode()
    ),
    "an address twice": Beast(
        b"email,name\na@example.org,A\nA@Example.org,B\n", {"a@example.org": "A"}, [3]
    ),
    "a quote that is not closed": Beast(
        b'email,name\na@example.org,A\nb@example.org,"B\nc@example.org,C\n',
        {"a@example.org": "A"},
        [3],
    ),
    "text behind a quote": Beast(
        b'email,name\na@example.org,"A" x\nb@example.org,B\n', {"b@example.org": "B"}, [2]
    ),
    "a NUL": Beast(
        b"email,name\na@example.org,A\0\nb@example.org,B\n", {"b@example.org": "B"}, [2]
    ),
    "a line break in a name": Beast(
        b'email,name\na@example.org,"A\nx"\nb@example.org,B\n', {"b@example.org": "B"}, [2]
    ),
    "more cells than columns": Beast(
        b"email,name\na@example.org,Berg, Ana\nb@example.org,B\n", {"b@example.org": "B"}, [2]
    ),
    "fewer cells than columns": Beast(b"email,name\na@example.org\n", {"a@example.org": ""}),
    "header only": Beast(b"email,name\n", {}),
}
_MARKED = ("UTF-16", "Latin-1", "Windows")


def take_up(desk: Desk, beast: Beast) -> None:
    file = desk.folder / "zoo.csv"
    file.write_bytes(beast.content)
    importer = Importer(
        store=desk.store,
        address_hash=desk.address_hash,
        known=desk.importer().known,
        courses=("alpha",),
        newsletters=(),
        reading=Reading(encoding=beast.encoding),
    )
    summary = importer.run(file, now=desk.now)
    assert [bad.line for bad in summary.bad] == beast.bad
    assert summary.rows == len(beast.names) + len(beast.bad)
    assert {email: one["name"] for email, one in desk.everybody().items()} == beast.names


@pytest.mark.parametrize("beast", ZOO.values(), ids=ZOO)
def test_each_beast_gives_what_can_be_used_and_names_the_rest(desk: Desk, beast: Beast) -> None:
    take_up(desk, beast)


@pytest.mark.parametrize("name", [name for name in ZOO if not name.startswith(_MARKED)])
def test_each_gives_the_same_with_a_byte_order_mark(desk: Desk, name: str) -> None:
    beast = ZOO[name]
    take_up(desk, Beast(b"\xef\xbb\xbf" + beast.content, beast.names, beast.bad))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "there is no column `email`; the first line has: nothing"),
        (b"\xef\xbb\xbf", "the first line has: nothing"),
        (b"\n\n", "the first line has: nothing"),
        (b"name\nAna\n", "there is no column `email`"),
        (b"a@example.org\nb@example.org\n", "there is no column `email`"),
        (b"\0\0\0\0", "bytes that are no text"),
        (_TWO.encode("utf-16-le"), "bytes that are no text"),
        (b"PK\x03\x04\x14\x00", "this is a spreadsheet; save it as CSV"),
    ],
)
def test_a_file_without_a_usable_first_line_stops_with_a_reason(
    desk: Desk, content: bytes, said: str
) -> None:
    with pytest.raises(ByPostError) as caught:
        desk.sync(content)
    assert said in str(caught.value)
    assert desk.dump()["imports"] == []


def test_an_encoding_that_is_not_offered_is_named(desk: Desk) -> None:
    file = desk.folder / "x.csv"
    file.write_text(_TWO, encoding="utf-8")
    from dataclasses import replace

    importer = replace(desk.importer(), reading=Reading(encoding="rot13"))
    with pytest.raises(ByPostError, match="encoding `rot13`: known are utf-8, windows-1252"):
        importer.run(file, now=desk.now)


def test_a_file_of_many_rows_needs_no_more_memory_than_a_short_one(
    fresh_desk: Callable[[], Desk],
) -> None:
    """``make bench BENCH="--only import"`` does the same with a million."""

    def peak(rows: int) -> int:
        desk = fresh_desk()
        _write(desk.file, rows)
        tracemalloc.start()
        summary = desk.importer().run(desk.file, now=desk.now)
        used = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert summary.added == rows
        return used

    peak(50)
    assert peak(8_000) < 1.5 * peak(2_000)


def _write(path: Path, rows: int) -> None:
    with path.open("w", encoding="utf-8") as text:
        text.write("email,name,status\n")
        text.writelines(f"p{n}@example.org,Name {n},unconfirmed\n" for n in range(rows))
