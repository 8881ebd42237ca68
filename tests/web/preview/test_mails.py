"""The page of one mail: every way to look at it, its problems, and where it comes from."""

from __future__ import annotations

import email.policy
import io
from email.parser import BytesParser

import pytest
from PIL import Image
from selectolax.lexbor import LexborHTMLParser

from bypost.check.finding import Finding, Level
from bypost.web.preview import problems
from bypost.web.preview.session import Session
from tests.web.preview.conftest import ONE, Desk

PERSONAS = """\
[[persona]]
key = "plain"
name = "Pat"
email = "pat@example.org"

[[persona]]
key = "hostile"
name = "<script>alert(1)</script>"
email = "hostile@example.org"
time_zone = "Asia/Tokyo"
"""


@pytest.fixture(autouse=True)
def personas(project: object, desk: Desk) -> None:
    (desk.root / "personas.toml").write_text(PERSONAS, encoding="utf-8")


def test_the_bench_opens_with_the_first_mail(desk: Desk) -> None:
    assert desk.client.get("/").headers["location"] == "/preview"
    assert desk.client.get("/preview").headers["location"] == f"/preview/mail/{ONE}"


def test_a_project_without_mails_says_what_to_do(desk: Desk) -> None:
    for path in (desk.root / "lessons" / "letters").iterdir():
        path.unlink()
    (desk.root / "lessons" / "letters").rmdir()
    for path in (desk.root / "templates" / "email").glob("*.md"):
        path.unlink()
    assert desk.texts(desk.page("/preview"), "#main h1") == ["No mails yet"]


def test_every_mail_is_at_the_side(desk: Desk) -> None:
    page = desk.mail()
    assert desk.texts(page, ".shelf h2") == ["Course letters", "Notices"]
    assert desk.texts(page, ".shelf li")[:3] == ["Title of one", "Title of two", "Title of three"]
    assert desk.texts(page, ".shelf [aria-current=page]") == ["Title of one"]


def test_a_frame_for_each_width_in_each_scheme(desk: Desk) -> None:
    page = desk.mail("?w=375,600&scheme=light,dark")
    assert desk.texts(page, "figcaption") == [
        "375 px, light",
        "375 px, dark",
        "600 px, light",
        "600 px, dark",
    ]
    assert [node.attributes["width"] for node in page.css("iframe")] == ["375", "375", "600", "600"]
    assert all("allow-scripts" not in str(n.attributes["sandbox"]) for n in page.css("iframe"))


def test_the_frame_has_another_address_as_soon_as_the_mail_differs(desk: Desk) -> None:
    before = desk.mail().css_first("iframe").attributes["src"]
    assert desk.mail().css_first("iframe").attributes["src"] == before
    desk.edit("this is one", "this is new")
    assert desk.mail().css_first("iframe").attributes["src"] != before


def test_a_persona_is_who_reads_it(desk: Desk) -> None:
    assert "Hello Pat, this is one" in desk.frame(desk.mail())
    shown = desk.frame(desk.mail("?persona=hostile"))
    assert "Hello &lt;script&gt;alert(1)&lt;/script&gt;, this is one" in shown
    page = desk.mail("?persona=hostile&at=2026-12-01T09:30")
    assert page.css_first("#at").attributes["value"] == "2026-12-01T09:30"
    assert desk.texts(page, ".to .note") == ["Asia/Tokyo"]


def test_elements_of_the_frame_carry_their_lines(desk: Desk) -> None:
    assert 'data-line="9"' in desk.frame(desk.mail())


def test_the_parts_of_a_mail(desk: Desk) -> None:
    def part(view: str) -> str:
        return desk.mail(f"?view={view}").css_first("#stage pre").text()

    assert "Hello Pat, this is one" in part("text")
    html = part("html")
    assert html.startswith("<!doctype html>")
    assert "data-line" not in html
    mjml = part("mjml")
    assert mjml.lstrip().startswith("<mjml")
    assert '{{ subscriber.name|default("you", true) }}' in mjml
    assert "bypost-at" not in mjml
    assert "List-Unsubscribe: <" in part("message")
    names = desk.texts(desk.mail("?view=message"), ".headers dt")
    assert {"Subject", "List-Id", "List-Unsubscribe-Post"} <= set(names)


def test_the_markdown_with_a_way_into_the_editor_at_each_line(desk: Desk) -> None:
    page = desk.mail("?view=markdown")
    assert not page.css(".lines .error")
    line = page.css_first("#line-9")
    assert "this is one" in line.text()
    link = str(line.css_first("a").attributes["href"])
    assert link == f"vscode://file{(desk.root / ONE).as_posix()}:9"


def test_a_line_with_a_problem_is_marked_in_the_markdown(desk: Desk) -> None:
    desk.edit("subject:", "subjec:")
    page = desk.mail("?view=markdown")
    assert [node.attributes["id"] for node in page.css(".lines .error")] == ["line-1", "line-3"]


def test_a_mail_is_saved_as_a_file_that_mail_programs_open(desk: Desk) -> None:
    saved = desk.client.get(f"/preview/eml/{ONE}?persona=hostile")
    assert saved.headers["content-type"] == "message/rfc822"
    assert saved.headers["content-disposition"].endswith("00-one-hostile.eml")
    mail = BytesParser(policy=email.policy.default).parsebytes(saved.content)
    assert mail["Subject"] == "The subject of one"
    part = mail.get_body(("plain",))
    assert part is not None
    assert "Hello <script>alert(1)</script>, this is one" in part.get_content()


def test_a_paragraph_shows_the_lines_it_comes_from(desk: Desk) -> None:
    page = desk.page(f"/preview/source/{ONE}?line=9")
    assert desk.texts(page, "a") == [f"{ONE}:9"]
    assert "Hello {{ subscriber.name" in page.css_first("pre").text()


@pytest.mark.parametrize(
    "path",
    [
        "/preview/mail/lessons/letters/none.md",
        "/preview/mail/bypost.toml",
        "/preview/source/subscribers.csv",
        f"/preview/source/{ONE}?line=999",
        "/preview/eml/none.md",
        "/preview/frame/none.md",
        "/preview/assets/none.png",
        "/preview/none",
    ],
)
def test_what_is_not_there_is_not_found(desk: Desk, path: str) -> None:
    assert desk.client.get(path).status_code == 404


def test_a_broken_mail_is_shown_as_it_was_with_the_reason_and_its_line(desk: Desk) -> None:
    good = desk.frame(desk.mail())
    desk.edit("this is one", "this is {{ subscriber.nme }}")
    page = desk.mail()
    assert desk.frame(page) == good
    (reason,) = desk.texts(page, ".alarm li")
    assert "subscriber.nme" in reason
    assert f"{ONE}:9" in reason
    assert str(page.css_first(".alarm a").attributes["href"]).endswith(":9")
    assert page.css(".stage.stale")
    assert "this is one" in desk.mail("?view=text").css_first("#stage pre").text()
    desk.edit("{{ subscriber.nme }}", "mended")
    page = desk.mail()
    assert not page.css(".alarm")
    assert "this is mended" in desk.frame(page)


@pytest.mark.parametrize("view", ["text", "html", "mjml", "message", "markdown"])
def test_every_part_of_a_mail_that_was_never_sound_says_why(desk: Desk, view: str) -> None:
    desk.edit("this is one", "this is {{ subscriber.nme }}")
    assert "subscriber.nme" in desk.mail(f"?view={view}").css_first(".alarm").text()


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("bypost.toml", "[sender\n"),
        ("personas.toml", "[[persona]]\n"),
        ("templates/email/style.toml", ""),
        ("templates/email/base.mjml", "{% block"),
        ("lessons/letters/course.toml", "\x00"),
        (ONE, "\x00"),
    ],
)
def test_nothing_in_a_file_keeps_the_pages_from_being_shown(
    desk: Desk, path: str, text: str
) -> None:
    (desk.root / path).write_text(text, encoding="utf-8")
    for view in ("mail", "text", "html", "mjml", "message", "markdown"):
        assert path in desk.mail(f"?view={view}").css_first(".alarm").text()
    assert desk.texts(desk.page("/preview/problems"), "h1") == ["Problems"]


def test_a_broken_notice_is_at_the_side_and_hides_no_other(desk: Desk) -> None:
    path = "templates/email/notice.md"
    (desk.root / path).write_text("---\n", encoding="utf-8")
    assert path in desk.mail(path=path).css_first(".alarm").text()
    other = desk.mail(path="templates/email/goodbye.md")
    assert not other.css(".alarm")


def test_problems_are_counted_at_the_side_and_in_the_title(desk: Desk, session: Session) -> None:
    desk.edit("subject:", "subjec:")
    page = desk.mail()
    assert desk.texts(page, ".shelf li .count.error")[0] == "2 errors"
    assert desk.texts(page, "title")[0].startswith("(2) ")


def test_notes_are_told_and_not_counted() -> None:
    found = [
        Finding(rule="words", level=level, path=ONE, line=None, message="x") for level in Level
    ]
    assert problems.count(found).words == "1 error, 1 warning"
    assert [told.word for told in problems.told(reversed(found))] == ["Error", "Warning", "Note"]


def test_a_mail_tells_its_own_problems_and_those_around_it(
    session: Session,
) -> None:
    def finding(path: str) -> Finding:
        return Finding(rule="words", level=Level.WARNING, path=path, line=None, message="x")

    paths = [ONE, "lessons/letters/01-two.md", "lessons/letters", "templates/email", "bypost.toml"]
    session.findings, session.checked = tuple(map(finding, paths)), 1
    entry = session.shelf.find(ONE)
    assert entry is not None
    assert [it.finding.path for it in problems.of_mail(session, entry)] == [ONE]
    around = [it.finding.path for it in problems.around(session, entry)]
    assert around == ["bypost.toml", "lessons/letters", "templates/email"]
    notice = session.shelf.find("templates/email/goodbye.md")
    assert notice is not None
    around = [it.finding.path for it in problems.around(session, notice)]
    assert around == ["bypost.toml", "templates/email"]


def test_a_problem_carries_the_words_of_its_rule(desk: Desk) -> None:
    finding = Finding(rule="subject-long", level=Level.WARNING, path=ONE, line=3, message="`x`")
    (told,) = problems.told([finding])
    assert told.rule is not None
    assert told.rule.id == "subject-long"


def test_a_picture_beside_the_lesson_is_served_by_the_bench(desk: Desk) -> None:
    Image.new("RGB", (600, 300), "teal").save(desk.root / "lessons" / "letters" / "sheet.png")
    desk.edit("this is one", "this is\n\n![A sheet of paper](sheet.png)\n")
    address = LexborHTMLParser(desk.frame(desk.mail())).css_first("img").attributes["src"]
    assert address is not None
    assert address.startswith("/preview/assets/")
    answer = desk.client.get(address)
    assert answer.headers["content-type"] == "image/png"
    assert Image.open(io.BytesIO(answer.content)).width == 600


def test_a_picture_that_was_changed_is_shown_anew(desk: Desk) -> None:
    file = desk.root / "lessons" / "letters" / "sheet.png"
    Image.new("RGB", (600, 300), "teal").save(file)
    desk.edit("this is one", "this is\n\n![A sheet of paper](sheet.png)\n")
    before = desk.frame(desk.mail())
    Image.new("RGB", (600, 200), "teal").save(file)
    assert desk.frame(desk.mail()) != before


def test_a_message_that_no_provider_takes_says_why(desk: Desk) -> None:
    file = desk.root / "personas.toml"
    file.write_text(PERSONAS.replace("pat@", "a,b@"), encoding="utf-8")
    stage = desk.mail("?view=message").css_first("#stage .empty")
    assert "is not a single address" in stage.text()
    assert desk.client.get(f"/preview/eml/{ONE}").status_code == 404
