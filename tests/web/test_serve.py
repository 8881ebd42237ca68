"""``bypost serve``: where it listens, and what it refuses."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from bypost.cli import listen, main
from bypost.errors import SettingsError


@pytest.fixture
def taken() -> Iterator[int]:
    """A port on which somebody else listens; the next one is free in all likelihood."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        yield other.getsockname()[1]


def test_a_port_in_use_is_an_error_that_names_the_fix(
    empty_project: Path, taken: int, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--project", str(empty_project), "--port", str(taken)]
    for more in ([], ["--local"]):
        assert main(["serve", *options, *more]) == 2
        told = capsys.readouterr().err
        assert f"port {taken} is taken by another program" in told
        assert f"--port {taken + 1}" in told


def test_without_a_port_the_local_page_takes_the_next_free_one(
    taken: int, capsys: pytest.CaptureFixture[str]
) -> None:
    with listen.open_port("127.0.0.1", taken, neighbours=True) as listener:
        assert listener.getsockname()[1] > taken
    assert f"port {taken} is taken; listening on" in capsys.readouterr().err
    with pytest.raises(SettingsError):
        listen.open_port("127.0.0.1", taken, neighbours=False)


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "::"])
def test_the_local_page_is_never_served_to_other_machines(
    empty_project: Path, host: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["serve", "--project", str(empty_project), "--local", "--host", host]) == 2
    assert "--local shows everybody's mail" in capsys.readouterr().err


def test_an_address_that_is_not_this_machines_is_an_error(
    empty_project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["serve", "--project", str(empty_project), "--host", "192.0.2.1"]) == 2
    assert "cannot listen on 192.0.2.1 port 8000" in capsys.readouterr().err


def test_a_real_provider_is_not_served_with_sample_settings(
    empty_project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("BYPOST_SENDING__PROVIDER", "resend")
    monkeypatch.setenv("BYPOST_PROVIDERS__RESEND__API_KEY", "re_x")
    assert main(["serve", "--project", str(empty_project)]) == 2
    assert "[site] base_url" in capsys.readouterr().err
