"""All that a complete export says of one person besides the columns of ``subscribers.csv``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from bypost.links import AddressHash

_Hex = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
_Name = Annotated[str, Field(max_length=64)]
_Reason = Literal["bounced", "complained", "left", "manual"]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class RunRecord(_Part):
    """One run through a course. Its lessons stay behind: ``begins_with`` is the next one."""

    course: _Name
    run: Annotated[int, Field(ge=1, le=1_000_000)]
    status: Literal["active", "finished", "left"]
    started_at: AwareDatetime
    next_due: AwareDatetime | None = None
    link_id: _Hex
    paused_until: AwareDatetime | None = None
    pace: Annotated[str, Field(max_length=32)] = ""
    asked_next_at: AwareDatetime | None = None
    asked_keeps: bool = False
    counts_from: AwareDatetime | None = None
    finished_at: AwareDatetime | None = None
    begins_with: _Name = ""
    left_at: AwareDatetime | None = None


class LetterRecord(_Part):
    """One subscription to a newsletter."""

    newsletter: _Name
    status: Literal["active", "left"]
    started_at: AwareDatetime
    link_id: _Hex
    left_at: AwareDatetime | None = None


class ConsentRecord(_Part):
    """Who agreed to what, and when it ended."""

    purpose: Annotated[str, Field(max_length=80)]
    source: Annotated[str, Field(max_length=40)]
    note: str = ""
    form: Annotated[str, Field(max_length=80)] = ""
    language: Annotated[str, Field(max_length=35)] = ""
    network: Annotated[str, Field(max_length=64)] = ""
    confirmed_network: Annotated[str, Field(max_length=64)] = ""
    requested_at: AwareDatetime
    confirmed_at: AwareDatetime | None = None
    withdrawn_at: AwareDatetime | None = None
    withdrawn_by: Annotated[str, Field(max_length=40)] = ""


class SuppressionRecord(_Part):
    """Why nothing is sent to an address."""

    reason: _Reason
    scope: Annotated[str, Field(max_length=80)]
    created_at: AwareDatetime
    detail: Annotated[str, Field(max_length=300)] = ""


class Record(_Part):
    """One person, or an address of which only the keyed hash is left.

    Attributes:
        exact: Fields whose cells would not come back as they are: a name with spaces around it.
        attributes: All of them, where a column could not say them; None where columns do.
        address: Hash of an address that nobody here has any more; with :attr:`key`.
        key: Tells the key of that hash from others, without telling it.
    """

    status: Literal["confirmed", "unconfirmed"] = "unconfirmed"
    hour: Annotated[str, Field(pattern=r"^([0-2]\d:[0-5]\d)?$")] = ""
    own_choice: tuple[_Name, ...] = ()
    created_at: AwareDatetime | None = None
    confirmed_at: AwareDatetime | None = None
    csv_cells: Mapping[str, Mapping[str, str]] | None = None
    exact: Mapping[Literal["name", "tags"], str | tuple[str, ...]] = Field(default_factory=dict)
    attributes: Mapping[str, str] | None = None
    runs: tuple[RunRecord, ...] = ()
    letters: tuple[LetterRecord, ...] = ()
    consents: tuple[ConsentRecord, ...] = ()
    suppressions: tuple[SuppressionRecord, ...] = ()
    address: Annotated[str, Field(pattern=r"^([0-9a-f]{32})?$")] = ""
    key: Annotated[str, Field(max_length=16)] = ""

    def running(self) -> list[str]:
        """Return what goes on for them, as ``course:NAME``."""
        return [f"course:{run.course}" for run in self.runs if run.status == "active"] + [
            f"newsletter:{one.newsletter}" for one in self.letters if one.status == "active"
        ]


def read_record(text: str) -> Record:
    """Return what a cell of the column ``bypost`` says; raise ValueError if it is no record."""
    try:
        return Record.model_validate_json(text)
    except ValidationError as error:
        first = error.errors(include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "the text"
        raise ValueError(
            f"the cell `bypost` is not as an export writes it: {where}: {first['msg']}"
        ) from error


def write_record(record: Record) -> str:
    """Return the cell of a record; what is empty is left out.

    In ASCII: whoever reads the cell may compose letters anew, or refuse control characters.
    """
    told = record.model_dump(mode="json", exclude_defaults=True)
    return json.dumps(told, separators=(",", ":")).replace("\x7f", "\\u007f")


def key_mark(address_hash: AddressHash) -> str:
    """Return what tells one key of hashes from another."""
    return address_hash("which key is this?").hex()[:16]
