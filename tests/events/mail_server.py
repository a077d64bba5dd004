"""A mail server on the loopback address: it keeps what it is given, and refuses what it is told to."""

import base64
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage


@dataclass
class MailServer:
    """``answers`` are given to the next messages in turn; ``refused`` recipients get theirs each time.

    With ``hangs_up`` the server goes away where it should answer a message.
    """

    extensions: list[str] = field(default_factory=lambda: ["8BITMIME", "SMTPUTF8"])
    received: list[EmailMessage] = field(default_factory=list)
    recipients: list[list[str]] = field(default_factory=list)
    answers: list[str] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
    signed_in: list[tuple[str, str]] = field(default_factory=list)
    connections: int = 0
    hangs_up: bool = False
    port: int = 0

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    def take(self, content: bytes, recipients: list[str]) -> str:
        answer = self.answers.pop(0) if self.answers else "250 OK"
        if answer.startswith("250"):
            self.received.append(message_from_bytes(content, _class=EmailMessage, policy=policy.default))
            self.recipients.append(recipients)
        return answer


class _Talk(socketserver.StreamRequestHandler):
    kept: MailServer

    def handle(self) -> None:
        self.kept.connections += 1
        self._say("220 tests.example ESMTP")
        self._recipients: list[str] = []
        for line in self.rfile:
            words = line.decode().strip()
            if not self._answered(words.partition(" ")[0].upper(), words):
                return

    def _answered(self, verb: str, words: str) -> bool:
        kept = self.kept
        if verb == "EHLO":
            for name in kept.extensions:
                self._say(f"250-{name}")
            self._say("250 tests.example")
        elif verb == "AUTH":
            _, user, password = base64.b64decode(words.split()[2]).decode().split("\0")
            kept.signed_in.append((user, password))
            self._say("235 OK")
        elif verb == "RCPT":
            address = words.partition("<")[2].partition(">")[0]
            self._recipients.append(address)
            self._say(kept.refused.get(address, "250 OK"))
        elif verb == "DATA":
            return self._data()
        elif verb == "QUIT":
            self._say("221 Bye")
            return False
        else:
            self._recipients = [] if verb in ("MAIL", "RSET") else self._recipients
            self._say("250 OK")
        return True

    def _data(self) -> bool:
        self._say("354 Go on")
        lines = []
        for line in self.rfile:
            if line == b".\r\n":
                break
            lines.append(line.removeprefix(b".") if line.startswith(b"..") else line)
        if self.kept.hangs_up:
            return False
        self._say(self.kept.take(b"".join(lines), self._recipients))
        return True

    def _say(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode())


@contextmanager
def mail_server() -> Iterator[MailServer]:
    """A server that runs on a port of its own."""
    kept = MailServer()
    handler = type("Talk", (_Talk,), {"kept": kept})
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        kept.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield kept
        finally:
            server.shutdown()
            thread.join()
