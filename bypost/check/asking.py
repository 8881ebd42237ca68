"""Asking whether addresses are there: few requests, slowly, and never inside a private network."""

from __future__ import annotations

import ipaddress
import socket
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from bypost.errors import SendError

if TYPE_CHECKING:
    from bypost.http import HttpAnswer, HttpClient

_THREADS = 8
_REDIRECTS = 5
#: So many hosts without an answer, and none with one: it is this machine that is offline.
_HOSTS_TO_GIVE_UP = 3
_GONE = frozenset({404, 410})


class Verdict(StrEnum):
    """What came of asking for one address."""

    THERE = "there"
    GONE = "gone"  #: it said so itself, or it leads where no reader can follow
    UNCLEAR = "unclear"  #: it refuses programs; only a person can tell
    FAILED = "failed"  #: no answer, or one that its owner will want to mend
    LEFT = "left"  #: not asked: the time was over


@dataclass(frozen=True, slots=True)
class Reply:
    """The verdict on one address, and its reason in a few words."""

    verdict: Verdict
    words: str = ""


class Offline(Exception):
    """Nobody answered at all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much may be asked.

    Attributes:
        pause: Seconds between two requests to one host.
        total: Seconds for everything.
    """

    pause: float
    total: float


def is_public(host: str) -> bool:
    """Whether ``host`` lies in the public network; a name nobody knows is left to the client.

    A name that resolves to something else a moment later is not caught here.
    """
    try:
        return ipaddress.ip_address(host).is_global
    except ValueError:
        pass
    if host == "localhost" or host.endswith((".localhost", ".local", ".internal")):
        return False
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except OSError:
        return True
    return all(ipaddress.ip_address(str(one[4][0]).split("%")[0]).is_global for one in found)


class Asker:
    """Asks for many addresses, several hosts at a time, each host one request after another."""

    def __init__(
        self,
        client: HttpClient,
        limits: Limits,
        *,
        may_ask: Callable[[str], bool] = is_public,
        elapsed: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Make one.

        Args:
            client: Makes the requests and does not follow redirects by itself.
            limits: How much may be asked.
            may_ask: Whether a host may be asked at all.
            elapsed: Seconds on a clock that nobody sets.
            sleep: Waits some seconds.
        """
        self._client = client
        self._limits = limits
        self._may_ask = may_ask
        self._elapsed = elapsed
        self._sleep = sleep
        self._lock = threading.Lock()
        self._free_at: dict[str, float] = {}
        self._answered = False
        self._silent: set[str] = set()

    def ask(
        self, addresses: Sequence[str], tell: Callable[[int, int], None] = lambda _done, _all: None
    ) -> Mapping[str, Reply]:
        """Return address -> reply; ``tell`` hears how many are done.

        Raises:
            Offline: Not one host answered.
        """
        until = self._elapsed() + self._limits.total
        replies: dict[str, Reply] = {}

        def ask_host(group: Sequence[str]) -> None:
            for address in group:
                reply = self._reply(address, until)
                with self._lock:
                    replies[address] = reply
                    tell(len(replies), len(addresses))

        groups = [list(group) for _, group in groupby(sorted(addresses, key=_host), key=_host)]
        with ThreadPoolExecutor(_THREADS, thread_name_prefix="bypost-links") as pool:
            list(pool.map(ask_host, groups))
        if self._silent and not self._answered:
            raise Offline
        return replies

    def _reply(self, address: str, until: float) -> Reply:
        at = address
        for _ in range(_REDIRECTS + 1):
            if self._elapsed() >= until or self._given_up():
                return Reply(Verdict.LEFT)
            try:
                if not self._may_ask(_host(at)):
                    return Reply(Verdict.GONE, f"leads to `{_host(at)}`, which others cannot reach")
                answer = self._answer(at)
            except (SendError, ValueError) as error:
                with self._lock:
                    self._silent.add(_host(at))
                return Reply(Verdict.FAILED, f"no answer: {str(error).rpartition(': ')[2]}")
            self._answered = True
            target = answer.headers.get("Location", "")
            if not (300 <= answer.status < 400 and target):
                return _judge(answer.status)
            at = urljoin(at, target)
            if urlsplit(at).scheme not in {"http", "https"}:
                return Reply(Verdict.UNCLEAR, f"leads on to a `{urlsplit(at).scheme}:` address")
        return Reply(Verdict.GONE, f"leads on more than {_REDIRECTS} times")

    def _answer(self, address: str) -> HttpAnswer:
        """Ask for the headers; where a server does not like that, for the page."""
        self._wait(_host(address))
        answer = self._client.status("HEAD", address)
        if answer.status < 400:
            return answer
        self._wait(_host(address))
        return self._client.status("GET", address)

    def _wait(self, host: str) -> None:
        with self._lock:
            now = self._elapsed()
            at = max(now, self._free_at.get(host, now))
            self._free_at[host] = at + self._limits.pause
        if at > now:
            self._sleep(at - now)

    def _given_up(self) -> bool:
        return not self._answered and len(self._silent) >= _HOSTS_TO_GIVE_UP


def _host(address: str) -> str:
    try:
        return urlsplit(address).hostname or ""
    except ValueError:
        return ""


def _judge(status: int) -> Reply:
    if status < 400:
        return Reply(Verdict.THERE)
    words = f"answers {status}"
    if status in _GONE:
        return Reply(Verdict.GONE, words)
    return Reply(Verdict.UNCLEAR if status < 500 else Verdict.FAILED, words)
