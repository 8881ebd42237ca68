"""``make soak``: every send class under faults, kills and stops, counted at the other end.

    python -m tests.soak [--class key|search|events|none] [--deliveries 20000] [--minutes M]

Two processes send from one database through a provider that holds the truth. A fifth of the
requests goes wrong; the processes are killed and stopped at random, from outside and at the steps
of their batches, and replaced. Exit code 1 means that a promise is broken.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from pathlib import Path

from tests.postgres.cluster import Cluster
from tests.soak import plan, table
from tests.soak.outcome import Outcome
from tests.soak.plan import SUBJECTS, Plan, Subject
from tests.soak.round import Round


def arguments() -> argparse.Namespace:
    """Return the options."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--class", dest="subject", choices=SUBJECTS, help="one; all by default")
    parser.add_argument("--deliveries", type=int, default=20_000, help="of a class in a round")
    parser.add_argument("--minutes", type=float, default=0, help="begin rounds until then")
    parser.add_argument("--workers", type=int, default=2, help="processes that send")
    parser.add_argument("--seed", type=int, default=1, help="for faults, kills and stops")
    parser.add_argument("--kill-every", type=float, default=3.0, metavar="S", help="mean seconds")
    parser.add_argument(
        "--step-kills", type=float, default=0.025, metavar="SHARE", help="of batches"
    )
    parser.add_argument(
        "--database",
        default="sqlite:///var/bypost.db",
        help="URL, as in the settings; `postgresql`: a new one of a server that this run starts",
    )
    parser.add_argument(
        "--jobs", action="store_true", help="`bypost worker`s and one clock, through procrastinate"
    )
    parser.add_argument(
        "--restart-every", type=float, default=0.0, metavar="S", help="the database; mean seconds"
    )
    return parser.parse_args()


def say(*lines: str) -> None:
    """Print lines now, whoever reads them."""
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    sys.stdout.flush()


def play(given: Plan, subject: Subject, number: int, cluster: Cluster | None) -> Outcome:
    """Play a round; its folder stays where a promise is broken."""
    root = Path(tempfile.mkdtemp(prefix=f"bypost-soak-{subject.name}-"))
    outcome = Round(given, subject, number, root, cluster).run()
    if broken := outcome.broken(subject):
        say(f"{subject.name} {number}: BROKEN: {', '.join(broken)}; see {root}")
        say(*outcome.verdict.examples)
    else:
        shutil.rmtree(root)
    return outcome


def main() -> int:
    """Soak, with a database server of its own if it is wanted."""
    options = arguments()
    given = Plan(
        deliveries=options.deliveries,
        workers=options.workers,
        seed=options.seed,
        kill_every=options.kill_every,
        step_kills=options.step_kills,
        database=options.database,
        jobs=options.jobs,
        restart_every=options.restart_every,
    )
    cluster = Cluster(durable=True) if options.database == "postgresql" else None
    try:
        return soak(given, options, cluster)
    finally:
        if cluster is not None:
            cluster.stop()


def soak(given: Plan, options: argparse.Namespace, cluster: Cluster | None) -> int:
    """Play rounds until all classes had one and the time is over; print the table."""
    subjects = [SUBJECTS[options.subject]] if options.subject else list(SUBJECTS.values())
    until = time.monotonic() + 60 * options.minutes
    outcomes: dict[str, Outcome] = {}
    number = 1
    while not outcomes or time.monotonic() < until:
        for subject in subjects:
            outcome = play(given, subject, number, cluster)
            earlier = outcomes.get(subject.name)
            outcomes[subject.name] = earlier + outcome if earlier else outcome
        number += 1
    say(f"\n{table.markdown(outcomes)}\n\nfaults: {table.faults(outcomes)}")
    say(
        f"seed {given.seed}; lease {plan.LEASE} s, quiet {plan.QUIET} s, late {plan.LATE} s, "
        f"lag {plan.LAG} s, stops {plan.STALL[0]} to {plan.STALL[1]} s, batches of {plan.BATCH}"
    )
    broken = {s.name: outcomes[s.name].broken(s) for s in subjects}
    for name, what in broken.items():
        say(f"{name}: {'BROKEN: ' + ', '.join(what) if what else 'every promise was kept'}")
    return 1 if any(broken.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
