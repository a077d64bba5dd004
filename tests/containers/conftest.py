"""A real Docker Engine, and the images that run on it. `make e2e` runs these tests, and they only run when asked for:
they take the whole machine.

SHOPCTL_E2E_ENGINE=own starts an engine of the tests' own (see ``own_engine.py``); else it is the one that is there.
"""

import os
import secrets
import warnings
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import NoReturn

import pytest

from tests.containers.beyond import a_host_beyond
from tests.containers.engine import Engine, NoEngine, engine_that_is_there, find_compose
from tests.containers.images import Images, copy_of_the_source, make_images
from tests.containers.own_engine import own_engine

_HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if _HERE in item.path.parents:
            item.add_marker(pytest.mark.containers)


@pytest.fixture(scope="session")
def engine() -> Iterator[Engine]:
    """An engine that answers. Without one the tests fail in CI; at home they are skipped, and say so."""
    with ExitStack() as stack:
        try:
            find_compose()
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
    with a_host_beyond() as address:
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
