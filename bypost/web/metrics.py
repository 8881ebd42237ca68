"""``/metrics``: how sending stands, for Prometheus. Numbers and names of providers, no person."""

from __future__ import annotations

import hmac
from collections.abc import Iterator, Mapping, Sequence

from fastapi import Request
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.metrics_core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    InfoMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import Response

from bypost import __version__
from bypost.delivery.context import Context
from bypost.delivery.presence import Crew
from bypost.delivery.standing import ProviderStanding, Standing, look
from bypost.store import standing as store
from bypost.web.guard import LOCAL_NAMES, host_name

_LOOPBACK = {"127.0.0.1", "::1"}
#: What proxies add; ``X-Forwarded-*`` besides.
_FORWARDING = {"forwarded", "via", "x-real-ip", "cf-connecting-ip", "true-client-ip"}


class Metrics:
    """Answers Prometheus."""

    def __init__(self, context: Context) -> None:
        self._context = context
        token = context.settings.site.metrics_token
        self._token = token.get_secret_value().encode() if token else b""

    def show(self, request: Request) -> Response:
        """Return the numbers to somebody on this machine, or with the token; else 404."""
        if not (_is_direct(request) or self._has_token(request.headers)):
            raise HTTPException(404)
        registry = CollectorRegistry()
        registry.register(_Ledger(self._context))
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)

    def _has_token(self, headers: Headers) -> bool:
        scheme, _, word = headers.get("authorization", "").partition(" ")
        given = word.strip().encode()
        is_it = hmac.compare_digest(given, self._token)
        return bool(self._token) and scheme.lower() == "bearer" and is_it


def _is_direct(request: Request) -> bool:
    """Tell whether the client runs on this machine, and is no proxy that speaks for another.

    A proxy here that adds no header of its own but passes on the public name is known by that.
    """
    forwarded = any(
        name in _FORWARDING or name.startswith("x-forwarded-") for name in request.headers
    )
    host = host_name(request.headers.get("host", ""))
    is_here = request.client is not None and request.client.host in _LOOPBACK
    return is_here and host in LOCAL_NAMES and not forwarded


class _Ledger(Collector):
    """Looks at the database whenever it is asked; nothing is counted in this process."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def describe(self) -> list[Metric]:
        """Return nothing: names need not be known before they are asked for."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Yield every metric."""
        found = look(self._context)
        with self._context.store.read() as connection:
            accepted = store.accepted_in_all(connection)
        yield InfoMetricFamily("bypost_build", "This program", {"version": __version__})
        yield from _deliveries(found)
        yield from _times(found)
        yield from _providers(found.providers, accepted, found)
        yield from _workers(found.crew)


def _deliveries(found: Standing) -> Iterator[Metric]:
    total = found.total
    settled = CounterMetricFamily(
        "bypost_deliveries_settled", "Deliveries by what became of them", labels=["outcome"]
    )
    for outcome in ("accepted", "failed", "cancelled"):
        settled.add_metric([outcome], getattr(total, outcome))
    yield settled
    is_open = GaugeMetricFamily(
        "bypost_deliveries_open", "Deliveries owed and not settled", labels=["state"]
    )
    for state in ("pending", "unknown"):
        is_open.add_metric([state], getattr(total, state))
    yield is_open
    yield GaugeMetricFamily(
        "bypost_deliveries_late", "Pending deliveries due more than 5 minutes ago", found.late
    )
    held = len(found.last.held) if found.last else 0
    yield GaugeMetricFamily("bypost_held_folders", "Folders that send nothing until mended", held)


def _workers(crew: Crew) -> Iterator[Metric]:
    """Yield who brings batches; without an engine nothing, for passes do so themselves."""
    if crew.engine == "threads":
        return
    yield GaugeMetricFamily("bypost_workers_alive", "Workers seen lately", crew.alive)
    yield GaugeMetricFamily("bypost_workers_slots", "Batches they bring at a time", crew.slots)
    yield GaugeMetricFamily(
        "bypost_batches_waiting", "Batches that are ready and in nobody's hand", crew.waiting
    )


def _times(found: Standing) -> Iterator[Metric]:
    """Yield instants as seconds since 1970; one that is not there is left out."""
    last = found.last.at if found.last else None
    coming = found.next.at if found.next else None
    instants = {
        "bypost_last_pass": ("End of the last pass", last),
        "bypost_next_due": ("When something falls due next", coming),
        "bypost_oldest_late_due": ("When the oldest late delivery fell due", found.oldest_late),
    }
    for name, (help_text, at) in instants.items():
        if at is not None:
            yield GaugeMetricFamily(f"{name}_timestamp_seconds", help_text, at.timestamp())


def _providers(
    providers: Sequence[ProviderStanding], accepted: Mapping[str, int], found: Standing
) -> Iterator[Metric]:
    sent = CounterMetricFamily(
        "bypost_provider_accepted", "Deliveries a provider accepted", labels=["provider"]
    )
    gauges = {
        name: GaugeMetricFamily(f"bypost_provider_{name}", help_text, labels=["provider"])
        for name, help_text in (
            ("used_today", "Mails handed over on this UTC day"),
            ("limit_today", "Mails allowed on this UTC day; left out without a limit"),
            ("stopped", "1 while its breaker is open"),
            ("paused_seconds", "How long it still asks us to wait"),
        )
    }
    for one in providers:
        sent.add_metric([one.name], accepted.get(one.name, 0))
        left = (one.paused_until - found.now).total_seconds() if one.paused_until else 0.0
        values = {
            "used_today": one.used_today,
            "limit_today": one.limit_today,
            "stopped": int(bool(one.breaker)),
            "paused_seconds": left,
        }
        for name, value in values.items():
            if value is not None:
                gauges[name].add_metric([one.name], value)
    yield sent
    yield from (gauge for gauge in gauges.values() if gauge.samples)
