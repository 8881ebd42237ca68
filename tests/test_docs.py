"""The docs say what the program does: every name a reader may look up stands there."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from functools import lru_cache
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
import typer
from markdown_it import MarkdownIt
from pydantic import BaseModel

from bypost.cli.app import app
from bypost.content import schema
from bypost.providers.registry import BUILDERS, HOOKS
from bypost.render.builder import CONTAINERS
from bypost.render.jinja import FILTERS, METHODS
from bypost.render.vocabulary import ABOUT, LINKS, NEXT, NOTICE_LINKS, SUBSCRIBER
from bypost.settings import Settings

ROOT = Path(__file__).resolve().parent.parent
PAGES = ("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md")
ALL_PAGES = (
    *PAGES,
    *(f"docs/{path.name}" for path in sorted((ROOT / "docs").glob("*.md"))),
    *(f"docs/providers/{path.name}" for path in sorted((ROOT / "docs/providers").glob("*.md"))),
)


@lru_cache
def page(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def sections(model: type[BaseModel], path: tuple[str, ...] = ()) -> Iterator[tuple[str, str, Any]]:
    """Section, key and default of each setting."""
    for name, field in model.model_fields.items():
        key = field.alias or name
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from sections(kind, (*path, key))
        elif path:
            yield ".".join(path), key, field.default


SETTINGS = list(sections(Settings))


@pytest.mark.parametrize(("section", "key", "default"), SETTINGS)
def test_every_setting_is_there_with_its_environment_name_and_default(
    section: str, key: str, default: object
) -> None:
    part = page("docs/settings.md").split(f"## [{section}]")[1].split("\n## ")[0]
    name = "__".join((*section.split("."), key)).upper()
    found = [row for row in part.splitlines() if f"| `{key}` | `BYPOST_{name}` |" in row]
    assert len(found) == 1
    shown = ",".join(default) if isinstance(default, tuple) else str(default)
    if default not in (None, ()):
        assert f"`{shown}`" in found[0] or f'`"{shown}"`' in found[0]


def test_the_docs_name_no_setting_that_is_not_there() -> None:
    known = {"__".join((*s.split("."), key)).upper() for s, key, _ in SETTINGS}
    named = {n for p in ALL_PAGES for n in re.findall(r"BYPOST_([A-Z_]+__[A-Z_]+)", page(p))}
    assert named <= known | {"SECTION__KEY"}


def commands(command: Any, path: tuple[str, ...] = ("bypost",)) -> Iterator[tuple[str, ...]]:
    """The words of each command that does something."""
    inner = getattr(command, "commands", None)
    if inner is None:
        yield path
    else:
        for name, one in inner.items():
            yield from commands(one, (*path, name))


def find(words: tuple[str, ...]) -> Any:
    command: Any = typer.main.get_command(app)
    for word in words[1:]:
        command = command.commands[word]
    return command


COMMANDS = list(commands(typer.main.get_command(app)))


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_every_command_is_there_with_its_options_and_an_example(words: tuple[str, ...]) -> None:
    name = " ".join(words)
    part = page("docs/commands.md").split(f"## {name}\n")[1].split("\n## ")[0]
    example = re.search(r"Example: (.+)", find(words).help or "")
    assert example
    assert example[1].startswith(name)
    assert f"\n{name}" in part
    options = {opt for param in find(words).params for opt in param.opts if opt.startswith("--")}
    shown = set(re.findall(r"`(--[a-z-]+)", part))
    assert options - {"--project", "--help"} <= shown
    assert "--project DIR" in page("docs/commands.md")


def test_help_of_a_command_shows_its_example() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "bypost", "send", "--help"], capture_output=True, text=True
    )
    assert done.returncode == 0
    assert "Example: bypost send --dry-run" in done.stdout


def test_the_docs_name_no_command_that_is_not_there() -> None:
    known = {words[1] for words in COMMANDS}
    pages = [name for name in ALL_PAGES if name != "README.md"]
    text = "\n".join((*map(page, pages), page("README.md").split("## Not yet")[0]))
    named = set(re.findall(r"(?:^|[`/])bypost ([a-z]+)", text, re.MULTILINE))
    assert named <= known


@pytest.mark.parametrize("name", BUILDERS)
def test_every_provider_is_there(name: str) -> None:
    assert f"## [providers.{name}]" in page("docs/settings.md")
    assert f"| `{name}` |" in page("docs/operating.md")


@pytest.mark.parametrize("name", HOOKS)
def test_every_webhook_has_its_section_and_its_row(name: str) -> None:
    part = page(f"docs/providers/{name}.md").split("## Webhooks\n")[1].split("\n## ")[0]
    assert f"/hooks/{name}`" in part
    assert f"BYPOST_PROVIDERS__{name.upper()}__WEBHOOK_SECRET=" in part
    assert "*Unsubscribes" in part
    assert f"](providers/{name}.md#webhooks) |" in page("docs/operating.md")


def keys(model: type[BaseModel]) -> set[str]:
    return set(model.model_fields)


@pytest.mark.parametrize(
    ("heading", "model"),
    [
        ("### course.toml", schema.CourseFile),
        ("### Keys of a lesson", schema.LessonKeys),
        ("### window", schema.WindowKeys),
        ("## A newsletter", schema.IssueKeys),
        ("## A newsletter", schema.NewsletterFile),
        ("## The look", schema.NoticeKeys),
        ("## personas.toml", schema.PersonaKeys),
    ],
)
def test_every_key_of_a_file_is_there(heading: str, model: type[BaseModel]) -> None:
    part = page("docs/writing.md").split(f"{heading}\n")[1]
    part = re.split(r"\n##+ ", part)[0]
    shown = set(re.findall(r"`\[?\[?([a-z_]+)\]?\]?`", part))
    assert keys(model) <= shown


def test_no_model_of_a_file_was_forgotten_here() -> None:
    models = {
        name
        for name, thing in vars(schema).items()
        if isinstance(thing, type) and issubclass(thing, schema.Keys)
    }
    told = {"CourseFile", "LessonKeys", "WindowKeys", "IssueKeys", "NewsletterFile", "NoticeKeys"}
    assert models == {*told, "PersonaKeys", "PersonasFile", "Keys", "SeriesFile"}


def test_every_name_filter_and_container_of_lessons_is_there() -> None:
    shown = set(re.findall(r"`([a-z_]+)`", page("docs/writing.md")))
    shown |= set(re.findall(r"::: ([a-z]+)", page("docs/writing.md")))
    names = SUBSCRIBER | LINKS | NEXT | NOTICE_LINKS | ABOUT
    assert names | FILTERS | METHODS | set(CONTAINERS) <= shown


def links(name: str) -> Iterator[str]:
    for token in MarkdownIt("commonmark", {"html": True}).enable("table").parse(page(name)):
        for child in (token, *(token.children or ())):
            target = child.attrs.get("href") or child.attrs.get("src")
            yield from [str(target)] if target else []
            if child.type.startswith("html"):
                yield from re.findall(r'(?:href|src)="([^"]+)"', child.content)


def anchors(path: Path) -> set[str]:
    """The anchors that headings of a page get on GitHub."""
    found = set()
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            text = re.sub(r"[^\w\- ]", "", line.lstrip("#").strip().lower())
            found.add(text.replace(" ", "-"))
    return found


@pytest.mark.parametrize("name", ALL_PAGES)
def test_every_relative_link_and_picture_is_there(name: str) -> None:
    for link in links(name):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (ROOT / name).parent / path if path else ROOT / name
        assert target.is_file(), link
        assert not anchor or anchor in anchors(target), link


def test_the_readme_begins_with_the_two_commands_and_shows_its_pages() -> None:
    readme = page("README.md")
    first = readme.split("```")[1]
    assert "make run" in first
    assert "make test" in first
    pictures = re.findall(r'<img src="([^"]+)" alt="[^"]{20,}" width="\d+">', readme)
    assert [picture.removeprefix("docs/pictures/") for picture in pictures] == [
        "run-page.png",
        "lesson-640.png",
        "course-page.png",
        "check-your-inbox.png",
        "own-page.png",
        "preview.png",
        "desk-today.png",
        "desk-course.png",
    ]


def named_files(name: str) -> set[str]:
    """What stands between backticks and looks like a path."""
    spans = re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", page(name), flags=re.DOTALL))
    return {
        span
        for span in spans
        if re.fullmatch(r"[\w./-]+", span)
        and ("/" in span or re.search(r"\.(md|py|toml|csv|mjml|txt)$", span))
        and not span.startswith((".", "/", "var/"))
    }


@pytest.mark.parametrize("name", ["ARCHITECTURE.md", "docs/promises.md"])
def test_every_file_named_is_there(name: str) -> None:
    named = named_files(name)
    assert len(named) > 8
    assert [path for path in sorted(named) if not (ROOT / path).exists()] == []


def test_every_python_file_that_contributing_names_is_there() -> None:
    named = {path for path in named_files("CONTRIBUTING.md") if path.endswith(".py")}
    named = {path for path in named if "/" in path and "NAME" not in path}
    assert len(named) > 8
    assert [path for path in sorted(named) if not (ROOT / path).exists()] == []


def test_the_layers_shown_are_those_that_are_held() -> None:
    project = tomllib.loads(page("pyproject.toml"))
    contract = project["tool"]["importlinter"]["contracts"][0]
    held = [re.sub(r" \| \(\w+\)", "", layer) for layer in contract["layers"]]
    block = page("ARCHITECTURE.md").split("## The layers")[1].split("```")[1]
    shown = [re.split(r"\s{2,}", line)[0].strip() for line in block.strip().splitlines()]
    assert shown == held


def test_every_dependency_has_its_line() -> None:
    project = tomllib.loads(page("pyproject.toml"))["project"]
    wanted = [*project["dependencies"], *chain(*project["optional-dependencies"].values())]
    names = {re.split(r"[<>=!~; \[]", one)[0] for one in wanted} - {"bypost"}
    lines = [line for line in page("docs/decisions.md").splitlines() if line.startswith("* `")]
    told = set(re.findall(r"`([a-z0-9-]+)`", "\n".join(line.split(": ")[0] for line in lines)))
    assert told == names


def test_every_task_of_the_makefile_is_there() -> None:
    tasks = re.findall(r"^([a-z]+):.*## ", page("Makefile"), re.MULTILINE)
    assert len(tasks) > 5
    shown = set(re.findall(r"`make ([a-z]+)`", page("CONTRIBUTING.md")))
    assert set(tasks) - {"help"} == shown


@pytest.mark.parametrize("name", ALL_PAGES)
def test_pages_raise_their_voice_nowhere(name: str) -> None:
    text = re.sub(r"```.*?```|`[^`]*`", "", page(name), flags=re.DOTALL)
    text = text.replace("![", "[").replace("<!--", "<--")
    assert "!" not in text
