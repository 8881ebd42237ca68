"""What merging owes: each person gets the mail that was rendered here, whatever it says.

Each adapter's tests subclass it, whether the provider merges or takes finished messages; the other
side is a small substitution of its own, written from what the service documents.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bypost.model.bulk import Bulk, Part, Person
from bypost.model.message import Message
from bypost.providers.base import Provider
from tests.contracts.provider import DATE, HOSTILE_NAMES

#: Texts that some service, or JSON, or HTML, reads as its own.
HOSTILE = [
    "{{ subscriber.name }}",
    "{{{ raw }}}",
    "{{v0}}{{vc0}}",
    "{",
    "}",
    "{{",
    "}}",
    "{{{",
    "}}}}",
    "{{#if x}}a{{else}}b{{/if}}{{!-- c --}}",
    "{{#each x}}{{this}}{{/each}}",
    "\\{{ escaped }}",
    "{% if x %}{# c #}{% raw %}",
    "%recipient.v0%",
    "%recipient.",
    "%recipient",
    "%",
    "%%",
    "%recipient_email% %unsubscribe_url%",
    "[[var:x]] [[data:name]]",
    "[[",
    "{{var:x:default}}",
    "-v0- -name- --",
    "~0:0~",
    "~0:",
    "~",
    "*|NAME|* |*",
    "<%body%> [unsubscribe] <%asm_group_unsubscribe_raw_url%>",
    "{{ params.x }} {{params.v0}}",
    "{{ unsubscribe }} {{ mirror }}",
    "{{amazonSESUnsubscribeUrl}}",
    "${x} #{x} @x@ $x",
    "\\",
    "\\\\n\\u0041",
    '"',
    "'",
    '","x":"',
    "</script><!-- ]]>",
    "&amp;&#123;&lt;",
    "50 % off, 100%",
    "Zoë 🎉 Ñandú",
    "\u202eright to left\u202c \u05d0\u05d1",
    "e\u0301\u200d\ufeff",
    "v0",
    "",
]
#: What may stand in bodies besides.
HOSTILE_IN_BODIES = [*HOSTILE, "\n", "\r\n", "\t", "a\u2028b\u2029c", "\x7f\x85", "\n.\n", "\r"]
_ASCII = [text for text in HOSTILE if text.isascii()]
_SLOTS = 4
_OWN_TEXTS = st.text(st.sampled_from("ab é\n\u2028\ud83d\x7f"), max_size=5) | st.sampled_from(
    ["x" * 880, "x " * 440, "é" * 200, "Smith, Jo <a@b>"]
)
_LIMITS = st.sampled_from([None, None, 40, 200, 900])


def _text(fragments: Sequence[str]) -> st.SearchStrategy[str]:
    return st.lists(st.sampled_from(fragments), max_size=4).map("".join)


def _part(fragments: Sequence[str], slots: Sequence[int]) -> st.SearchStrategy[Part]:
    """Return parts whose slots are among ``slots``."""
    pairs = st.lists(st.tuples(st.sampled_from(slots), _text(fragments)), max_size=5)
    return st.builds(
        lambda first, rest: Part((first, *(t for _, t in rest)), tuple(s for s, _ in rest)),
        _text(fragments),
        pairs,
    )


@st.composite
def bulks(draw: st.DrawFn) -> Bulk:
    """Return mails that say what some service reads as its own, in every place."""
    names = st.sampled_from([*HOSTILE_NAMES, "", "Ann"])
    values = st.tuples(
        # The first two go anywhere, also into headers; the others into subject and bodies.
        *[_text(_ASCII)] * 2,
        _text(HOSTILE),
        _text(HOSTILE_IN_BODIES),
    )
    count = draw(st.integers(1, 4))
    return Bulk(
        date=DATE,
        from_email="course@example.org",
        from_name=draw(names),
        reply_to=draw(st.sampled_from(["", "hello@example.org"])),
        stream=draw(st.sampled_from(["bulk", "transactional"])),
        subject=draw(_part(HOSTILE, (0, 1, 2))),
        # A mail without any HTML or text is not one that an author can write.
        html=_between("<p>", draw(_part(HOSTILE_IN_BODIES, range(_SLOTS))), "</p>"),
        text=_between("> ", draw(_part(HOSTILE_IN_BODIES, range(_SLOTS))), "\n"),
        headers={
            "List-Id": draw(_part(_ASCII, (0, 1))),
            "List-Unsubscribe": Part(("<https://mail.example.org/u/", ">"), (0,)),
            "List-Unsubscribe-Post": Part(("List-Unsubscribe=One-Click",)),
        },
        people=[
            Person(f"d-{n}", f"p{n}@example.org", draw(names), draw(values)) for n in range(count)
        ],
    )


def _between(before: str, part: Part, after: str) -> Part:
    texts = (before + part.texts[0], *part.texts[1:])
    return Part((*texts[:-1], texts[-1] + after), part.slots)


def lesson(people: int, *, says: str = "", value: str = "Ann") -> Bulk:
    """Return an ordinary mail, with ``says`` in it at every joint and ``value`` in every slot."""
    plain = says.replace("\r", "").replace("\n", "") if says.isprintable() else ""
    header = plain if plain.isascii() else ""
    return Bulk(
        date=DATE,
        from_email="course@example.org",
        from_name="Clarity Notes",
        reply_to="hello@example.org",
        stream="bulk",
        subject=Part((f"{plain}For {plain}", f"{plain}: where do you stand?{plain}"), (0,)),
        html=Part((f"<p>{says}", f"{says} once only {says}", f"{says}</p>"), (0, 1)),
        text=Part((f"> {says}", f"{says}", f"{says}\n"), (0, 1)),
        headers={
            "List-Id": Part((f"{header} <course.example.org>",)),
            "List-Unsubscribe": Part(("<https://mail.example.org/u/", ">"), (2,)),
            "List-Unsubscribe-Post": Part(("List-Unsubscribe=One-Click",)),
        },
        people=[
            Person(
                f"d-{n}",
                f"p{n}@example.org",
                f"Person {n}",
                (
                    f"{value} {n}" if value.isprintable() else f"A {n}",
                    f"{value}{n}{value}",
                    f"T{n}k",
                ),
            )
            for n in range(people)
        ],
    )


class MergeContract:
    """Rules for every provider; a subclass makes the adapter and plays the other side."""

    def adapter(self) -> Provider:
        """Return the adapter; it is handed nothing to send."""
        raise NotImplementedError

    def merged(self, body: bytes) -> list[Message]:
        """Return the mails that the service makes of a request's body, in its order.

        A date that does not travel is that of ``tests.contracts.provider.DATE``; so a stream
        (``bulk``) unless the body tells.
        """
        raise NotImplementedError

    def stream(self, message: Message) -> Message:
        """Return ``message`` as far as its stream travels; override where it does."""
        return replace(message, stream="bulk")

    def requests(self, adapter: Provider, bulk: Bulk) -> Iterator[Bulk]:
        """Return a bulk in the pieces in which it would travel."""
        room = adapter.room(bulk)
        assert 1 <= room <= adapter.batch_size
        for start in range(0, len(bulk.people), room):
            yield bulk.only(range(start, min(start + room, len(bulk.people))))

    def check(self, adapter: Provider, bulk: Bulk) -> None:
        """Show that what arrives is what was rendered here."""
        objections = adapter.objections(bulk)
        kept = [index for index in range(len(bulk.people)) if index not in objections]
        for piece in self.requests(adapter, bulk.only(kept)) if kept else ():
            arrived = self.merged(adapter.encode_bulk(piece))
            assert arrived == [self.stream(message) for message in piece.messages()]

    # Each subclass has an adapter of its own; a failing example is one for all of them.
    @settings(
        max_examples=150, deadline=None, suppress_health_check=[HealthCheck.differing_executors]
    )
    @given(bulk=bulks())
    def test_what_arrives_is_what_was_rendered_here(self, bulk: Bulk) -> None:
        self.check(self.adapter(), bulk)

    @pytest.mark.parametrize("says", HOSTILE_IN_BODIES, ids=repr)
    def test_what_an_author_writes_arrives_unchanged(self, says: str) -> None:
        adapter, bulk = self.adapter(), lesson(3, says=says)
        assert not adapter.objections(bulk)
        self.check(adapter, bulk)

    @pytest.mark.parametrize("value", HOSTILE_IN_BODIES, ids=repr)
    def test_what_a_person_is_called_arrives_unchanged(self, value: str) -> None:
        adapter, bulk = self.adapter(), lesson(3, value=value)
        assert not adapter.objections(bulk)
        self.check(adapter, bulk)

    def test_everybody_in_a_full_request_gets_their_own(self) -> None:
        adapter = self.adapter()
        bulk = lesson(adapter.batch_size)
        self.check(adapter, bulk)
        assert len({message.subject for message in bulk.messages()}) == adapter.batch_size

    def test_own_headers_travel_with_many_where_the_adapter_says_so(self) -> None:
        adapter = self.adapter()
        assert (adapter.room(lesson(3)) > 1) is adapter.own_headers

    def test_one_person_alone_is_sent_to_as_well(self) -> None:
        self.check(self.adapter(), lesson(1, says="{{ x }} %recipient.x%"))

    def test_what_a_person_has_no_text_for_stays_empty(self) -> None:
        bulk = lesson(3)
        people = [replace(one, values=("", *one.values[1:])) for one in bulk.people[:1]]
        self.check(self.adapter(), replace(bulk, people=[*people, *bulk.people[1:]]))

    def test_the_same_mails_give_the_same_bytes(self) -> None:
        assert self.adapter().encode_bulk(lesson(1)) == self.adapter().encode_bulk(lesson(1))
        adapter = self.adapter()
        for one, other in zip(
            self.requests(adapter, lesson(5, says="{{x}}")),
            self.requests(adapter, lesson(5, says="{{x}}")),
            strict=True,
        ):
            assert adapter.encode_bulk(one) == adapter.encode_bulk(other)

    def test_a_provider_that_merges_is_told_once_what_everybody_reads(self) -> None:
        adapter, bulk = self.adapter(), lesson(20)
        count = min(20, adapter.room(bulk))
        body = adapter.encode_bulk(bulk.only(range(count)))
        merges = adapter.merge is not None and count > 1
        found = body.count(b" once only ") + body.count(b"+once+only+")
        assert found == (1 if merges else count)

    def test_a_provider_that_does_not_merge_is_handed_finished_messages(self) -> None:
        adapter = self.adapter()
        if adapter.merge is None:
            bulk = lesson(3, says='"{{x}}"\n')
            assert adapter.encode_bulk(bulk) == adapter.encode(list(bulk.messages()))

    @pytest.mark.parametrize(
        "changes",
        [
            {"to": "a@example.org, b@example.org"},
            {"to_name": "Ann\nBcc: x@example.net"},
            {"ref": "../outside"},
            {"values": ("a\r\nBcc: x@example.net", "b", "c")},
            {"values": ("a", "half a pair \ud83d", "c")},
            {"values": ("a", "b", "line\nbreak")},
            {"values": ("a", "b", "x" * 1000)},
        ],
        ids=repr,
    )
    def test_an_objection_to_one_is_not_one_to_the_others(self, changes: dict[str, object]) -> None:
        adapter, bulk = self.adapter(), lesson(3)
        people = [bulk.people[0], replace(bulk.people[1], **changes), bulk.people[2]]
        found = adapter.objections(replace(bulk, people=people))
        assert list(found) == [1]
        assert found[1] == adapter.objection(replace(bulk, people=people).message(1))

    def test_what_is_wrong_with_all_is_said_of_each(self) -> None:
        adapter = self.adapter()
        bulk = replace(lesson(2), html=Part(("half a pair \ud83d",)))
        assert adapter.objections(bulk) == dict.fromkeys((0, 1), "the body is not valid Unicode")
        bulk = replace(lesson(2), headers={"Bcc": Part(("all@example.net",))})
        assert adapter.objections(bulk) == dict(enumerate(map(adapter.objection, bulk.messages())))

    @settings(max_examples=60, suppress_health_check=[HealthCheck.differing_executors])
    @given(
        values=st.lists(st.tuples(_OWN_TEXTS, _OWN_TEXTS, _OWN_TEXTS), min_size=1, max_size=4),
        limit=_LIMITS,
    )
    def test_of_many_exactly_those_are_refused_who_would_be_alone(
        self, values: list[tuple[str, str, str]], limit: int | None
    ) -> None:
        adapter, bulk = self.adapter(), lesson(len(values))
        vars(adapter).update(max_part_bytes=limit, max_message_bytes=limit and limit * 2)
        people = [replace(bulk.people[n], values=own) for n, own in enumerate(values)]
        people = [replace(one, to_name=one.values[0]) for one in people]
        bulk = replace(bulk, people=people)
        refused = [n for n in range(len(people)) if adapter.objection(bulk.message(n))]
        assert list(adapter.objections(bulk)) == refused

    def test_the_sizes_of_a_bulk_are_those_of_its_mails(self) -> None:
        adapter = self.adapter()
        for limit in filter(None, (adapter.max_part_bytes, adapter.max_message_bytes)):
            half = "é" * (limit // 4)
            bulk = replace(lesson(2), html=Part((half, ""), (0,)), text=Part((half,)))
            values = [(size, "b", "T1") for size in ("Ann", "é" * (limit // 4 + 1))]
            people = [replace(bulk.people[n], values=values[n]) for n in (0, 1)]
            bulk = replace(bulk, people=people, subject=Part(("Hello",)))
            expected = {n: why for n in (0, 1) if (why := adapter.objection(bulk.message(n)))}
            assert adapter.objections(bulk) == expected
            assert 1 in expected
