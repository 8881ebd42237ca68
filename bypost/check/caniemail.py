"""What mail programs support, from the data of caniemail.com (MIT; the notice is in ``data``).

``python -m bypost.check.caniemail PATH`` renews the data from an unpacked npm package
``caniemail``, or from its ``data/caniemail.json``. What is kept: each feature's name, and the
newest verdict on it for each mail program with its notes.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any

FILE = "caniemail.json"
_PAGE = "https://www.caniemail.com/features/{slug}/"

#: Ended by Microsoft on 2024-12-31; caniemail still lists its verdicts.
_ENDED = frozenset({"outlook windows-mail"})


class Support(StrEnum):
    """A verdict, as caniemail writes it."""

    FULL = "y"
    PARTIAL = "a"
    NONE = "n"
    UNKNOWN = "u"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one mail program makes of a feature.

    Attributes:
        family: Its id, e.g. ``apple-mail``.
        client: Its name, e.g. ``Apple Mail (iOS)``.
        notes: What there is to say about it.
    """

    family: str
    client: str
    support: Support
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Feature:
    """One thing that mail programs may or may not support.

    Attributes:
        slug: Its id, e.g. ``css-border-radius``.
        title: As caniemail names it, e.g. ``border-radius``.
        category: ``css``, ``html``, ``image`` or ``others``.
    """

    slug: str
    title: str
    category: str
    verdicts: tuple[Verdict, ...]

    @property
    def url(self) -> str:
        """Return the address of its page."""
        return _PAGE.format(slug=self.slug)

    def among(self, families: Sequence[str], support: Support) -> tuple[Verdict, ...]:
        """Return the verdicts of these families that are ``support``."""
        return tuple(it for it in self.verdicts if it.family in families and it.support is support)


class CanIEmail:
    """The whole of the data.

    Args:
        kept: As :func:`reduced` makes it.

    Attributes:
        date: On which caniemail published it, e.g. ``2026-05-13``.
        families: Id of a family of mail programs -> its name.
        titles: Slug of a feature -> its title.
    """

    def __init__(self, kept: Mapping[str, Any]) -> None:
        self.date = str(kept["date"])
        self.families: Mapping[str, str] = kept["families"]
        self.titles = {slug: str(it["title"]) for slug, it in kept["features"].items()}
        self._features: Mapping[str, Mapping[str, Any]] = kept["features"]
        self._clients = [(it.split()[0], _name(it, kept)) for it in kept["clients"]]

    def feature(self, slug: str) -> Feature:
        """Return one feature; raises KeyError where there is none of that slug."""
        kept = self._features[slug]
        verdicts = tuple(self._verdicts(kept))
        return Feature(slug, kept["title"], kept["category"], verdicts)

    def _verdicts(self, kept: Mapping[str, Any]) -> Iterator[Verdict]:
        for at, ((family, name), sign) in enumerate(
            zip(self._clients, kept["support"], strict=True)
        ):
            if sign != "-":
                notes = tuple(note["text"] for note in kept.get("notes", ()) if at in note["for"])
                yield Verdict(family, name, Support(sign), notes)


@lru_cache(maxsize=1)
def data() -> CanIEmail:
    """Return the data that the package carries."""
    text = files("bypost.check").joinpath("data", FILE).read_text(encoding="utf-8")
    return CanIEmail(json.loads(text))


def _name(client: str, kept: Mapping[str, Any]) -> str:
    family, platform = client.split()
    return f"{kept['families'][family]} ({kept['platforms'][platform]})"


def reduced(raw: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is kept of caniemail's own data.

    Args:
        raw: The content of the npm package's ``data/caniemail.json``.
    """
    features = sorted(raw["data"], key=lambda it: str(it["slug"]))
    clients = sorted({it for feature in features for it in _newest(feature)} - _ENDED)
    names = raw["nicenames"]
    return {
        "source": "https://www.caniemail.com, MIT, (c) 2019 Rémi Parmentier",
        "date": raw["last_update_date"].split()[0],
        "families": {it: names["family"][it] for it in sorted({it.split()[0] for it in clients})},
        "platforms": {
            it: names["platform"][it] for it in sorted({it.split()[1] for it in clients})
        },
        "clients": clients,
        "features": {it["slug"]: _feature(it, clients) for it in features},
    }


def _newest(feature: Mapping[str, Any]) -> dict[str, list[str]]:
    """Return mail program -> the words of its last verdict: a sign, then numbers of notes."""
    return {
        f"{family} {platform}": list(versions.values())[-1].split()
        for family, platforms in feature["stats"].items()
        for platform, versions in platforms.items()
        if versions
    }


def _feature(feature: Mapping[str, Any], clients: Sequence[str]) -> dict[str, Any]:
    newest = _newest(feature)
    verdicts = [newest.get(client, ["-"]) for client in clients]
    kept: dict[str, Any] = {
        "title": feature["title"].strip(),
        "category": feature["category"],
        "support": "".join(it[0] for it in verdicts),
    }
    notes = [
        {"text": " ".join(text.split()), "for": them}
        for number, text in (feature["notes_by_num"] or {}).items()
        if (them := [at for at, it in enumerate(verdicts) if f"#{number}" in it[1:]])
    ]
    return {**kept, "notes": notes} if notes else kept


def written(kept: Mapping[str, Any]) -> str:
    """Return the data as JSON with one feature in a line, so that a change can be read."""
    head = {name: it for name, it in kept.items() if name != "features"}
    lines = [f"  {_json(slug)}: {_json(it)}" for slug, it in kept["features"].items()]
    opened = [f" {_json(name)}: {_json(it)}," for name, it in head.items()]
    return "\n".join(["{", *opened, ' "features": {', ",\n".join(lines), " }", "}"]) + "\n"


def _json(it: object) -> str:
    return json.dumps(it, ensure_ascii=False, separators=(",", ":"))


def update(path: Path, into: Path) -> str:
    """Write the reduced data from ``path`` to ``into``; return its date.

    Args:
        path: The unpacked npm package ``caniemail``, or its ``data/caniemail.json``.
    """
    source = path / "data" / FILE if path.is_dir() else path
    kept = reduced(json.loads(source.read_text(encoding="utf-8")))
    into.write_text(written(kept), encoding="utf-8")
    return str(kept["date"])


if __name__ == "__main__":
    here = Path(__file__).parent / "data" / FILE
    sys.stdout.write(f"{here.name}: {update(Path(sys.argv[1]), here)}\n")
