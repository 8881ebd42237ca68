"""``bypost doctor`` on the command line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from bypost.check.doctor import asking
from tests.check.doctor.zones import Zones
from tests.cli.conftest import Ran, everything

Run = Callable[..., Ran]


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "_of_this_machine", lambda: Zones(""))


def test_the_doctor_says_what_to_do_about_a_new_project(run: Run, project: Path) -> None:
    before = everything(project)
    ran = run("doctor")
    assert ran.code == 1
    assert "✗ base_url: http://localhost:8000 is no public https address" in ran.out
    assert "Write your own address in [sender] email." in ran.out
    assert "? records: example.org is reserved for examples" in ran.out
    assert ran.out.endswith("4 to mend, 2 to look at\n")
    assert everything(project) == before


def test_the_same_for_a_script(run: Run) -> None:
    found = run("doctor", "--json").json
    assert (found["ok"], found["domain"]) == (False, "example.org")
    assert {"group", "name", "level", "says", "todo", "records"} == set(found["checks"][0])


def test_the_result_is_kept_for_the_desk(run: Run) -> None:
    run("send")
    assert run("doctor").code == 1
    assert run("doctor", "--json").json["checks"][6]["says"] == "it can be read and written"
