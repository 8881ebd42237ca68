"""The soak in small: so that it cannot rot, and as a smoke test of every send class."""

from __future__ import annotations

import os
import re

import pytest

from tests.conftest import CHECKOUT
from tests.forks.child import Child
from tests.soak.plan import SUBJECTS

pytestmark = [pytest.mark.process, pytest.mark.xdist_group("soak")]

OPTIONS = ("--deliveries", "240", "--seed", "3", "--kill-every", "0.4", "--step-kills", "0.1")


def number(row: str, table: str) -> int:
    """Return what the table says in the row that is labelled so."""
    found = re.search(rf"^\| \W*{row}\W* \| \W*([\d,]+)\W* \|$", table, re.MULTILINE)
    assert found, table
    return int(found[1].replace(",", ""))


@pytest.mark.parametrize("subject", SUBJECTS)
def test_amid_faults_kills_and_stops_nobody_is_mailed_twice_and_nobody_is_forgotten(
    subject: str,
) -> None:
    words = ["-m", "tests.soak", "--class", subject, *OPTIONS]
    soak = Child(words, cwd=CHECKOUT, environ=os.environ)
    out, errors = (content.decode() for content in soak.communicate(timeout=180))
    assert soak.returncode == 0, out + errors
    assert f"{subject}: every promise was kept" in out
    assert number("duplicates", out) == number("skipped silently", out) == 0
    assert number("faults", out) >= 2
    assert number("killed from outside", out) + number("killed at a step", out) >= 1
