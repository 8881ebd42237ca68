"""A description in the form of Amazon's SDKs, and what of a request it does not allow."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from tests.providers.ses_spec import complaints
from tests.specs.made import Made


class Aws:
    """One service of Amazon's."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._document = document

    def operation(self, made: Made) -> str:
        """Return the name of the operation that ``made`` is; empty: it is not described."""
        path = urlsplit(made.url).path
        for name, operation in self._document["operations"].items():
            http = operation["http"]
            pattern = re.sub(r"\\\{[^}]+\\\}", "[^/]+", re.escape(http["requestUri"]))
            if http["method"].lower() == made.method and re.fullmatch(pattern.rstrip("/"), path):
                return str(name)
        return ""

    def faults(self, operation: str, made: Made) -> Iterator[str]:
        """Yield what is wrong with a request: its query, its body; headers are the signature's."""
        if urlsplit(made.url).query:
            yield "query: is not described"
        if made.body:
            yield from complaints(made.body, self._document, operation)
