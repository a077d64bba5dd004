"""An installed wheel works without the checkout: templates, static files, locales, migrations and seeds are in it."""

import json
import os
import re
import subprocess
import sys
import sysconfig
import venv
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from tests.conftest import SECRET_KEY
from tests.processes import ShopProcess, clean_environment
from tests.waiting import free_port, wait_until

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("shopapi", "shopctl", "shopweb")


@dataclass(frozen=True)
class Installed:
    """The shop as somebody has it who installed the wheel, in a directory of its own."""

    home: Path
    wheel: Path
    programs: Path

    def environment(self, **more: str) -> dict[str, str]:
        """A clean one: neither the checkout nor a setting is in it."""
        kept = {name: value for name, value in clean_environment().items() if not name.startswith("PYTHON")}
        return {**kept, "SHOP_SECRET_KEY": SECRET_KEY, **more}

    def run(self, *command: str) -> str:
        """Run one of its programs to the end; what it printed."""
        ended = subprocess.run(
            [self.programs / command[0], *command[1:]],
            cwd=self.home,
            env=self.environment(),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert ended.returncode == 0, ended.stderr
        return ended.stdout

    def serve(self, command: str, **more: str) -> ShopProcess:
        """Start a command that serves, and wait until it is ready."""
        port, log = free_port(), self.home / f"{command}.log"
        with log.open("wb") as file:
            popen = subprocess.Popen(
                [self.programs / "shopctl", command, "--port", str(port)],
                cwd=self.home,
                env=self.environment(**more),
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        process = ShopProcess(f"http://127.0.0.1:{port}", port, log, popen)
        try:
            wait_until(lambda: _is_ready(process), 30, f"readiness of {command}")
        except BaseException:
            process.kill()
            raise
        return process


def _is_ready(process: ShopProcess) -> bool:
    assert process.popen.poll() is None, process.said()
    try:
        return httpx.get(f"{process.url}/readyz", trust_env=False, timeout=2).status_code == 200
    except httpx.TransportError:
        return False


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """The wheel of this checkout in a fresh environment, with the libraries that these tests run with."""
    home = tmp_path_factory.mktemp("installed")
    _pip("wheel", "--no-deps", "--no-build-isolation", "--no-index", "--wheel-dir", str(home), str(ROOT))
    (wheel,) = home.glob("*.whl")
    venv.create(home / "environment", with_pip=False)
    programs = home / "environment" / "bin"
    _pip("--python", str(programs / "python"), "install", "--no-deps", "--no-index", str(wheel))
    (site,) = (home / "environment" / "lib").glob("python*/site-packages")
    # A directory that a .pth names is searched, but the .pth files in it are not read: so neither is the one that an
    # editable installation of the checkout left there.
    libraries = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    (site / "libraries.pth").write_text("".join(f"{path}\n" for path in sorted(libraries)))
    return Installed(home, wheel, programs)


def _pip(*arguments: str) -> None:
    told = subprocess.run(
        [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", *arguments],
        env={**os.environ, "PIP_NO_INPUT": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.returncode == 0, told.stderr


def test_it_holds_the_three_packages_and_nothing_else(installed: Installed) -> None:
    names = zipfile.ZipFile(installed.wheel).namelist()
    tops = {name.partition("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == set(PACKAGES)
    assert {f"{package}/py.typed" for package in PACKAGES} <= set(names)
    (licence,) = [name for name in names if name.endswith("licenses/LICENSE")]
    assert zipfile.ZipFile(installed.wheel).read(licence) == (ROOT / "LICENSE").read_bytes()


def test_it_holds_every_file_of_the_source(installed: Installed) -> None:
    within = set(zipfile.ZipFile(installed.wheel).namelist())
    source = {
        str(file.relative_to(ROOT / "src"))
        for package in PACKAGES
        for file in (ROOT / "src" / package).rglob("*")
        if file.is_file() and "__pycache__" not in file.parts
    }
    assert source - within == set()


def test_it_is_the_wheel_that_is_imported(installed: Installed) -> None:
    told = installed.run("python", "-c", "import shopapi, shopctl, shopweb; print(shopapi.__file__, shopctl.__file__)")
    assert all(file.startswith(str(installed.home / "environment")) for file in told.split())
    assert json.loads(installed.run("shopctl", "version", "--json"))["version"] in installed.wheel.name


@pytest.fixture(scope="module")
def api(installed: Installed) -> Iterator[ShopProcess]:
    """Its API, over a database that its own migrations and its own seed made."""
    assert re.match(r"  ✓ schema \d{4}, \d+ steps? applied\n", installed.run("shopctl", "migrate"))
    assert "✓ 63 products added" in installed.run("shopctl", "seed")
    process = installed.serve("serve-api", SHOP_ITEMS_ACCESS="open")
    yield process
    process.kill()


@pytest.fixture(scope="module")
def web(installed: Installed, api: ShopProcess) -> Iterator[ShopProcess]:
    """Its web part, before that API."""
    process = installed.serve("serve-web", API_SERVER_URL=api.url)
    yield process
    process.kill()


@pytest.mark.processes
def test_its_api_serves_the_seed_its_document_and_its_page(api: ShopProcess) -> None:
    with httpx.Client(base_url=api.url, trust_env=False) as client:
        assert len(client.get("/items").json()) == 102
        assert client.get("/openapi.json").json()["openapi"] == "3.1.0"
        page = client.get("/docs")
        assert "/docs/swagger-ui-bundle.js" in page.text
        for name in ("swagger-ui-bundle.js", "swagger-ui.css", "page.js"):
            file = client.get(f"/docs/{name}")
            assert (file.status_code, bool(file.content)) == (200, True), name


@pytest.mark.processes
def test_its_pages_come_in_both_languages_with_all_that_they_load(web: ShopProcess) -> None:
    with httpx.Client(base_url=web.url, trust_env=False) as client:
        german = client.get("/office/sign-in", headers={"Accept-Language": "de"})
        english = client.get("/office/sign-in", headers={"Accept-Language": "en"})
        assert "Anmelden" in german.text
        assert "Sign in" in english.text
        loaded = _loaded(english.text)
        assert {name.rpartition(".")[2] for name in loaded} >= {"css", "js"}
        for name in loaded:
            file = client.get(name)
            assert (file.status_code, bool(file.content)) == (200, True), name


def _loaded(page: str) -> list[str]:
    return re.findall(r'(?:src|href)="(/static/[^"]+)"', page)
