"""The figures that are kept from run to run, in ``ratios.json``: the report is made of them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tests.bench.figure import Figure
from tests.bench.machine import Machine

FILE = Path(__file__).with_name("ratios.json")


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What one run found of one subject.

    Attributes:
        date: The day in UTC, ``2026-11-24``.
        sizes: How much was measured, in words; empty where it is always the same.
    """

    date: str
    machine: Machine
    figures: Sequence[Figure]
    sizes: str = ""


def read(file: Path = FILE) -> dict[str, Measured]:
    """Return what is kept, by subject; nothing where there is no file."""
    if not file.exists():
        return {}
    return {name: _measured(raw) for name, raw in json.loads(file.read_bytes()).items()}


def write(kept: Mapping[str, Measured], file: Path = FILE) -> None:
    """Keep these, and nothing else."""
    raw = {name: _raw(kept[name]) for name in sorted(kept)}
    text = json.dumps(raw, indent=1, ensure_ascii=False)
    file.write_text(text + "\n", encoding="utf-8")


def _measured(raw: Mapping[str, Any]) -> Measured:
    figures = [Figure(key=key, **rest) for key, rest in raw["figures"].items()]
    return Measured(**{**raw, "machine": Machine(**raw["machine"]), "figures": figures})


def _raw(one: Measured) -> dict[str, Any]:
    figures = {}
    for figure in one.figures:
        fields = asdict(figure)
        key = fields.pop("key")
        if key in figures:
            raise ValueError(f"two figures have the key {key}")
        figures[key] = {name: _short(value) for name, value in fields.items()}
    return {**asdict(one), "figures": figures}


def _short(value: object) -> object:
    """Return a number with five digits that count: more would only differ from run to run."""
    return float(f"{value:.5g}") if isinstance(value, float) else value
