"""Personas: who they are, and what a mistake in their file says."""

from __future__ import annotations

from datetime import time
from pathlib import Path

import pytest

from bypost.content.personas import Persona, load_personas
from bypost.errors import ContentError


def load(root: Path, text: str) -> tuple[Persona, ...]:
    (root / "personas.toml").write_text(text, encoding="utf-8")
    return load_personas(root)


def test_a_project_without_the_file_has_no_personas(tmp_path: Path) -> None:
    assert load_personas(tmp_path) == ()


def test_every_key_of_a_persona_arrives_and_most_may_be_left_out(tmp_path: Path) -> None:
    text = (
        '[[persona]]\nkey = "a"\nemail = "a@example.org"\n'
        '[[persona]]\nkey = "b"\nemail = "b@example.org"\nname = "<b>"\nhour = "07:30"\n'
        'time_zone = "Asia/Tokyo"\njoined_days = 3\nnote = "n"\n[persona.attributes]\nfirm = "F"\n'
    )
    assert load(tmp_path, text) == (
        Persona(key="a", email="a@example.org"),
        Persona(
            key="b",
            email="b@example.org",
            name="<b>",
            hour=time(7, 30),
            time_zone="Asia/Tokyo",
            joined_days=3,
            note="n",
            attributes={"firm": "F"},
        ),
    )


MISTAKES = {
    "syntax": ("[[persona]\n", "personas.toml:1: is not valid TOML"),
    "no address": ('[[persona]]\nkey = "a"\n', "personas.toml:1: `persona.0.email` is missing"),
    "key twice": (
        '[[persona]]\nkey = "a"\nemail = "a@b.c"\n[[persona]]\nemail = "a@b.c"\nkey = "a"\n',
        "personas.toml:6: the key `a` is taken on line 2",
    ),
    "key misspelt": (
        '[[persona]]\nkey = "a"\nemail = "a@b.c"\nzone = "UTC"\n',
        "personas.toml:4: unknown key `persona.0.zone`\n    did you mean `time_zone`?",
    ),
    "joined tomorrow": (
        '[[persona]]\nkey = "a"\nemail = "a@b.c"\njoined_days = -1\n',
        "personas.toml:4: `persona.0.joined_days` is wrong: input should be greater than or equal",
    ),
    "attribute of our own": (
        '[[persona]]\nkey = "a"\nemail = "a@b.c"\n[persona.attributes]\nsince = "x"\n',
        "personas.toml:5: `since` is taken by ByPost itself",
    ),
    "name on two lines": (
        '[[persona]]\nkey = "a"\nemail = "a@b.c"\nname = "x\\ny"\n',
        "personas.toml:4: `name` holds a line break",
    ),
    "one table": ('[persona]\nkey = "a"\n', "personas.toml:1: `persona` is wrong"),
}


@pytest.mark.parametrize(("text", "answer"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_answered_with_its_line(tmp_path: Path, text: str, answer: str) -> None:
    with pytest.raises(ContentError) as caught:
        load(tmp_path, text)
    assert str(caught.value).startswith(answer)
