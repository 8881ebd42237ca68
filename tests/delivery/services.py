"""Every service of the registry with its fake: how a project is told of it, and what came there."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from bypost.model.message import Events, Key, Message, Nothing, Search, SendClass
from bypost.providers.eml import eml
from bypost.testing import fault
from bypost.testing.fake_brevo import FakeBrevo
from bypost.testing.fake_mailgun import DOMAIN, FakeMailgun
from bypost.testing.fake_mailjet import FakeMailjet
from bypost.testing.fake_mailtrap import FakeMailtrap
from bypost.testing.fake_postmark import FakePostmark
from bypost.testing.fake_provider import FakeProvider
from bypost.testing.fake_resend import FakeResend
from bypost.testing.fake_sendgrid import FakeSendGrid
from bypost.testing.fake_ses import ACCESS_KEY_ID, FakeSes
from bypost.testing.fake_smtp import FakeSmtp
from scheduler.clock import SimulatedClock
from tests.contracts.merge import MergeContract
from tests.contracts.provider import DATE
from tests.delivery.stage import Crash, crash_at
from tests.providers.test_brevo import TestBrevoMerge as BrevoReads
from tests.providers.test_mailgun import TestMailgunMerge as MailgunReads
from tests.providers.test_mailjet import TestMailjetMerge as MailjetReads
from tests.providers.test_mailtrap import TestMailtrapMerge as MailtrapReads
from tests.providers.test_postmark import TestPostmarkMerge as PostmarkReads
from tests.providers.test_resend import TestResendMerge as ResendReads
from tests.providers.test_sendgrid import TestSendGridMerge as SendGridReads
from tests.providers.test_ses import TestSesMerge as SesReads

#: Seconds before a search sees what was taken over, where there is one.
LAG = 60.0


class Service(ABC):
    """One service on loopback.

    Attributes:
        environ: What a project is told of it, besides its name.
    """

    environ: Mapping[str, str]

    @property
    @abstractmethod
    def accepted(self) -> Mapping[str, int]:
        """How often each reference was taken over."""

    @abstractmethod
    def arrived(self) -> Mapping[str, object]:
        """Return each mail as it came, by reference."""

    @abstractmethod
    def expected(self, message: Message) -> object:
        """Return what :meth:`arrived` holds of a mail that came as it was rendered here."""

    @abstractmethod
    def losing(self, *, accepted: bool) -> AbstractContextManager[None]:
        """Keep the answer to the next request back; it was taken over, or nothing of it was."""


class Behind(Service):
    """A service behind HTTP."""

    def __init__(self, fake: FakeProvider, reads: MergeContract, section: Mapping[str, str]):
        self.fake = fake
        self._reads = reads
        own = {**section, "BASE_URL": fake.url, "BATCH_SIZE": "2", "PER_SECOND": "1000"}
        self.environ = {
            f"BYPOST_PROVIDERS__{fake.name.upper()}__{key}": value for key, value in own.items()
        }

    @property
    def accepted(self) -> Mapping[str, int]:
        return self.fake.accepted

    def arrived(self) -> Mapping[str, Message]:
        bodies = [request.body for request in self.fake.requests if request.method == "POST"]
        return {mail.ref: mail for body in bodies for mail in self._reads.merged(body)}

    def expected(self, message: Message) -> Message:
        return replace(self._reads.stream(message), date=DATE)

    @contextmanager
    def losing(self, *, accepted: bool) -> Iterator[None]:
        self.fake.script.add(fault.reset(accept=accepted))
        yield


class Catcher(Service):
    """A catcher of mails over SMTP; nobody is told whether it took a mail over."""

    def __init__(self, smtp: FakeSmtp) -> None:
        self._smtp = smtp
        self.environ = {"BYPOST_PROVIDERS__SMTP__PORT": str(smtp.port)}

    @property
    def accepted(self) -> Mapping[str, int]:
        return Counter(map(_reference, self._smtp.mails))

    def arrived(self) -> Mapping[str, bytes]:
        return {_reference(mail): mail.replace(b"\r\n", b"\n") for mail in self._smtp.mails}

    def expected(self, message: Message) -> bytes:
        return eml(message).replace(b"\r\n", b"\n")

    @contextmanager
    def losing(self, *, accepted: bool) -> Iterator[None]:
        self._smtp.replies["."] = ""
        yield
        del self._smtp.replies["."]


class Mailbox(Service):
    """The local mailbox; an answer is lost where the process dies before it can note it."""

    def __init__(self, root: Path) -> None:
        self._folder = root / "var" / "outbox"
        self.environ = {}

    @property
    def accepted(self) -> Mapping[str, int]:
        return Counter(_reference(mail) for mail in self._mails())

    def arrived(self) -> Mapping[str, bytes]:
        return {_reference(mail): mail for mail in self._mails()}

    def expected(self, message: Message) -> bytes:
        return eml(message)

    @contextmanager
    def losing(self, *, accepted: bool) -> Iterator[None]:
        with suppress(Crash), crash_at("answered" if accepted else "intended"):
            yield

    def _mails(self) -> list[bytes]:
        return [path.read_bytes() for path in self._folder.glob("*.eml")]


def _reference(mail: bytes) -> str:
    """Return the reference of a mail that was written here: the first half of its Message-ID."""
    return mail.partition(b"Message-ID: <")[2].partition(b"@")[0].decode()


Open = Callable[[Path, SimulatedClock], AbstractContextManager[Service]]


@dataclass(frozen=True, slots=True)
class Row:
    """One service.

    Attributes:
        promises: How an answer that never came is settled there.
    """

    promises: type[SendClass]
    opened: Open


def _behind(
    make: Callable[..., FakeProvider],
    reads: Callable[[], MergeContract],
    section: Mapping[str, str],
    **options: object,
) -> Open:
    @contextmanager
    def opened(_: Path, clock: SimulatedClock) -> Iterator[Service]:
        with make(clock=clock, **options) as fake:
            yield Behind(fake, reads(), section)

    return opened


@contextmanager
def _catcher(*_: object) -> Iterator[Service]:
    with FakeSmtp() as smtp:
        yield Catcher(smtp)


@contextmanager
def _mailbox(root: Path, _: object) -> Iterator[Service]:
    yield Mailbox(root)


SERVICES: Mapping[str, Row] = {
    "brevo": Row(Key, _behind(FakeBrevo, BrevoReads, {"API_KEY": "xkeysib-test"})),
    "mailgun": Row(
        Search,
        _behind(FakeMailgun, MailgunReads, {"API_KEY": "mg_test_key", "DOMAIN": DOMAIN}, lag_s=LAG),
    ),
    "mailjet": Row(
        Search,
        _behind(
            FakeMailjet,
            MailjetReads,
            {"API_KEY": "mj_test_key", "SECRET_KEY": "mj_test_secret"},
            lag_s=LAG,
        ),
    ),
    "mailtrap": Row(
        Search, _behind(FakeMailtrap, MailtrapReads, {"API_KEY": "mt_test_key"}, lag_s=LAG)
    ),
    "outbox": Row(Key, _mailbox),
    "postmark": Row(
        Search,
        _behind(
            FakePostmark,
            PostmarkReads,
            {"API_KEY": "pm_test_key", "BULK_STREAM": "lessons"},
            lag_s=LAG,
            streams=("outbound", "lessons"),
        ),
    ),
    "resend": Row(Key, _behind(FakeResend, ResendReads, {"API_KEY": "re_test_key"})),
    "sendgrid": Row(Events, _behind(FakeSendGrid, SendGridReads, {"API_KEY": "SG.test"})),
    "ses": Row(
        Events,
        _behind(
            FakeSes,
            SesReads,
            {"ACCESS_KEY_ID": ACCESS_KEY_ID, "SECRET_ACCESS_KEY": "ses-secret-of-nobody"},
        ),
    ),
    "smtp": Row(Nothing, _catcher),
}
