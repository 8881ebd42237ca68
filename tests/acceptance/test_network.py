"""A bad network between us and the provider: nobody twice, nobody missed, healed by itself."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from bypost.delivery.claim import Done, Later
from bypost.delivery.context import Context
from bypost.delivery.deliver import deliver
from bypost.delivery.owe import owe_lessons
from bypost.delivery.publish import publish
from bypost.delivery.run import Pass, importer
from bypost.store import Row, ledger
from bypost.testing import proxy as wire
from bypost.testing.fake_postmark import FakePostmark
from bypost.testing.fake_provider import FakeProvider
from bypost.testing.fake_resend import FakeResend
from bypost.testing.proxy import Proxy, Trouble
from scheduler.clock import SimulatedClock
from tests.conftest import write_course, write_people
from tests.contracts.http_provider import no_proxies

PEOPLE = 6

#: Cuts after at least one byte reached the other side, and what else keeps an answer from us.
LOSSES = {
    "request cut at 1": wire.cut_request(after=1),
    "request cut in the body": wire.cut_request(after=5_000),
    "request reset in the body": wire.cut_request(after=5_000, reset=True),
    "answer cut at 0": wire.cut_answer(after=0),
    "answer cut in the headers": wire.cut_answer(after=20),
    "answer cut in the body": wire.cut_answer(after=150),
    "answer reset": wire.cut_answer(after=150, reset=True),
    "half-closed": wire.half_close(),
    "silent": wire.silence(),
    "held back too long": wire.delay(0.8),
    "dripping": wire.drip(0.05),
}
HARMLESS = {
    "sound": Trouble(),
    "held back a little": wire.delay(0.1),
    "dripping fast": wire.drip(0.0005),
}
#: Cut before any byte reached the other side.
EARLY = {
    "cut at 0": wire.cut_request(after=0),
    "reset at 0": wire.cut_request(after=0, reset=True),
}

Open = Callable[..., Context]


@pytest.fixture
def resend(clock: SimulatedClock) -> Iterator[FakeResend]:
    """Repeating a request is safe with it."""
    with FakeResend(clock=clock) as fake:
        yield fake


@pytest.fixture
def postmark(clock: SimulatedClock) -> Iterator[FakePostmark]:
    """Repeating a request is not safe with it; it can be asked."""
    with FakePostmark(clock=clock) as fake:
        yield fake


@pytest.fixture(params=["resend", "postmark"])
def fake(request: pytest.FixtureRequest) -> FakeProvider:
    found: FakeProvider = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def through(
    empty_project: Path, open_context: Callable[..., Context], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Context]:
    """Open a project of six people, two a request, that waits half a second for an answer."""
    no_proxies(monkeypatch)
    write_course(empty_project)
    write_people(empty_project, *(f"p{i}@example.org,Person {i},UTC" for i in range(PEOPLE)))

    def opening(url: str, of: FakeProvider) -> Context:
        name, key = ("resend", "re_") if isinstance(of, FakeResend) else ("postmark", "pm_")
        section = f"BYPOST_PROVIDERS__{name.upper()}__"
        environ = {
            "BYPOST_SENDING__PROVIDER": name,
            "BYPOST_SENDING__TIMEOUT_SECONDS": "0.5",
            f"{section}API_KEY": f"{key}test_key",
            f"{section}BASE_URL": url,
            f"{section}BATCH_SIZE": "2",
            f"{section}PER_SECOND": "1000",
        }
        return open_context(empty_project, environ)

    return opening


@pytest.mark.parametrize("trouble", (all_of := LOSSES | HARMLESS | EARLY).values(), ids=all_of)
def test_when_the_network_has_healed_everybody_was_accepted_once(
    through: Open, fake: FakeProvider, trouble: Trouble
) -> None:
    with Proxy(fake.url, [trouble] * 4) as proxy:
        context = through(proxy.url, fake)
        Pass(context, patience=timedelta(0)).run()
        settle(fake, trouble)
        for _ in range(4):
            context.clock.sleep(20 * 60)  # a retry, or a quiet period
            Pass(context, patience=timedelta(0)).run()
        total = Pass(context).run().total
    assert total.accepted == total.owed == PEOPLE
    assert sorted(fake.accepted.values()) == [1] * PEOPLE


def test_when_every_second_connection_is_bad_everybody_is_accepted_once(
    through: Open, fake: FakeProvider
) -> None:
    troubles = [one for one in LOSSES.values() if not one.delay_s]

    def every_second(number: int) -> Trouble | None:
        return troubles[number // 2 % len(troubles)] if number % 2 == 0 else None

    with Proxy(fake.url, every_second) as proxy:
        context = through(proxy.url, fake)
        for _ in range(3):
            for _ in range(8):
                Pass(context, patience=timedelta(0)).run()
                context.clock.sleep(20 * 60)
            context.clock.sleep(22 * 3600)
    assert sorted(fake.accepted.values()) == [1] * PEOPLE * 3


@pytest.mark.parametrize("trouble", LOSSES.values(), ids=LOSSES)
def test_a_connection_lost_once_a_byte_has_left_is_ambiguous_and_repeats_the_same_bytes(
    through: Open, resend: FakeResend, clock: SimulatedClock, trouble: Trouble
) -> None:
    with Proxy(resend.url, [trouble]) as proxy:
        context = through(proxy.url, resend)
        first = owe(context)[0]
        assert isinstance(deliver(context, first), Later)
        before = batch(context, first)
        assert before["ambiguous"]
        assert before["frozen"] is not None
        clock.advance(timedelta(minutes=1))
        assert deliver(context, first) == Done()
        settle(resend, trouble)
    bodies = {(one.body, one.headers["idempotency-key"]) for one in resend.requests}
    assert len(bodies) == 1
    assert sorted(resend.accepted.values()) == [1, 1]


@pytest.mark.parametrize("trouble", LOSSES.values(), ids=LOSSES)
def test_a_connection_lost_once_a_byte_has_left_is_unknown_where_nothing_may_be_repeated(
    through: Open, postmark: FakePostmark, trouble: Trouble
) -> None:
    with Proxy(postmark.url, [trouble]) as proxy:
        context = through(proxy.url, postmark)
        first = owe(context)[0]
        assert deliver(context, first) == Done()
        assert batch(context, first)["state"] == "unknown"
        settle(postmark, trouble)
    assert len(postmark.requests) <= 1


@pytest.mark.parametrize("trouble", EARLY.values(), ids=EARLY)
def test_a_connection_cut_before_the_first_byte_is_never_taken_for_a_success(
    through: Open, resend: FakeResend, trouble: Trouble
) -> None:
    # Whether our body had left by then is a race; both verdicts are right, nobody has it.
    with Proxy(resend.url, [trouble]) as proxy:
        context = through(proxy.url, resend)
        first = owe(context)[0]
        later = deliver(context, first)
        assert isinstance(later, Later)
        assert later.trouble
        assert not resend.accepted


def test_a_refused_connection_is_no_ambiguity(through: Open, resend: FakeResend) -> None:
    with Proxy(resend.url) as proxy, proxy.refusing():
        not_sent(through(proxy.url, resend), "refused")


# CPython 3.11 leaves a socket reset between connecting and wrapping to its collector.
@pytest.mark.filterwarnings("ignore:unclosed <ssl.SSLSocket:ResourceWarning")
@pytest.mark.parametrize(
    "name", ["sound", "cut at 0", "reset at 0", "request cut at 1", "answer cut at 0", "silent"]
)
def test_whatever_breaks_before_tls_stands_is_no_ambiguity(
    through: Open, resend: FakeResend, name: str
) -> None:
    # The fake speaks no TLS, so even a sound connection ends in the handshake.
    with Proxy(resend.url, [all_of[name]]) as proxy:
        not_sent(through(proxy.url.replace("http:", "https:"), resend), "nothing was sent")
    assert not resend.requests


def not_sent(context: Context, words: str) -> None:
    """Try a batch: it must be as good as new afterwards."""
    first = owe(context)[0]
    later = deliver(context, first)
    assert isinstance(later, Later)
    assert words in later.trouble
    left = batch(context, first)
    assert not left["ambiguous"]
    assert left["frozen"] is None
    assert left["state"] == "pending"


def owe(context: Context) -> list[int]:
    """Import and owe, send nothing; return the batches."""
    published = publish(context, context.clock.now())
    importer(context, published).run(context.root / "subscribers.csv", now=context.clock.now())
    owe_lessons(context, published.shapes)
    with context.store.read() as connection:
        return ledger.ready(connection, context.clock.now(), limit=100)


def batch(context: Context, batch_id: int) -> Row:
    with context.store.read() as connection:
        row = ledger.batch(connection, batch_id)
    assert row is not None
    return row


def settle(fake: FakeProvider, trouble: Trouble) -> None:
    """Wait for what was held back: it takes less than any quiet period, which is simulated here."""
    time.sleep(trouble.delay_s)
    seen = -1
    while seen != len(fake.requests):
        seen = len(fake.requests)
        time.sleep(0.05)
