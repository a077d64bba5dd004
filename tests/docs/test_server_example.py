"""The example of an HTTP server is one: installed as the page says, it serves the API and stops cleanly."""

import tomllib
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from tests.cli.conftest import import_path
from tests.conftest import SECRET_KEY
from tests.docs import pages
from tests.processes import ShopProcess

PAGE = "docs/how-to/add-an-http-server.md"


@pytest.mark.processes
def test_the_example_serves_the_api(
    serving: Callable[[list[str], dict[str, str]], ShopProcess], sqlite_url: str, tmp_path: Path
) -> None:
    (module,), (project,) = pages.blocks(PAGE, "python"), pages.blocks(PAGE, "toml")
    ((name, target),) = tomllib.loads(project)["project"]["entry-points"]["shopctl.servers"].items()
    packages = tmp_path / "packages"
    described = packages / "slow-1.0.dist-info"
    described.mkdir(parents=True)
    (packages / f"{target.partition(':')[0]}.py").write_text(module)
    (described / "METADATA").write_text("Metadata-Version: 2.1\nName: slow\nVersion: 1.0\n")
    (described / "entry_points.txt").write_text(f"[shopctl.servers]\n{name} = {target}\n")
    environment = {
        "PYTHONPATH": import_path(str(packages)),
        "DATABASE_URL": sqlite_url,
        "SHOP_SECRET_KEY": SECRET_KEY,
        "SHOP_ITEMS_ACCESS": "open",
    }
    process = serving(["serve-api", "--server", name], environment)
    assert httpx.get(f"{process.url}/items", trust_env=False).json() == []
    assert process.terminate() == 0, process.said()
