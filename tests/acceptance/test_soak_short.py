"""The soak in small: so that it cannot rot, and as a smoke test of every send class."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from tests.conftest import CHECKOUT
from tests.soak.plan import SUBJECTS

pytestmark = [pytest.mark.process, pytest.mark.xdist_group("soak")]

OPTIONS = ("--deliveries", "240", "--seed", "3", "--kill-every", "1.2", "--step-kills", "0.1")


def number(row: str, table: str) -> int:
    """Return what the table says in the row that is labelled so."""
    found = re.search(rf"^\| \W*{row}\W* \| \W*([\d,]+)\W* \|$", table, re.MULTILINE)
    assert found, table
    return int(found[1].replace(",", ""))


@pytest.mark.parametrize("subject", SUBJECTS)
def test_amid_faults_kills_and_stops_nobody_is_mailed_twice_and_nobody_is_forgotten(
    subject: str,
) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.soak", "--class", subject, *OPTIONS],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=False,
        timeout=180,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{subject}: every promise was kept" in done.stdout
    assert number("duplicates", done.stdout) == number("skipped silently", done.stdout) == 0
    assert number("faults", done.stdout) >= 2
    assert number("killed from outside", done.stdout) >= 1
