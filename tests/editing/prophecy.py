"""What a plan says, and what then comes: person by person, to the end of the course."""

from __future__ import annotations

from collections import defaultdict

from bypost.delivery.plan import Plan
from tests.editing.model import Mail
from tests.editing.walk import Walk
from tests.editing.world import World
from tests.scheduler import oracle

#: (lesson, minute) of everything that came to somebody, in that order.
Post = dict[int, list[tuple[str, int]]]
_MOST_PASSES = 2_000
_BETWEEN = 12


class Prophecy:
    """Lets an author edit a course on its way, and compares.

    Attributes:
        plans: How many were compared.
        people: How often somebody's next mail was.
        counts: How many counts of a plan were.
        moved: People whose next mail the edit changed.
    """

    def __init__(self, walk: Walk) -> None:
        self.walk = walk
        self.plans = self.people = self.counts = self.moved = 0

    def compare(self) -> None:
        """Go some way, edit, plan, and see what comes to pass; then let the edit be."""
        walk = self.walk
        walk.steps(_BETWEEN)
        while walk.broken:
            walk.a_file_breaks()
        for whom in walk.held():
            walk.goes_on(whom)  # of what nobody knows the end of, nothing is told
        for _ in range(walk.random.randint(1, 3)):
            walk.the_author_edits()
        walk.run()
        walk.no_pass_for_a_while()
        plan = walk.world.plan()
        assert plan is not None
        had = {number: set(one.had) for number, one in walk.model.people.items()}
        if self.plans % 5 == 0:
            with walk.world.aside():
                self._next_mails(plan, "before", _to_the_end(walk.world))
        if plan.changes:
            with walk.world.aside():
                walk.world.apply(plan)
                came = _to_the_end(walk.world)
            self._next_mails(plan, "after", came)
            self._counted(plan, came, had)
            self.plans += 1
        walk.the_edits_are_applied()

    def _next_mails(self, plan: Plan, when: str, came: Post) -> None:
        for person in plan.people:
            number = int(person.email[1 : person.email.index("@")])
            foreseen = getattr(person, when)
            told = foreseen and (foreseen.step.lesson, oracle.minute(foreseen.at))
            found = next(iter(came[number]), None)
            assert told == found, (
                f"{person.email} {when}: {_said(told)} told, {_said(found)} came\n"
                f"{[str(one) for one in plan.changes]}\n{self.walk.story()}"
            )
            self.people += 1
        self.moved += plan.moved if when == "after" else 0

    def _counted(self, plan: Plan, came: Post, had: dict[int, set[str]]) -> None:
        for effect in plan.effects:
            if not effect.lesson:
                continue
            gets = past = finished = 0
            for person in plan.people:
                number = int(person.email[1 : person.email.index("@")])
                if effect.lesson in had[number]:
                    continue
                comes = effect.lesson in [lesson for lesson, _ in came[number]]
                gets += comes
                past += not comes and person.status == "active"
                finished += not comes and person.status == "finished"
            told = (effect.gets, effect.past, effect.finished)
            assert told == (gets, past, finished), (
                f"{effect.lesson}: gets, past, finished {told} told, {(gets, past, finished)}\n"
                f"{[str(one) for one in plan.changes]}\n{self.walk.story()}"
            )
            self.counts += 1


def _to_the_end(world: World) -> Post:
    """Make passes at the instants at which something falls due, until nothing does."""
    came: Post = defaultdict(list)
    for _ in range(_MOST_PASSES):
        mails: list[Mail] = world.run()[1]
        for mail in mails:
            came[mail.person].append((mail.lesson, world.now))
        at = world.next_at()
        if at is None:
            return came
        world.clock.advance_to(max(oracle.instant(at), world.clock.now()))
    raise AssertionError("the course does not come to its end")


def _said(mail: tuple[str, int] | None) -> str:
    return f"{mail[0]} at {oracle.instant(mail[1]):%Y-%m-%d %H:%M}" if mail else "nothing"
