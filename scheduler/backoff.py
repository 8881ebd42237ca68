"""How long to wait before trying again."""

from datetime import timedelta

FIRST_DELAY = timedelta(seconds=30)
LONGEST_DELAY = timedelta(hours=1)


def retry_delay(
    attempt: int,
    *,
    first: timedelta = FIRST_DELAY,
    cap: timedelta = LONGEST_DELAY,
    retry_after: timedelta | None = None,
) -> timedelta:
    """Return how long to wait after attempt number ``attempt`` before the next one.

    Delays double: 30 s, 1, 2, 4, 8, 16, 32 minutes, and stay at 1 hour from the eighth attempt
    on. What the other side asked for (``Retry-After``) wins when it is longer, even than the cap.
    No jitter: limits shared by all workers already spread the attempts.

    Args:
        attempt: Attempts already made, counting from 1.
        first: The delay after the first attempt.
        cap: The longest delay of our own accord.
        retry_after: What the other side asked for, if it asked.

    Raises:
        ValueError: ``attempt`` is less than 1.
    """
    if attempt < 1:
        raise ValueError(f"attempts are counted from 1, not {attempt}")
    # 63 doublings of a microsecond are longer than any cap; more would overflow a timedelta.
    factor = 2 ** min(attempt - 1, 63)
    delay = cap if first > cap / factor else first * factor
    return delay if retry_after is None else max(delay, retry_after)
