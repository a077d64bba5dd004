"""The whole shop as its topology has it, with two of each that serves, behind a real Traefik."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx
import yaml

from shopapi.db.engine import open_database
from shopctl.manifests.certificate import self_signed
from shopctl.manifests.patches import Patch
from shopctl.manifests.topology import topology
from shopctl.manifests.values import Values, read
from tests import factories
from tests.contract.front import SEEN_WITHIN_S, Front, Here, traefik, trusting
from tests.contract.parts import Parts, until_ready
from tests.docs import pages
from tests.processes import ShopProcess
from tests.waiting import free_port

HOST, API_HOST = "shop.example", "api.shop.example"
BODY_KIB: Final = 64
OWNER: Final = "owner@shop.example"
PAGE: Final = "docs/how-to/deploy-behind-traefik.md"


@dataclass
class Shop:
    """The running shop: ``parts`` are its processes, ``front`` the Traefik before them."""

    values: Values
    parts: Parts
    front: Front
    certificate: Path
    token: str
    """Of a manager's session."""

    @property
    def url(self) -> str:
        """Where customers find it."""
        return f"https://{HOST}:{self.front.https_port}"

    @property
    def api_url(self) -> str:
        """Where programs find it."""
        return f"https://{API_HOST}:{self.front.https_port}"

    def caller(self, base_url: str = "", **how: object) -> httpx.Client:
        """Somebody outside, who comes through Traefik and believes the shop's certificate alone."""
        return httpx.Client(
            base_url=base_url or self.url,
            transport=Here(verify=trusting(self.certificate)),
            timeout=20,
            **how,  # type: ignore[arg-type]
        )

    def ports(self, name: str) -> list[int]:
        """The ports at which Traefik looks for a part."""
        return [int(url.rpartition(":")[2]) for url in self.values[f"{name}.urls"].split(",")]

    def urls(self, name: str) -> list[str]:
        """Where Traefik looks for a part."""
        return self.values[f"{name}.urls"].split(",")

    def start(self, name: str, number: int, **other: str) -> ShopProcess:
        """Start one process of a part, and wait until it is ready."""
        return until_ready(self.parts.start(name, self.ports(name)[number], number, **other))


@contextmanager
def open_shop(home: Path, database_url: str) -> Iterator[Shop]:
    """Start everything over an empty database, and kill it at the end."""
    # A pair that is given, as an owner has one from elsewhere; here nobody but the tests believes it.
    certificate, key, _ = self_signed(home / "certificate", [HOST, API_HOST])
    values = read("traefik", [], _settings(certificate, key))
    inside = free_port()
    parts = Parts(topology(values), home, _addresses(values, inside), home / "secrets")
    try:
        parts.make_secrets(database_url)
        parts.run("migrate")
        parts.run("seed")
        for part in ("shopapi", "frontend"):
            for number, url in enumerate(values[f"{part}.urls"].split(",")):
                parts.start(part, int(url.rpartition(":")[2]), number, **drain(part, number))
        parts.start("worker", free_port())
        for process in parts.running.values():
            until_ready(process)
        with traefik(values, home / "traefik", _inside(inside)) as front:
            yield Shop(values, parts, front, certificate, _manager(database_url))
    finally:
        parts.kill_all()


def drain(name: str, number: int) -> dict[str, str]:
    """How long a process says that it goes: the first of the API as long as is rendered, the others a bit shorter, just
    as long as Traefik may take to see it."""
    return {} if (name, number) == ("shopapi", 0) else {"SHOP_DRAIN_S": str(SEEN_WITHIN_S)}


def _settings(certificate: Path, key: Path) -> list[str]:
    def two() -> str:
        return ",".join(f"http://127.0.0.1:{free_port()}" for _ in range(2))

    return [
        f"host={HOST}",
        f"tls.cert={certificate}",
        f"tls.key={key}",
        f"traefik.httpPort={free_port()}",
        f"traefik.httpsPort={free_port()}",
        "frontend.replicas=2",
        "shopapi.replicas=2",
        f"frontend.urls={two()}",
        f"shopapi.urls={two()}",
        # One address makes all the calls of these tests.
        "limits.requests=100000",
        f"limits.bodyKiB={BODY_KIB}",
        # Where Traefik is, seen from the parts.
        "trustedProxies=127.0.0.1",
        "seed=demo",
    ]


def _addresses(values: Values, inside: int) -> dict[str, dict[str, str]]:
    allowed = topology(values).services["shopapi"].environment["SHOP_ALLOWED_HOSTS"]
    return {
        "shopapi": {"SHOP_ALLOWED_HOSTS": f"{allowed},127.0.0.1"},
        "frontend": {"API_SERVER_URL": f"http://127.0.0.1:{inside}"},
    }


def _inside(port: int) -> list[Patch]:
    """One address for both of the API, as the page for hosts without Docker has it: what the name `shopapi` is to the
    pages inside a network of containers."""
    (text,) = [text for text in pages.blocks(PAGE, "yaml") if ":8100" in text]
    assert text.count(":8100") == 1
    return [Patch(PAGE, document) for document in yaml.safe_load_all(text.replace(":8100", f":{port}"))]


def _manager(database_url: str) -> str:
    database = open_database(database_url.replace("postgresql://", "postgresql+psycopg2://"), threads=1)
    try:
        with database.writing() as c:
            factories.staff(c, role="owner", email=OWNER)
            return factories.session(c, factories.staff(c, role="manager"))
    finally:
        database.close()
