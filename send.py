"""Send what is due: one pass, fit for cron.

    python send.py              sync subscribers.csv, send what is due, report
    python send.py --dry-run    say what would be sent, send nothing
    python send.py --forever    keep going until stopped

The same as ``bypost send``; the work is done in ``bypost/delivery/run.py``.
"""

import sys
from pathlib import Path


def main() -> int:
    """Hand over to the ``send`` command; without its packages, say how to get them."""
    try:
        from bypost.cli import main as command
    except ModuleNotFoundError as error:
        if (error.name or "").startswith(("bypost.", "scheduler")):
            raise
        python = Path(".venv/bin/python")
        # Without the package itself this is a project of its own, made by `bypost init`.
        fix = "run `bypost send`" if error.name == "bypost" else "run `make setup`"
        fix = f"run `{python} send.py`" if python.exists() else fix
        sys.stderr.write(f"send.py: the package `{error.name}` is missing here; {fix}\n")
        return 2
    return command(["send", *sys.argv[1:]])


if __name__ == "__main__":
    sys.exit(main())
