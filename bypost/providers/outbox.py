"""The local mailbox: every mail becomes a file that any mail program opens."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

import orjson

from bypost.errors import Refused
from bypost.model.message import Key, Message, Result
from bypost.providers.base import Provider
from bypost.providers.checked import Checked
from bypost.providers.eml import eml


class Outbox(Provider):
    """Write ``<ref>.eml`` into a folder; the same reference again replaces the file.

    That makes the file its own idempotency key, for ever and whatever the bytes. A mail holds a
    person's links, so folder and files can be read by their owner only.
    """

    name = "outbox"
    title = "the local mailbox"
    send_class = Key(lifetime=None, same_bytes=False)
    batch_size = 100
    max_bytes = 100_000_000
    checked = Checked(
        pages="RFC 5322",
        on=date(2026, 11, 23),
    )

    def __init__(self, *, path: Path) -> None:
        """Make the adapter; ``path`` is created with the first mail."""
        self._path = path

    def __repr__(self) -> str:
        """Name the folder."""
        return f"Outbox({str(self._path)!r})"

    def encode(self, messages: Sequence[Message]) -> bytes:
        """Return the messages as JSON."""
        return orjson.dumps(list(messages), default=dict)

    def send(self, body: bytes, *, count: int, key: str) -> Sequence[Result]:
        """Write the files; see :meth:`Provider.send`.

        Raises:
            Refused: The folder or the disk does not take them.
        """
        messages = [_message(fields) for fields in orjson.loads(body)]
        if len(messages) != count:
            raise Refused(f"outbox: {len(messages)} messages in a request for {count}")
        try:
            self._path.mkdir(mode=0o700, parents=True, exist_ok=True)
            results = [self._write(message) for message in messages]
            _flush_folder(self._path)
        except OSError as error:
            raise Refused(
                f"outbox: {self._path}: {error.strerror or error}; make room there, let this "
                "account write to it, or set another path in [providers.outbox]"
            ) from error
        return results

    def forget(self, refs: Sequence[str]) -> None:
        """Remove the files of these mails, and what a writer that died has left of them."""
        wanted = set(refs)
        for ref in wanted:
            (self._path / f"{ref}.eml").unlink(missing_ok=True)
        for unfinished in self._path.glob(".*.tmp"):
            if unfinished.name[1:].partition(".")[0] in wanted:
                unfinished.unlink(missing_ok=True)

    def _write(self, message: Message) -> Result:
        if reason := self.objection(message):  # the reference becomes a path
            return Result(accepted=False, error=f"outbox: {reason}")
        final = self._path / f"{message.ref}.eml"
        # Its own name per writer: two at once leave one whole file or the other, never a mixture.
        writer = f"{os.getpid()}-{threading.get_ident()}"
        unfinished = self._path / f".{message.ref}.{writer}.tmp"
        try:
            _write_flushed(unfinished, eml(message))
            unfinished.replace(final)
        except OSError:
            with contextlib.suppress(OSError):
                unfinished.unlink()
            raise
        return Result(accepted=True, provider_id=final.name)


def _message(fields: Mapping[str, Any]) -> Message:
    """Return a message as it was before it became JSON."""
    return Message(**{**fields, "date": datetime.fromisoformat(fields["date"])})


def _write_flushed(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with open(descriptor, "wb") as file:  # noqa: PTH123 - a descriptor, opened with its mode
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _flush_folder(path: Path) -> None:
    """Make the new names last; a file's own flush does not cover its entry in the folder."""
    if os.name == "nt":  # a folder cannot be opened there
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
