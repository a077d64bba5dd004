"""A real Docker Engine, and the images that run on it. `make e2e` runs these tests, and they only run when asked for:
they take the whole machine.

SHOPCTL_E2E_ENGINE=own starts an engine of the tests' own (see ``own_engine.py``); else it is the one that is there.

Two workers of pytest-xdist (``-n 2 --dist loadfile``) each keep a shop of their own, on one engine: most of the time is
spent on waiting for health checks and for what stops.
"""

import fcntl
import os
import secrets
import warnings
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import Any, NoReturn

import pytest

from tests.containers.beyond import a_host_beyond
from tests.containers.engine import Engine, NoEngine, engine_that_is_there, find_compose
from tests.containers.images import Images, copy_of_the_source, make_images
from tests.containers.own_engine import CACHE, own_engine

_HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if _HERE in item.path.parents:
            item.add_marker(pytest.mark.containers)


_started = ExitStack()
_engine: dict[str, Any] = {}


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Before each worker of pytest-xdist starts: the process that starts them has the engine that they share."""
    if _wants_its_own() and not _engine:
        try:
            _engine.update(asdict(_started.enter_context(own_engine())))
        except NoEngine:
            return  # Each worker finds out for itself, where a test can fail of it.
    node.workerinput["engine"] = _engine


def pytest_unconfigure() -> None:
    _started.close()


@pytest.fixture(scope="session")
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    """An engine that answers. Without one the tests fail in CI; at home they are skipped, and say so."""
    shared = getattr(request.config, "workerinput", {}).get("engine")
    with ExitStack() as stack:
        try:
            find_compose()
            if shared:
                yield Engine(**shared)
            else:
                yield stack.enter_context(own_engine()) if _wants_its_own() else engine_that_is_there()
        except NoEngine as error:
            _cannot_run(error)


@pytest.fixture(scope="session")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The source as a fresh clone would hold it."""
    return copy_of_the_source(tmp_path_factory.mktemp("source"))


@pytest.fixture(scope="session")
def images(engine: Engine, source: Path) -> Images:
    """The shop's image, built of this source, and those that it runs beside."""
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "images.lock").open("w") as turn:  # A second worker finds made what the first one made.
        fcntl.flock(turn, fcntl.LOCK_EX)
        try:
            return make_images(engine, source)
        except NoEngine as error:
            _cannot_run(error)


@pytest.fixture(scope="session")
def beyond(engine: Engine) -> Iterator[str | None]:
    """The address of a host beyond this machine; none where the machine is not the tests' own."""
    if not _wants_its_own():
        yield None
        return
    worker = os.environ.get("PYTEST_XDIST_WORKER", "gw0")  # each needs a network of its own
    with a_host_beyond(int(worker.removeprefix("gw"))) as address:
        yield address


@pytest.fixture
def name() -> str:
    """A name of this test's own, for a project, a network or a volume."""
    return f"shopctl-e2e-{secrets.token_hex(4)}"


def _wants_its_own() -> bool:
    kind = os.environ.get("SHOPCTL_E2E_ENGINE", "")
    if kind not in ("", "own"):
        raise NoEngine(f'SHOPCTL_E2E_ENGINE is "{kind}"; it is own, or not set.')
    return kind == "own"


def _cannot_run(error: NoEngine) -> NoReturn:
    if os.environ.get("CI"):
        pytest.fail(str(error))
    warnings.warn(f"THE CONTAINER TESTS DID NOT RUN. {error}", stacklevel=1)
    pytest.skip(str(error))
