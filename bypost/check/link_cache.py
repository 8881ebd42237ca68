"""What addresses answered lately, in ``var/links.json``, so that nobody is asked twice a day."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

from bypost.check.asking import Reply, Verdict

#: A server that failed may be back in a minute, so its reply is not kept.
_KEPT = frozenset({Verdict.THERE, Verdict.GONE, Verdict.UNCLEAR})


class LinkCache:
    """Replies with their instants; one that cannot be read or written is as good as empty."""

    def __init__(self, path: Path, *, keep: timedelta, now: datetime) -> None:
        self._path = path
        self._now = now
        self._found = {
            address: (at, reply)
            for address, (at, reply) in _read(path).items()
            if timedelta() <= now - at < keep
        }

    def get(self, address: str) -> Reply | None:
        """Return what ``address`` answered lately."""
        found = self._found.get(address)
        return found[1] if found else None

    def keep(self, replies: Mapping[str, Reply]) -> None:
        """Write ``replies`` down, beside those that still hold."""
        fresh = {address: (self._now, it) for address, it in replies.items() if it.verdict in _KEPT}
        self._found.update(fresh)
        plain = {
            address: {"at": at.isoformat(), "verdict": reply.verdict.value, "words": reply.words}
            for address, (at, reply) in self._found.items()
        }
        beside = self._path.with_suffix(f".{os.getpid()}")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            beside.write_text(json.dumps(plain, indent=1), encoding="utf-8")
            beside.replace(self._path)
        except OSError:
            # A read-only checkout asks again the next time.
            with suppress(OSError):
                beside.unlink(missing_ok=True)


def _read(path: Path) -> dict[str, tuple[datetime, Reply]]:
    try:
        plain = json.loads(path.read_text(encoding="utf-8"))
        return {
            address: (
                datetime.fromisoformat(one["at"]),
                Reply(Verdict(one["verdict"]), str(one["words"])),
            )
            for address, one in plain.items()
        }
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return {}
