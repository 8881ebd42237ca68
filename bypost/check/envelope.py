"""The finished message a persona would get, headers and all, by the code that delivers."""

from __future__ import annotations

from bypost.check.sample import Reading, Sample
from bypost.check.sample_links import links_and_token
from bypost.delivery import compose
from bypost.delivery.recipe import Facts
from bypost.model.message import Message
from bypost.providers.eml import eml
from bypost.providers.objection import objection

_REF = "sample-1"


def message(sample: Sample, reading: Reading) -> Message:
    """Return the mail of ``reading`` as it would be handed to a provider."""
    links, token = links_and_token(sample.around.base_url)
    persona, content = reading.persona, sample.content
    shared = compose.shared(
        content, sender=sample.around.sender, links=links, now=sample.around.now
    )
    facts = Facts(to=persona.email, to_name=persona.name, token=token)
    return compose.finished(content.kind, reading.mail, shared, facts, _REF)


def raw(message: Message) -> bytes:
    """Return a message as the lines that travel (RFC 5322), CRLF and all.

    Raises:
        ValueError: what about it no provider may be handed, such as an address that is none.
    """
    if complaint := objection(message):
        raise ValueError(complaint)
    return eml(message)
