"""Amazon's own signatures: its published test suite and the example of its documentation."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest

from bypost.providers.ses_sigv4 import SigV4, canonical, host

KEY = SigV4(
    access_key_id="AKIDEXAMPLE",
    secret_access_key="wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
    region="us-east-1",
    service="service",
)
IAM = SigV4(
    access_key_id="AKIDEXAMPLE",
    secret_access_key="wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
    region="us-east-1",
    service="iam",
)
AT = datetime(2015, 8, 30, 12, 36, tzinfo=UTC)
FORM = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
# Of the suite's "post-sts-header-before".
TOKEN = (
    "AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSP"
    "fIeoIYRqTflfKD8YUuwthAx7mSEI/qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT"
    "7WZ0wq5VSXDvp75YU9HFvlRd8Tx6q6fE8YQcHNVXAkiY9q6d+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+scqKmlz"
    "m8FDrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICCR/oLxBA=="
)
EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


# Amazon's "aws-sig-v4-test-suite", as many libraries carry it.
@pytest.mark.parametrize(
    ("method", "query", "signature"),
    [
        ("GET", "", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
        ("POST", "", "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"),
        (
            "GET",
            "?Param2=value2&Param1=value1",
            "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
        ),
    ],
    ids=["get-vanilla", "post-vanilla", "get-vanilla-query-order-key-case"],
)
def test_signatures_are_those_of_the_published_suite(
    method: str, query: str, signature: str
) -> None:
    signed = KEY.sign(method, f"https://example.amazonaws.com/{query}", b"", AT, {})
    assert signed == {
        "X-Amz-Date": "20150830T123600Z",
        "Authorization": (
            "AWS4-HMAC-SHA256 "
            "Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
            f"SignedHeaders=host;x-amz-date, Signature={signature}"
        ),
    }


def test_a_session_token_is_signed_as_in_the_published_suite() -> None:
    signed = replace(KEY, session_token=TOKEN).sign(
        "POST", "https://example.amazonaws.com/", b"", AT, {}
    )
    assert signed["X-Amz-Security-Token"] == TOKEN
    assert signed["Authorization"].endswith(
        "SignedHeaders=host;x-amz-date;x-amz-security-token, "
        "Signature=85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead"
    )


def test_the_signature_is_that_of_the_documented_example() -> None:
    url = "https://iam.amazonaws.com/?Action=ListUsers&Version=2010-05-08"
    signed = IAM.sign("GET", url, b"", AT, FORM)
    assert signed["Authorization"] == (
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, "
        "SignedHeaders=content-type;host;x-amz-date, "
        "Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7"
    )
    assert signed["Content-Type"] == FORM["Content-Type"]


def test_the_canonical_request_is_that_of_the_published_suite() -> None:
    headers = {"x-amz-date": "20150830T123600Z", "host": "example.amazonaws.com"}
    assert canonical("GET", "https://example.amazonaws.com/", headers, b"") == (
        "GET\n/\n\nhost:example.amazonaws.com\nx-amz-date:20150830T123600Z\n\n"
        f"host;x-amz-date\n{EMPTY}"
    )


def test_an_escaped_path_is_escaped_once_more() -> None:
    text = canonical("GET", "https://x.example/v2/a%40b", {"host": "x.example"}, b"")
    assert text.splitlines()[1] == "/v2/a%2540b"


def test_the_hour_of_another_zone_is_the_same_instant() -> None:
    zone = timezone(timedelta(hours=2))
    args = ("POST", "https://x.example/", b"{}")
    assert KEY.sign(*args, AT.astimezone(zone), {}) == KEY.sign(*args, AT, {})


@pytest.mark.parametrize(
    ("method", "url", "body", "later"),
    [
        ("PUT", "https://x.example/a", b"{}", 0),
        ("POST", "https://y.example/a", b"{}", 0),
        ("POST", "https://x.example/b", b"{}", 0),
        ("POST", "https://x.example/a?b=", b"{}", 0),
        ("POST", "https://x.example/a", b"{ }", 0),
        ("POST", "https://x.example/a", b"{}", 1),
    ],
)
def test_whatever_is_changed_changes_the_signature(
    method: str, url: str, body: bytes, later: int
) -> None:
    signed = KEY.sign("POST", "https://x.example/a", b"{}", AT, {})["Authorization"]
    changed = KEY.sign(method, url, body, AT + timedelta(seconds=later), {})["Authorization"]
    assert changed != signed


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://x.example/a", "x.example"),
        ("https://x.example:443/a", "x.example"),
        ("http://x.example:80/a", "x.example"),
        ("https://x.example:80/a", "x.example:80"),
        ("http://[::1]:8080/a", "[::1]:8080"),
    ],
)
def test_the_host_is_the_one_that_is_asked(url: str, expected: str) -> None:
    assert host(url) == expected


def test_the_secret_is_in_no_repr() -> None:
    assert "wJalr" not in repr(KEY)
    assert "AQoD" not in repr(replace(KEY, session_token=TOKEN))
