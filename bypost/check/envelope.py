"""The finished message a persona would get, headers and all, by the code that delivers."""

from __future__ import annotations

from collections.abc import Mapping

from bypost.check.sample import Reading, Sample
from bypost.delivery import compose
from bypost.delivery.recipe import Facts
from bypost.links import LINK_ID_BYTES, Links
from bypost.model.message import Message
from bypost.providers.eml import eml
from bypost.providers.objection import objection

#: Signs links that lead nowhere: they are as long as real ones, and every page refuses them.
_KEY = "sample"
_REF = "sample-1"


def sample_links(base_url: str) -> Mapping[str, str]:
    """Return the ``links.*`` of a persona's mails: of the form and length of real ones."""
    links, token = _links(base_url)
    return {
        "leave": links.leave(token),
        "progress": links.progress(token),
        "confirm": links.confirm(token),
    }


def message(sample: Sample, reading: Reading) -> Message:
    """Return the mail of ``reading`` as it would be handed to a provider."""
    links, token = _links(sample.around.base_url)
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


def _links(base_url: str) -> tuple[Links, str]:
    links = Links(base_url, [_KEY])
    return links, links.token(bytes(LINK_ID_BYTES))
