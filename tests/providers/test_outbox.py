from __future__ import annotations

import email
import email.policy
import errno
import os
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path

import pytest

from bypost.errors import Refused
from bypost.model.message import Key, Message
from bypost.providers.outbox import Outbox
from tests.contracts.provider import DATE, ProviderContract, make_message

OURS = ["from", "to", "reply-to", "subject", "date", "message-id", "mime-version", "content-type"]


class TestOutbox(ProviderContract):
    send_class = Key(lifetime=None, same_bytes=False)
    most = 100

    @pytest.fixture
    def provider(self, tmp_path: Path) -> Outbox:
        self.folder = tmp_path / "var" / "outbox"
        return Outbox(path=self.folder)

    def mail(self, ref: str = "d-1") -> EmailMessage:
        parsed = email.message_from_bytes(
            (self.folder / f"{ref}.eml").read_bytes(), policy=email.policy.default
        )
        assert not parsed.defects
        return parsed

    def received(self) -> list[Message]:
        return [_read(path.stem, self.mail(path.stem)) for path in sorted(self.folder.iterdir())]

    def test_mail_has_the_headers_a_mail_must_have(self, provider: Outbox) -> None:
        self.deliver(provider, make_message())
        mail = self.mail()
        assert mail["Message-ID"] == "<d-1@example.org>"
        assert mail["Date"].datetime == DATE
        assert mail["MIME-Version"] == "1.0"
        assert mail.get_content_type() == "multipart/alternative"
        assert [part.get_content_type() for part in mail.iter_parts()] == [
            "text/plain",
            "text/html",
        ]
        assert {part.get_content_charset() for part in mail.iter_parts()} == {"utf-8"}

    def test_lines_end_and_stay_as_short_as_mail_wants(self, provider: Outbox) -> None:
        self.deliver(provider, make_message(html="<p>" + "long " * 5000 + "</p>", text="a\nb\r\nc"))
        lines = (self.folder / "d-1.eml").read_bytes().split(b"\r\n")
        assert max(map(len, lines)) <= 998
        assert not any(b"\n" in line or b"\r" in line for line in lines)

    def test_the_same_reference_replaces_the_file(self, provider: Outbox) -> None:
        self.deliver(provider, make_message(subject="First"))
        later = DATE + timedelta(hours=1)
        self.deliver(provider, make_message(subject="Second", date=later))
        assert [path.name for path in self.folder.iterdir()] == ["d-1.eml"]
        assert self.mail()["Subject"] == "Second"
        assert self.mail()["Date"].datetime == later

    def test_only_the_owner_can_read_the_mails(self, provider: Outbox) -> None:
        self.deliver(provider, make_message())
        assert self.folder.stat().st_mode & 0o777 == 0o700
        assert (self.folder / "d-1.eml").stat().st_mode & 0o777 == 0o600

    def test_a_folder_that_cannot_be_made_is_refused_with_path_and_fix(
        self, tmp_path: Path
    ) -> None:
        (tmp_path / "file").write_text("in the way")
        provider = Outbox(path=tmp_path / "file" / "outbox")
        with pytest.raises(Refused) as caught:
            self.deliver(provider, make_message())
        assert str(tmp_path / "file" / "outbox") in str(caught.value)
        assert "[providers.outbox]" in str(caught.value)

    def test_a_full_disk_leaves_no_half_mail_and_nothing_in_its_place(
        self, provider: Outbox, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        self.deliver(provider, make_message(subject="Before"))

        def full(_descriptor: int) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

        monkeypatch.setattr(os, "fsync", full)
        with pytest.raises(Refused, match="No space left on device; make room"):
            self.deliver(provider, make_message(subject="After"))
        assert [path.name for path in self.folder.iterdir()] == ["d-1.eml"]
        assert self.mail()["Subject"] == "Before"

    def test_a_reference_cannot_leave_the_folder_even_in_stored_bytes(
        self, provider: Outbox, tmp_path: Path
    ) -> None:
        body = provider.prepare([make_message("d-1")]).replace(b'"d-1"', b'"../../d-1"')
        (result,) = provider.send(body, count=1, key="batch-1")
        assert not result.accepted
        assert not list(tmp_path.rglob("*.eml"))

    def test_a_request_for_another_number_is_refused(self, provider: Outbox) -> None:
        with pytest.raises(Refused, match="1 messages in a request for 2"):
            provider.send(provider.prepare([make_message()]), count=2, key="batch-1")


def _read(ref: str, mail: EmailMessage) -> Message:
    (to,), (sender,) = mail["To"].addresses, mail["From"].addresses
    html, text = mail.get_body(("html",)), mail.get_body(("plain",))
    assert html
    assert text
    return Message(
        ref=ref,
        date=mail["Date"].datetime,
        to=to.addr_spec,
        to_name=to.display_name,
        from_email=sender.addr_spec,
        from_name=sender.display_name,
        reply_to=str(mail["Reply-To"] or ""),
        subject=str(mail["Subject"]),
        html=html.get_content().replace("\r\n", "\n"),
        text=text.get_content().replace("\r\n", "\n"),
        headers={name: str(value) for name, value in mail.items() if name.lower() not in OURS},
    )
