"""Compiles a lesson, an issue or a notice into Content: everything but the person.

The steps, each in a module of its own: expressions become words (:mod:`scan`), Markdown a tree
(:mod:`builder`), the tree MJML fragments (:mod:`fragments`) and plain text (:mod:`text`), both go
into their templates (:mod:`frames`), MJML is validated and becomes HTML (:mod:`validate`,
:mod:`mjml`), and the words' meanings are put back (:mod:`split`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from bypost.errors import ContentError
from bypost.model.asset import Asset
from bypost.model.content import Content, Slot, Template
from bypost.model.course import Course, Issue, Lesson, Newsletter, Notice, Sender
from bypost.model.theme import PLAIN, Theme
from bypost.render import jinja
from bypost.render.addresses import check_addresses, spoken
from bypost.render.assets import Gallery, column_of, hang_logo
from bypost.render.builder import Builder, plain_text
from bypost.render.condition import condition
from bypost.render.document import Document
from bypost.render.fragments import FragmentRenderer
from bypost.render.frames import FOLDER, Frames
from bypost.render.mail import (
    Mail,
    everywhere,
    issue_mail,
    lesson_mail,
    notice_mail,
    subscriber_names,
)
from bypost.render.mjml import bare, compile_mjml
from bypost.render.outline import forbidden, heading, minutes
from bypost.render.personalise import header
from bypost.render.problems import Problems
from bypost.render.redirects import Redirect, counted
from bypost.render.scan import Scanner
from bypost.render.split import split
from bypost.render.stored import hashed
from bypost.render.style import direction
from bypost.render.text import TextRenderer
from bypost.render.validate import validate
from bypost.render.vocabulary import Value, Vocabulary
from bypost.render.words import Constant, Personal, Place, Words


class Compiler:
    """Compiles the mails of one project.

    Args:
        root: The project's folder; templates are in ``templates/email`` below it.
        sender: Who the mails come from.
        base_url: Where the site is, without a slash at the end.
        attributes: Known names under ``subscriber`` beyond name, email, time_zone and since;
            None allows any.
        theme: What the operator's settings change about the look.
        lines: Mark each element with the line it comes from, for previews and checks; a mail
            with these marks is not for sending.
        clicks: Let links lead through this site in courses and newsletters that count clicks; to
            send mails. Whoever previews or checks one wants to see where its links lead.
        on_mjml: Told the MJML of each mail, expressions and all, before it becomes HTML.

    Raises:
        ContentError: ``style.toml`` is missing or wrong, or the logo's file is.
    """

    def __init__(
        self,
        root: Path,
        *,
        sender: Sender,
        base_url: str,
        attributes: frozenset[str] | None = None,
        theme: Theme = PLAIN,
        lines: bool = False,
        on_mjml: Callable[[str], None] | None = None,
        clicks: bool = False,
    ) -> None:
        logo, pictures = hang_logo(root, base_url, theme.logo)
        self._frames = Frames(root, replace(theme, logo=logo))
        self._lines = lines
        self._on_mjml = on_mjml
        self._clicks, self._base_url = clicks, base_url
        self._redirects: dict[str, Redirect] = {}
        self._gallery = Gallery(root, base_url, column_of(self._frames.style))
        self._gallery.assets.update(pictures)
        self._shared = everywhere(sender, base_url)
        self._subscriber = subscriber_names(attributes)

    @property
    def assets(self) -> Mapping[str, Asset]:
        """Return the pictures of the mails compiled so far, by name."""
        return self._gallery.assets

    @property
    def files(self) -> frozenset[str]:
        """Return the files of pictures that these mails name, relative to the project."""
        return frozenset(self._gallery.files)

    def lesson(self, course: Course, lesson: Lesson) -> Content:
        """Compile one lesson; raises ContentError with every problem found in it."""
        mail = lesson_mail(course, lesson, self._shared, self._subscriber)
        return self._counted(self._compile(mail), on=course.clicks)

    def issue(self, newsletter: Newsletter, issue: Issue) -> Content:
        """Compile one issue; raises ContentError with every problem found in it."""
        mail = issue_mail(newsletter, issue, self._shared, self._subscriber)
        return self._counted(self._compile(mail), on=newsletter.clicks)

    def notice(self, notice: Notice, *, language: str = "en") -> Content:
        """Compile one notice; raises ContentError with every problem found in it."""
        return self._compile(notice_mail(notice, language, self._shared, self._subscriber))

    @property
    def redirects(self) -> Mapping[str, Redirect]:
        """Return where counted links of the mails compiled so far lead, by their number."""
        return self._redirects

    def _counted(self, content: Content, *, on: bool) -> Content:
        if not (on and self._clicks):
            return content
        made, found = counted(content, self._base_url)
        self._redirects.update({one.link: one for one in found})
        return made

    def _compile(self, mail: Mail) -> Content:
        one = _Compilation(mail, self._frames, self._gallery, lines=self._lines)
        content = one.run()
        if self._on_mjml:
            self._on_mjml(one.readable_mjml())
        return content


class _Compilation:
    """One mail on its way."""

    def __init__(self, mail: Mail, frames: Frames, gallery: Gallery, *, lines: bool) -> None:
        self.mail = mail
        self.gallery = gallery
        self.first_line = mail.source.body_line if lines else None
        self.frames = frames
        self.words = Words(frames.words)
        self.problems = Problems()
        self.path = mail.source.path
        # Line ends as Markdown counts them; a file may come from Windows.
        self.body = mail.source.body.replace("\r\n", "\n").replace("\r", "\n")
        self.minutes = minutes(self.body)
        self.names = names_of(mail, self.body, self.minutes)
        self.mjml = ""

    def readable_mjml(self) -> str:
        """Return the MJML that was compiled, with expressions where people's values go."""
        whole = split(bare(self.mjml), self.words, _escaped)
        return "".join(part.source if isinstance(part, Slot) else part for part in whole.parts)

    def run(self) -> Content:
        """Compile, or raise ContentError with all that is wrong."""
        self._characters()
        scanner = Scanner(self.path, self.names, self.words, self.problems)
        lines = self.mail.source.key_lines
        subject = header(scanner.line(self.mail.subject, lines.get("subject")))
        preheader = header(scanner.line(self.mail.preheader, lines.get("preheader")))
        body = scanner.body(self.body, self.mail.source.body_line)
        document = self._document(body)
        start = Place(self.path, self.mail.source.body_line)
        check_addresses(document, start, self.words, self.problems)
        named = self.gallery.hang(document, start, self.words, self.problems)
        title = plain_text(document.title).strip() or subject
        html, text = "", ""
        try:
            html = self._html(document, title, preheader)
            text = self._text(document, title)
        except ContentError as error:
            self.problems.extend(error)
        if not self.problems:
            self._count(self.words.inside(body) - document.dropped - named, document, html, text)
        self.problems.raise_if_any()
        return self._content(title, subject, html, text)

    def _characters(self) -> None:
        source = self.mail.source
        texts = (
            (self.mail.subject, source.key_lines.get("subject", 1)),
            (self.mail.preheader, source.key_lines.get("preheader", 1)),
            (self.body, source.body_line),
        )
        for text, first in texts:
            for line, name in forbidden(text):
                place = Place(self.path, first + line)
                message = f"the invisible character {name} cannot be mailed"
                self.problems.add(place, "character", message, "delete it")

    def _document(self, body: str) -> Document:
        decide = condition(self.names, self.mail.settings, self.problems)
        first_line = self.mail.source.body_line
        return Builder(self.path, first_line, self.words, self.problems, decide).build(body)

    def _values(self, title: str) -> dict[str, object]:
        return {
            **self.names.constants,
            "title": title,
            "language": self.mail.language,
            "minutes": self.minutes,
            "has_next": self.mail.has_next,
        }

    def _template(self, ending: str) -> str:
        names = [f"{name}.{ending}" for name in self.mail.templates]
        return next((name for name in names if self.frames.exists(name)), names[-1])

    def _html(self, document: Document, title: str, preheader: str) -> str:
        template = self._template("mjml")
        fragments = FragmentRenderer(
            self.frames, self.frames.style, direction(self.mail.language), self.first_line
        )
        values = {
            **self._values(title),
            "title_html": jinja.Markup(fragments.title(document) or jinja.escape(title)),
            "preheader": preheader,
            "body": jinja.Markup(fragments.body(document)),
        }
        mjml = self.mjml = self.frames.render(template, values)
        self._check_words(mjml)
        validate(mjml, template, self.words, self.problems)
        if self.problems:
            return ""
        html = compile_mjml(mjml, template)
        self._report_lost(self.words.inside(mjml) - self.words.inside(html))
        return html

    def _text(self, document: Document, title: str) -> str:
        renderer = TextRenderer(self.words, self.frames.style.words)
        text = self.frames.render(
            self._template("txt"),
            {
                **self._values(title),
                "heading": renderer.heading(document, title),
                "body": renderer.body(document),
            },
        )
        self._check_words(text)
        return text

    def _check_words(self, rendered: str) -> None:
        """Names in templates are known only once it is known which mail they end up in."""
        for word in self.words.inside(rendered):
            meaning = self.words.meaning(word)
            place = self.words.place(word)
            if place.path.startswith(FOLDER) and isinstance(meaning, Personal):
                for root, name in meaning.names:
                    complaint = self.names.complaint(root, name)
                    if complaint:
                        self.problems.add(place, "jinja-undefined", *complaint)

    def _count(self, written: set[str], document: Document, html: str, text: str) -> None:
        """Every expression must have reached the mail."""
        self._report_lost(written - self.words.inside(html))
        said = {
            word
            for part in spoken(document)
            for word in self.words.inside(part)
            if not isinstance(self.words.meaning(word), Constant)
        }
        self._report_lost(said - self.words.inside(text))

    def _report_lost(self, lost: set[str]) -> None:
        for word in lost:
            meaning = self.words.meaning(word)
            shown = getattr(meaning, "source", None) or getattr(meaning, "text", "")
            self.problems.add(
                self.words.place(word),
                "jinja-lost",
                f"`{shown}` does not reach the mail",
                "move it to where text is shown; an unused link definition is dropped",
            )

    def _content(self, title: str, subject: str, html: str, text: str) -> Content:
        parts: dict[str, Template] = {
            "subject": split(subject, self.words, header),
            "html": split(html, self.words, _escaped),
            "text": split(text, self.words, str),
        }
        used = self.words.inside("".join((subject, html, text)))
        names = {
            f"{root}.{name}"
            for word in used
            for root, name in getattr(self.words.meaning(word), "names", ())
        }
        return hashed(
            kind=self.mail.kind,
            item=self.mail.item,
            collection=self.mail.collection,
            title=self.words.plain(title),
            language=self.mail.language,
            **parts,
            needs=tuple(sorted(names)),
        )


def _escaped(value: str) -> str:
    return str(jinja.escape(value))


def names_of(mail: Mail, body: str, reading: int) -> Vocabulary:
    """Return the names of a mail; its own title and subject may hold expressions.

    Args:
        body: Its Markdown, with plain line ends.
        reading: Minutes it takes to read.
    """
    draft: dict[str, Value] = {"minutes": reading}
    first: dict[str, Value] = {**draft, "title": "", "subject": ""}
    for key, text in (("title", heading(body)), ("subject", mail.subject)):
        words = Words()
        names = mail.vocabulary({**first, **draft})
        # Problems in here come up again, with their lines, when the whole mail is read.
        found = Scanner(mail.source.path, names, words, Problems()).line(text, None)
        draft[key] = header(words.plain(found))
    if not draft["title"]:
        draft["title"] = draft["subject"]
    return mail.vocabulary(draft)
