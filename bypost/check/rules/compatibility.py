"""What mail programs do not support, as far as a project adds it to the shipped templates."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from bypost.check.baseline import shipped
from bypost.check.blame import blamed, place_of
from bypost.check.caniemail import Feature, Support, Verdict, data
from bypost.check.features import used
from bypost.check.finding import Finding, Level
from bypost.check.rule import Rule
from bypost.check.sample import Sample
from bypost.check.styles import Element

#: Features of which an author decides in Markdown, so that they are found in the mail's file.
_WRITTEN = frozenset({"html-mailto-links", "html-anchor-links"})

CSS_UNSUPPORTED = Rule(
    id="css-unsupported",
    level=Level.WARNING,
    title="HTML or CSS that a mail program does not support",
    why="What a mail program does not know it leaves out, and the mail looks different there from "
    "what you saw in the preview. Looked at are the mail programs named by `clients` under "
    "`[check]` in `bypost.toml`. What one of them does not support is a warning, what it supports "
    "in part a note. What the shipped templates use themselves is not reported: they are made so "
    f"that nothing is lost where it is missing. The data is that of {data().date}.",
    fix="Do without it, or look at the mail as it is without it: where nothing is lost, make an "
    "exception.",
    source=f"caniemail.com, data of {data().date} (MIT, © 2019 Rémi Parmentier)",
    bad='# templates/email/style.toml\n[elements]\nblockquote = "position:relative;left:12px"',
    good='# templates/email/style.toml\n[elements]\nblockquote = "padding-left:12px"',
)

RULES = (CSS_UNSUPPORTED,)


def css_unsupported(sample: Sample) -> Iterator[Finding]:
    """The mail uses what the chosen mail programs show."""
    if not sample.page:
        return
    for slug, element in used(sample.page).items():
        if slug in shipped():
            continue
        feature, clients = data().feature(slug), sample.around.clients
        for support in (Support.NONE, Support.PARTIAL):
            if verdicts := feature.among(clients, support):
                yield _finding(sample, feature, element, verdicts)
                break


def _finding(
    sample: Sample, feature: Feature, element: Element | None, verdicts: Sequence[Verdict]
) -> Finding:
    partly = verdicts[0].support is Support.PARTIAL
    message = (
        f"`{feature.title}` is {'supported in part only' if partly else 'not supported'} by"
        f" {_names(verdicts)} (caniemail, {data().date})"
    )
    notes = [note for verdict in verdicts for note in verdict.notes] if partly else []
    fix = f"{notes[0]} See {feature.url}" if notes else f"do without it; see {feature.url}"
    level = Level.INFO if partly else Level.WARNING
    line = sample.page.line(element.node) if sample.page and element else None
    if feature.slug in _WRITTEN and line is not None:
        return sample.finding(CSS_UNSUPPORTED, message, fix, line=line, level=level)
    path, at = _place(sample, feature, element)
    return CSS_UNSUPPORTED.at(path, message, fix=fix, line=at, level=level)


def _place(sample: Sample, feature: Feature, element: Element | None) -> tuple[str, int | None]:
    root = sample.around.root
    place = place_of(root, _needle(feature))
    if place[1] or element is None:
        return place
    origin = blamed(root, element)
    return origin.path, origin.line


def _needle(feature: Feature) -> re.Pattern[str]:
    """Return what the feature looks like in a template."""
    name = re.sub(r" (?:attribute|property|element|unit|shorthand)$", "", feature.title)
    name = name.split(",")[0].split(" & ")[0]
    if feature.category == "html":
        return re.compile(re.escape(name.rstrip(">")) + r"(?=[\s>=/])")
    if ":" in name.strip(":"):
        key, _, value = name.partition(":")
        return re.compile(rf"{re.escape(key.strip())}\s*:\s*{re.escape(value.strip())}")
    if name.startswith((":", "@")) or name.endswith("()"):
        return re.compile(re.escape(name.removesuffix("()").split(" ")[0]))
    return re.compile(rf"(?<![\w-]){re.escape(name)}\s*[:=]")


def _names(verdicts: Sequence[Verdict]) -> str:
    """Return the mail programs, family by family: ``Gmail (iOS, Android), Yahoo! Mail (iOS)``."""
    families: dict[str, list[str]] = {}
    for verdict in verdicts:
        family, _, platform = verdict.client.rpartition(" (")
        families.setdefault(family, []).append(platform.rstrip(")"))
    return ", ".join(f"{name} ({', '.join(them)})" for name, them in families.items())


SAMPLE_CHECKS = (css_unsupported,)
