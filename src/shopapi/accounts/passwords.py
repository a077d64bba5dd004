"""Password hashing: argon2id, in an executor of its own, so that a crowd at the door costs the shop no thread."""

import asyncio
import os
import unicodedata
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from shopapi.accounts.rules import check_password
from shopapi.http.problems import Overloaded

# The floor of OWASP's password storage cheat sheet: 32 ms on the machine where it was measured.
_HASHER: Final = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1, hash_len=32, salt_len=16)
_NOBODY: Final = "$argon2id$v=19$m=19456,t=2,p=1$pNcnLiH7dGVYT9mHhgplgQ$fxXqrhQiM6dCaUf5ZinA8AO2YCP5NTzGQjuh6kPIURs"
_MOST_WAITING: Final = 32


def hash_password(password: str) -> str:
    """The argon2id hash of a password, as a PHC string."""
    return _HASHER.hash(_nfc(password))


def accepted(password: str, email: str) -> str:
    """The hash of a password that somebody chose; raises :class:`WeakPassword`."""
    check_password(password, email=email)
    return hash_password(password)


def verify(stored: str | None, password: str) -> bool:
    """Whether ``password`` belongs to the hash ``stored``; takes as long where there is none."""
    try:
        return _HASHER.verify(stored or _NOBODY, _nfc(password)) and stored is not None
    except (VerificationError, InvalidHashError):
        return False


def needs_rehash(stored: str) -> bool:
    """Whether a hash was made with weaker parameters than today's."""
    return _HASHER.check_needs_rehash(stored)


def _nfc(password: str) -> str:
    # One keyboard sends "é" as one character, another as two.
    return unicodedata.normalize("NFC", password)


class Passwords:
    """Hashes and verifies beside the event loop, on half the cores; a longer queue is refused with 503."""

    def __init__(self) -> None:
        self._executor = ThreadPoolExecutor(max(1, (os.cpu_count() or 2) // 2), thread_name_prefix="password")
        self._waiting = 0

    async def hash(self, password: str) -> str:
        """See :func:`hash_password`."""
        return str(await self._run(hash_password, password))

    async def accepted(self, password: str, email: str) -> str:
        """See :func:`accepted`."""
        return str(await self._run(accepted, password, email))

    async def verify(self, stored: str | None, password: str) -> bool:
        """See :func:`verify`."""
        return bool(await self._run(verify, stored, password))

    async def _run(self, work: object, *args: object) -> object:
        if self._waiting >= _MOST_WAITING:
            raise Overloaded("Too many people sign in at once. Come back in a second.")
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._executor, work, *args)  # type: ignore[arg-type]
        finally:
            self._waiting -= 1

    def close(self) -> None:
        """End the threads."""
        self._executor.shutdown(wait=False, cancel_futures=True)
