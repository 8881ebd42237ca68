"""Errors of the API as RFC 9457 has them: what is wrong, and how to mend it.

What was sent is never repeated back: it may hold a secret, and ends up in logs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from starlette.responses import JSONResponse

#: Where the API lives; errors below it are told this way, whoever tells them.
API = "/api/v1"
MEDIA_TYPE = "application/problem+json"


class Problem(Exception):
    """A request cannot be answered as it is.

    Args:
        detail: What is wrong, and how to mend it.
        code: A stable word for programs.
        errors: The fields that cannot be used, each with ``field`` and ``message``.
    """

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        code: str,
        headers: Mapping[str, str] | None = None,
        errors: Sequence[Mapping[str, str]] = (),
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.code = code
        self.headers = dict(headers or {})
        self.errors = list(errors)

    @property
    def body(self) -> dict[str, Any]:
        """Return the members of the answer."""
        members: dict[str, Any] = {
            "type": "about:blank",
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "code": self.code,
            "detail": self.detail,
        }
        return {**members, "errors": self.errors} if self.errors else members

    def response(self) -> JSONResponse:
        """Return the answer."""
        return JSONResponse(self.body, self.status, self.headers, MEDIA_TYPE)


def is_api(path: str) -> bool:
    """Tell whether a path belongs to the API."""
    return path == API or path.startswith(f"{API}/")
