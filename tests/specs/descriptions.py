"""The vendors' descriptions in a folder, and their known faults, each with what it means for us.

A description is known by the host that it names, so its file may be called anything. An optional
``README.json`` says of a file where it is from (``source``), that a third party wrote it
(``"official": false``; then it is passed over), and what is wrong with it (``known_faults``).
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import orjson
import yaml

from tests.specs.aws import Aws
from tests.specs.made import Made
from tests.specs.openapi import OpenApi


@dataclass(frozen=True, slots=True)
class Known:
    """A fault of a description, and why it is none of a request.

    Attributes:
        words: As ``README.json`` says it.
        excuses: Which of our "faults" it excuses, in full; empty where we do not meet it.
        reason: Why.
    """

    words: str
    excuses: str
    reason: str


#: Adapter -> known faults. One that excuses something and is not met any more has to go.
KNOWN: Mapping[str, tuple[Known, ...]] = {
    "sendgrid": (
        Known(
            "top-level custom_args typed string, the service and its SDKs use an object",
            "",
            "ours stand in each personalization, where the description says object",
        ),
        Known("no 429 response listed", "", "about answers"),
    ),
    "resend": (
        Known("no maxItems on batch", "", "the contract holds 100, as its pages say"),
        Known(
            "no x-batch-validation header",
            "header x-batch-validation: is not described",
            "it stands on Resend's page on batch validation modes",
        ),
        Known("no 4xx/5xx responses", "", "about answers"),
        Known("batch response lacks the errors array of permissive mode", "", "about answers"),
    ),
    "mailgun": (Known("lists subject as required", "", "a mail without one is refused before"),),
    "postmark": (
        Known(
            "old: no Metadata, MessageStream, InlineCss, bulk or metadata_ search fields",
            r"\$\[\d+\]: Unevaluated properties are not allowed "
            r"\('(Metadata', 'MessageStream|MessageStream', 'Metadata)' were unexpected\)"
            r"|query (metadata_ref|messagestream): is not described",
            "younger than the file; Postmark's libraries and pages have them",
        ),
    ),
}


@dataclass(frozen=True, slots=True)
class Description:
    """One file.

    Attributes:
        host: A pattern of the hosts that it is about.
        about: What ``README.json`` says of it.
    """

    file: str
    host: str
    content: OpenApi | Aws
    about: Mapping[str, Any]


def load(folder: Path) -> list[Description]:
    """Return the descriptions in ``folder`` that their vendors wrote.

    Raises:
        ValueError: There is none.
    """
    readme = folder / "README.json"
    about = orjson.loads(readme.read_bytes())["files"] if readme.is_file() else {}
    found = []
    for path in sorted(folder.iterdir()):
        if path.suffix not in {".json", ".yaml", ".yml"} or path == readme:
            continue
        said = next((about[name] for name in about if fnmatch.fnmatch(path.name, name)), {})
        if said.get("official") is not False:
            found += [Description(path.name, *one, said) for one in _read(path)]
    if not found:
        raise ValueError(f"{folder}: no description of an API is in it")
    return found


def find(descriptions: list[Description], made: Made) -> tuple[Description, str] | None:
    """Return the description that has the operation of a request, and its name there."""
    host = urlsplit(made.url).hostname or ""
    for one in descriptions:
        if fnmatch.fnmatch(host, one.host) and (operation := one.content.operation(made)):
            return one, operation
    return None


def excuse(adapter: str, fault: str) -> Known | None:
    """Return the known fault of a description that explains one of ours."""
    found = (one for one in KNOWN.get(adapter, ()) if one.excuses)
    return next((one for one in found if re.fullmatch(one.excuses, fault)), None)


def unheard(adapter: str, description: Description) -> list[str]:
    """Return the known faults of a description that stand nowhere here."""
    here = {one.words for one in KNOWN.get(adapter, ())}
    return [words for words in description.about.get("known_faults", ()) if words not in here]


def _read(path: Path) -> Iterator[tuple[str, OpenApi | Aws]]:
    """Yield host and content, once for each host of a document."""
    text = path.read_bytes()
    document = orjson.loads(text) if path.suffix == ".json" else yaml.load(text, yaml.CSafeLoader)
    if "operations" in document:
        yield f"{document['metadata']['endpointPrefix']}.*.amazonaws.com", Aws(document)
        return
    hosts = [urlsplit(one["url"]).hostname or "" for one in document.get("servers", ())]
    hosts += [document["host"]] if "host" in document else []
    content = OpenApi(_amended(document))
    for host in hosts:
        yield host, content


def _amended(document: Any) -> Any:
    """Return a document with what only its words say.

    Mailgun's: fields h:NAME, v:NAME and the like may have any name.
    """
    for schema in document.get("components", {}).get("schemas", {}).values():
        if "recipient-variables" in schema.get("properties", ()):
            schema["patternProperties"] = {"^[hv]:": {"type": "string"}}
    return document
