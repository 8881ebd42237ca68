"""A lease whose process is gone need not be waited for; any other must."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from bypost.delivery import owner

NAME = "from bypost.delivery import owner; print(owner.current())"


@pytest.fixture
def linux() -> None:
    if not owner.current():
        pytest.skip("this system does not name its processes; leases run out there")


def test_this_process_is_not_gone(linux: None) -> None:
    assert not owner.is_gone(owner.current())


def test_a_process_that_ended_is_gone(linux: None) -> None:
    ended = subprocess.run([sys.executable, "-c", NAME], capture_output=True, check=True, text=True)
    assert owner.is_gone(ended.stdout.strip())


def test_a_number_used_again_by_another_process_does_not_count_as_the_owner(linux: None) -> None:
    place, _, _ = owner.current().rpartition("/")
    assert owner.is_gone(f"{place}/1")


def test_another_machine_or_nonsense_is_never_taken_for_gone() -> None:
    assert not owner.is_gone("other-boot/pid:[1]/1/1")
    assert not owner.is_gone(f"other-boot/pid:[1]/{os.getpid()}/1")
    assert not owner.is_gone("")
    assert not owner.is_gone("no slashes")
