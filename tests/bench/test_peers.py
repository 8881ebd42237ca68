"""Peers send the same lesson as ours, and what is said of them is of the same round."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest
from jinja2 import Environment, StrictUndefined
from markupsafe import escape

from bypost.render.split import template_source
from tests.bench import environment
from tests.bench.environment import NotInstalled, python_with
from tests.bench.notation import lesson, written
from tests.bench.peer import PEERS, Peer
from tests.bench.peers import Run, compared, run
from tests.bench.rendering import values

_OF = {peer.name: peer for peer in PEERS}


def took(seconds: float, cpu: float) -> Run:
    return Run(mails=1000, seconds=seconds, cpu=cpu)


def test_a_ratio_is_of_one_round_and_the_figure_has_their_median() -> None:
    ours = [took(1.0, 0.5), took(2.0, 0.5), took(4.0, 0.6)]
    theirs = [took(10.0, 5.0), took(12.0, 4.0), took(80.0, 3.0)]
    rate, cost = compared(_OF["museletter"], ours, theirs)
    assert (rate.value, rate.unit, rate.runs, rate.goal) == (500, "people/s", 3, 25)
    assert (rate.ratio, rate.low, rate.high) == (10, 6, 20)
    assert rate.to == "its 83 people/s"
    assert (cost.value, cost.unit, cost.goal, cost.at_most) == (500, "µs", None, True)
    assert (cost.ratio, cost.low, cost.high) == pytest.approx((0.125, 0.1, 0.2))


def test_of_a_peer_that_cannot_be_installed_the_reason_is_told_and_nothing_is_to_be_reached() -> (
    None
):
    for one in compared(_OF["anymail"], [took(1.0, 0.5)], [], "No matching distribution found"):
        assert (one.ratio, one.goal, one.to) == (None, None, "")
        assert "could not be installed: No matching distribution found" in one.note


@pytest.mark.process
def test_what_pip_says_last_is_why_a_package_cannot_be_had(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(environment, "cache_folder", lambda: tmp_path)
    with pytest.raises(NotInstalled, match="no-such-folder"):
        python_with("./no-such-folder")
    assert not list(tmp_path.glob("*/whole"))


@pytest.mark.process
def test_the_loop_sends_what_it_says_it_sent() -> None:
    done = run(_OF["loop"], Path(sys.executable), seconds=0.1)
    assert done.mails > 0
    assert done.seconds >= 0.1


@pytest.mark.process
def test_a_peer_whose_mails_are_not_found_is_not_believed() -> None:
    blind = replace(_OF["loop"], service=replace(_OF["loop"].service, mark=b"nowhere in it"))
    with pytest.raises(RuntimeError, match="mails sent, and 0 came"):
        run(blind, Path(sys.executable), seconds=0.01)


@pytest.mark.parametrize("name", ["subject", "html", "text"])
@pytest.mark.parametrize("peer", [one for one in PEERS if one.tags], ids=lambda one: one.name)
def test_the_lesson_filled_in_a_peers_notation_is_what_jinja_makes_of_it(
    peer: Peer, name: str
) -> None:
    part, escaped = getattr(lesson(), name), name == "html"
    known = values(0)
    jinja = Environment(autoescape=escaped, undefined=StrictUndefined)
    whole = jinja.from_string(template_source(part)).render(known)
    filled = written(part, peer.tags, escaped=escaped)
    for what, tag in (peer.tags or {}).items():
        root, _, leaf = what.partition(".")
        filled = filled.replace(tag, escape(known[root][leaf]) if escaped else known[root][leaf])
    assert filled == whole
