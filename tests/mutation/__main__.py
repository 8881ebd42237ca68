"""``make mutate``: all tests of sending, without each safeguard in turn; a table of who noticed.

    python -m tests.mutation [NAME ...]

Exit code 1 means that the absence of a safeguard was not noticed, or noticed for the wrong reason:
every test passed, or pytest itself broke.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time

from tests.mutation import table
from tests.mutation.catalogue import MUTATIONS
from tests.mutation.trial import Trial, run

#: Where sending is tested, short of whole processes and of what is searched at random.
TESTS = (
    *("tests/delivery", "tests/store", "tests/regressions", "tests/test_http.py"),
    "--ignore=tests/delivery/test_machine.py",
)
#: Seconds until a run is given up.
PATIENCE = 3600


def say(line: str) -> None:
    """Print a line now, whoever reads it."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def play(name: str) -> Trial:
    """Run all tests of sending without one safeguard."""
    started = time.monotonic()
    options = ("--tb=no", "-p", "xdist", "-n", "auto", "--dist", "loadgroup")
    try:
        trial = run(MUTATIONS[name], *TESTS, *options, patience=PATIENCE)
    except subprocess.TimeoutExpired:
        trial = Trial(-1, (), "it did not end")
    say(f"{name}: {len(trial.failed)} tests failed, {time.monotonic() - started:.0f} s")
    return trial


def main() -> int:
    """Take away what is asked for, or everything in turn; print the table."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(MUTATIONS))
    names = parser.parse_args().names or list(MUTATIONS)
    if strange := set(names) - set(MUTATIONS):
        parser.error(f"there is no {', '.join(sorted(strange))}")
    trials = {name: play(name) for name in names}
    say(f"\n{table.markdown(trials)}")
    unnoticed = [name for name, trial in trials.items() if trial.code != 1 or not trial.failed]
    for name in unnoticed:
        say(f"\n{name}: NOT NOTICED (pytest ended with {trials[name].code})")
        say(trials[name].output[-2000:])
    return 1 if unnoticed else 0


if __name__ == "__main__":
    sys.exit(main())
