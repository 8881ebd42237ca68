"""From an author's ``{{ expression }}`` to the meaning of a word."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from bypost.render import jinja
from bypost.render.problems import Problems
from bypost.render.vocabulary import Value, Vocabulary
from bypost.render.words import Constant, Meaning, Personal, Place

#: Stands in for an expression that is wrong, so that the rest is still checked.
BROKEN = Constant("")

#: Names that a dict has itself; ``subscriber.items`` would find the method, not the column.
_TAKEN = frozenset(dir(dict))


def understand(source: str, names: Vocabulary, place: Place, problems: Problems) -> Meaning:
    """Return what the expression stands for in this mail; notes problems instead of raising."""
    reading = jinja.read(source)
    for message, fix in reading.complaints:
        problems.add(place, "jinja-unsafe" if reading.names else "jinja-syntax", message, fix)
    complaints = [names.complaint(root, name) for root, name in reading.names]
    complaints += [names.complaint_bare(name) for name in reading.bare]
    for complaint in complaints:
        if complaint:
            problems.add(place, "jinja-undefined", *complaint)
    if reading.complaints or any(complaints):
        return BROKEN
    folded = fold(source, names.constants)
    personal = tuple(name for name in reading.names if name[0] in names.personal)
    try:
        if not personal:
            return Constant(jinja.evaluate(folded, {}))
        # Better now than while sending: what fails for an empty value, and what always fails.
        for sample in ("Sample 1", ""):
            jinja.evaluate(folded, _sample(personal, sample))
    except jinja.FAILURES as error:
        problems.add(place, "jinja-value", f"`{source}` fails: {error}", _GUARD)
        return BROKEN
    return Personal(folded, personal)


_GUARD = 'any value may be empty: guard it, e.g. `|default("you")`'


def _sample(names: tuple[tuple[str, str], ...], text: str) -> dict[str, dict[str, Value]]:
    sample: dict[str, dict[str, Value]] = {}
    for root, name in names:
        sample.setdefault(root, {})[name] = text
    return sample


def fold(source: str, constants: Mapping[str, Mapping[str, Value]]) -> str:
    """Return the expression with constants written into it, so that it needs people only.

    ``default(x)`` becomes ``default(x, true)``: all values are text and never undefined, so an
    author who writes a default means it for empty ones.
    """
    return _with_true_defaults("".join(_named(source, constants)).strip())


def _named(source: str, constants: Mapping[str, Mapping[str, Value]]) -> Iterator[str]:
    tokens = jinja.tokens(source)
    at = 0
    before = ""
    while at < len(tokens):
        kind, text = tokens[at]
        reference = _reference(tokens, at) if kind == "name" and before not in {".", "|"} else None
        if reference:
            root, name, at = reference
            if root in constants:
                yield _literal(constants[root][name])
            else:
                yield f'{root}["{_escaped(name)}"]' if _odd(name) else f"{root}.{name}"
            before = name
            continue
        yield text
        before = before if kind == "whitespace" else text
        at += 1


def _reference(tokens: list[tuple[str, str]], at: int) -> tuple[str, str, int] | None:
    """Return root, name and the index after ``root.name`` or ``root["name"]``."""
    rest = [index for index in range(at + 1, len(tokens)) if tokens[index][0] != "whitespace"]
    texts = [tokens[index] for index in rest[:3]]
    if len(texts) >= 2 and texts[0][1] == "." and texts[1][0] == "name":
        return tokens[at][1], texts[1][1], rest[1] + 1
    if len(texts) == 3 and texts[0][1] == "[" and texts[1][0] == "string" and texts[2][1] == "]":
        return tokens[at][1], texts[1][1][1:-1], rest[2] + 1
    return None


def _odd(name: str) -> bool:
    return name in _TAKEN or not name.isidentifier()


def _literal(value: Value) -> str:
    return str(value) if isinstance(value, int) else f'"{_escaped(value)}"'


def _escaped(text: str) -> str:
    slashed = text.replace("\\", "\\\\").replace('"', '\\"')
    return slashed.replace("\n", "\\n").replace("\r", "\\r")


def _with_true_defaults(source: str) -> str:
    tokens = jinja.tokens(source)
    found: list[int] = []
    for at, (_, text) in enumerate(tokens):
        before = [t for _, t in tokens[:at] if t.strip()]
        if text in {"default", "d"} and before[-1:] == ["|"]:
            end = _single_argument_end(tokens, at + 1)
            found += [end] if end else []
    for end in reversed(found):
        tokens.insert(end, ("operator", ", true"))
    return "".join(text for _, text in tokens)


def _single_argument_end(tokens: list[tuple[str, str]], at: int) -> int | None:
    """Return the index of the bracket that closes a call with exactly one argument."""
    depth = 0
    for index in range(at, len(tokens)):
        text = tokens[index][1]
        if not text.strip():
            continue
        if depth == 0 and text != "(":
            return None
        if text in {"(", "[", "{"}:
            depth += 1
        elif text in {")", "]", "}"}:
            depth -= 1
            if depth == 0:
                empty = not "".join(t for _, t in tokens[at:index]).strip(" (")
                return None if empty else index
        elif text == "," and depth == 1:
            return None
    return None
