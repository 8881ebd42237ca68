"""Run ``bypost worker`` that gives up after a second without a database instead of ten minutes."""

from __future__ import annotations

import sys
from datetime import timedelta

from bypost.cli import main as command
from bypost.cli import worker


def main() -> int:
    setattr(worker, "LONGEST_AWAY", timedelta(seconds=1))  # noqa: B010 - imported there
    return command(["worker", *sys.argv[1:]])


if __name__ == "__main__":
    sys.exit(main())
