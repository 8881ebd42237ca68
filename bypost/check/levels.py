"""How much each rule weighs in one project, where its author decided otherwise."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from bypost.check.caniemail import data
from bypost.check.catalogue import CATALOGUE
from bypost.check.finding import Finding, Level
from bypost.check.sample import CLIENTS
from bypost.errors import SettingsError
from bypost.render.nearest import did_you_mean
from bypost.settings.model import Check


@dataclass(frozen=True, slots=True)
class Levels:
    """The author's decisions.

    Attributes:
        off: Rules that are not asked.
        changed: Rule -> the level that each of its findings has.
    """

    off: frozenset[str] = frozenset()
    changed: Mapping[str, Level] = field(default_factory=dict)

    def weigh(self, finding: Finding) -> Finding:
        """Return ``finding`` with the level that was decided for its rule."""
        level = self.changed.get(finding.rule, finding.level)
        return replace(finding, level=level)


#: Every rule weighs what it says itself.
AS_THEY_ARE = Levels()


def levels_of(settings: Check) -> Levels:
    """Return what the section ``[check]`` decides.

    Raises:
        SettingsError: It names a rule that is not there, twice, or one that holds mail back; or a
            mail program of which nothing is known.
    """
    _check_clients(settings.clients)
    keys = {
        "off": None,
        "errors": Level.ERROR,
        "warnings": Level.WARNING,
        "infos": Level.INFO,
    }
    taken: dict[str, str] = {}
    for key in keys:
        for name in getattr(settings, key):
            if complaint := _complaint(name, key, taken):
                raise SettingsError(f"bypost.toml: check.{key}: {complaint}")
            taken[name] = key
    changed = {name: level for name, key in taken.items() if (level := keys[key]) is not None}
    return Levels(frozenset(settings.off), changed)


def _complaint(name: str, key: str, taken: Mapping[str, str]) -> str:
    if name not in CATALOGUE:
        return f"there is no rule `{name}`\n    {hint(name)}"
    if CATALOGUE[name].holds:
        return (
            f"`{name}` is about mail that cannot be made\n"
            "    it has no other level: mend what it finds"
        )
    if taken.get(name, key) != key:
        return f"`{name}` stands in check.{taken[name]} as well\n    name it once"
    return ""


def _check_clients(clients: Sequence[str]) -> None:
    for client in clients:
        # The usual ones are known; the data of the others is read only where it is needed.
        if client not in CLIENTS and client not in data().families:
            known = data().families
            fix = did_you_mean(client, known) or f"known: {', '.join(sorted(known))}"
            raise SettingsError(
                f"bypost.toml: check.clients: nothing is known of `{client}`\n    {fix}"
            )


def hint(name: str) -> str:
    """Return which rule may have been meant."""
    return did_you_mean(name, CATALOGUE) or "all rules: docs/rules/README.md"


def without(findings: Iterable[Finding], levels: Levels) -> Iterator[Finding]:
    """Yield the findings whose rules are asked."""
    return (finding for finding in findings if finding.rule not in levels.off)
