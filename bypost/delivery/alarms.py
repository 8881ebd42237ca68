"""When an operator has to look: pure rules over figures.

The thresholds are settings (``[alarms]``). Those of complaints are what Gmail asks of senders: keep
below 0.1 %, never reach 0.3 % (its sender guidelines, as of November 2025).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from bypost.model.quantity import quantity
from bypost.settings.alarms import Alarms as Settings


class Level(StrEnum):
    """How bad it is."""

    WARN = "warn"  #: look today
    ALARM = "alarm"  #: look now

    @property
    def rank(self) -> int:
        """Return a number that is higher for the worse."""
        return list(Level).index(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """Something an operator should look at.

    Attributes:
        name: The rule that found it; with ``subject`` it is the same alarm whenever it comes.
        subject: Provider, course or the like; empty for all of it.
        words: What was found, one sentence without an address.
    """

    name: str
    subject: str
    level: Level
    words: str

    @property
    def key(self) -> tuple[str, str]:
        """Return what makes it the same alarm."""
        return self.name, self.subject

    @property
    def todo(self) -> str:
        """Return what to do about it, in plain words."""
        return ADVICE.get(self.name, "")


#: Rule -> what to do, in plain words; the pages and the mails say it.
ADVICE: Mapping[str, str] = {
    "bounces": (
        "Stop adding addresses that nobody confirmed, and look where the bounced ones came from: "
        "an old list or a form without double opt-in. Addresses that bounced get nothing more."
    ),
    "complaints": (
        "People mark these mails as spam. Look at what was sent last and to whom, and make the "
        "way out easy to see. Above 0.3 % Gmail refuses mail for weeks."
    ),
    "confirmations": (
        "Send yourself a confirmation through the form: it may land in the spam folder, or its "
        "button may not work. Run `bypost doctor`."
    ),
    "signups": (
        "Look at the newest subscribers: if they are people, somebody linked to you; if they are "
        "not, a program fills in the form. Lower [signup] per_network_per_hour and per_hour."
    ),
    "signup_limit": "If these are people, raise the limit under [signup]; if not, wait.",
    "unknown": (
        "Their answer was lost, and nobody can be asked. Look in your provider's list of sent "
        "mails and settle each on the page Unknown, or with `bypost reconcile`."
    ),
    "breaker": "Mend what the reason names, then press Resume, or run `bypost resume`.",
    "pause": (
        "The provider asked to wait. If it happens again, lower per_second or per_day in its "
        "settings, or ask the provider for a higher limit."
    ),
    "silent": (
        "Nothing was sent meanwhile. Look whether `bypost serve` runs, what its log says and "
        "whether the machine was down or asleep; what fell due goes out late."
    ),
    "workers": (
        "Start `bypost worker`, or look at its log: passes hand over what is due, and nobody "
        "brings it."
    ),
    "held": "Run `bypost check`: it names the file and the line. Nothing goes out until then.",
    "disk": "Free some space beside the database; below 10 MB nothing is sent.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Traffic:
    """One provider within the last ``[alarms] hours``."""

    accepted: int = 0
    bounced: int = 0
    complained: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Requests:
    """Requests through sign-up forms.

    Attributes:
        now: Requests that have had their time to be confirmed, of the last ``hours``.
        confirmed: Of those.
        before: Such requests of the seven days before, confirmed within the same time.
        confirmed_before: Of those.
        last_hour: Requests of the last hour.
        usual_hour: Requests of an hour of the seven days before, on average.
    """

    now: int = 0
    confirmed: int = 0
    before: int = 0
    confirmed_before: int = 0
    last_hour: int = 0
    usual_hour: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What the rules look at.

    Attributes:
        traffic: Provider -> what it took over, and what it told of it.
        closed: What turns requests away: form -> sentence.
        unknown: Deliveries of which nobody knows whether they were accepted.
        unknown_since: When the oldest of them may have left.
        breakers: Provider -> why it is stopped.
        paused: Provider -> until when it asked to wait.
        silence: How long there was no pass; None where passes do not repeat themselves.
        idle: How long batches have waited while no worker was there; None: one is, or none is
            needed.
        held: Folder -> its first problem.
        room: Bytes that are free beside the database; None if unknown.
    """

    now: datetime
    traffic: Mapping[str, Traffic] = field(default_factory=dict)
    requests: Requests = Requests()
    closed: Mapping[str, str] = field(default_factory=dict)
    unknown: int = 0
    unknown_since: datetime | None = None
    breakers: Mapping[str, str] = field(default_factory=dict)
    paused: Mapping[str, datetime] = field(default_factory=dict)
    silence: timedelta | None = None
    idle: timedelta | None = None
    held: Mapping[str, str] = field(default_factory=dict)
    room: int | None = None


def judge(figures: Figures, settings: Settings) -> list[Alarm]:
    """Return what an operator should look at now; the worst first."""
    found = [
        *_shares(figures, settings),
        *_confirmations(figures, settings),
        *_signups(figures, settings),
        *_sending(figures, settings),
        *_machine(figures, settings),
    ]
    return sorted(found, key=lambda one: -one.level.rank)


def _shares(figures: Figures, settings: Settings) -> Iterator[Alarm]:
    """Yield providers of whose mails too many bounce or are complained about."""
    limits = (
        ("bounces", "bounced", "hard bounce", settings.bounce_share, None),
        (
            "complaints",
            "complained",
            "complaint",
            settings.complaint_share,
            settings.complaint_alarm_share,
        ),
    )
    for provider, traffic in figures.traffic.items():
        for name, counted, word, warn, alarm in limits:
            many = getattr(traffic, counted)
            if many < settings.events or traffic.accepted < settings.accepted:
                continue
            share = many / traffic.accepted
            if share <= warn:
                continue
            level = Level.ALARM if alarm is not None and share >= alarm else Level.WARN
            limit = alarm if level is Level.ALARM and alarm is not None else warn
            words = (
                f"{provider}: {quantity(many, word)} among {quantity(traffic.accepted, 'mail')} "
                f"accepted in {settings.hours:g} h, {_percent(share)}; "
                f"the limit is {_percent(limit)}"
            )
            yield Alarm(name=name, subject=provider, level=level, words=words)


def _confirmations(figures: Figures, settings: Settings) -> Iterator[Alarm]:
    """Yield a fall of the share that confirms, against the seven days before."""
    asked, least = figures.requests, settings.confirmation_requests
    if asked.now < least or asked.before < least or not asked.confirmed_before:
        return
    now, before = asked.confirmed / asked.now, asked.confirmed_before / asked.before
    if now < before * settings.confirmation_drop:
        words = (
            f"{_percent(now)} of {quantity(asked.now, 'sign-up')} in {settings.hours:g} h were "
            f"confirmed within two hours; in the seven days before it was {_percent(before)}"
        )
        yield Alarm(name="confirmations", subject="", level=Level.WARN, words=words)


def _signups(figures: Figures, settings: Settings) -> Iterator[Alarm]:
    """Yield an hour of far more requests than usual, and limits that are used up."""
    asked = figures.requests
    many = max(settings.signup_requests, settings.signup_factor * asked.usual_hour)
    if asked.last_hour >= many:
        usual = f"{asked.usual_hour:.1f}".removesuffix(".0")
        words = f"{quantity(asked.last_hour, 'sign-up')} within an hour; {usual} is usual"
        yield Alarm(name="signups", subject="", level=Level.WARN, words=words)
    for form, words in figures.closed.items():
        yield Alarm(name="signup_limit", subject=form[:80], level=Level.WARN, words=words)


def _sending(figures: Figures, settings: Settings) -> Iterator[Alarm]:
    """Yield what keeps mails from going out, or leaves open whether they did."""
    for provider, why in figures.breakers.items():
        words = f"{provider} is stopped: {why}"
        yield Alarm(name="breaker", subject=provider, level=Level.ALARM, words=words)
    for provider, until in figures.paused.items():
        if until - figures.now > timedelta(minutes=settings.pause_minutes):
            words = f"{provider} asked to wait until {until:%d %B %H:%M} UTC"
            yield Alarm(name="pause", subject=provider, level=Level.WARN, words=words)
    patience = timedelta(minutes=settings.unknown_minutes)
    since = figures.unknown_since
    if figures.unknown and (since is None or figures.now - since > patience):
        words = f"{quantity(figures.unknown, 'mail')} may have been sent or not: nobody knows"
        yield Alarm(name="unknown", subject="", level=Level.WARN, words=words)
    if figures.silence is not None and figures.silence > timedelta(minutes=settings.silent_minutes):
        minutes = figures.silence // timedelta(minutes=1)
        words = f"no pass was made for {_span(minutes)}"
        yield Alarm(name="silent", subject="", level=Level.ALARM, words=words)
    if figures.idle is not None and figures.idle > timedelta(minutes=settings.workers_minutes):
        minutes = figures.idle // timedelta(minutes=1)
        words = f"batches wait and no worker has been there for {_span(minutes)}"
        yield Alarm(name="workers", subject="", level=Level.ALARM, words=words)


def _machine(figures: Figures, settings: Settings) -> Iterator[Alarm]:
    """Yield broken content, and a disk that fills up."""
    for folder, problem in figures.held.items():
        words = f"{folder} sends nothing: {problem}"
        yield Alarm(name="held", subject=folder[:80], level=Level.ALARM, words=words)
    if figures.room is not None and figures.room < settings.disk_mb * 1_000_000:
        left = figures.room // 1_000_000
        level = Level.ALARM if left * 5 < settings.disk_mb else Level.WARN
        words = f"the disk has {left:,} MB left beside the database"
        yield Alarm(name="disk", subject="", level=level, words=words)


def worst(alarms: Sequence[Alarm]) -> Level | None:
    """Return the worst level among alarms; None if there is none."""
    return max((one.level for one in alarms), key=lambda level: level.rank, default=None)


def _span(minutes: int) -> str:
    hours, rest = divmod(minutes, 60)
    return f"{hours} h {rest} min" if hours else f"{minutes} min"


def _percent(share: float) -> str:
    """Return a share in words: 0.3 %, 5.5 %, 12 %."""
    digits = 1 if share >= 0.01 else 2
    return f"{100 * share:.{digits}f}".rstrip("0").rstrip(".") + " %"
