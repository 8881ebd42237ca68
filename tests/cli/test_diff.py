"""``bypost diff``: each mail that an edit changes, before and after, on one page."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from selectolax.lexbor import LexborHTMLParser

from tests.cli.conftest import Ran, everything
from tests.conftest import write_course

Run = Callable[..., Ran]
Diff = Callable[..., Ran]

LESSONS = "lessons/letters"
WHO = {
    f"GIT_{who}_{what}": value
    for who in ("AUTHOR", "COMMITTER")
    for what, value in (("NAME", "Anna"), ("EMAIL", "anna@example.org"))
}


def git(folder: Path, *words: str) -> None:
    # Nothing of this machine: no global hooks, no signing.
    alone = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    subprocess.run(
        ["git", *words],
        cwd=folder,
        env={**os.environ, **WHO, **alone},
        check=True,
        capture_output=True,
    )


def commit(folder: Path, message: str = "As it was") -> None:
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", message)


@pytest.fixture
def project(project: Path) -> Path:
    git(project, "init", "-q")
    commit(project)
    return project


@pytest.fixture
def diff(run: Run, tmp_path: Path) -> Diff:
    """Run ``bypost diff`` without pictures; the page goes beside the project."""

    def running(*words: str) -> Ran:
        return run("diff", *words, "--no-pictures", "--out", str(tmp_path / "diff.html"))

    return running


@pytest.fixture
def page(tmp_path: Path) -> Callable[[], LexborHTMLParser]:
    return lambda: LexborHTMLParser((tmp_path / "diff.html").read_text(encoding="utf-8"))


def edit(project: Path, name: str, before: str, after: str) -> None:
    path = project / LESSONS / name
    text = path.read_text(encoding="utf-8")
    assert before in text
    path.write_text(text.replace(before, after), encoding="utf-8")


def kinds(done: Ran) -> dict[str, str]:
    return {mail["item"]: mail["change"] for mail in done.json["mails"]}


def test_without_an_edit_nothing_differs_and_the_page_says_so(
    diff: Diff, page: Callable[[], LexborHTMLParser]
) -> None:
    done = diff("HEAD", "--exit-code")
    assert (done.code, done.err) == (0, "")
    assert "no mails differ since " in done.out
    assert "As it was" in done.out
    heading = page().css_first("h1")
    assert heading is not None
    assert heading.text() == "No mails differ"


def test_an_edited_sentence_is_marked_word_by_word(
    project: Path, diff: Diff, page: Callable[[], LexborHTMLParser]
) -> None:
    edit(project, "01-two.md", "this is two", "this was two")
    done = diff()
    assert done.code == 0
    assert f"changed  {LESSONS}/01-two.md  Title of two" in done.out
    (article,) = page().css("article")
    assert [it.text() for it in article.css("del")] == ["is"]
    assert [it.text() for it in article.css("ins")] == ["was"]


def test_the_subject_before_and_after_is_told(
    project: Path, diff: Diff, page: Callable[[], LexborHTMLParser]
) -> None:
    edit(project, "01-two.md", "The subject of two", "A subject for two")
    done = diff("--json")
    (mail,) = done.json["mails"]
    assert (mail["before"]["subject"], mail["after"]["subject"]) == (
        "The subject of two",
        "A subject for two",
    )
    assert [it.text() for it in page().css("article dl ins")] == ["A", "for"]


def test_a_preheader_alone_is_a_change(project: Path, diff: Diff) -> None:
    edit(project, "02-three.md", "A preheader that", "Some preheader that")
    assert kinds(diff("--json")) == {"three": "changed"}


def test_a_lesson_put_elsewhere_is_moved_and_its_neighbours_are_not(
    project: Path, diff: Diff
) -> None:
    (project / LESSONS / "00-one.md").rename(project / LESSONS / "03-one.md")
    done = diff("--json")
    # The others are changed: they are lessons 0 and 1 now.
    assert kinds(done) == {"one": "moved", "two": "changed", "three": "changed"}
    moved = next(it for it in done.json["mails"] if it["item"] == "one")
    assert (moved["before"]["place"], moved["after"]["place"]) == (0, 2)
    assert moved["before"]["path"] == f"{LESSONS}/00-one.md"
    assert moved["after"]["path"] == f"{LESSONS}/03-one.md"


def test_added_and_removed_mails_have_one_side(project: Path, diff: Diff) -> None:
    (project / LESSONS / "02-three.md").unlink()
    write_course(project, "more", delays=("at once",))
    done = diff("--json")
    mails = {(it["collection"], it["item"]): it for it in done.json["mails"]}
    assert done.json["changed"] == len(mails)
    assert mails["letters", "three"]["change"] == "removed"
    assert mails["letters", "three"]["after"] is None
    assert mails["more", "one"]["change"] == "added"
    assert mails["more", "one"]["before"] is None


def test_a_file_merely_renamed_changes_no_mail(project: Path, diff: Diff) -> None:
    (project / LESSONS / "01-two.md").rename(project / LESSONS / "01-another-name.md")
    assert diff("--json").json["mails"] == []


def test_a_colour_of_the_settings_changes_every_mail(project: Path, diff: Diff) -> None:
    with (project / "bypost.toml").open("a") as file:
        file.write('\n[theme.light]\naccent = "#7A1F3D"\n')
    assert {"one", "two", "three"} <= set(kinds(diff("--json")))


def test_a_revision_may_be_a_commit_a_branch_or_a_tag(project: Path, diff: Diff) -> None:
    git(project, "branch", "old")
    git(project, "tag", "v1")
    edit(project, "01-two.md", "this is two", "this was two")
    commit(project, "Edited")
    assert kinds(diff("--json")) == {}
    for revision in ("HEAD~1", "old", "v1"):
        assert kinds(diff(revision, "--json")) == {"two": "changed"}


def elsewhere(project: Path, folder: Path) -> Path:
    """Copy a project without its repository."""
    shutil.copytree(project, folder, ignore=shutil.ignore_patterns(".git"))
    return folder


def test_a_project_may_be_a_folder_of_its_repository(
    project: Path, run: Run, tmp_path: Path
) -> None:
    folder = elsewhere(project, tmp_path / "repository/courses")
    git(folder.parent, "init", "-q")
    commit(folder.parent)
    edit(folder, "01-two.md", "this is two", "this was two")
    out = ("--no-pictures", "--out", str(tmp_path / "diff.html"))
    assert kinds(run("diff", "--json", *out, at=folder)) == {"two": "changed"}


def test_before_its_first_commit_every_mail_is_new(project: Path, run: Run, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    git(other, "init", "-q")
    (other / "README").write_text("Nothing yet.")
    commit(other)
    write_course(other)
    done = run(*("diff", "--json", "--no-pictures", "--out", str(tmp_path / "diff.html")), at=other)
    # There were no templates either, so nothing can be set against what there is.
    assert (done.code, done.json["mails"], done.json["readable"]) == (0, [], False)
    assert {it["side"] for it in done.json["broken"]} == {"before", "after"}


def test_one_persona_is_asked_for_or_the_first_with_a_name(
    project: Path, diff: Diff, page: Callable[[], LexborHTMLParser]
) -> None:
    (project / "personas.toml").write_text(
        '[[persona]]\nkey = "nobody"\nemail = "a@example.org"\n'
        '[[persona]]\nkey = "bo"\nemail = "b@example.org"\nname = "Bo"\n'
    )
    edit(project, "01-two.md", "this is two", "this was two")
    assert diff("--json").json["persona"] == "bo"
    assert "Hello Bo, this" in page().css_first("article .text").text()  # type: ignore[union-attr]
    assert diff("--persona", "nobody", "--json").json["persona"] == "nobody"
    done = diff("--persona", "ob")
    assert done.code == 2
    assert "--persona ob: there is no such persona\n    known: nobody, bo" in done.err


def test_a_column_of_people_kept_out_of_git_is_known_on_both_sides(
    project: Path, diff: Diff
) -> None:
    git(project, "rm", "-q", "--cached", "subscribers.csv")
    (project / ".gitignore").write_text("subscribers.csv\n")
    (project / "subscribers.csv").write_text("email,job\n")
    edit(project, "00-one.md", "this is one", "{{ subscriber.job }} this is one")
    commit(project)
    edit(project, "00-one.md", "this is one", "this was one")
    done = diff("--json")
    assert done.json["broken"] == []
    assert kinds(done) == {"one": "changed"}


def test_a_lesson_broken_now_is_named_and_the_others_are_compared(
    project: Path, diff: Diff, page: Callable[[], LexborHTMLParser]
) -> None:
    edit(project, "00-one.md", "{{ subscriber.name", "{{ subscriber.nmae")
    edit(project, "01-two.md", "this is two", "this was two")
    done = diff()
    assert done.code == 0
    assert f"! broken in the working tree: {LESSONS}/00-one.md:9:" in done.out
    done = diff("--json")
    assert kinds(done) == {"one": "broken", "two": "changed"}
    (problem,) = done.json["broken"]
    assert (problem["side"], problem["path"], problem["line"]) == (
        *("after", f"{LESSONS}/00-one.md"),
        9,
    )
    assert "Cannot be made." in page().css("article")[0].text()


def test_a_lesson_broken_then_is_named_as_well(project: Path, diff: Diff) -> None:
    edit(project, "00-one.md", "delay: at once", "delay: soon")
    commit(project)
    edit(project, "00-one.md", "delay: soon", "delay: at once")
    done = diff("--json")
    # The others are numbered without it.
    assert kinds(done) == {"one": "broken", "two": "changed", "three": "changed"}
    assert [it["side"] for it in done.json["broken"]] == ["before"]


def test_broken_settings_of_a_side_are_told_with_their_line(project: Path, diff: Diff) -> None:
    (project / "bypost.toml").write_text("[sendin]\n")
    done = diff("--json", "--exit-code")
    assert done.code == 1
    assert done.json["readable"] is False
    (problem,) = done.json["broken"]
    assert (problem["path"], problem["line"]) == ("bypost.toml", 1)
    assert problem["message"] == "sendin: there is no such key"
    assert problem["fix"] == "did you mean `sending`?"


def test_a_file_with_a_secret_is_not_missed_in_the_revision(project: Path, diff: Diff) -> None:
    (project / ".gitignore").write_text("key.txt\n")
    (project / "key.txt").write_text("secret")
    with (project / "bypost.toml").open("a") as file:
        file.write('\n[providers.postmark]\napi_key_file = "key.txt"\n')
    commit(project)
    edit(project, "01-two.md", "this is two", "this was two")
    done = diff("--json")
    assert (done.json["broken"], kinds(done)) == ([], {"two": "changed"})


def test_with_exit_code_a_change_ends_with_1(project: Path, diff: Diff) -> None:
    edit(project, "01-two.md", "this is two", "this was two")
    assert diff().code == 0
    assert diff("--exit-code").code == 1


def test_json_names_the_page_and_is_alone_on_standard_output(
    project: Path, diff: Diff, tmp_path: Path
) -> None:
    edit(project, "01-two.md", "this is two", "this was two")
    done = diff("--json")
    assert done.err == ""
    assert set(done.json) == {
        *("revision", "commit", "persona", "changed", "mails", "broken", "readable", "page"),
        "without_pictures",
    }
    assert done.json["page"] == str(tmp_path / "diff.html")
    assert done.json["mails"][0]["pictures"] is False


def test_the_page_loads_nothing_and_runs_nothing(
    project: Path, diff: Diff, page: Callable[[], LexborHTMLParser]
) -> None:
    edit(project, "01-two.md", "this is two", "this is two ![x](https://example.org/x.png)")
    diff()
    found = page()
    policy = found.css_first('meta[http-equiv="Content-Security-Policy"]')
    assert policy is not None
    assert "default-src 'none'" in (policy.attributes["content"] or "")
    assert found.css("script, link, object, embed") == []
    for frame in found.css("iframe"):
        assert frame.attributes.get("sandbox", "missing") in (None, "")
        assert "src" not in frame.attributes


def test_nothing_of_the_project_is_touched(project: Path, diff: Diff) -> None:
    edit(project, "01-two.md", "this is two", "this was two")
    before = everything(project)
    diff()
    assert everything(project) == before


def test_hostile_words_are_shown_as_written(
    project: Path, diff: Diff, page: Callable[[], LexborHTMLParser]
) -> None:
    edit(project, "01-two.md", "this is two", "this is `<script>alert(1)</script>`")
    diff()
    assert page().css("script") == []
    assert "<script>alert(1)</script>" in page().css("article .text")[0].text()


@pytest.mark.parametrize("revision", ["nowhere", "HEAD~9", "HEAD:lessons"])
def test_an_unknown_revision_is_told(diff: Diff, revision: str) -> None:
    done = diff(revision)
    assert (done.code, done.out) == (2, "")
    assert f"{revision}: git knows no such revision\n    name a commit" in done.err


def test_without_a_repository_it_says_what_to_do(run: Run, project: Path, tmp_path: Path) -> None:
    folder = elsewhere(project, tmp_path / "alone")
    done = run("diff", at=folder)
    assert done.code == 2
    assert f"{folder}: not in a git repository\n    run `git init`" in done.err


def test_without_git_it_says_so(
    project: Path, diff: Diff, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    done = diff()
    assert done.code == 2
    assert "git: not installed here" in done.err


def test_a_page_that_cannot_be_written_is_told(run: Run, tmp_path: Path) -> None:
    done = run("diff", "--no-pictures", "--out", str(tmp_path / "none/diff.html"))
    assert done.code == 2
    assert "cannot write it: No such file or directory" in done.err
