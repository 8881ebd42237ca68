from __future__ import annotations

from datetime import timedelta

import pytest

from bypost.providers.retry_after import LONGEST, retry_after

DATE = {"Date": "Mon, 23 Nov 2026 10:00:00 GMT"}


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({"Retry-After": "0"}, timedelta(0)),
        ({"Retry-After": "1.5"}, timedelta(seconds=1.5)),
        ({"Retry-After": "7", "ratelimit-reset": "1"}, timedelta(seconds=7)),
        ({"Retry-After": "soon", "ratelimit-reset": "1"}, timedelta(seconds=1)),
        ({"x-sib-ratelimit-reset": "12"}, timedelta(seconds=12)),
        ({"Retry-After": "-5"}, timedelta(0)),
        ({"Retry-After": "9" * 400}, LONGEST),
        ({"Retry-After": "1e9"}, LONGEST),
        ({"Retry-After": "nan"}, None),
        ({"Retry-After": "Mon, 23 Nov 2026 10:01:00 GMT"} | DATE, timedelta(minutes=1)),
        ({"Retry-After": "Mon, 23 Nov 2026 09:00:00 GMT"} | DATE, timedelta(0)),
        ({"Retry-After": "Tue, 23 Nov 2027 09:00:00 GMT"} | DATE, LONGEST),
        ({"Retry-After": "Mon, 23 Nov 2026 10:01:00 -0000"} | DATE, timedelta(minutes=1)),
        ({"Retry-After": "Mon, 23 Nov 2026 10:01:00 GMT"}, None),
        ({"Retry-After": "Mon, 23 Nov 2026 10:01:00 GMT", "Date": "today"}, None),
        ({}, None),
    ],
    ids=repr,
)
def test_wait_is_what_the_provider_asked_for(
    headers: dict[str, str], wait: timedelta | None
) -> None:
    assert retry_after(headers) == wait
