"""Settings: ``bypost.toml`` and the environment, checked and frozen.

Each key may also stand in the environment as ``BYPOST_SECTION__KEY``, which wins. Secrets stand
only there, or in a file that a ``*_file`` key names; they never show in ``repr`` or in an error.
"""

from __future__ import annotations

import difflib
import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, ValidationError
from pydantic_core import ErrorDetails

from bypost.errors import SettingsError

FILE_NAME = "bypost.toml"

#: Variables that begin like settings and are read elsewhere.
_OTHER_VARIABLES = {"BYPOST_INSTANCE", "BYPOST_REQUIRE_BROWSER"}


def _words(value: Any) -> Any:
    """Return a list for ``a`` and for ``a, b``: what an environment variable can hold."""
    return [word.strip() for word in value.split(",")] if isinstance(value, str) else value


Words = Annotated[tuple[str, ...], BeforeValidator(_words)]
Secrets = Annotated[tuple[SecretStr, ...], BeforeValidator(_words)]
Positive = Annotated[float, Field(gt=0)]


class Section(BaseModel):
    """A table of the file: frozen, and no key that nobody reads."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Site(Section):
    """Where the public pages live."""

    base_url: Annotated[str, Field(pattern=r"^https?://[^/?#]+$")] = "http://localhost:8000"
    secret_keys: Secrets = ()
    secret_keys_file: Path | None = None


class SenderSection(Section):
    """Who the mails come from."""

    name: Annotated[str, Field(min_length=1, pattern=r"^[^\r\n]+$")] = "Clarity Notes"
    email: Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+$")] = "course@example.org"
    reply_to: Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+$")] = "hello@example.org"
    postal_address: Annotated[str, Field(min_length=1)] = "1 Example Street, 12345 Exampletown"


class Database(Section):
    """Where people and sends live."""

    url: str = "sqlite:///var/bypost.db"


class Sending(Section):
    """How the pass behaves; seconds and hours may be decimals."""

    provider: Annotated[Words, Field(min_length=1)] = ("outbox",)
    tick_seconds: Positive = 5
    lease_seconds: Positive = 120
    timeout_seconds: Positive = 30
    quiet_seconds: Positive = 900
    retry_seconds: Positive = 30
    late_hours: Positive = 24
    unknown_hold_hours: Positive = 24
    batch_without_key: Annotated[int, Field(ge=1, le=1000)] = 100
    breaker_bounce_share: Positive = 0.05
    breaker_complaint_share: Positive = 0.003
    breaker_hours: Positive = 24
    breaker_accepted: Annotated[int, Field(ge=1)] = 100
    breaker_events: Annotated[int, Field(ge=1)] = 5
    threads: Annotated[int, Field(ge=1, le=64)] = 8


class Import(Section):
    """What a CSV row without these cells means."""

    courses: Words = ()
    newsletters: Words = ()


class Outbox(Section):
    """The local mailbox: one ``.eml`` file a mail."""

    path: Path = Path("var/outbox")


class HttpApi(Section):
    """What the providers behind an HTTP API share."""

    base_url: Annotated[str, Field(pattern=r"^https?://[^/?#]+$")]
    api_key: SecretStr | None = None
    api_key_file: Path | None = None
    webhook_secret: SecretStr | None = None
    webhook_secret_file: Path | None = None
    per_second: Positive | None = None
    per_day: Annotated[int, Field(ge=1)] | None = None
    batch_size: Annotated[int, Field(ge=1)] | None = None


class Resend(HttpApi):
    """https://resend.com: 5 requests a second per team (vendor's documentation, 2026-11)."""

    base_url: Annotated[str, Field(pattern=r"^https?://[^/?#]+$")] = "https://api.resend.com"
    per_second: Positive | None = 5


class Providers(Section):
    """One table per provider."""

    outbox: Outbox = Outbox()
    resend: Resend = Resend()


class Settings(Section):
    """Everything the operator decides.

    Attributes:
        root: The project folder; relative paths start there.
    """

    root: Annotated[Path, Field(exclude=True)] = Path()
    site: Site = Site()
    sender: SenderSection = SenderSection()
    database: Database = Database()
    sending: Sending = Sending()
    import_: Annotated[Import, Field(alias="import")] = Import()
    providers: Providers = Providers()


def load_settings(root: Path, environ: Mapping[str, str] | None = None) -> Settings:
    """Read the settings of the project in ``root``.

    Raises:
        SettingsError: naming file and line or variable, what is wrong, and the nearest known key.
    """
    text, table = _read_file(root / FILE_NAME)
    variables = dict(_overlay(table, os.environ if environ is None else environ))
    _read_secret_files(table, root)
    try:
        return Settings.model_validate({**table, "root": root})
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
    except UnicodeDecodeError:
        raise SettingsError(f"{path.name}: not UTF-8\n    save the file as UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{path.name}: {error}\n    see https://toml.io for the form") from None


def _overlay(
    table: dict[str, Any], environ: Mapping[str, str]
) -> Iterator[tuple[tuple[str, ...], str]]:
    """Lay ``BYPOST_*`` over the table; yield which key each variable became."""
    for name, value in sorted(environ.items()):
        if not name.startswith("BYPOST_") or name in _OTHER_VARIABLES:
            continue
        keys = tuple(name.removeprefix("BYPOST_").lower().split("__"))
        place = table
        for key in keys[:-1]:
            place = place.setdefault(key, {})
            if not isinstance(place, dict):
                raise SettingsError(f"{name}: `{key}` is not a section")
        place[keys[-1]] = value
        yield keys, name


def _read_secret_files(table: dict[str, Any], root: Path) -> None:
    """Replace each ``NAME_file`` by the secret in that file, unless ``NAME`` is there too."""
    for key, value in list(table.items()):
        if isinstance(value, dict):
            _read_secret_files(value, root)
        elif key.endswith("_file") and isinstance(value, str):
            try:
                secret = (root / value).read_text(encoding="utf-8").strip()
            except (OSError, UnicodeDecodeError):
                raise SettingsError(
                    f"{key}: cannot read `{value}`\n    check the path and who may read it"
                ) from None
            table.setdefault(key.removesuffix("_file"), secret)


def _explain(detail: ErrorDetails, text: str, variables: Mapping[tuple[str, ...], str]) -> str:
    """Return one error as ``where: what`` and how to mend it."""
    keys = tuple(str(part) for part in detail["loc"] if not isinstance(part, int))
    where = variables.get(keys) or _place(keys, text)
    if detail["type"] == "extra_forbidden":
        known = _known_keys(keys[:-1])
        near = difflib.get_close_matches(keys[-1], known, n=1, cutoff=0.5)
        hint = f"did you mean `{near[0]}`?" if near else f"known here: {', '.join(known)}"
        return f"{where}: unknown key `{'.'.join(keys)}`\n    {hint}"
    return f"{where}: {'.'.join(keys)}: {detail['msg'][:1].lower()}{detail['msg'][1:]}"


def _known_keys(path: tuple[str, ...]) -> list[str]:
    """Return the keys that may stand under ``path``."""
    model: Any = Settings
    for key in path:
        fields = {(f.alias or name): f for name, f in model.model_fields.items()}
        model = fields[key].annotation
    return [f.alias or n for n, f in model.model_fields.items() if n != "root"]


def _place(keys: tuple[str, ...], text: str) -> str:
    """Return ``bypost.toml:LINE`` of a key, or the file's name where it does not stand there."""
    section = ""
    for number, line in enumerate(text.splitlines(), start=1):
        if heading := re.match(r"\s*\[([\w.\-]+)\]", line):
            section = heading.group(1)
            if section == ".".join(keys):
                return f"{FILE_NAME}:{number}"
        elif key := re.match(r"\s*([\w.\-]+)\s*=", line):
            full = f"{section}.{key.group(1)}" if section else key.group(1)
            if full == ".".join(keys):
                return f"{FILE_NAME}:{number}"
    return FILE_NAME
