"""Every verb says what it does, with an example, before anything heavy is loaded."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
import typer
from typer.main import get_command

from bypost.cli import main
from bypost.cli.app import app


def verbs(command: object, above: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for name, part in getattr(command, "commands", {}).items():
        if getattr(part, "commands", None):
            yield from verbs(part, (*above, name))
        else:
            yield (*above, name)


VERBS = list(verbs(get_command(app)))


def test_there_are_verbs() -> None:
    assert {("send",), ("check",), ("status",), ("subscribers", "import")} <= set(VERBS)
    assert isinstance(app, typer.Typer)


@pytest.mark.parametrize("verb", VERBS, ids=" ".join)
def test_every_verb_has_help_with_an_example_of_itself(
    verb: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*verb, "--help"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert re.search(rf"Example: bypost {' '.join(verb)}\b", out)
    assert "--project" in out


def test_the_list_of_verbs_names_each(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    out = capsys.readouterr().out
    assert all(verb[0] in out for verb in VERBS)
