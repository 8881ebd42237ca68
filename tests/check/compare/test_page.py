"""The page of a comparison: both sides, and why there is no picture where there is none."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from selectolax.lexbor import LexborHTMLParser

from bypost.check.compare import page as pages
from bypost.check.compare.changes import Change, What, changes
from bypost.check.compare.page import Comparison, entries, page, pictured
from bypost.check.compare.pictures import Picture
from bypost.check.compare.revision import Revision
from bypost.check.compare.tree import Mail, Tree
from bypost.content.personas import Persona
from bypost.errors import Problem
from bypost.model.asset import Asset


def mail(item: str, *, html: str = "<p>Rye</p>", text: str = "Rye", place: int = 0) -> Mail:
    return Mail(
        key=("lesson", "baking", item),
        path=f"lessons/baking/{item}.md",
        place=place,
        title=f"Title of {item}",
        subject=f"Subject of {item}",
        preheader="",
        html=html,
        text=text,
    )


def tree(*mails: Mail, broken: tuple[Problem, ...] = (), readable: bool = True) -> Tree:
    return Tree(mails={it.key: it for it in mails}, broken=broken, readable=readable)


def comparison(found: tuple[pages.Entry, ...]) -> Comparison:
    return Comparison(
        project="bread",
        revision=Revision("main", "0" * 40, "0000000, 2026-11-20: Rye"),
        now=datetime(2026, 11, 23, 9, 30, tzinfo=UTC),
        persona=Persona(key="bo", name="Bo", email="bo@example.org"),
        entries=found,
        broken=((), ()),
    )


def nothing(_what: str, _done: int, _total: int) -> None:
    """Watch no progress."""


class FakeCamera:
    """Takes pictures of a given size in bytes."""

    size = 10

    def take(self, *mails: str) -> tuple[Picture, ...]:
        return tuple(Picture(b"x" * self.size, 375, 100, cut=False) for _ in mails)


def many(count: int) -> tuple[Change, ...]:
    return tuple(
        Change(what=What.CHANGED, before=mail(f"l{n:02}"), after=mail(f"l{n:02}", text="Oat"))
        for n in range(count)
    )


def test_without_chromium_the_mails_stand_in_frames_and_the_reason_above(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    found = pictured(entries(many(1)), nothing)
    shown = LexborHTMLParser(page(comparison(found)))
    assert [it.attributes["srcdoc"] for it in shown.css("iframe")] == ["<p>Rye</p>"] * 2
    assert "no Chromium was found here" in shown.css_first("article").text()  # type: ignore[union-attr]


def test_with_pictures_there_are_no_frames(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "Camera", FakeCamera)
    shown = LexborHTMLParser(page(comparison(pictured(entries(many(1)), nothing))))
    assert shown.css("iframe") == []
    assert [it.attributes["width"] for it in shown.css("img")] == ["375", "375"]
    assert all((it.attributes["alt"] or "").startswith("Title of l00") for it in shown.css("img"))


def test_only_so_many_mails_have_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "Camera", FakeCamera)
    found = pictured(entries(many(pages.MOST_MAILS + 1)), nothing)
    assert [bool(it.without) for it in found] == [False] * pages.MOST_MAILS + [True]
    assert comparison(found).without_pictures == "only the first 24 mails have pictures"


def test_a_page_stays_small_enough_to_be_attached(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "Camera", FakeCamera)
    monkeypatch.setattr(FakeCamera, "size", 4_000_000)
    found = pictured(entries(many(3)), nothing)
    assert [it.without for it in found] == ["", "", "the pictures before it have 16 MB already"]


def test_pictures_of_the_project_are_inside_the_page() -> None:
    asset = Asset(
        name="0" * 20 + ".png",
        media_type="image/png",
        width=1,
        height=1,
        data=b"png",
        path="lessons/baking/rye.png",
        natural_width=1,
        natural_height=1,
        natural_bytes=3,
    )
    address = f"http://localhost:8000/assets/{asset.name}"
    html = f'<img src="{address}">'
    with_picture = replace(mail("rye", html=html), pictures={address: asset})
    assert with_picture.shown == '<img src="data:image/png;base64,cG5n">'


def test_a_change_of_looks_alone_says_that_the_text_is_the_same() -> None:
    found = changes(tree(mail("rye")), tree(mail("rye", html="<p><b>Rye</b></p>")))
    shown = LexborHTMLParser(page(comparison(entries(found))))
    assert "The plain text says the same" in shown.css_first("article").text()  # type: ignore[union-attr]


def test_a_mail_pushed_down_by_a_new_one_did_not_move() -> None:
    before = tree(mail("a"), mail("b", place=1))
    after = tree(mail("new"), mail("a", place=1), mail("b", place=2))
    assert [(it.mail.key[2], it.what) for it in changes(before, after)] == [("new", What.ADDED)]


def test_a_mail_whose_folder_is_broken_is_not_called_removed() -> None:
    problem = Problem("lessons/baking/course.toml", 3, "no title")
    (found,) = changes(tree(mail("rye")), tree(broken=(problem,)))
    assert (found.what, found.after, found.problems) == (What.BROKEN, None, (problem,))


def test_what_is_broken_elsewhere_explains_no_missing_mail() -> None:
    problem = Problem("lessons/cakes/01-plum.md", 3, "no subject")
    (found,) = changes(tree(mail("rye")), tree(broken=(problem,)))
    assert found.what is What.REMOVED


def test_where_a_side_cannot_be_read_nothing_is_compared() -> None:
    assert changes(tree(mail("rye")), tree(readable=False)) == ()
