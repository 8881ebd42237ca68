"""What SES v2 is handed: one finished mail, or a mail for many with everybody's values."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

import orjson

from bypost.model.bulk import Bulk, Part, Person
from bypost.model.message import Message
from bypost.providers.eml import ascii_mailbox
from bypost.providers.merge import Syntax, merge

#: Variables of an inline template. Their values are put in as they are, in HTML too: "SES doesn't
#: escape HTML content", says its page on personalization (November 2026).
SYNTAX = Syntax(
    variable=lambda name: f"{{{{{name}}}}}",
    # Two braces; what stands before a variable; a brace after one. Each begins with a letter of its
    # own, so that a search skips to these: 16 times faster (measured 2026-11).
    hazard=re.compile(r"\{\{+|\{\Z|\\\\*\Z|\{(?<=\A.)[{}]*|\}(?<=\A.)[{}]*"),
)
#: Longest values of one person, in characters of their JSON (description of the API).
MAX_DATA = 262_144
#: A character takes at most six in JSON.
_SURELY_FITS = MAX_DATA // 8

_SINGLE = b'{"Content":'
Fields = dict[str, object]


def is_single(body: bytes) -> bool:
    """Tell whether a body is for SendEmail; else it is for SendBulkEmail."""
    return body.startswith(_SINGLE)


def single(message: Message, configuration_set: str | None) -> bytes:
    """Return the body of SendEmail for one finished mail."""
    simple: Fields = {
        "Subject": _content(message.subject),
        "Body": {
            name: _content(text)
            for name, text in (("Html", message.html), ("Text", message.text))
            if text
        },
        "Headers": _headers(message.headers.items()),
    }
    return orjson.dumps(
        {
            "Content": {"Simple": simple},
            **_sender(message, configuration_set),
            "Destination": _destination(message.to_name, message.to),
            "EmailTags": _tags(message.ref),
        }
    )


def template(bulk: Bulk, configuration_set: str | None) -> bytes:
    """Return the body of SendBulkEmail.

    Values of all variables stand with each person: whether the common ones would be added to a
    person's own is not documented.
    """
    merged = merge(bulk, SYNTAX, headers=False)
    texts = {"Subject": merged.subject, "Html": merged.html, "Text": merged.text}
    shared = [(name, part.texts[0]) for name, part in bulk.headers.items() if part.is_constant]
    own = {name: part for name, part in bulk.headers.items() if not part.is_constant}
    content = {
        "TemplateContent": {k: v for k, v in texts.items() if v or k == "Subject"},
        "TemplateData": _data(merged.constants),
        "Headers": _headers(shared),
    }
    entries = [
        _entry(person, own, _data(merged.everything(index)))
        for index, person in enumerate(bulk.people)
    ]
    return orjson.dumps(
        {
            "DefaultContent": {"Template": content},
            **_sender(bulk, configuration_set),
            "BulkEmailEntries": entries,
        }
    )


def can_merge(bulk: Bulk) -> bool:
    """Tell whether a mail for many can travel as one.

    Whether variables are looked for in headers is not documented, so a header that could hold one
    stays out of templates; nor may the values of a person be longer than SES takes.
    """
    own = [part for part in bulk.headers.values() if not part.is_constant]
    slots = {slot for part in own for slot in part.slots}
    texts = [text for part in bulk.headers.values() for text in part.texts]
    texts += [person.values[slot] for person in bulk.people for slot in slots]
    if any("{" in text for text in texts):
        return False
    if all(sum(map(len, person.values)) < _SURELY_FITS for person in bulk.people):
        return True
    merged = merge(bulk, SYNTAX, headers=False)
    most = max(len(_data(merged.everything(index))) for index in range(len(bulk.people)))
    return most <= MAX_DATA


def _entry(person: Person, headers: Mapping[str, Part], data: str) -> Fields:
    own = [(name, part.fill(person.values)) for name, part in headers.items()]
    return {
        "Destination": _destination(person.to_name, person.to),
        "ReplacementTags": _tags(person.ref),
        "ReplacementEmailContent": {"ReplacementTemplate": {"ReplacementTemplateData": data}},
        "ReplacementHeaders": _headers(own),
    }


def _sender(mail: Message | Bulk, configuration_set: str | None) -> Fields:
    fields: Fields = {
        "FromEmailAddress": ascii_mailbox(mail.from_name, ascii_address(mail.from_email)),
        "ReplyToAddresses": [ascii_address(mail.reply_to)] if mail.reply_to else [],
        "ConfigurationSetName": configuration_set,
    }
    return {name: value for name, value in fields.items() if value}


def _destination(name: str, address: str) -> Fields:
    return {"ToAddresses": [ascii_mailbox(name, ascii_address(address))]}


def _headers(headers: Iterable[tuple[str, str]]) -> list[Fields]:
    return [{"Name": name, "Value": value} for name, value in headers]


def _tags(ref: str) -> list[Fields]:
    return [{"Name": "ref", "Value": ref}]


def _content(text: str) -> Fields:
    return {"Data": text, "Charset": "UTF-8"}


def _data(values: Mapping[str, str]) -> str:
    return orjson.dumps(values).decode()


def ascii_address(address: str) -> str:
    """Return an address with its domain in Punycode, as SES wants it.

    Raises:
        UnicodeError: The domain cannot be written so.
    """
    name, _, domain = address.rpartition("@")
    return address if domain.isascii() else f"{name}@{domain.encode('idna').decode()}"
