"""Tests run in a process of their own, with or without a safeguard."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.conftest import CHECKOUT
from tests.forks.child import Child
from tests.mutation import plugin
from tests.mutation.mutation import Mutation

_QUIETLY = ("-q", "--tb=line", "-p", "no:cacheprovider", "-p", plugin.__name__)


@dataclass(frozen=True, slots=True)
class Trial:
    """How tests ended.

    Attributes:
        code: Of pytest: 0 all passed, 1 some failed; others mean that it did not come to that.
        failed: Ids of the tests that failed, in their order.
        output: What pytest said.
    """

    code: int
    failed: Sequence[str]
    output: str


def run(mutation: Mutation | None, *options: str, patience: float = 300) -> Trial:
    """Run pytest without a safeguard, or with all of them.

    Args:
        options: Which tests, and how.
        patience: Seconds until the whole run is given up.
    """
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "failed.json"
        # Other plugins of the environment would take longer to load than the tests to run.
        environ = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
        environ |= {plugin.REPORT: str(report), plugin.NAME: ""}
        if mutation is not None:
            environ[plugin.NAME] = mutation.name
        words = ["-m", "pytest", *_QUIETLY, *options]
        child = Child(words, cwd=CHECKOUT, environ=environ)
        try:
            out, errors = child.communicate(timeout=patience)
        except subprocess.TimeoutExpired:
            child.kill()
            raise
        failed = json.loads(report.read_text(encoding="utf-8")) if report.exists() else []
    return Trial(child.wait(), failed, (out + errors).decode())
