"""A catcher of mails over SMTP, on loopback: it keeps what it is handed and sends nothing on.

It speaks as much of RFC 5321 as a client needs, and AUTH PLAIN (RFC 4954) where it is given a
password.
"""

from __future__ import annotations

import base64
import socketserver
import threading
from collections.abc import Mapping
from types import TracebackType
from typing import Self


class FakeSmtp:
    """A server in threads of this process; a context manager that stops with its block.

    Attributes:
        port: Where it listens on 127.0.0.1.
        mails: What it took over, as it came, oldest first.
        recipients: Whom each of them went to.
        replies: Beginning of a command in capitals -> what is answered instead of doing it; an
            empty text closes the connection. ``.`` stands for the end of a mail.
        connections: How many there were.
    """

    def __init__(self, *, login: tuple[str, str] | None = None) -> None:
        """Start listening; ``login`` is who may send, None for everybody."""
        self.mails: list[bytes] = []
        self.recipients: list[str] = []
        self.replies: dict[str, str] = {}
        self.connections = 0
        self.login = login
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.owner = self
        self.port = int(self._server.server_address[1])
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.02,), daemon=True
        )
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def reply(self, line: str) -> str | None:
        """Return what is answered to ``line`` instead of the usual; None: the usual."""
        found: Mapping[str, str] = self.replies
        return next((said for begin, said in found.items() if line.upper().startswith(begin)), None)


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    block_on_close = False
    owner: FakeSmtp


class _Handler(socketserver.StreamRequestHandler):
    """One conversation."""

    server: _Server

    def handle(self) -> None:
        """Talk until the client leaves."""
        self._known = self.server.owner.login is None
        self._to = ""
        self.server.owner.connections += 1
        self._say("220 catcher ESMTP")
        while line := self.rfile.readline(2_000).decode(errors="replace").rstrip("\r\n"):
            said = self.server.owner.reply(line)
            if said is None:
                said = self._do(line)
            if not said:
                return
            self._say(said)
            if line.upper() == "QUIT":
                return

    def _do(self, line: str) -> str:
        word, _, rest = line.partition(" ")
        word = word.upper()
        if word == "EHLO":
            auth = "250-AUTH PLAIN\r\n" if self.server.owner.login else ""
            return f"250-catcher\r\n{auth}250 8BITMIME"
        if word == "AUTH":
            return self._admit(rest)
        if not self._known:
            return "530 5.7.0 Authentication required"
        if word == "RCPT":
            self._to = rest.partition("<")[2].partition(">")[0]
        return self._mail() if word == "DATA" else "250 OK"

    def _admit(self, rest: str) -> str:
        _, user, password = base64.b64decode(rest.partition(" ")[2]).decode().split("\0")
        self._known = (user, password) == self.server.owner.login
        return "235 Welcome" if self._known else "535 5.7.8 Who are you?"

    def _mail(self) -> str:
        self._say("354 Go on")
        lines = []
        while (line := self.rfile.readline()) not in (b".\r\n", b""):
            lines.append(line.removeprefix(b"."))
        said = self.server.owner.reply(".")
        if said is not None:
            return said
        self.server.owner.mails.append(b"".join(lines))
        self.server.owner.recipients.append(self._to)
        return "250 Kept"

    def _say(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())
