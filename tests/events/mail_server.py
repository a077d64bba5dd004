"""A mail server on the loopback address: it keeps what it is given, and refuses what it is told to."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import cast

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session


@dataclass
class MailServer:
    """``answers`` are given to the next messages in turn; ``refused`` recipients get theirs each time."""

    received: list[EmailMessage] = field(default_factory=list)
    envelopes: list[list[str]] = field(default_factory=list)
    answers: list[str] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
    signed_in: list[tuple[str, str]] = field(default_factory=list)
    url: str = ""

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address in self.refused:
            return self.refused[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - as above
        if self.answers:
            answer = self.answers.pop(0)
            if not answer.startswith("250"):
                return answer
        content = cast(bytes, envelope.content)
        self.received.append(cast(EmailMessage, message_from_bytes(content, policy=policy.default)))
        self.envelopes.append(list(envelope.rcpt_tos))
        return "250 OK"


@contextmanager
def mail_server(*, user: str = "") -> Iterator[MailServer]:
    """A server that runs; one with a ``user`` wants to be signed in to."""
    kept = MailServer()

    def sign_in(server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: object) -> AuthResult:
        login, password = getattr(data, "login", b"").decode(), getattr(data, "password", b"").decode()
        kept.signed_in.append((login, password))
        return AuthResult(success=login == user)

    controller = Controller(
        kept,
        hostname="127.0.0.1",
        port=0,
        authenticator=sign_in,
        auth_required=bool(user),
        auth_require_tls=False,
    )
    controller.start()
    try:
        port = controller.server.sockets[0].getsockname()[1]
        kept.url = f"smtp://{user + ':se%20cret@' if user else ''}127.0.0.1:{port}"
        yield kept
    finally:
        controller.stop()
