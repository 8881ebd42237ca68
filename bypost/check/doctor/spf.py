"""SPF (RFC 7208): who may send for a domain, as its one TXT record says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from bypost.check.doctor.asking import Asking, CouldNotAsk
from bypost.check.doctor.checkup import Checkup, Level
from bypost.providers.account import DnsNeeds, DnsRecord

#: Most terms that ask the domain name system, and most of those without an answer (section 4.6.4).
LOOKUPS, VOID = 10, 2
#: Level, what was found, what to do, and the record that is to stand there.
_Told = tuple[Level, str, str, DnsRecord | None]


@dataclass(slots=True)
class Walk:
    """What came out of following a record and all that it includes."""

    lookups: int = 0
    void: int = 0
    includes: set[str] = field(default_factory=set)
    loop: str = ""
    unasked: str = ""
    all: str = ""

    @property
    def too_many(self) -> bool:
        """Tell whether receivers give up on it."""
        return self.lookups > LOOKUPS


def records(asking: Asking, domain: str) -> list[str]:
    """Return the SPF records of a domain: there must be one; raises CouldNotAsk."""
    found = asking.texts(domain)
    return [text for text in found if text.casefold().partition(" ")[0] == "v=spf1"]


def walk(asking: Asking, domain: str, record: str) -> Walk:
    """Follow a record as a receiver does, at most as far as the limit goes."""
    found = Walk()
    _follow(asking, domain, record, found, (domain,))
    return found


def _follow(asking: Asking, domain: str, record: str, found: Walk, above: tuple[str, ...]) -> None:
    terms = [term.casefold() for term in record.split()[1:]]
    ends = [term for term in terms if re.fullmatch(r"[-+~?]?all", term)]
    if ends and len(above) == 1:
        found.all = ends[0]
    for term in terms:
        bare = term.lstrip("+-~?")
        name = re.split(r"[:=/]", bare, maxsplit=1)[0]
        if name not in {"include", "a", "mx", "ptr", "exists", "redirect"}:
            continue
        if name == "redirect" and ends:
            continue  # section 6.1: it counts only where nothing else matched
        found.lookups += 1
        if found.lookups > LOOKUPS:
            return
        if name in {"include", "redirect"}:
            _enter(asking, re.split(r"[:=]", bare, maxsplit=1)[-1], found, above)


def _enter(asking: Asking, name: str, found: Walk, above: tuple[str, ...]) -> None:
    """Follow what is included."""
    found.includes.add(name)
    if name in above:
        found.loop = name
        return
    if "%" in name:  # a macro: what it names depends on the mail
        return
    try:
        inside = records(asking, name)
    except CouldNotAsk as error:
        found.unasked = str(error)
        return
    if not inside:
        found.void += 1
        return
    _follow(asking, name, inside[0], found, (*above, name))


def check(asking: Asking, domain: str, needs: DnsNeeds) -> Iterator[Checkup]:
    """Yield what SPF says of the sender's domain, and of the one that bounces go to."""
    envelope = needs.return_path.format(domain=domain) if needs.return_path else domain
    places = {"SPF": domain} if envelope == domain else {"SPF of the return path": envelope}
    for name, at in (places | {"SPF": domain}).items():
        try:
            told = _look(asking, at, domain, needs, checked=at == envelope)
        except CouldNotAsk as error:
            told = (Level.UNASKED, f"could not ask: {error}", "Try again later.", None)
        level, says, todo, add = told
        yield Checkup(
            group="domain",
            name=name,
            level=level,
            says=says,
            todo=todo,
            records=(add,) if add else (),
        )


def _look(asking: Asking, at: str, domain: str, needs: DnsNeeds, *, checked: bool) -> _Told:
    """Look at the record of one domain.

    Args:
        checked: Mails are checked against it: it must let the provider send.

    Raises:
        CouldNotAsk: Nobody knows.
    """
    wanted = needs.return_path_record
    if wanted is not None and checked and asking.alias(at) == wanted.value:
        return Level.PASS, f"{at} stands for {wanted.value}, which the provider keeps", "", None
    found = records(asking, at)
    if not found:
        return _missing(at, needs, checked=checked, domain=domain)
    if len(found) > 1:
        words = f"{at} has {len(found)} SPF records; with more than one, none of them counts"
        return Level.FAIL, words, "Make one of them.", _joined(at, found)
    seen = walk(asking, at, found[0])
    if trouble := _trouble(at, found[0], seen):
        return trouble
    if checked and needs.spf and not _includes(seen, needs.spf):
        words = f"the record of {at} does not let the provider send: {needs.spf} is not in it"
        return Level.FAIL, words, "Change it to this.", _with(at, found[0], needs.spf)
    if seen.void > VOID:
        words = f"{seen.void} of the names in the record of {at} do not exist; {VOID} may"
        todo = "Take out the services that do not exist any more."
        return Level.WARN, words, todo, None
    words = f"{at} has one record, which needs {seen.lookups} of {LOOKUPS} look-ups"
    return Level.PASS, words, "", None


def _trouble(at: str, record: str, seen: Walk) -> _Told | None:
    """Return what makes a record useless, whatever it names; None for nothing.

    Raises:
        CouldNotAsk: A part of it is not known.
    """
    if seen.loop:
        words = f"the record of {at} includes itself, by way of {seen.loop}"
        return Level.FAIL, words, f"Take include:{seen.loop} out.", None
    if seen.too_many:
        words = f"the record of {at} needs more than {LOOKUPS} look-ups; receivers then ignore it"
        todo = "Take out the services that do not send for you any more."
        return Level.FAIL, words, todo, None
    if seen.all in {"all", "+all"}:
        words = f"the record of {at} ends with {seen.all}: it lets everybody send for you"
        return Level.FAIL, words, "End it with ~all.", _ending(at, record)
    if seen.unasked:
        raise CouldNotAsk(seen.unasked)
    return None


def _missing(at: str, needs: DnsNeeds, *, checked: bool, domain: str) -> _Told:
    """Return what is said of a domain without a record."""
    if not checked:
        words = f"{at} has none, and needs none: mails are checked against the return path"
        return Level.PASS, words, "", None
    record = needs.return_path_record
    if record is not None and at != domain:
        own = DnsRecord(name=at, kind=record.kind, value=record.value)
        words = f"{at} does not exist, so that SPF passes for the provider's domain, not for yours"
        return Level.WARN, words, "Add it, and confirm it at the provider.", own
    if not needs.spf:
        words = f"{at} has no SPF record, and this provider needs none"
        return Level.PASS, words, "", None
    own = DnsRecord(name=at, kind="TXT", value=f"v=spf1 include:{needs.spf} ~all")
    return Level.FAIL, f"{at} has no SPF record", "Add this one.", own


def _includes(seen: Walk, wanted: str) -> bool:
    return any(name == wanted or name.endswith(f".{wanted}") for name in seen.includes)


def _joined(at: str, found: list[str]) -> DnsRecord:
    """Return one record with the terms of several."""
    terms = dict.fromkeys(term for text in found for term in text.split()[1:])
    kept = [term for term in terms if not re.fullmatch(r"[-+~?]?all", term.casefold())]
    return DnsRecord(name=at, kind="TXT", value=" ".join(["v=spf1", *kept, "~all"]))


def _with(at: str, record: str, include: str) -> DnsRecord:
    terms = record.split()
    return DnsRecord(
        name=at, kind="TXT", value=" ".join([terms[0], f"include:{include}", *terms[1:]])
    )


def _ending(at: str, record: str) -> DnsRecord:
    kept = [term for term in record.split() if not re.fullmatch(r"\+?all", term.casefold())]
    return DnsRecord(name=at, kind="TXT", value=" ".join([*kept, "~all"]))
