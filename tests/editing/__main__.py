"""``python -m tests.editing``: random edits for longer than the tests do it.

    python -m tests.editing [--steps 10000] [--plans 500] [--seed 1]

A failure tells the seed of its walk and the last things that happened, and ends with 1.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console

from tests import kept
from tests.editing.prophecy import Prophecy
from tests.editing.walk import Walk
from tests.editing.world import World

#: One course lives for so many steps: some two months.
_LIFE, _PLANS = 150, 10

_OUT, _ERR = Console(highlight=False, soft_wrap=True), Console(stderr=True, highlight=False)


def main() -> int:
    """Walk, then plan; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.editing")
    parser.add_argument("--steps", type=int, default=10_000, help="random steps (10,000)")
    parser.add_argument("--plans", type=int, default=500, help="plans to compare (500)")
    parser.add_argument("--seed", type=int, default=1, help="of the first walk (1)")
    wish = parser.parse_args()
    with TemporaryDirectory() as folder, kept.one_set_of_sql(), kept.compiled_once():
        world = World(Path(folder))
        try:
            walk_about(world, wish.steps, wish.seed)
            plan_ahead(world, wish.plans, wish.seed)
        except AssertionError as wrong:
            _OUT.print(str(wrong), markup=False)
            return 1
        finally:
            world.close()
    return 0


def walk_about(world: World, steps: int, seed: int) -> None:
    """Compare project and model after every pass."""
    began, did = time.monotonic(), Counter[str]()
    mails = people = passes = 0
    for start in range(0, steps, _LIFE):
        walk = Walk(world, seed + start // _LIFE)
        walk.steps(min(_LIFE, steps - start))
        did += walk.did
        mails, people = mails + walk.mails, people + len(walk.model.people)
        passes += walk.passes
        _progress(f"{start + _LIFE:,} steps, {mails:,} mails", began)
    _row("random steps", did.total())
    for what, often in did.most_common():
        _row(f"- {what.replace('_', ' ')}", often)
    _row("people", people)
    _row("passes compared", passes)
    _row("lessons sent", mails)


def plan_ahead(world: World, plans: int, seed: int) -> None:
    """Compare what plans say with what then comes."""
    began, done, people, counts, moved = time.monotonic(), 0, 0, 0, 0
    number = seed
    while done < plans:
        prophecy = Prophecy(Walk(world, number))
        while prophecy.plans < min(_PLANS, plans - done):
            prophecy.compare()
        done, people = done + prophecy.plans, people + prophecy.people
        counts, moved, number = counts + prophecy.counts, moved + prophecy.moved, number + 1
        _progress(f"{done:,} plans, {people:,} people", began)
    for what, often in (
        ("plans compared", done),
        ("next mails compared", people),
        ("moved by the edit", moved),
        ("counts of changes compared", counts),
    ):
        _row(what, often)


def _row(what: str, often: int) -> None:
    _OUT.print(f"| {what} | {often:,} |")


def _progress(text: str, began: float) -> None:
    _ERR.print(f"{text}, {time.monotonic() - began:,.0f} s")


if __name__ == "__main__":
    sys.exit(main())
