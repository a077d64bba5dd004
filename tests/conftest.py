"""What every test may ask for: a database (of either kind), the API over it, tokens, real processes.

A test that got a ``database_url`` ends with the audit: the books must agree. ``@pytest.mark.spoils_the_books`` is for
those that break them on purpose.
"""

import gc
import os
import shutil
import tempfile
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Protocol

import httpx
import pytest

from shopapi.contract.accounts import Role
from shopapi.db.audit import INVARIANTS, findings
from shopapi.db.engine import Database, open_database
from shopapi.db.migrate import migrate
from shopapi.runtime.settings import read
from shopapi.settings import ApiSettings
from tests import factories
from tests.app_client import client_of
from tests.compiled import create_engine_that_remembers
from tests.postgres import Postgres, shared_server_url, stop_shared_server
from tests.processes import ShopProcess, start_serving
from tests.templates import Filling, PostgresTemplates, SqliteTemplates
from tests.waiting import free_port

MARKERS = {
    "browser": "drives a real Chromium",
    "containers": "runs on a real Docker Engine",
    "thorough": "left out of `make test` or, on containers, of CI, for its time; `make thorough` or `make e2e` runs it",
    "concurrency": "many callers at once",
    "processes": "starts real processes of the shop",
    "schemathesis": "asks what the OpenAPI document says, in bulk",
    "spoils_the_books": "breaks the books on purpose, so that no audit follows",
}
SECRET_KEY = "4dc1f0a0a7be1f4f49f9f3e5a1cf27a38a7c2b8f0d6e5b17"

_RUN = pytest.StashKey[Path]()
_CONTROLLER = pytest.StashKey[int]()
_LOGS = pytest.StashKey[list[Path]]()


# --- one run, whatever the number of workers


def pytest_configure(config: pytest.Config) -> None:
    for name, meaning in MARKERS.items():
        config.addinivalue_line("markers", f"{name}: {meaning}")
    told = getattr(config, "workerinput", None)
    config.stash[_RUN] = Path(told["shop_run"] if told else tempfile.mkdtemp(prefix="shopctl-tests-"))
    config.stash[_CONTROLLER] = told["shop_controller"] if told else os.getpid()


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: "_Worker") -> None:
    """Tell a worker of pytest-xdist where the run keeps what all workers share."""
    node.workerinput |= {
        "shop_run": str(node.config.stash[_RUN]),
        "shop_controller": node.config.stash[_CONTROLLER],
    }


def pytest_unconfigure(config: pytest.Config) -> None:
    run = config.stash.get(_RUN, None)
    if run is not None and not hasattr(config, "workerinput"):
        stop_shared_server(run)
        shutil.rmtree(run, ignore_errors=True)


def pytest_collection_finish() -> None:
    """What was imported stays to the end: Python need not look through it for garbage again and again."""
    gc.collect()
    gc.freeze()


_TESTS = Path(__file__).parent
_CONTAINERS = _TESTS / "containers"

# Here a test runs on PostgreSQL too, and so does the first of many cases of one; the other cases are tried on SQLite,
# and on PostgreSQL only thoroughly. Commands say the same on both, but for those that are about databases.
_FIRST_CASE_ON_BOTH = [_TESTS / part for part in ("api", "events", "promotions")]
_ON_BOTH_THOROUGHLY = [_TESTS / "cli"]
_ABOUT_DATABASES = [_TESTS / "cli" / "test_database_commands.py"]


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    seen: set[str] = set()
    for item in items:
        case = getattr(item, "callspec", None)
        if case is None or case.params.get("database_url") != "postgresql":
            continue
        name = item.nodeid.partition("[")[0]
        again = name in seen and _is_in(item.path, _FIRST_CASE_ON_BOTH)
        seen.add(name)
        if again or (_is_in(item.path, _ON_BOTH_THOROUGHLY) and item.path not in _ABOUT_DATABASES):
            item.add_marker(pytest.mark.thorough)


def _is_in(file: Path, folders: list[Path]) -> bool:
    return any(file.is_relative_to(folder) for folder in folders)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    return True if collection_path == _CONTAINERS and not _asks_for_containers(config) else None


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if not _asks_for_containers(config):
        terminalreporter.write_line("The tests on real containers are apart: make e2e runs them.")


def _asks_for_containers(config: pytest.Config) -> bool:
    """Whether this run is meant for them: they take the whole machine, so nobody gets them unasked."""
    return any("containers" in asked for asked in (config.option.markexpr, *config.args))


class _Worker(Protocol):
    workerinput: dict[str, object]
    config: pytest.Config


# --- databases


@pytest.fixture(scope="session", autouse=True)
def statements_are_compiled_once() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("shopapi.db.engine.create_engine", create_engine_that_remembers)
        yield


@pytest.fixture(scope="session")
def postgres(pytestconfig: pytest.Config) -> Iterator[Postgres]:
    """The PostgreSQL server of this run, started when the first test asks for it."""
    server = Postgres(shared_server_url(pytestconfig.stash[_RUN], pytestconfig.stash[_CONTROLLER]))
    yield server
    server.close()


@pytest.fixture(scope="session")
def postgres_template(postgres: Postgres) -> Iterator[str]:
    """The name of a migrated database, to be copied and never used."""
    name = postgres.create()
    migrate(_as_setting(postgres.url_of(name)))
    yield name
    postgres.drop(name)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file, to be copied and never used."""
    file = tmp_path_factory.mktemp("template") / "shop.db"
    migrate(_as_setting(f"sqlite:///{file}"))
    log = file.with_name("shop.db-wal")
    assert not log.exists() or log.stat().st_size == 0, "The migrations left the file open: a copy would lack them."
    return file


@pytest.fixture(scope="session")
def postgres_templates(postgres: Postgres, postgres_template: str) -> Iterator[PostgresTemplates]:
    templates = PostgresTemplates(postgres, postgres_template)
    yield templates
    templates.close()


@pytest.fixture(scope="session")
def sqlite_templates(sqlite_template: Path) -> SqliteTemplates:
    return SqliteTemplates(sqlite_template)


@pytest.fixture
def starts_with() -> Filling | None:
    """What is in this test's database from the start; override it where many tests begin with the same shop."""
    return None


@pytest.fixture
def postgresql_url(
    postgres: Postgres, postgres_templates: PostgresTemplates, starts_with: Filling | None
) -> Iterator[str]:
    """A migrated PostgreSQL database of this test's own, empty but for what it ``starts_with``."""
    name = postgres_templates.copy(starts_with)
    yield _as_setting(postgres.url_of(name))
    postgres.drop(name)


@pytest.fixture
def empty_postgresql_url(postgres: Postgres) -> Iterator[str]:
    """A PostgreSQL database of this test's own without a single table."""
    name = postgres.create()
    yield _as_setting(postgres.url_of(name))
    postgres.drop(name)


@pytest.fixture
def sqlite_url(sqlite_templates: SqliteTemplates, tmp_path: Path, starts_with: Filling | None) -> str:
    """A migrated SQLite database of this test's own, empty but for what it ``starts_with``."""
    sqlite_templates.copy(starts_with, tmp_path / "shop.db")
    return _as_setting(f"sqlite:///{tmp_path}/shop.db")


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """A migrated database of this test's own, of each kind in turn, empty but for what it ``starts_with``; its books
    are audited afterwards."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    yield url
    if request.node.get_closest_marker("spoils_the_books") is None:
        assert_the_books_agree(url)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """The test's database, open."""
    opened = open_database(database_url)
    yield opened
    opened.close()


def assert_the_books_agree(url: str) -> None:
    """Fail with every finding of the audit of the database at ``url``."""
    database = open_database(url, threads=1)
    try:
        with database.reading() as c:
            found = {each.name: told for each in INVARIANTS if (told := findings(c, each))}
    finally:
        database.close()
    assert not found, f"The audit found: {found}"


def _as_setting(url: str) -> str:
    return read(ApiSettings, {"DATABASE_URL": url}).database_url


# --- the API in this process


@pytest.fixture(scope="session")
def routes_are_made_once() -> Iterator[None]:
    """Every app of this process has the same routes."""
    from tests.routed_once import RoutedOnce

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("shopapi.app.Litestar", RoutedOnce)
        patched.setattr("shopweb.app.Litestar", RoutedOnce)
        yield


@pytest.fixture
def environment(database_url: str) -> dict[str, str]:
    """The settings of the shop under test, as environment variables; override it to test others."""
    return {
        "DATABASE_URL": database_url.replace("+psycopg2", ""),
        "SHOP_SECRET_KEY": SECRET_KEY,
        "SHOP_RATE_LIMITS": "off",
        "SHOP_ACCESS_LOG": "off",
    }


@pytest.fixture
def settings(environment: dict[str, str]) -> ApiSettings:
    """The same settings, read."""
    return read(ApiSettings, environment)


@pytest.fixture
def api(settings: ApiSettings, routes_are_made_once: None) -> Iterator[httpx.Client]:
    """A client of the API, without a token."""
    from shopapi.app import create_app

    with client_of(create_app(settings)) as client:
        yield client


class TokenFor(Protocol):
    """Makes a token; calls for one role answer one and the same."""

    def __call__(self, role: Role) -> str: ...


@pytest.fixture
def token_for(database: Database) -> TokenFor:
    """The token of a session of a member of staff with a role, whom the first call makes."""
    known: dict[Role, str] = {}

    def token(role: Role) -> str:
        if role not in known:
            with database.writing() as c:
                known[role] = factories.session(c, factories.staff(c, role=role))
        return known[role]

    return token


class AsRole(Protocol):
    """Answers the headers of a caller with a role."""

    def __call__(self, role: Role) -> dict[str, str]: ...


@pytest.fixture
def as_role(token_for: TokenFor) -> AsRole:
    """Headers that call as a member of staff with a role: ``api.get("/items", headers=as_role("clerk"))``."""
    return lambda role: {"Authorization": f"Bearer {token_for(role)}"}


# --- real processes


class ApiProcesses(Protocol):
    """Starts API processes, each a ``shopctl serve-api`` of its own, and waits until they are ready."""

    def __call__(
        self, n: int = 1, server: str = "uvicorn", workers: int = 1, **environment: str
    ) -> list[ShopProcess]: ...


class WebProcess(Protocol):
    """Starts ``shopctl serve-web`` before the API at ``api_url`` and waits until it is ready."""

    def __call__(self, api_url: str, server: str = "uvicorn", **environment: str) -> ShopProcess: ...


@pytest.fixture
def serving(
    request: pytest.FixtureRequest, tmp_path: Path
) -> Iterator[Callable[[list[str], dict[str, str]], ShopProcess]]:
    """Starts ``shopctl`` commands that serve; all are killed at the end, their logs shown when the test failed."""
    running: list[ShopProcess] = []
    logs = request.node.stash.setdefault(_LOGS, [])

    def start(command: list[str], environment: dict[str, str]) -> ShopProcess:
        port = free_port()
        log = tmp_path / f"{command[0]}-{port}.log"
        logs.append(log)
        running.append(start_serving(command, environment, port, log, tmp_path))
        return running[-1]

    yield start
    for process in running:
        process.kill()


@pytest.fixture
def api_processes(
    serving: Callable[[list[str], dict[str, str]], ShopProcess], environment: dict[str, str]
) -> ApiProcesses:
    """``api_processes(2, server="granian")``: so many real API processes over the test's database."""

    def start(n: int = 1, server: str = "uvicorn", workers: int = 1, **more: str) -> list[ShopProcess]:
        command = ["serve-api", "--server", server, "--workers", str(workers)]
        return [serving(command, {**environment, **more}) for _ in range(n)]

    return start


@pytest.fixture
def web_process(serving: Callable[[list[str], dict[str, str]], ShopProcess], environment: dict[str, str]) -> WebProcess:
    """``web_process(api.url)``: a real web process in front of an API."""

    def start(api_url: str, server: str = "uvicorn", **more: str) -> ShopProcess:
        return serving(["serve-web", "--server", server], {**environment, "API_SERVER_URL": api_url, **more})

    return start


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: "pytest.CallInfo[None]"
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.failed:
        for log in item.stash.get(_LOGS, []):
            if log.exists():
                report.sections.append((log.stem, log.read_text(errors="replace")))
    return report
