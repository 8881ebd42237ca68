"""What the doctor says of a domain, zone by zone."""

from __future__ import annotations

from collections.abc import Mapping

import dns.exception
import dns.resolver
import pytest

from bypost.check.doctor import dkim, dmarc, mailboxes, spf
from bypost.check.doctor.asking import Asking, CouldNotAsk
from bypost.check.doctor.checkup import Checkup, Level
from bypost.providers.account import DnsNeeds, DnsRecord
from bypost.providers.postmark import Postmark
from bypost.providers.resend import Resend
from tests.check.doctor.keys import rsa, strings
from tests.check.doctor.zones import GOOD, Zones

PASS, WARN, FAIL, UNASKED = Level
GOOD_ZONE = GOOD.format(key=strings(f"v=DKIM1; k=rsa; p={rsa(2048)}"))
OWN = DnsNeeds(spf="spf.mail.net")
Broken = Mapping[str, type[dns.exception.DNSException]]


def asking(zone: str, broken: Broken | None = None) -> Asking:
    return Asking(Zones(zone, broken))


def own_spf(zone: str, broken: Broken | None = None) -> Checkup:
    """Look at a domain whose mails are checked against its own record."""
    (found,) = spf.check(asking(zone, broken), "course.net", OWN)
    return found


def test_a_good_domain_passes_everything() -> None:
    ask = asking(GOOD_ZONE)
    found = [
        *spf.check(ask, "course.net", Resend.dns),
        *dkim.check(ask, "course.net", Resend.dns.selectors, ()),
        dmarc.check(ask, "course.net", return_path="send.course.net"),
        *mailboxes.check(ask, "me@course.net", "you@Course.net"),
    ]
    assert [(one.name, one.level) for one in found] == [
        ("SPF of the return path", PASS),
        ("SPF", PASS),
        ("DKIM key resend", PASS),
        ("DMARC", PASS),
        ("Mail to course.net", PASS),
    ]
    assert "2048 bits" in found[2].says
    assert not any(one.todo or one.records for one in found)


@pytest.mark.parametrize(
    ("records", "level", "words", "add"),
    [
        ([], FAIL, "has no SPF record", "v=spf1 include:spf.mail.net ~all"),
        (["v=spf1 include:spf.mail.net ~all"], PASS, "needs 1 of 10 look-ups", ""),
        (["V=SPF1 INCLUDE:SPF.MAIL.NET ~ALL"], PASS, "needs 1 of 10 look-ups", ""),
        (["v=spf10 include:spf.mail.net ~all"], FAIL, "has no SPF record", None),
        (
            ["v=spf1 a ~all", "v=spf1 include:spf.mail.net -all"],
            FAIL,
            "has 2 SPF records",
            "v=spf1 a include:spf.mail.net ~all",
        ),
        (
            ["v=spf1 mx -all"],
            FAIL,
            "does not let the provider send",
            "v=spf1 include:spf.mail.net mx -all",
        ),
        (
            ["v=spf1 include:spf.mail.net +all"],
            FAIL,
            "lets everybody send",
            "v=spf1 include:spf.mail.net ~all",
        ),
        (["v=spf1 include:loop.net ~all"], FAIL, "includes itself, by way of", ""),
        (["v=spf1 redirect=round.net"], FAIL, "includes itself", ""),
        (["v=spf1 redirect=spf.mail.net"], PASS, "needs 1 of 10", ""),
        (["v=spf1 include:spf.mail.net redirect=round.net ~all"], PASS, "needs 1 of 10", ""),
        (["v=spf1 include:many.net ~all"], FAIL, "more than 10 look-ups", ""),
        (["v=spf1 a mx ptr exists:x.net a:a b:c include:spf.mail.net ~all"], PASS, "needs 6", ""),
        (
            ["v=spf1 include:v1.net include:v2.net include:v3.net include:spf.mail.net ~all"],
            WARN,
            "3 of the names",
            "",
        ),
        (["v=spf1 include:%{i}.x.net include:spf.mail.net ~all"], PASS, "needs 2", ""),
    ],
)
def test_spf(records: list[str], level: Level, words: str, add: str | None) -> None:
    zone = "\n".join(f'course.net. TXT "{record}"' for record in records)
    found = own_spf(
        f"""{zone}
        course.net. NS ns.course.net.
        spf.mail.net. TXT "v=spf1 ip4:192.0.2.1 ~all"
        loop.net. TXT "v=spf1 include:inner.net -all"
        inner.net. TXT "v=spf1 include:loop.net -all"
        round.net. TXT "v=spf1 redirect=course.net"
        many.net. TXT "v=spf1 {" ".join(f"a:h{i}.net" for i in range(10))} -all"
        """
    )
    assert (found.level, words in found.says) == (level, True), found.says
    assert bool(found.todo) == (level in {FAIL, WARN})
    if add is not None:
        assert [record.value for record in found.records] == ([add] if add else [])


def test_a_record_in_several_strings_is_one_text() -> None:
    found = own_spf(
        """course.net. TXT "v=spf1 include:spf.ma" "il.net ~all"
        spf.mail.net. TXT "v=spf1 -all"
        """
    )
    assert found.level is PASS


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (dns.resolver.NoNameservers, "the name servers answered with an error about"),
        (dns.exception.Timeout, "no answer about"),
        (dns.resolver.NoResolverConfiguration, "this machine knows no name server"),
    ],
)
@pytest.mark.parametrize("name", ["course.net", "spf.mail.net"])
def test_what_nobody_answers_is_no_failure(
    error: type[dns.exception.DNSException], words: str, name: str
) -> None:
    zone = 'course.net. TXT "v=spf1 include:spf.mail.net ~all"'
    found = own_spf(zone, {name: error})
    assert (found.level, found.says.startswith(f"could not ask: {words}")) == (UNASKED, True)
    broken = {f"k._domainkey.{name}": error, f"_dmarc.{name}": error, name: error}
    ask = asking("", broken)
    (key,) = dkim.check(ask, name, ["k"], ())
    (box,) = mailboxes.check(ask, f"me@{name}")
    assert {key.level, box.level, dmarc.check(ask, name, return_path="").level} == {UNASKED}


def test_a_return_path_may_be_an_alias_that_the_provider_keeps() -> None:
    zone = """pm-bounces.course.net. CNAME pm.mtasv.net.
        pm.mtasv.net. TXT "v=spf1 ip4:192.0.2.1 ~all"
        """
    path, own = spf.check(asking(zone), "course.net", Postmark.dns)
    assert (path.level, own.level) == (PASS, PASS)
    path, _ = spf.check(asking(""), "course.net", Postmark.dns)
    assert path.level is WARN
    assert path.records == (
        DnsRecord(name="pm-bounces.course.net", kind="CNAME", value="pm.mtasv.net"),
    )


@pytest.mark.parametrize(
    ("value", "level", "words"),
    [
        (f"v=DKIM1; k=rsa; p={rsa(2048)}", PASS, "2048 bits"),
        (f"p={rsa(1024)}", PASS, "1024 bits: enough"),
        (f"p={rsa(4096)}", PASS, "4096 bits"),
        (f"p={rsa(768)}", FAIL, "768 bits; receivers want 1024"),
        (f"v=DKIM1; p={rsa(2048)[:-40]}", FAIL, "cannot be read"),
        (f"v=DKIM1; p={rsa(1024)[:100]} {rsa(1024)[100:]}", PASS, "1024 bits"),
        ("v=DKIM1; p=", FAIL, "withdrawn"),
        (f"v=DKIM1; t=s:y; p={rsa(2048)}", WARN, "t=y"),
        ("v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=", PASS, "ed25519"),
        ("nothing of the kind", FAIL, "there is no key"),
    ],
)
def test_dkim(value: str, level: Level, words: str) -> None:
    (found,) = dkim.check(
        asking(f"k._domainkey.course.net. TXT {strings(value)}"), "course.net", ["k"], ()
    )
    assert (found.level, words in found.says) == (level, True), found.says


def test_a_missing_key_is_told_with_the_record_that_the_provider_wants() -> None:
    wanted = [
        DnsRecord(name="resend._domainkey.course.net", kind="TXT", value="p=abc"),
        DnsRecord(name="send.course.net", kind="TXT", value="v=spf1"),
    ]
    (found,) = dkim.check(asking(""), "course.net", ["resend"], wanted)
    assert found.level is FAIL
    assert found.records == wanted[:1]


def test_where_no_key_is_known_by_name_nothing_is_claimed() -> None:
    (found,) = dkim.check(asking(""), "course.net", [], ())
    assert found.level is WARN
    assert "[doctor] dkim_selectors" in found.todo


@pytest.mark.parametrize(
    ("zone", "level", "words"),
    [
        ("", FAIL, "has no DMARC record"),
        ('_dmarc.a.course.net. TXT "v=DMARC1; p=none; rua=mailto:d@x.net"', PASS, "p=none"),
        ('_dmarc.course.net. TXT "v=DMARC1; p=reject; rua=mailto:d@x.net"', PASS, "p=reject, from"),
        (
            '_dmarc.course.net. TXT "v=DMARC1; p=reject; sp=none; rua=mailto:d@x.net"',
            PASS,
            "p=none, from course.net",
        ),
        ('_dmarc.a.course.net. TXT "v=DMARC1; p=none"', WARN, "names nobody"),
        ('_dmarc.a.course.net. TXT "v=DMARC1"', FAIL, "which means nothing"),
        ('_dmarc.a.course.net. TXT "v=DMARC1; p=all"', FAIL, "which means nothing"),
        (
            """_dmarc.a.course.net. TXT "v=DMARC1; p=none"
            _dmarc.a.course.net. TXT "v=DMARC1; p=reject"
            """,
            FAIL,
            "has 2 DMARC records",
        ),
        (
            '_dmarc.a.course.net. TXT "v=DMARC1; p=none; aspf=s; rua=mailto:d@x.net"',
            WARN,
            "SPF does not count",
        ),
        ('_dmarc.a.course.net. TXT "v=spf1 -all"', FAIL, "has no DMARC record"),
    ],
)
def test_dmarc(zone: str, level: Level, words: str) -> None:
    found = dmarc.check(asking(zone), "a.course.net", return_path="send.a.course.net")
    assert (found.level, words in found.says) == (level, True), found.says
    if level is FAIL and "no DMARC" in words:
        assert str(found.records[0]).endswith('"v=DMARC1; p=none; rua=mailto:dmarc@a.course.net"')


@pytest.mark.parametrize(
    ("zone", "level"),
    [
        ("course.net. MX 20 b.net.\ncourse.net. MX 10 a.net.", PASS),
        ("course.net. MX 0 .", FAIL),
        ("course.net. A 192.0.2.1", WARN),
        ("course.net. AAAA 2001:db8::1", WARN),
        ("", FAIL),
    ],
)
def test_mail_to_the_sender(zone: str, level: Level) -> None:
    (found,) = mailboxes.check(asking(zone), "me@course.net")
    assert found.level is level


def test_all_questions_together_end_in_time() -> None:
    now = 0.0

    class Slow(Zones):
        def resolve(self, qname: str, rdtype: str, *, lifetime: float) -> object:  # type: ignore[override]  # the library's own has a dozen more
            nonlocal now
            now += lifetime
            raise dns.exception.Timeout

    slow = Slow("")
    ask = Asking(slow, each=5, total=12, elapsed=lambda: now)
    for name in "abcdef":
        with pytest.raises(CouldNotAsk):
            ask.texts(f"{name}.net")
    assert (now, len(slow.asked)) == (12, 0)


def test_nothing_is_asked_twice() -> None:
    zones = Zones(GOOD_ZONE)
    ask = Asking(zones)
    ask.texts("course.net")
    ask.texts("Course.net.")
    assert zones.asked == [("course.net", "TXT")]


def test_a_name_server_that_is_cut_off_proves_nothing() -> None:
    assert asking(GOOD_ZONE).cut_off("course.net") == ""
    assert asking("").cut_off("course.net").endswith("does not even know .net")
    assert "no answer" in asking("", {"net": dns.exception.Timeout}).cut_off("course.net")
