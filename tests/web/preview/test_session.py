"""What the bench knows of a project while its files change under it."""

from __future__ import annotations

from pathlib import Path

import pytest

from bypost.errors import ContentError
from bypost.web.preview.session import Session
from bypost.web.preview.shelf import Entry
from scheduler.clock import SimulatedClock
from tests.conftest import MONDAY
from tests.web.preview.conftest import ONE

TWO = "lessons/letters/01-two.md"


def entry(session: Session, path: str = ONE) -> Entry:
    found = session.shelf.find(path)
    assert found is not None
    return found


def write(root: Path, old: str, new: str, path: str = ONE) -> None:
    text = (root / path).read_text(encoding="utf-8")
    assert old in text
    (root / path).write_text(text.replace(old, new), encoding="utf-8")


def html(session: Session, path: str = ONE) -> str:
    picture = session.picture(entry(session, path), session.persona(""), MONDAY)
    assert picture.mail is not None
    return picture.mail.html


def test_nothing_is_read_again_while_nothing_changes(session: Session) -> None:
    before = session.state
    assert not session.refresh()
    assert session.state is before
    assert session.version == 1


def test_an_edit_is_seen_at_the_next_look(session: Session, project: Path) -> None:
    assert "this is one" in html(session)
    write(project, "this is one", "this is new")
    assert session.refresh()
    assert session.version == 2
    assert "this is new" in html(session)


def test_only_the_mail_that_changed_is_compiled_again(session: Session, project: Path) -> None:
    one, two = (session.content(entry(session, path)) for path in (ONE, TWO))
    write(project, "this is one", "this is new")
    session.refresh()
    assert session.content(entry(session, TWO)) is two
    assert session.content(entry(session)) is not one


def test_a_template_concerns_every_mail(session: Session, project: Path) -> None:
    before = session.content(entry(session, TWO))
    write(project, "<mj-body", '<mj-body css-class="bp-new"', "templates/email/base.mjml")
    session.refresh()
    assert session.content(entry(session, TWO)) is not before


@pytest.mark.parametrize(
    ("old", "new", "line", "said"),
    [
        ("subject:", "subjec:", 3, "unknown key"),
        ("{{ subscriber.name", "{{ subscriber.nme", 9, "nme"),
        ("# Title", "::: exercise\n# Title", 7, "never closed"),
    ],
)
def test_a_broken_lesson_keeps_its_last_good_view(
    session: Session, project: Path, old: str, new: str, line: int, said: str
) -> None:
    good = html(session)
    write(project, old, new)
    session.refresh()
    picture = session.picture(entry(session), session.persona(""), MONDAY)
    assert picture.mail is not None
    assert picture.mail.html == good
    assert picture.last_good == MONDAY
    assert (ONE, line) in {(it.path, it.line) for it in picture.problems}
    assert any(said in it.message for it in picture.problems)
    write(project, new, old)
    session.refresh()
    mended = session.picture(entry(session), session.persona(""), MONDAY)
    assert mended.problems == ()
    assert mended.last_good is None


def test_a_broken_lesson_keeps_its_title_and_hides_no_other(
    session: Session, project: Path
) -> None:
    titles = [it.title for it in session.shelf.entries]
    write(project, "subject:", "subjec:")
    session.refresh()
    assert [it.title for it in session.shelf.entries] == titles
    assert "this is two" in html(session, TWO)


def test_what_was_never_sound_has_no_picture_but_a_place_and_reasons(project: Path) -> None:
    write(project, "subject:", "subjec:")
    session = Session(project)
    broken = entry(session)
    assert (broken.title, broken.item) == ("00-one.md", None)
    picture = session.picture(broken, session.persona(""), MONDAY)
    assert picture.mail is None
    assert {it.line for it in picture.problems if it.path == ONE} == {1, 3}
    with pytest.raises(ContentError):
        session.content(broken)


def test_a_broken_course_file_says_so_at_each_of_its_lessons(
    session: Session, project: Path
) -> None:
    html(session)
    write(project, "title", "titel", "lessons/letters/course.toml")
    session.refresh()
    picture = session.picture(entry(session), session.persona(""), MONDAY)
    assert picture.mail is not None
    assert {it.path for it in picture.problems} == {"lessons/letters/course.toml"}


def test_broken_settings_leave_the_last_sound_ones_in_force(
    session: Session, project: Path
) -> None:
    write(project, '"Clarity Notes"', '"Other Notes"', "bypost.toml")
    session.refresh()
    write(project, 'base_url = "http://l', 'base_ulr = "http://l', "bypost.toml")
    session.refresh()
    assert session.state.sender.name == "Other Notes"
    (problem,) = session.state.problems
    assert (problem.path, problem.line) == ("bypost.toml", 5)
    assert "there is no such key" in problem.message
    assert problem.fix == "did you mean `base_url`?"
    picture = session.picture(entry(session), session.persona(""), MONDAY)
    assert picture.mail is not None
    assert picture.problems == (problem,)


def test_broken_personas_leave_the_last_sound_ones_in_force(
    session: Session, project: Path
) -> None:
    file = project / "personas.toml"
    file.write_text('[[persona]]\nkey = "me"\nemail = "me@example.org"\n', encoding="utf-8")
    session.refresh()
    assert session.persona("me").key == "me"
    file.write_text("[[persona]\n", encoding="utf-8")
    session.refresh()
    assert session.persona("me").key == "me"
    assert [it.path for it in session.state.problems] == ["personas.toml"]


def test_the_checks_are_of_one_version(session: Session, project: Path) -> None:
    assert session.checked == 0
    session.examine()
    assert session.checked == session.version == 1
    write(project, "preheader: A preheader that", "preheader: A\n#")
    session.refresh()
    assert (session.checked, session.version) == (1, 2)
    session.examine()
    found = {it.rule: it for it in session.findings}
    assert (found["preheader-length"].path, found["preheader-length"].line) == (ONE, 4)


def test_a_lesson_names_the_heading_of_the_one_after_it(project: Path, session: Session) -> None:
    write(project, "this is one", "then: {{ next.title }}")
    write(project, "# Title of two", "# Number two", TWO)
    session.refresh()
    assert "then: Number two" in html(session)


def test_the_date_decides_what_a_mail_says(project: Path, clock: SimulatedClock) -> None:
    write(project, "this is one", "next {{ next.when }}")
    session = Session(project, clock=clock)
    picture = session.picture(entry(session), session.persona(""), MONDAY.replace(year=2027))
    assert picture.mail is not None
    assert "next Wednesday at" in picture.mail.text


def test_what_is_wrong_is_told_before_the_checks_and_mended_things_no_more(
    session: Session, project: Path
) -> None:
    write(project, "preheader: A preheader that", "preheader: A\n#")
    write(project, "preheader: A preheader that", "preheader: A\n#", TWO)
    session.refresh()
    session.examine()
    assert {(ONE, "preheader-length"), (TWO, "preheader-length")} <= told(session)
    write(project, "this is one", "{{ subscriber.nme }}")
    session.refresh()
    session.picture(entry(session), session.persona(""), MONDAY)
    now = told(session)
    assert {(ONE, "jinja-undefined"), (TWO, "preheader-length")} <= now
    assert (ONE, "preheader-length") not in now
    write(project, "subject:", "subjec:")
    session.refresh()
    assert (ONE, "key") in told(session)


def told(session: Session) -> set[tuple[str, str]]:
    return {(it.path, it.rule) for it in session.told()}
