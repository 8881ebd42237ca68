"""The provider's process as a round sees it: a URL, and lines of questions and answers."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

from tests.conftest import CHECKOUT
from tests.soak.plan import Subject


class Service:
    """Starts :mod:`tests.soak.provider` and asks it.

    Attributes:
        url: Where mails are sent to.
    """

    def __init__(self, subject: Subject, seed: int) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.soak.provider", subject.name, str(seed)],
            cwd=CHECKOUT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.url = self._line()

    def ask(self, words: str) -> dict[str, Any]:
        """Say a line and return the answer."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{words}\n")
        self._process.stdin.flush()
        answer: dict[str, Any] = json.loads(self._line())
        return answer

    def close(self) -> None:
        """End it."""
        self._process.kill()
        self._process.communicate()

    def _line(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()
