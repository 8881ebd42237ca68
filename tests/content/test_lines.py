"""A mistake is found on the line where it stands: lines of keys in YAML and TOML."""

from __future__ import annotations

import tomllib

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from bypost.content.frontmatter import split
from bypost.content.lines import line_of
from bypost.content.toml import key_lines
from bypost.errors import Problem

KEYS = st.text("abcdefgh_", min_size=1, max_size=6)
GAPS = st.sampled_from(["", "\n", "# a comment: here\n", "\n\n"])
VALUES = st.sampled_from(
    ["one", '"two: three"', "|\n  four\n  five", "[a,\n  b]", "\n  - six\n  - seven", '"a\\\n  b"']
)


@settings(max_examples=150, deadline=None)
@given(
    st.dictionaries(KEYS, st.tuples(GAPS, VALUES), min_size=1, max_size=6),
    st.lists(st.sampled_from(["", "text", "---", "key: value"]), max_size=4),
)
def test_each_key_and_the_body_stand_on_their_lines(
    entries: dict[str, tuple[str, str]], body: list[str]
) -> None:
    head = "".join(f"{gap}{key}: {value}\n" for key, (gap, value) in entries.items())
    text = f"---\n{head}---\n" + "\n".join(body)
    problems: list[Problem] = []
    found = split(text, "a.md", problems)
    assert problems == []
    assert found is not None
    lines = text.split("\n")
    assert list(found.values) == list(entries)
    assert all(lines[found.lines[(key,)] - 1].startswith(f"{key}:") for key in entries)
    assert "\n".join(lines[found.body_line - 1 :]) == found.body == "\n".join(body)


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(KEYS, st.text(max_size=20), min_size=1, max_size=4))
def test_any_text_that_yaml_can_write_comes_back(entries: dict[str, str]) -> None:
    head = yaml.safe_dump(entries, default_style='"', allow_unicode=False)
    found = split(f"---\n{head}---\nText", "a.md", [])
    assert found is not None
    assert found.values == entries


def test_a_line_separator_inside_a_value_does_not_shift_the_lines_below() -> None:
    found = split('---\na: "x\u2028y\x85z"\nb: 1\n---\n', "a.md", [])
    assert found is not None
    assert found.lines[("b",)] == 3


def test_toml_lines_survive_tables_arrays_and_strings_of_many_lines() -> None:
    text = '''\
a = """
b = 1
[not.a.table]
"""
"c d" = [ # a list ]
  "x]",
  { y = 1 },
]
e.f = 'z = 1 \\'
[window]
start = "x"
  [window."deep er"]
  g = \'\'\'
h = 2\'\'\'
[[persona]]
key = 1
[persona.attributes]
company = ""
[[persona]]

key = 2
'''
    assert tomllib.loads(text)["persona"][1] == {"key": 2}
    assert key_lines(text) == {
        ("a",): 1,
        ("c d",): 5,
        ("e",): 9,
        ("e", "f"): 9,
        ("window",): 10,
        ("window", "start"): 11,
        ("window", "deep er"): 12,
        ("window", "deep er", "g"): 13,
        ("persona", "0"): 15,
        ("persona", "0", "key"): 16,
        ("persona", "0", "attributes"): 17,
        ("persona", "0", "attributes", "company"): 18,
        ("persona", "1"): 19,
        ("persona", "1", "key"): 21,
    }


TOML_VALUES = st.sampled_from(
    ["1", '"x"', '"""\nk = 1\n"""', "'''\n[t]\n'''", "[\n 1,\n # k = 2\n]", "{ a = 1 }", '"#"']
)


@settings(max_examples=100, deadline=None)
@given(
    st.dictionaries(KEYS, TOML_VALUES, max_size=3),
    st.dictionaries(
        KEYS.map("T{}".format), st.dictionaries(KEYS, TOML_VALUES, max_size=3), max_size=3
    ),
)
def test_each_toml_key_stands_on_its_line(
    loose: dict[str, str], tables: dict[str, dict[str, str]]
) -> None:
    text = "".join(f"{key} = {value}\n" for key, value in loose.items())
    for name, entries in tables.items():
        text += f"\n[{name}]\n" + "".join(f"{key} = {value}\n" for key, value in entries.items())
    tomllib.loads(text)
    lines, found = text.split("\n"), key_lines(text)
    assert all(lines[found[(key,)] - 1].startswith(f"{key} =") for key in loose)
    for name, entries in tables.items():
        assert lines[found[(name,)] - 1] == f"[{name}]"
        assert all(lines[found[(name, key)] - 1].startswith(f"{key} =") for key in entries)


def test_a_key_without_a_line_of_its_own_has_that_of_the_key_around_it() -> None:
    lines = {("window",): 4}
    assert line_of(lines, ("window", "start")) == 4
    assert line_of(lines, ("title",), 1) == 1
