"""The shape of a check, and what all checks look at."""

import contextlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, Literal, TypeVar
from urllib.parse import unquote, urlsplit

from msgspec import Struct

from shopapi.runtime.logs import redacted
from shopapi.runtime.settings import SettingsError, is_loopback, read
from shopapi.settings import ApiSettings
from shopctl.doctor.database import Database
from shopctl.settings import WORKER_PORT, ShopctlSettings, refuse_unknown_names
from shopweb.settings import WebSettings

T = TypeVar("T")
State = Literal["ok", "warn", "fail"]
Part = Literal["web", "worker", "once", "any"]
_RANK: Final[dict[State, int]] = {"fail": 0, "warn": 1, "ok": 2}


class Told(Struct, frozen=True):
    """One check as it is told: the factor (1 to 12) that it belongs to, what was found and what to do about it.

    ``remedy`` is empty where ``state`` is ``ok``.
    """

    factor: int
    name: str
    state: State
    found: str
    remedy: str


class Finding(Struct, frozen=True):
    """What a check found."""

    state: State
    found: str
    remedy: str = ""


def ok(found: str) -> Finding:
    """Nothing to do."""
    return Finding("ok", found)


def warn(found: str, remedy: str) -> Finding:
    """It works, and may not be what was meant."""
    return Finding("warn", found, remedy)


def fail(found: str, remedy: str) -> Finding:
    """It does not work, or is not safe."""
    return Finding("fail", found, remedy)


@dataclass(frozen=True)
class Check:
    """Looks at one thing. ``needs`` names the settings without which there is nothing to look at.

    ``of_servers`` is one of how requests of others are answered: nobody sends any to a worker.
    """

    factor: int
    name: str
    look: Callable[["Situation"], Finding]
    needs: tuple[str, ...] = ()
    of_servers: bool = False

    def told(self, situation: "Situation") -> Told:
        """Look. A check that breaks is a check that failed: the others still have something to say."""
        unread = [name for name in self.needs if name in situation.unread]
        try:
            if "DATABASE_URL" in self.needs and situation.part == "web":
                found = ok("the API's affair: here API_SERVER_URL is set and DATABASE_URL is not")
            elif self.of_servers and situation.part == "worker":
                found = ok(f"the servers' affair: PORT={WORKER_PORT} is a worker's, which serves nobody")
            elif unread:
                found = warn(f"not looked at, because {unread[0]} cannot be used", "shopctl config says why")
            else:
                found = self.look(situation)
        except Exception as error:
            found = fail(f"could not be looked at: {type(error).__name__}: {error}", "please report it with this line")
        return Told(self.factor, self.name, found.state, situation.without_secrets(found.found), found.remedy)


def worst_first(told: list[Told]) -> list[Told]:
    """What failed, then what is to be looked at, then what is good; each by its factor."""
    return sorted(told, key=lambda one: (_RANK[one.state], one.factor))


class Situation:
    """The configuration at hand. A setting that cannot be used has its default here and is named in ``unread``.

    ``clock`` tells this machine's time in seconds since the epoch.
    """

    def __init__(self, environ: Mapping[str, str], clock: Callable[[], float] = time.time) -> None:
        self.environ, self.clock = environ, clock
        self.problems: dict[str, None] = {}
        self.unread: set[str] = set()
        self.api = self._settings(ApiSettings)
        self.web = self._settings(WebSettings)
        self.shopctl = self._settings(ShopctlSettings)
        try:
            refuse_unknown_names(environ)
        except SettingsError as error:
            self.problems.update(dict.fromkeys(error.problems))

    def __enter__(self) -> "Situation":
        return self

    def __exit__(self, *_: object) -> None:
        if "database" in self.__dict__:
            with contextlib.suppress(Exception):
                self.database.close()

    @property
    def is_public(self) -> bool:
        """Whether customers come from other machines."""
        return not is_loopback(self.host)

    @property
    def part(self) -> Part:
        """Whose environment this is: that of a part which has no more than it needs, as the renderings give it.

        ``once`` is what migrates or seeds; ``any`` is the API, and whatever has the settings of several parts.
        """
        if self.has("API_SERVER_URL"):
            return "any" if self.has("DATABASE_URL") else "web"
        if self.shopctl.port == WORKER_PORT:
            return "worker"
        serves = any(map(self.has, ("HOST", "PORT", "SHOP_PUBLIC_URL", "SHOP_SECRET_KEY")))
        return "once" if self.has("DATABASE_URL") and not serves else "any"

    def has(self, name: str) -> bool:
        """Whether a setting comes from the environment, by itself or by its file."""
        return bool(self.environ.get(name) or self.environ.get(f"{name}_FILE"))

    @property
    def host(self) -> str:
        """The host that customers see."""
        return self.api.public_url.hostname or ""

    @property
    def is_sqlite(self) -> bool:
        """Whether the shop's data lies in a file of SQLite."""
        return self.api.database_url.startswith("sqlite")

    @property
    def database_password(self) -> str:
        """The password in ``DATABASE_URL``; empty where there is none."""
        return "" if self.is_sqlite else urlsplit(self.api.database_url).password or ""

    def without_secrets(self, text: str) -> str:
        """``text`` as it may be shown: what an error says may hold what it was about."""
        password = self.database_password
        for secret in filter(None, (self.api.secret_key, password, unquote(password))):
            text = text.replace(secret, "******") if len(secret) > 3 else text
        return redacted(text)

    @cached_property
    def database(self) -> Database:
        """What could be learnt of the database, asked once."""
        return Database(self.api.database_url, self.clock)

    def _settings(self, cls: type[T]) -> T:
        environ: dict[str, Any] = dict(self.environ)
        while True:
            try:
                return read(cls, environ)
            except SettingsError as error:
                self.problems.update(dict.fromkeys(error.problems))
                for problem in error.problems:
                    name = problem.partition(" ")[0].removesuffix("_FILE")
                    self.unread.add(name)
                    for one in (name, f"{name}_FILE"):
                        environ.pop(one, None)
