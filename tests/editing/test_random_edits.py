"""A course is edited at random while people are in it, and a model says what must happen.

``python -m tests.editing --steps 10000`` goes on for longer.
"""

from __future__ import annotations

import pytest

from tests.editing.walk import Walk
from tests.editing.world import World

_STEPS = 110


@pytest.mark.parametrize("seed", [4, 12, 13])
def test_whatever_is_edited_everybody_gets_what_the_model_says(world: World, seed: int) -> None:
    walk = Walk(world, seed)
    walk.steps(_STEPS)
    assert walk.mails > 20
    assert walk.did["the_edits_are_applied"] > 1
