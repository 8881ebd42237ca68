"""deploy/: units that systemd takes, and containers whose commands and settings exist."""

from __future__ import annotations

import configparser
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

from bypost.cli.app import app
from bypost.delivery import instance
from bypost.settings import load_settings
from bypost.settings.model import Sending

ROOT = Path(__file__).resolve().parent.parent
DEPLOY = ROOT / "deploy"
UNITS = sorted((DEPLOY / "systemd").iterdir())
SERVICES = [unit for unit in UNITS if unit.suffix == ".service"]
COMPOSE: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
OURS = {name: one for name, one in COMPOSE["services"].items() if one["image"] == "bypost"}
_BIN = "/srv/bypost/.venv/bin/bypost"


class _Unit(configparser.RawConfigParser):
    """Reads a unit; its keys are case-sensitive."""

    def optionxform(self, optionstr: str) -> str:
        return optionstr


def service(path: Path) -> dict[str, str]:
    parser = _Unit(strict=True)
    parser.read(path, encoding="utf-8")
    return dict(parser["Service"])


def variables() -> dict[str, str]:
    """What env.example sets."""
    lines = (DEPLOY / "env.example").read_text(encoding="utf-8").splitlines()
    pairs = (line.split("=", 1) for line in lines if line and not line.startswith("#"))
    return {pair[0]: pair[1] for pair in pairs}


def must_exist(words: list[str]) -> None:
    """Fail unless the words are a command of ours with options that it knows."""
    command: Any = typer.main.get_command(app)
    rest = list(words)
    while hasattr(command, "commands"):
        command = command.commands[rest.pop(0)]
    known = {option for parameter in command.params for option in parameter.opts}
    assert {word for word in rest if word.startswith("--")} <= known


def test_there_is_a_unit_for_each_thing_that_runs() -> None:
    assert [unit.name for unit in UNITS] == [
        "bypost-backup.service",
        "bypost-backup.timer",
        "bypost-send.service",
        "bypost-send.timer",
        "bypost-serve.service",
        "bypost-worker@.service",
    ]


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed here")
@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_systemd_takes_every_unit(unit: Path, tmp_path: Path) -> None:
    for one in UNITS:  # a timer is looked at together with its service
        text = one.read_text(encoding="utf-8")
        assert one.suffix == ".timer" or _BIN in text or "pg_dump" in text
        here = text.replace(_BIN, str(Path(sys.executable).with_name("bypost")))
        (tmp_path / one.name).write_text(here, encoding="utf-8")
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(tmp_path / unit.name)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


@pytest.mark.parametrize("unit", SERVICES, ids=lambda unit: unit.name)
def test_units_run_what_there_is(unit: Path) -> None:
    words = shlex.split(service(unit)["ExecStart"])
    if words[0] == _BIN:
        must_exist(words[1:])
    else:
        assert "pg_dump" in words[-1]


@pytest.mark.parametrize("unit", SERVICES, ids=lambda unit: unit.name)
def test_units_may_write_nothing_but_their_own(unit: Path) -> None:
    found = service(unit)
    assert found["ProtectSystem"] == "strict"
    assert found["NoNewPrivileges"] == "yes"
    assert found["CapabilityBoundingSet"] == ""
    assert found.get("ReadWritePaths", "/srv/bypost/var") == "/srv/bypost/var"
    assert found["EnvironmentFile"] == "/etc/bypost/env"


@pytest.mark.parametrize("unit", SERVICES, ids=lambda unit: unit.name)
def test_units_see_each_other_s_processes(unit: Path) -> None:
    # A process that cannot be seen counts as ended, and its lease as free.
    found = service(unit)
    assert found["User"] == "bypost"
    assert not {"DynamicUser", "ProtectProc", "PrivatePIDs"} & set(found)


@pytest.mark.parametrize("name", ["bypost-serve.service", "bypost-worker@.service"])
def test_what_runs_for_good_comes_back_and_is_given_time_to_stop(name: str) -> None:
    text = (DEPLOY / "systemd" / name).read_text(encoding="utf-8")
    found = service(DEPLOY / "systemd" / name)
    assert found["Restart"] == "always"
    assert "StartLimitIntervalSec=0" in text
    assert int(found["TimeoutStopSec"]) > 2 * Sending().timeout_seconds


def test_the_settings_of_the_example_are_settings(tmp_path: Path) -> None:
    shutil.copy(ROOT / "bypost.toml", tmp_path)
    found = variables()
    settings = load_settings(tmp_path, found)
    assert settings.sending.engine == "procrastinate"
    assert settings.site.address_key is not None
    assert instance.VARIABLE in found
    assert "@" in settings.database.url
    assert ":" not in settings.database.url.split("//")[1].split("@")[0]


def environments() -> Iterator[tuple[str, str, str]]:
    for name, one in OURS.items():
        for key, value in one["environment"].items():
            yield name, key, value


def test_the_settings_of_the_containers_are_settings(tmp_path: Path) -> None:
    shutil.copy(ROOT / "bypost.toml", tmp_path)
    named = list(environments())
    assert len(named) == len(OURS) == 3
    for _, key, value in named:
        load_settings(tmp_path, {key: value})


@pytest.mark.parametrize("name", OURS)
def test_containers_run_what_there_is(name: str) -> None:
    one = OURS[name]
    must_exist(one["command"])
    assert one["env_file"] == ".env"
    assert one["read_only"]
    assert one["cap_drop"] == ["ALL"]
    seconds = int(one["stop_grace_period"].removesuffix("s"))
    assert seconds > 2 * Sending().timeout_seconds


def test_containers_come_back_and_wait_for_what_they_need() -> None:
    services = COMPOSE["services"]
    for name in ("postgres", "serve", "worker"):
        assert services[name]["restart"] == "unless-stopped"
    assert services["postgres"]["healthcheck"]["test"][1] == "pg_isready"
    assert "/healthz" in services["serve"]["healthcheck"]["test"][-1]
    for name in ("serve", "worker"):
        wait = services[name]["depends_on"]["upgrade"]["condition"]
        assert wait == "service_completed_successfully"


def test_no_secret_stands_in_the_container_file() -> None:
    text = (DEPLOY / "compose.yaml").read_text(encoding="utf-8")
    assert re.findall(r"PASSWORD: (?!\$\{PGPASSWORD:\?)", text) == []
    assert re.findall(r"://\w+:\w+@", text) == []


def test_what_is_mounted_and_copied_is_there() -> None:
    for one in OURS.values():
        for mount in one["volumes"]:
            assert (DEPLOY / mount.split(":")[0]).exists()
            assert mount.endswith(":ro")
    lines = (DEPLOY / "Dockerfile").read_text(encoding="utf-8").splitlines()
    assert lines[0].startswith("# Not built in CI")
    copied = [line.split()[1:-1] for line in lines if re.match(r"COPY (?!--)", line)]
    sources = [source for some in copied for source in some]
    assert len(sources) > 10
    assert [source for source in sources if not (ROOT / source).exists()] == []
    ignored = (DEPLOY / "Dockerfile.dockerignore").read_text(encoding="utf-8").splitlines()
    assert {line[1:] for line in ignored if line.startswith("!")} == set(sources)


def test_the_image_is_pinned_and_not_root_s() -> None:
    text = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
    assert "-c constraints.txt '.[postgres]'" in text
    users = re.findall(r"^USER (\d+)$", text, re.MULTILINE)
    assert users == ["10001"]


def test_filled_copies_of_the_example_are_not_versioned() -> None:
    ignored = (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()
    assert "/deploy/.env" in ignored
