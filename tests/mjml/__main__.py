"""``python -m tests.mjml``: our compiler beside the official one, in figures of one run.

    python -m tests.mjml [--rounds 30] [--mjml FOLDER]

Each document is compiled by both, and photographed at the width of a phone and of a window. A
difference that is not listed here with its reason ends the command with 1; so does a listed one
that is gone. Needs Node with npm, and Chromium; npm fetches the official compiler.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console

from bypost.render.mjml import compile_mjml
from tests.mjml import official, pictures
from tests.mjml.sources import Document, documents

_OUT, _ERR = (
    Console(highlight=False, markup=False, soft_wrap=True, stderr=err) for err in (False, True)
)

#: Document -> why the two differ in it, at both widths.
KNOWN = {
    "buttons": "a button with `width` and `border` is wider by its border: mrml does not take the"
    " border off the width inside, as MJML does. Give such a button no border.",
    "tables": "an `mj-table` with `cellspacing`, even of 0, gets `border-collapse:separate` from"
    " mrml, so that borders of rows are not painted; MJML does so from 1 on."
    " Leave `cellspacing` out: it is 0.",
}


def main() -> int:
    """Compare everything, print the table, and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.mjml", description=__doc__)
    parser.add_argument("--rounds", type=int, default=30, help="times each is compiled")
    parser.add_argument("--mjml", type=Path, help="keep the official compiler in this folder")
    given = parser.parse_args()
    with TemporaryDirectory(prefix="bypost-official-") as name:
        try:
            return _compare(given.mjml or Path(name), given.rounds)
        except official.Missing as missing:
            _ERR.print(missing)
            return 2


def _compare(folder: Path, rounds: int) -> int:
    theirs = official.install(folder)
    compared = documents()
    ours = [_timed(document, rounds) for document in compared]
    others = official.compile_all(folder, [it.mjml for it in compared], rounds)
    rows, wrong = [], []
    with pictures.camera() as (page, browser):
        for document, (html, took), other in zip(compared, ours, others, strict=True):
            seen = []
            for width in pictures.WIDTHS:
                unlike = pictures.compare(page, html, other.html, width)
                reason = KNOWN.get(document.name)
                seen.append("equal" if unlike is None else str(unlike))
                if (unlike is None) is not (reason is None):
                    wrong.append(f"{document.name} at {width} px: {seen[-1]}; listed: {reason}")
            wrong += [f"{document.name}: {it}" for it in other.complaints]
            sizes = (_bytes(html), _bytes(other.html))
            rows.append((document.name, *seen, *sizes, took, other.milliseconds))
    _print(rows, f"mjml-python {version('mjml-python')}; {theirs}; Chromium {browser}", rounds)
    for name, reason in KNOWN.items():
        _OUT.print(f"\n* {name}: {reason}")
    for complaint in wrong:
        _ERR.print(f"not as listed: {complaint}")
    return 1 if wrong else 0


def _timed(document: Document, rounds: int) -> tuple[str, float]:
    """Return the HTML of a document and the median of the milliseconds it takes."""
    html = compile_mjml(document.mjml, document.name)
    times = []
    for _ in range(rounds):
        began = time.perf_counter()
        compile_mjml(document.mjml, document.name)
        times.append((time.perf_counter() - began) * 1000)
    return html, statistics.median(times)


def _bytes(html: str) -> int:
    return len(html.encode())


def _print(
    rows: list[tuple[str, str, str, int, int, float, float]], versions: str, rounds: int
) -> None:
    """Print the table as Markdown, fit for docs/rendering.md."""
    heads = [f"{width} px" for width in pictures.WIDTHS]
    lines = [
        f"Measured on {datetime.now(UTC).date()}: {versions}; median of {rounds} rounds.",
        "",
        f"| Document | {' | '.join(heads)} | Bytes | Bytes, official | ms | ms, official |",
        "|---|---|---|--:|--:|--:|--:|",
    ]
    for name, *seen, ours, theirs, took, other in rows:
        lines.append(
            f"| {name} | {' | '.join(seen)} | {ours:,} | {theirs:,} | {took:.2f} | {other:.1f} |"
        )
    ours, theirs = (sum(row[at] for row in rows) for at in (3, 4))
    times = [sum(row[at] for row in rows) for at in (5, 6)]
    lines.append(f"| all | | | {ours:,} | {theirs:,} | {times[0]:.2f} | {times[1]:.1f} |")
    _OUT.print("\n".join(lines))


if __name__ == "__main__":
    sys.exit(main())
