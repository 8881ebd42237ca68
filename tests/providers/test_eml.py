from __future__ import annotations

import email
import email.policy
from email.header import decode_header, make_header

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bypost.providers.eml import WIDTH, eml
from bypost.providers.objection import objection
from tests.contracts.provider import make_message

TEXTS = st.text(
    st.characters(exclude_categories=("Cc", "Cs"), exclude_characters="\u2028\u2029"), max_size=300
)


def head_of(content: bytes) -> list[bytes]:
    return content.partition(b"\r\n\r\n")[0].split(b"\r\n")


@settings(max_examples=80, deadline=None)
@given(subject=TEXTS)
def test_any_subject_comes_back_as_it_was(subject: str) -> None:
    message = make_message(subject=subject)
    assert objection(message) == ""
    content = eml(message)
    parsed = email.message_from_bytes(content, policy=email.policy.default)
    assert str(parsed["Subject"]) == subject
    assert max(map(len, content.split(b"\r\n"))) <= 998


@settings(max_examples=80, deadline=None)
@given(name=TEXTS)
def test_any_name_stays_in_its_header(name: str) -> None:
    """Names are read with the old parser: the new one puts spaces between encoded words."""
    content = eml(make_message(to_name=name))
    parsed = email.message_from_bytes(content)
    assert parsed.keys().count("To") == 1
    assert len(parsed.keys()) == 11
    read = str(make_header(decode_header(parsed["To"])))
    assert read.endswith("<ann@example.org>" if name else "ann@example.org")
    modern = email.message_from_bytes(content, policy=email.policy.default)
    assert [address.addr_spec for address in modern["To"].addresses] == ["ann@example.org"]


def test_a_long_url_stays_whole_on_its_line() -> None:
    url = f"<https://mail.example.org/u/{'a' * 300}>"
    message = make_message(headers={"List-Unsubscribe": f"{url}, <mailto:leave@example.org>"})
    assert f"List-Unsubscribe: {url}," in map(bytes.decode, head_of(eml(message)))


def test_long_headers_are_folded_at_spaces() -> None:
    message = make_message(headers={"X-Words": "word " * 60 + "end"}, subject="Short words " * 9)
    lines = head_of(eml(message))
    assert max(map(len, lines)) <= WIDTH
    assert all(line.strip() for line in lines)


@pytest.mark.parametrize(
    ("domain", "named"),
    [("bücher.example", "xn--bcher-kva.example"), ("bü..example", "bü..example")],
)
def test_a_domain_beyond_ascii_is_named_in_ascii_where_it_can_be(domain: str, named: str) -> None:
    head = head_of(eml(make_message(from_email=f"kurs@{domain}")))
    assert f"Message-ID: <d-1@{named}>".encode() in head
    assert f"From: Clarity Notes <kurs@{domain}>".encode() in head


def test_a_mail_without_html_is_plain_text() -> None:
    parsed = email.message_from_bytes(eml(make_message(html="")))
    assert parsed.get_content_type() == "text/plain"
    assert not parsed.is_multipart()


def test_the_boundary_cannot_be_forged_from_the_body() -> None:
    message = make_message(text="--=_d-1--\n\nContent-Type: text/html\n\n--=_d-1\n")
    parsed = email.message_from_bytes(eml(message), policy=email.policy.default)
    text, _ = parsed.iter_parts()
    assert text.get_content().replace("\r\n", "\n") == message.text
