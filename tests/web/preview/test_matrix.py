"""The matrix: every mail by every persona, and what is wrong in words."""

from __future__ import annotations

import pytest

from tests.web.preview.conftest import ONE, Desk

PERSONAS = """\
[[persona]]
key = "anna"
name = "Anna"
email = "anna@example.org"
note = "Has a name."

[[persona]]
key = "nobody"
name = ""
email = "nobody@example.org"

[[persona]]
key = "long"
name = "Maria Magdalena Theodora von Hohenstein-Papadopoulou"
email = "maria@example.org"
"""
NOTICES = 3


@pytest.fixture(autouse=True)
def personas(desk: Desk) -> None:
    (desk.root / "personas.toml").write_text(PERSONAS)


def cells(desk: Desk, title: str) -> list[str]:
    """Return what the matrix says of one mail, persona by persona."""
    page = desk.page("/preview/matrix")
    for row in page.css(".matrix tbody tr"):
        head = row.css_first("th[scope=row]")
        if head is not None and head.text().strip() == title:
            return [" ".join(cell.text().split()) for cell in row.css("td")]
    raise AssertionError(f"no row {title}")


def test_each_mail_has_a_row_and_each_persona_a_column(desk: Desk) -> None:
    page = desk.page("/preview/matrix")
    heads = desk.texts(page, ".matrix thead th")
    assert heads == ["Mail", "anna", "nobody", "long"]
    groups = desk.texts(page, ".matrix .group")
    assert groups == ["Course letters", "Notices"]
    assert len(page.css(".matrix td")) == (3 + NOTICES) * 3
    assert "All 18 are fine" in page.css_first("#all [role=status]").text()


def test_a_sound_mail_is_fine_for_everybody(desk: Desk) -> None:
    assert cells(desk, "Title of one") == ["✓ fine"] * 3


def test_an_empty_value_is_told_for_those_who_lack_it(desk: Desk) -> None:
    desk.edit('{{ subscriber.name|default("you", true) }}', "{{ subscriber.name }}")
    assert cells(desk, "Title of one") == ["✓ fine", "✗ subscriber.name is empty", "✓ fine"]
    page = desk.page("/preview/matrix")
    (wrong,) = page.css("td.error")
    assert "default" in str(wrong.css_first("a").attributes["title"])
    assert desk.texts(page, ".faults dt") == ["Title of one for nobody"]


def test_a_subject_is_too_long_for_one_persona_only(desk: Desk) -> None:
    desk.edit("subject: The subject of one", 'subject: "{{ subscriber.name }}, a word on wood"')
    told = cells(desk, "Title of one")
    assert told[0] == "✓ fine"
    assert told[1] == "✗ subscriber.name is empty"
    assert told[2] == "▲ subject: 68 characters"


def test_a_mail_that_cannot_be_made_for_one_persona_says_why(desk: Desk) -> None:
    anna = "{{ 10 // (subscriber.name|length - 4) }}"
    desk.edit('{{ subscriber.name|default("you", true) }}', anna)
    assert cells(desk, "Title of one") == ["✗ cannot be made", "✓ fine", "✓ fine"]
    (why,) = desk.texts(desk.page("/preview/matrix"), ".faults dd")
    assert "division" in why


def test_a_mail_that_does_not_compile_is_wrong_for_everybody(desk: Desk) -> None:
    desk.edit("this is one", "this is {{ subscriber.nmae }}")
    assert cells(desk, "Title of one") == ["✗ cannot be made for anybody"]
    page = desk.page("/preview/matrix")
    assert "1 mail cannot be made for anybody" in page.css_first("#all [role=status]").text()
    assert "did you mean subscriber.name" in " ".join(desk.texts(page, ".faults dd"))


def test_a_mail_in_a_file_that_cannot_be_read_stays_in_the_matrix(desk: Desk) -> None:
    desk.edit("subject: The subject of one", "subject: [")
    assert cells(desk, "00-one.md") == ["✗ cannot be made for anybody"]


def test_a_cell_opens_the_mail_as_that_persona_gets_it(desk: Desk) -> None:
    page = desk.page("/preview/matrix?at=2026-12-01T09:00")
    links = [
        str(link.attributes["href"])
        for link in page.css("td a")
        if ONE in str(link.attributes["href"])
    ]
    assert links[1] == f"/preview/mail/{ONE}?persona=nobody&at=2026-12-01T09:00"
    opened = desk.page(links[1])
    assert opened.css_first("#persona option[selected]").attributes["value"] == "nobody"


def test_colour_says_nothing_alone(desk: Desk) -> None:
    desk.edit('{{ subscriber.name|default("you", true) }}', "{{ subscriber.name }}")
    for cell in desk.page("/preview/matrix").css("td"):
        sign, _, words = " ".join(cell.text().split()).partition(" ")
        assert sign == ("✗" if cell.attributes.get("class") else "✓")
        assert words
