"""A provider in this process: no network, no threads of its own, and it knows the truth.

    clock = SimulatedClock(datetime(2026, 11, 23, 9, tzinfo=UTC))
    provider = SimulatedProvider(clock=clock, send_class=Search(lag=timedelta(seconds=30)))
    context = replace(context, providers={provider.name: provider}, rates={}, clock=clock)
    provider.script.add(ending.lost(accepted=True))  # the first answer is lost
    Pass(context).run()
    assert provider.accepted == {...}  # reference -> how often: 2 is a mail sent twice

It is deterministic: the same calls at the same instants of the clock have the same results. Its
own time is that of ``clock.elapsed()``, so that setting the sender's clock back does not make it
remember longer.
"""

from __future__ import annotations

import hashlib
import itertools
import threading
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

import orjson

from bypost.errors import Refused
from bypost.model.event import Event, EventKind
from bypost.model.message import Key, Message, Result, Search, SendClass
from bypost.providers.base import Provider
from bypost.testing.ending import Ending, Endings, Request, Rule
from scheduler.clock import Clock

_DAY = Key(lifetime=timedelta(hours=24))


@dataclass(frozen=True, slots=True)
class Taken:
    """One message that was taken over.

    Attributes:
        at: When, on the provider's own clock.
        key: Idempotency key of the request it came with.
        request: Number of that request, from 0.
    """

    ref: str
    to: str
    at: datetime
    key: str
    request: int
    provider_id: str


@dataclass(frozen=True, slots=True)
class _Remembered:
    """A request under its key."""

    digest: bytes
    at: datetime
    results: Sequence[Result]


class SimulatedProvider(Provider):
    """Takes over what it is handed, or does what its script says, and keeps the ground truth.

    By its send class:

    * ``Key``: the same key with the same bytes is given the first answer again and nothing is
      taken over twice; with other bytes it is refused (409). A key is forgotten when its lifetime
      has passed since its first request. A request that was not taken over leaves no memory.
    * ``Search``: :meth:`find` sees what was taken over at least ``lag`` ago.
    * ``Events`` and ``Nothing``: it can not be asked; :meth:`event` makes what a webhook would say.

    Attributes:
        script: What happens to the requests to come.
        questions: The same for :meth:`find`; only ``error`` and ``then`` of an ending count.
        requests: Every request that reached the provider, oldest first.
        asked: References that were asked about, oldest first.
        log: Every message that was taken over, in that order.
    """

    name = "simulated"

    def __init__(
        self,
        *,
        clock: Clock,
        send_class: SendClass = _DAY,
        batch_size: int = 10,
        max_bytes: int = 10_000_000,
        script: Sequence[Ending | None] | Rule = (),
        skew: timedelta = timedelta(0),
    ) -> None:
        """Make the provider.

        Args:
            clock: Lets time pass; the sender's.
            send_class: How an answer that never came is settled.
            batch_size: Most messages of one request.
            max_bytes: Longest body of one request.
            script: Endings in the order of the requests, or a rule.
            skew: How far its own clock is ahead of the sender's, as it stands now.
        """
        self.send_class = send_class  # type: ignore[misc]  # a fact of a class; here of each
        self.batch_size = batch_size
        self.max_bytes = max_bytes
        self.script = Endings(script)
        self.questions = Endings()
        self.requests: list[Request] = []
        self.asked: list[str] = []
        self._log: list[Taken] = []
        self._of: defaultdict[str, list[Taken]] = defaultdict(list)
        self._keys: dict[str, _Remembered] = {}
        self._coming: list[tuple[datetime, Request, Ending]] = []
        self._clock = clock
        self._began = clock.now() + skew - timedelta(seconds=clock.elapsed())
        self._ids = itertools.count(1)
        self._lock = threading.RLock()

    # The truth

    def now(self) -> datetime:
        """Return the instant on the provider's own clock, which nobody sets."""
        return self._began + timedelta(seconds=self._clock.elapsed())

    @property
    def log(self) -> Sequence[Taken]:
        """Every message that was taken over, in that order."""
        self._take_what_came_late()
        return tuple(self._log)

    @property
    def accepted(self) -> Counter[str]:
        """How often each reference was taken over; a 2 is a mail sent twice."""
        self._take_what_came_late()
        return Counter({ref: len(taken) for ref, taken in self._of.items()})

    def of(self, ref: str) -> Sequence[Taken]:
        """Return each time that ``ref`` was taken over."""
        self._take_what_came_late()
        return tuple(self._of.get(ref, ()))

    # What a sender does

    def encode(self, messages: Sequence[Message]) -> bytes:
        """Return JSON of references, addresses and a hash of all the rest."""
        return orjson.dumps([{"ref": m.ref, "to": m.to, "rest": _digest(m)} for m in messages])

    def send(self, body: bytes, *, count: int, key: str) -> Sequence[Result]:
        """Do what the script says; see :meth:`Provider.send`."""
        messages = orjson.loads(body)
        if len(messages) != count:
            raise ValueError(f"{self.name}: {len(messages)} messages in a request for {count}")
        refs, to = tuple(m["ref"] for m in messages), tuple(m["to"] for m in messages)
        with self._lock:
            request = Request(len(self.requests), refs, to, key, body)
            self.requests.append(request)
        ending = self.script.next(request)
        results: Sequence[Result] = ()
        if ending.accept and ending.after:
            with self._lock:
                self._coming.append((self.now() + ending.after, request, ending))
        elif ending.accept:
            self._take_what_came_late()
            results = self._take(request, ending, self.now())
        _finish(ending)
        return results

    def find(self, ref: str, *, to: str, since: datetime) -> Result | None:
        """Tell whether ``ref`` was taken over; see :meth:`Provider.find`."""
        if not isinstance(self.send_class, Search):
            raise NotImplementedError(f"{self.name} cannot be asked")
        request = Request(len(self.asked), (ref,), (to,), "")
        self.asked.append(ref)
        _finish(self.questions.next(request))
        visible = self.now() - self.send_class.lag
        for taken in self.of(ref):
            if since <= taken.at <= visible:
                return Result(accepted=True, provider_id=taken.provider_id)
        return None

    # What the provider says later

    def event(
        self, ref: str, kind: EventKind = EventKind.DELIVERED, *, event_id: str = "", to: str = ""
    ) -> Event:
        """Return what a webhook would carry about ``ref``, taken over or not.

        Args:
            event_id: ``KIND:REF`` by default, so that asking twice is the same event told twice.
            to: The address; that of the message by default.
        """
        mine = next(iter(self.of(ref)), None)
        return Event(
            event_id=event_id or f"{kind}:{ref}",
            kind=kind,
            ref=ref,
            provider_id=mine.provider_id if mine else "",
            recipient=to or (mine.to if mine else ""),
            at=self.now(),
        )

    def _take(self, request: Request, ending: Ending, at: datetime) -> Sequence[Result]:
        """Take a request over, unless its key tells that this was done before."""
        with self._lock:
            digest = hashlib.blake2b(request.body).digest()
            if known := self._known(request.key, at):
                if self._compares_bytes and known.digest != digest:
                    raise Refused(
                        "simulated: HTTP 409: this idempotency key was used with other bytes",
                        status=409,
                    )
                return known.results
            results = [self._result(request, place, ending, at) for place in _places(request)]
            if isinstance(self.send_class, Key):
                self._keys[request.key] = _Remembered(digest, at, results)
            return results

    @property
    def _compares_bytes(self) -> bool:
        return isinstance(self.send_class, Key) and self.send_class.same_bytes

    def _known(self, key: str, at: datetime) -> _Remembered | None:
        known = self._keys.get(key)
        if known is None or not isinstance(self.send_class, Key):
            return None
        lifetime = self.send_class.lifetime
        return known if lifetime is None or at - known.at < lifetime else None

    def _result(self, request: Request, place: int, ending: Ending, at: datetime) -> Result:
        if place in ending.refused:
            return Result(accepted=False, error="simulated: this recipient is refused")
        if place in ending.retried:
            return Result(accepted=False, error="simulated: not now", retry=True)
        provider_id = f"sim-{next(self._ids)}"
        ref, to = request.refs[place], request.to[place]
        taken = Taken(ref, to, at, request.key, request.number, provider_id)
        self._log.append(taken)
        self._of[ref].append(taken)
        return Result(accepted=True, provider_id=provider_id)

    def _take_what_came_late(self) -> None:
        """Take over what was delayed until now, at the instant it came."""
        with self._lock:
            now = self.now()
            due = sorted((c for c in self._coming if c[0] <= now), key=lambda c: c[0])
            self._coming = [c for c in self._coming if c[0] > now]
            for at, request, ending in due:
                try:
                    self._take(request, ending, at)
                except Refused:  # nobody waits for this answer any more
                    continue


def _finish(ending: Ending) -> None:
    """Do what comes before the answer, then raise where there is none."""
    if ending.then:
        ending.then()
    if ending.error:
        raise ending.error


def _places(request: Request) -> range:
    return range(len(request.refs))


def _digest(message: Message) -> str:
    """Return a hash of everything in a message."""
    fields = {**asdict(message), "date": message.date.isoformat()}
    return hashlib.blake2b(orjson.dumps(fields), digest_size=16).hexdigest()
