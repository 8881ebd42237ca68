"""What somebody should know who reads plans, beside what each of them says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from bypost.delivery.context import Context
from bypost.delivery.edit import What
from bypost.delivery.plan import Plan
from bypost.delivery.shape import Shape, Step


def notes(context: Context, plans: Sequence[Plan], before: Mapping[str, Shape]) -> Iterator[str]:
    """Yield what concerns all plans, then what looks like a mistake in one."""
    if plans and context.settings.caps.on:
        yield "[caps] are set: some of these mails come on later days than told here"
    for plan in plans:
        yield from _other_ids(plan, before[plan.course])


def _other_ids(plan: Plan, before: Shape) -> Iterator[str]:
    """Yield lessons that were only given another id: they count as new, and come again."""
    old, new = _steps(before), _steps(plan.wish)
    gone = [old[c.lesson] for c in plan.changes if c.what is What.REMOVE and c.lesson in old]
    put = [new[c.lesson] for c in plan.changes if c.what is What.INSERT and c.lesson in new]
    for one in gone:
        for other in put:
            if one.title == other.title or one.content_hash == other.content_hash:
                yield (
                    f"{plan.course}: `{other.lesson}` looks like `{one.lesson}` with another id:"
                    " by its id a lesson is known, so it may come to people who had it\n"
                    f"    if it is the same lesson, write its old id again: `id: {one.lesson}`"
                )


def _steps(shape: Shape) -> dict[str, Step]:
    return {step.lesson: step for step in shape.live}
