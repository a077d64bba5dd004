"""In the containers of every rendering the doctor finds nothing wrong, and advises nothing that would do harm there."""

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import pytest

from shopapi.db.engine import open_database
from shopctl.commands import serve
from shopctl.doctor import examine, machine
from shopctl.doctor.checks import Told
from shopctl.manifests.topology import topology
from shopctl.manifests.values import Form, read
from tests import factories
from tests.contract.parts import Parts
from tests.processes import ShopProcess

Serving = Callable[[list[str], dict[str, str]], ShopProcess]
MIB = 1024 * 1024
_TO_SELL = {"mail", "bank account"}
"""What nobody but the shop's owner can name, before the first customer comes."""
RENDERINGS: dict[Form, tuple[list[str], dict[str, set[str]]]] = {
    "compose": (
        [],
        {"migrate": {"secret key"}, "seed": {"secret key"}, "shopapi": set(), "frontend": set(), "worker": set()},
    ),
    "traefik": (
        ["host=goods.de", "acme.email=you@goods.de"],
        {"migrate": {"secret key"}, "shopapi": _TO_SELL, "frontend": set(), "worker": _TO_SELL},
    ),
    # Without a certificate that browsers trust, which by default it has not, HSTS is off, and that is to be looked at.
    "kubernetes": (
        [],
        {
            "migrate": {"secret key"},
            "shopapi": {"public address", *_TO_SELL},
            "frontend": {"public address"},
            "worker": _TO_SELL,
        },
    ),
}
"""How each is rendered, and what there is to look at in each container of it. One that migrates or seeds has no key and
needs none: the doctor says so. On this machine alone nobody needs a mail server or a bank account."""


@pytest.fixture
def container_tmp(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The /tmp of a container, 64 MiB in memory: a real one where this user may mount it."""
    place = tmp_path / "tmp"
    place.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    mount = ["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", str(place)]
    mounted = os.geteuid() == 0 and subprocess.run(mount, capture_output=True, check=False).returncode == 0

    def as_if(path: Path) -> SimpleNamespace:
        return SimpleNamespace(total=64 * MIB, free=64 * MIB - sum(file.stat().st_size for file in path.iterdir()))

    if not mounted:
        monkeypatch.setattr(shutil, "disk_usage", as_if)
    yield place
    if mounted:
        subprocess.run(["umount", str(place)], check=True)


@pytest.fixture
def parts_of(
    tmp_path: Path, postgresql_url: str, container_tmp: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[Form], Parts]:
    """The parts of a rendering over a real database that somebody can sign in to, as if this were the image."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SHOPCTL_COMMIT", "0123456789abcdef")
    monkeypatch.setattr(machine, "checkout", lambda: None)
    # The ports of this machine are not those of a container.
    monkeypatch.setattr(serve, "require_free_port", lambda host, port, remedy: None)
    with closing(open_database(postgresql_url, threads=1)) as database, database.writing() as c:
        factories.staff(c, role="owner")

    def parts(form: Form) -> Parts:
        made = Parts(topology(read(form, [], RENDERINGS[form][0])), tmp_path, {}, tmp_path / "secrets")
        made.make_secrets(postgresql_url.replace("+psycopg2", ""))
        (made.secrets / "DATABASE_URL").chmod(0o440)
        return made

    return parts


def to_look_at(environ: dict[str, str]) -> dict[str, Told]:
    """What the doctor finds in an environment that is not good."""
    return {one.name: one for one in examine(environ) if one.state != "ok"}


@pytest.mark.processes
@pytest.mark.parametrize("form", RENDERINGS)
def test_in_no_container_does_anything_fail_and_nothing_is_warned_of_that_is_right(
    form: Form, parts_of: Callable[[Form], Parts], serving: Serving, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts = parts_of(form)
    api = serving(["serve-api"], parts.environment("shopapi", HOST="127.0.0.1"))
    found = socket.getaddrinfo
    # The name that the API has in the network of the containers.
    monkeypatch.setattr(
        socket,
        "getaddrinfo",
        lambda host, *more, **other: found({"shopapi": "127.0.0.1"}.get(host, host), *more, **other),
    )
    here = {"frontend": {"API_SERVER_URL": f"http://shopapi:{api.port}"}}
    told = {name: to_look_at(parts.environment(name, **here.get(name, {}))) for name in parts.topology.services}
    assert not [one for findings in told.values() for one in findings.values() if one.state == "fail"]
    assert {name: set(findings) for name, findings in told.items()} == RENDERINGS[form][1]


def test_pages_before_an_api_that_is_not_started_are_not_told_to_widen_its_names(
    parts_of: Callable[[Form], Parts],
) -> None:
    found = to_look_at(parts_of("traefik").environment("frontend", API_SERVER_URL="http://127.0.0.1:1"))
    assert (set(found), found["API"].state) == ({"API"}, "warn")
    assert "SHOP_ALLOWED_HOSTS" not in found["API"].remedy


def test_a_small_file_system_in_memory_fails_when_it_is_nearly_full(
    parts_of: Callable[[Form], Parts], container_tmp: Path
) -> None:
    environ = parts_of("compose").environment("worker")
    filled = container_tmp / "filled"
    for used, state in ((32, {}), (56, {"disk": "warn"}), (62, {"disk": "fail"})):
        with filled.open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, used * MIB)
        assert {name: one.state for name, one in to_look_at(environ).items()} == state
