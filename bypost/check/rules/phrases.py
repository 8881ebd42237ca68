"""Phrases of advertising, and texts that are hard to read: for the author to know, no more."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from bypost.check.finding import Finding, Level
from bypost.check.prose import constant, language_of, passages
from bypost.check.readability import ease
from bypost.check.rule import Rule
from bypost.check.sample import Sample
from bypost.model.course import Kind
from bypost.render.outline import minutes

SPAM_PHRASE = Rule(
    id="spam-phrase",
    level=Level.INFO,
    title="A phrase of advertising",
    why="Filters weigh the whole mail, its sender most of all, and no phrase alone sends it to "
    "junk. But these are what unwanted mail is made of, and a mail with several of them reads "
    "like it. The list is short, and there is one for English, German, French and Spanish only.",
    fix="Say the same in your own words, with the fact behind it. If the mail is about such "
    "phrases, leave them.",
    source="Phrases that content filters and Buttondown's own check name (2026-11)",
    bad="Act now, it is 100% free and there is no obligation.",
    good="The course costs nothing. You can leave it with one click.",
)
READING = Rule(
    id="reading",
    level=Level.INFO,
    title="A text that is hard to read",
    why="Long sentences of long words. The figure is Flesch's reading ease for English, where "
    "below 50 is difficult, and Björnsson's LIX for other languages, where above 60 is very "
    "difficult. Both count lengths and know nothing of sense, so this is only for your "
    "information. It says nothing of short texts, nor of scripts without spaces.",
    fix="Make two sentences of the longest ones, and look for shorter words.",
    source="R. Flesch, A New Readability Yardstick (1948); C.-H. Björnsson, Läsbarhet (1968)",
    bad="The utilisation of nominalisations necessitates additional interpretative effort.",
    good="Nouns made from verbs are hard to read.",
)

RULES = (SPAM_PHRASE, READING)

_PHRASES = {
    "en": (
        "100% free", "act now", "as seen on", "be your own boss", "cash bonus", "click below",
        "congratulations, you", "dear friend", "double your income", "earn extra cash",
        "earn money fast", "get rich", "guaranteed income", "limited time offer",
        "limited-time offer", "lose weight fast", "make money fast", "miracle", "no catch",
        "no obligation", "no strings attached", "once in a lifetime", "order now", "risk-free",
        "risk free", "special promotion", "this is not spam", "you have been selected",
        "you have won", "while supplies last",
    ),
    "de": (
        "100 % kostenlos", "100% kostenlos", "garantiert kostenlos", "gratis bestellen",
        "jetzt bestellen", "jetzt zugreifen", "ohne risiko", "reich werden", "schnell abnehmen",
        "schnelles geld", "sie haben gewonnen", "unverbindlich testen", "nur für kurze zeit",
    ),
    "fr": (
        "100 % gratuit", "100% gratuit", "agissez maintenant", "argent facile",
        "commandez maintenant", "devenez riche", "gagnez de l'argent", "offre limitée",
        "sans engagement", "sans risque", "vous avez gagné",
    ),
    "es": (
        "100 % gratis", "100% gratis", "actúe ahora", "dinero fácil", "gane dinero",
        "ha sido seleccionado", "hágase rico", "oferta limitada", "sin compromiso",
        "sin riesgo", "usted ha ganado",
    ),
}  # fmt: skip


@lru_cache(maxsize=len(_PHRASES))
def _pattern(language: str) -> re.Pattern[str] | None:
    """Return what finds any phrase of a language, across the ends of lines."""
    phrases = (r"\s+".join(map(re.escape, it.split())) for it in _PHRASES.get(language, ()))
    either = "|".join(phrases)
    return re.compile(rf"(?<!\w)(?:{either})(?!\w)") if either else None


def spam_phrase(sample: Sample) -> Iterator[Finding]:
    """Phrases of the list for the mail's language, each where it stands first."""
    pattern = _pattern(language_of(sample.content.language))
    if pattern is None:
        return
    seen: set[str] = set()
    for text, first in _texts(sample):
        for found in pattern.finditer(text.lower().replace("’", "'")):
            phrase = " ".join(found[0].split())
            if phrase not in seen:
                seen.add(phrase)
                yield sample.finding(
                    SPAM_PHRASE,
                    f"“{phrase}” is a phrase of advertising",
                    "say it in your own words",
                    line=first and first + text.count("\n", 0, found.start()),
                )


def _texts(sample: Sample) -> Iterator[tuple[str, int | None]]:
    """Yield every text of a mail with the line on which it begins."""
    yield constant(sample.subject), sample.line("subject")
    yield constant(sample.preheader), sample.line("preheader")
    for passage in passages(sample.source):
        yield passage.text, passage.line


def reading(sample: Sample) -> Iterator[Finding]:
    """The figure of a text that is hard to read; others are shown in the preview only."""
    if sample.kind is Kind.NOTICE:
        return
    found = ease(passages(sample.source), sample.content.language)
    if found and found.hard:
        yield sample.finding(
            READING,
            f"takes about {minutes(sample.source.body)} min to read and is difficult: "
            f"{found.formula} {found.figure:.0f}",
            "make two sentences of the longest ones, and look for shorter words",
        )


SAMPLE_CHECKS = (spam_phrase, reading)
