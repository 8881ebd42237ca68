"""The problems there are, each with a way to mend it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from bypost.people.admit import NotAdmitted
from bypost.web.problem import API, Problem

_LIST = f"{API}/openapi.json lists what there is"
#: What is said where a request found no handler.
_REFUSED: Mapping[int, tuple[str, str]] = {
    400: ("malformed", "The body cannot be read. Send JSON in UTF-8."),
    404: ("not-found", f"There is nothing at this address: {_LIST}."),
    405: ("method", f"This cannot be done here: the header Allow says what can, {_LIST}."),
}
#: What the validator calls an error -> what to do about it; its own words hold what was sent.
_WORDS = {
    "missing": "is missing",
    "extra_forbidden": "there is no such field",
    "json_invalid": "is not JSON",
    "string_pattern_mismatch": "has signs in it that cannot stand here",
    "string_unicode": "is not valid Unicode",
}
_MOST_FIELDS = 10
_LONGEST_FIELD = 80


def missing(noun: str) -> Problem:
    """Return the problem of a thing that is not there."""
    return Problem(404, f"There is no such {noun} here. Check its id.", code="not-found")


def not_admitted(error: NotAdmitted) -> Problem:
    """Return the problem of somebody who cannot be taken on."""
    words = str(error)
    return Problem(409, f"{words[0].upper()}{words[1:]}.", code=error.code)


def ended(status: str) -> Problem:
    """Return the problem of a course that does not go on."""
    words = "has finished" if status == "finished" else "was left"
    return Problem(
        409, f"This enrollment {words}: there is nothing more to pause or resume.", code="ended"
    )


def unavailable() -> Problem:
    """Return what is said while the database does not answer; why is for the log."""
    return Problem(
        503,
        "The database does not answer. Nothing was lost: repeat the request a little later.",
        code="unavailable",
        headers={"Retry-After": "5"},
    )


def broken() -> Problem:
    """Return what is said of a mistake of ours."""
    return Problem(
        500,
        "Something went wrong here; the log says what. Nothing was changed. With an "
        "Idempotency-Key the request can be repeated as it is.",
        code="broken",
    )


def refused(_: Request, error: Exception) -> Problem:
    """Return the problem of a request that found no handler."""
    status = error.status_code if isinstance(error, HTTPException) else 400
    headers = error.headers if isinstance(error, HTTPException) else None
    code, detail = _REFUSED.get(status, ("refused", "This cannot be done here."))
    return Problem(status, detail, code=code, headers=headers)


def invalid(request: Request, error: RequestValidationError) -> Problem:
    """Return the problem of a request whose fields cannot be used."""
    found = error.errors()
    if any(one["type"] == "json_invalid" for one in found):
        return Problem(400, "The body is not JSON. Send a JSON object in UTF-8.", code="malformed")
    if _is_other_kind(request):
        return Problem(
            415, "Send JSON, with the header `Content-Type: application/json`.", code="media-type"
        )
    return unusable([(_field(one["loc"]), _message(one)) for one in found[:_MOST_FIELDS]])


def unusable(fields: Sequence[tuple[str, str]]) -> Problem:
    """Return the problem of fields that cannot be used, each with what to do about it."""
    detail = "; ".join(f"{field}: {message}" for field, message in fields)
    told = [{"field": field, "message": message} for field, message in fields]
    return Problem(422, f"{detail}.", code="unusable", errors=told)


def _is_other_kind(request: Request) -> bool:
    """Tell whether a request carries something that is not JSON."""
    if request.headers.get("content-length", "0") == "0":
        return False
    kind = request.headers.get("content-type", "").partition(";")[0].strip().casefold()
    return not (kind == "application/json" or kind.endswith("+json"))


def _field(place: Sequence[str | int]) -> str:
    """Return where a field stands, e.g. ``body.email``; shortened, somebody else made it up."""
    return ".".join(str(part) for part in place)[:_LONGEST_FIELD]


def _message(one: Mapping[str, Any]) -> str:
    words = _WORDS.get(one["type"])
    if words is not None:
        return words
    text = str(one["msg"]).removeprefix("Value error, ")
    return f"{text[:1].lower()}{text[1:]}"
