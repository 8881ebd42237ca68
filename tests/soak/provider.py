"""The provider of a soak, in a process of its own: it outlives every kill and holds the truth.

    python -m tests.soak.provider CLASS SEED

Its first line is its URL. Then it answers each line it reads with one line of JSON: ``count``,
``truth``, ``calm`` (no more faults) and ``tell URL`` (post events there). It ends with its input.
"""

from __future__ import annotations

import sys
from collections import Counter
from random import Random
from typing import Any

import orjson

from bypost.testing import fault
from bypost.testing.fake_postmark import FakePostmark
from bypost.testing.fake_provider import FakeProvider
from bypost.testing.fake_resend import FakeResend
from bypost.testing.fault import Fault
from tests.soak.plan import LAG, LATE, TIMEOUT
from tests.soak.teller import Teller

#: What goes wrong -> in how many of a hundred requests: a fifth of them in all.
SHARES: dict[str, tuple[float, Fault]] = {
    "429": (2.5, fault.throttled(None)),
    "429, wait": (1, fault.throttled("1")),
    "500 before": (3, fault.error(accept=False)),
    "500 after": (3, fault.error(accept=True)),
    "reset before": (2.5, fault.reset(accept=False)),
    "reset after": (2.5, fault.reset(accept=True)),
    "hang after": (2, fault.hang(2 * TIMEOUT)),
    "late": (2.5, fault.slow(LATE)),
    "garbage": (0.5, fault.garbage()),
    "truncated": (0.5, fault.truncated()),
}
#: One message in so many is put off when it first comes: not this recipient's fault.
PUT_OFF_EVERY = 200


class Rule:
    """Which fault meets which request: by the seed and the number of the request alone."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self.calm = False
        self.requests = 0
        self.met: Counter[str] = Counter()

    def __call__(self, number: int) -> Fault | None:
        self.requests = number + 1
        draw = Random(f"{self._seed}:{number}").random() * 100
        for name, (share, what) in SHARES.items():
            draw -= share
            if draw < 0 and not self.calm:
                self.met[name] += 1
                return what
        return None


class PuttingOff(FakePostmark):
    """A Postmark that puts off some messages of a request and takes the others."""

    def __init__(self, rule: Rule, seed: int) -> None:
        self._rule = rule
        self._seed = seed
        self._seen: set[str] = set()
        super().__init__(lag_s=LAG, faults=rule)

    def _result(self, message: Any) -> dict[str, object]:
        ref = message["Metadata"]["ref"]
        first = ref not in self._seen
        self._seen.add(ref)
        if first and Random(f"{self._seed}:{ref}").random() < 1 / PUT_OFF_EVERY:
            self._rule.met["one put off"] += 1
            return {"ErrorCode": 100, "Message": "Maintenance"}
        return super()._result(message)


def answer(words: list[str], fake: FakeProvider, rule: Rule, teller: Teller) -> dict[str, Any]:
    """Do what a line says."""
    match words:
        case ["calm"]:
            rule.calm = True
        case ["tell", url]:
            teller.start(url)
        case ["truth"]:
            return {"accepted": dict(fake.accepted), "told": sorted(teller.told)}
        case ["count"]:
            counts = {"requests": rule.requests, "faults": rule.met, "untold": teller.untold}
            return {**fake.acceptances.summary(), **counts}
        case _:
            raise ValueError(words)
    return {}


def main() -> None:
    """Serve until the input ends."""
    subject, seed = sys.argv[1], int(sys.argv[2])
    rule = Rule(seed)
    fake = FakeResend(faults=rule) if subject == "key" else PuttingOff(rule, seed)
    teller = Teller(fake, seed)
    with fake:
        _say(fake.url)
        for line in sys.stdin:
            _say(orjson.dumps(answer(line.split(), fake, rule, teller)).decode())


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
