"""Bodies of requests: each adapter's, beside whole messages written out by orjson and by json."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import orjson
from jinja2 import Environment, StrictUndefined, Template
from jinja2.sandbox import SandboxedEnvironment

from bypost.content.loader import load_project_content
from bypost.delivery.compose import shared
from bypost.delivery.mailing import bulk
from bypost.delivery.recipe import Facts, Roll, Shared
from bypost.links import Links
from bypost.model.bulk import Bulk
from bypost.model.content import Content
from bypost.model.course import Sender
from bypost.model.message import Message
from bypost.project import open_without_database
from bypost.providers.base import Provider
from bypost.render.compile import Compiler
from bypost.render.personalise import Personaliser
from bypost.render.split import template_source
from bypost.settings import load_settings
from tests.bench.crowd import NAMES as PEOPLE
from tests.bench.figure import Figure
from tests.bench.one_pass import settings_of
from tests.bench.rounds import compared, per_second, taken_in_turns
from tests.bench.sink import SERVICES
from tests.conftest import CHECKOUT

METHOD = """\
The second lesson of the shipped course for the largest request that each service takes, in time of
the processor. Per service: its body from values that are there already, beside the same messages
written out in full by the `json` of the standard library, and by orjson. *with personalising*:
from the facts of each person to the body, beside Jinja templates that are compiled once
(autoescape, in the sandbox) and rendered for each person, then `json.dumps` of the messages. A
service that is handed one text and what is each person's own beside it has less to write; that is
its ratio."""

NAMES = ("outbox", *SERVICES)
#: Services that are handed finished messages, whose bodies are measured with personalising.
_WHOLE = ("postmark", "resend")
_SENDER = Sender(
    name="Bench", email="bench@example.org", reply_to="bench@example.org", postal_address="1 Street"
)
_SITE = "https://mail.example.org"
_FULL = 3.0


@dataclass(frozen=True, slots=True)
class Material:
    """What the mails of one lesson are made of."""

    content: Content
    fill: Personaliser
    shared: Shared
    facts: Sequence[Facts]

    def bulk(self, count: int) -> Bulk:
        """Return the mails of the first so many people."""
        people = dict(enumerate(self.facts[:count]))
        refs = [f"k7mq2xw9-{number}" for number in people]
        return bulk(self.fill, self.content, self.shared, Roll.of(people), refs)


def figures(names: Sequence[str] = NAMES) -> list[Figure]:
    """Return the rates of bodies, in time of the processor."""
    found = []
    with tempfile.TemporaryDirectory(prefix="bypost-bench-") as folder:
        providers = {name: _provider(Path(folder), name) for name in names}
        material = _material(max(one.batch_size for one in providers.values()))
        for name, provider in providers.items():
            found += _beside_whole_messages(name, provider, material)
        for name in _WHOLE:
            if name in providers:
                found.append(_beside_jinja(name, providers[name], material))
    return found


def _beside_whole_messages(name: str, provider: Provider, material: Material) -> list[Figure]:
    mails = material.bulk(provider.batch_size)
    mails = mails.only(range(provider.room(mails)))
    size = len(mails.people)
    ways = (provider.encode_bulk, _by_json, _by_orjson)
    rates = taken_in_turns([_rate(way, mails, size) for way in ways])
    ours, plain, other = rates
    note = f"{size:,} in a request, {len(provider.encode_bulk(mails)) / size:,.0f} bytes each"
    what = f"{name}: bodies"
    return [
        compared(f"bodies.{name}.json", what, "people/s", ours, plain, "json", note=note),
        compared(f"bodies.{name}.orjson", what, "people/s", ours, other, "orjson"),
    ]


def _rate(way: Callable[[Bulk], object], mails: Bulk, size: int) -> Callable[[], float]:
    return lambda: size * per_second(lambda _: way(mails))


def _beside_jinja(name: str, provider: Provider, material: Material) -> Figure:
    """Return the figure of full bodies, with personalising on both sides."""
    size = provider.batch_size
    facts = material.facts[:size]
    templates = _templates(material.content)

    def ours() -> float:
        return size * per_second(lambda _: provider.encode_bulk(material.bulk(size)))

    def theirs() -> float:
        return size * per_second(lambda _: _by_jinja(templates, material.shared, facts))

    mine, jinja = taken_in_turns([ours, theirs])
    return compared(
        f"bodies.{name}.jinja",
        f"{name}: full bodies with personalising",
        "people/s",
        mine,
        jinja,
        "compiled Jinja and json",
        goal=_FULL,
    )


def _templates(content: Content) -> Sequence[Template]:
    """Return subject, HTML and text as Jinja templates, compiled."""

    def environment(*, autoescape: bool) -> Environment:
        return SandboxedEnvironment(autoescape=autoescape, undefined=StrictUndefined)

    text = environment(autoescape=False)
    return (
        text.from_string(template_source(content.subject)),
        environment(autoescape=True).from_string(template_source(content.html)),
        text.from_string(template_source(content.text)),
    )


def _by_jinja(templates: Sequence[Template], shared: Shared, facts: Sequence[Facts]) -> str:
    return json.dumps([_rendered(templates, shared, one) for one in facts])


def _rendered(templates: Sequence[Template], shared: Shared, one: Facts) -> dict[str, object]:
    roots: dict[str, dict[str, str]] = {"subscriber": {}, "next": {}, "links": {}}
    for key, value in one.values.items():
        root, _, name = key.partition(".")
        roots[root][name] = value
    roots["subscriber"] |= {"name": one.to_name, "email": one.to}
    leave = shared.leave + one.token
    roots["links"] |= {"leave": leave, "progress": shared.progress + one.token}
    subject, html, text = (template.render(roots) for template in templates)
    return {
        "from": f"{shared.from_name} <{shared.from_email}>",
        "to": [f"{one.to_name} <{one.to}>"],
        "subject": subject,
        "html": html,
        "text": text,
        "headers": _headers(shared, leave),
    }


def _headers(shared: Shared, leave: str) -> Mapping[str, str]:
    return {
        "List-Id": shared.list_id,
        "List-Unsubscribe": f"<{leave}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }


def _by_orjson(mails: Bulk) -> bytes:
    return orjson.dumps(list(map(_fields, mails.messages())))


def _by_json(mails: Bulk) -> str:
    return json.dumps(list(map(_fields, mails.messages())))


def _fields(message: Message) -> dict[str, object]:
    """Return a whole mail as most services want it."""
    return {
        "from": f"{message.from_name} <{message.from_email}>",
        "to": [f"{message.to_name} <{message.to}>"],
        "subject": message.subject,
        "html": message.html,
        "text": message.text,
        "headers": message.headers,
        "tags": [{"name": "ref", "value": message.ref}],
    }


def _provider(root: Path, name: str) -> Provider:
    """Return an adapter as a project has it."""
    environ = settings_of(name, "" if name == "outbox" else "http://127.0.0.1:1")
    return open_without_database(root, load_settings(root, environ)).provider


def _material(count: int) -> Material:
    """Return the lesson, and what is the own of so many people."""
    course = load_project_content(CHECKOUT).courses[0]
    compiler = Compiler(CHECKOUT, sender=_SENDER, base_url=_SITE)
    content = compiler.lesson(course, course.lessons[1])
    links = Links(_SITE, ["bench-" * 8])
    now = datetime(2026, 11, 23, 9, tzinfo=UTC)
    own = shared(content, sender=_SENDER, links=links, now=now)
    return Material(
        content, Personaliser(content), own, [_facts(content, links, n) for n in range(count)]
    )


def _facts(content: Content, links: Links, number: int) -> Facts:
    link_id = number.to_bytes(16, "big")
    token = links.token(link_id)
    known = {
        "subscriber.since": "23 November 2026",
        "subscriber.time_zone": "Europe/Berlin",
        "links.done": links.done(token, content.item),
        "links.click": links.click(link_id),
        "next.when": "Tuesday at 09:00",
        "next.date": "Tuesday 24 November",
        "next.title": "The next one",
    }
    return Facts(
        to=f"p{number}@example.com",
        to_name=PEOPLE[number % len(PEOPLE)],
        token=token,
        values={name: known[name] for name in content.needs if name in known},
    )
