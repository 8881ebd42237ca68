"""Reading ``bypost.toml`` and the environment, with errors that say where and how to mend it."""

from __future__ import annotations

import difflib
import os
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from bypost.errors import SettingsError
from bypost.settings.model import KEYS, Key, Settings

FILE_NAME = "bypost.toml"

#: Variables that begin like settings and are read elsewhere.
_OTHER_VARIABLES = {"BYPOST_INSTANCE", "BYPOST_REQUIRE_BROWSER"}


def load_settings(root: Path, environ: Mapping[str, str] | None = None) -> Settings:
    """Read the settings of the project in ``root``.

    Raises:
        SettingsError: naming file and line or variable, what is wrong, and the nearest known key.
    """
    text, table = _read_file(root / FILE_NAME)
    _refuse_secrets(table, text)
    variables = dict(_overlay(table, os.environ if environ is None else environ))
    _read_secret_files(table, root, lambda key: _where(key, text, variables))
    try:
        return Settings.model_validate(table)
    except ValidationError as error:
        details = error.errors(include_input=False, include_url=False)
        raise SettingsError(
            "\n".join(_explain(detail, text, variables) for detail in details)
        ) from None


def _read_file(path: Path) -> tuple[str, dict[str, Any]]:
    """Return the file's text and its table; an absent file means all defaults."""
    if not path.exists():
        return "", {}
    try:
        text = path.read_text(encoding="utf-8-sig")
        return text, tomllib.loads(text)
    except OSError as error:
        raise SettingsError(f"{path.name}: cannot read it: {error.strerror}") from None
    except UnicodeDecodeError:
        raise SettingsError(f"{path.name}: not UTF-8\n    save the file as UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        what, _, place = str(error).partition(" (at line ")
        line = f":{place.partition(',')[0]}" if place else ""
        raise SettingsError(
            f"{path.name}{line}: not readable as TOML: {what}\n    see https://toml.io for the form"
        ) from None


def _refuse_secrets(table: Mapping[str, Any], text: str) -> None:
    """Keep secrets out of a file that is shared, printed and committed."""
    for key, is_secret in KEYS.items():
        place: Any = table
        for name in key:
            place = place.get(name) if isinstance(place, dict) else None
        if is_secret and place is not None:
            raise SettingsError(
                f"{_where(key, text, {})}: `{key[-1]}` is a secret and does not belong here\n"
                f"    set {_variable(key)}, or name a file with `{key[-1]}_file`"
            )


def _overlay(table: dict[str, Any], environ: Mapping[str, str]) -> Iterator[tuple[Key, str]]:
    """Lay ``BYPOST_*`` over the table; yield which key each variable became."""
    for name, value in sorted(environ.items()):
        if not name.startswith("BYPOST_") or name in _OTHER_VARIABLES:
            continue
        key = tuple(name.removeprefix("BYPOST_").lower().split("__"))
        if key not in KEYS:
            known = [_variable(one) for one in KEYS]
            inside = [one for one in known if one.startswith(f"{name}__")]
            near = difflib.get_close_matches(name, inside or known, n=1)
            hint = f"did you mean {near[0]}?" if near else "all settings: docs/settings.md"
            raise SettingsError(f"{name}: there is no such setting\n    {hint}")
        place = table
        for section in key[:-1]:
            place = place.setdefault(section, {})
            if not isinstance(place, dict):
                raise SettingsError(f"{FILE_NAME}: `{section}` is a section: write [{section}]")
        place[key[-1]] = value
        yield key, name


def _read_secret_files(
    table: dict[str, Any], root: Path, where: Callable[[Key], str], above: Key = ()
) -> None:
    """Replace each ``NAME_file`` by the secret in that file, unless ``NAME`` is there too."""
    for name, value in list(table.items()):
        key = (*above, name)
        if isinstance(value, dict):
            _read_secret_files(value, root, where, key)
        elif key in KEYS and name.endswith("_file") and isinstance(value, str):
            try:
                secret = (root / value).read_text(encoding="utf-8").strip()
            except (OSError, UnicodeDecodeError):
                raise SettingsError(
                    f"{where(key)}: {name}: cannot read `{value}`\n"
                    "    check the path and who may read it"
                ) from None
            table.setdefault(name.removesuffix("_file"), secret)


#: What pydantic calls an error -> what to tell the operator.
_WORDS = {
    "string_type": "write a text in quotes",
    "string_too_short": "is empty",
    "too_short": "is empty",
    "tuple_type": 'write a list such as ["one", "two"]',
    "path_type": "write a path in quotes",
    "float_type": "write a number",
    "float_parsing": "write a number",
    "finite_number": "write a number",
    "int_type": "write a whole number",
    "int_parsing": "write a whole number",
    "int_from_float": "write a whole number",
    "greater_than": "must be more than {gt:g}",
    "greater_than_equal": "must be at least {ge}",
    "less_than_equal": "must be at most {le}",
    "model_type": "is a section, not a value",
    "string_pattern_mismatch": "is empty or has a line break",
}


def _explain(detail: ErrorDetails, text: str, variables: Mapping[Key, str]) -> str:
    """Return one error as ``where: what`` and how to mend it."""
    key = tuple(str(part) for part in detail["loc"] if not isinstance(part, int))
    where = f"{_where(key, text, variables)}: {'.'.join(key)}"
    if detail["type"] == "extra_forbidden":
        return f"{where}: there is no such key\n    {_nearest(key)}"
    if detail["type"] == "string_pattern_mismatch" and key[-1] in {"email", "reply_to"}:
        return f"{where}: write an address such as course@example.org"
    known = _WORDS.get(detail["type"])
    own = detail["msg"].removeprefix("Value error, ")
    return f"{where}: {known.format(**detail.get('ctx', {})) if known else own}"


def _nearest(key: Key) -> str:
    """Return which key may have been meant."""
    here = sorted({known[len(key) - 1] for known in KEYS if known[: len(key) - 1] == key[:-1]})
    if near := difflib.get_close_matches(key[-1], here, n=1, cutoff=0.5):
        return f"did you mean `{near[0]}`?"
    elsewhere = [".".join(known[:-1]) for known in KEYS if known[-1] == key[-1]]
    if elsewhere:
        return f"`{key[-1]}` belongs under [{elsewhere[0]}]"
    return f"known here: {', '.join(here)}"


def _variable(key: Key) -> str:
    """Return the environment variable of a key."""
    return "BYPOST_" + "__".join(key).upper()


def _where(key: Key, text: str, variables: Mapping[Key, str]) -> str:
    """Return the variable, or ``bypost.toml:LINE``, where a key or its section stands."""
    if key in variables:
        return variables[key]
    section: Key = ()
    for number, line in enumerate(text.splitlines(), start=1):
        if heading := re.match(r"\s*\[([\w.\-]+)\]", line):
            section = found = tuple(heading.group(1).split("."))
        elif name := re.match(r"\s*([\w.\-]+)\s*=", line):
            found = (*section, *name.group(1).split("."))
        else:
            continue
        if found == key:
            return f"{FILE_NAME}:{number}"
    return FILE_NAME
