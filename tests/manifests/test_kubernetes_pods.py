"""What the rendered pods run, run here: the same commands and the same settings, with secrets as files."""

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from shopctl.manifests.topology import SECRETS_DIR
from shopctl.secrets import fresh_key
from tests.manifests.combinations import documents, one
from tests.processes import ShopProcess, clean_environment
from tests.waiting import wait_until

pytestmark = pytest.mark.processes

Serving = Callable[[list[str], dict[str, str]], ShopProcess]


@pytest.fixture
def secrets(tmp_path: Path, empty_postgresql_url: str) -> Path:
    """The Secret's keys as the files that the kubelet makes of them."""
    folder = tmp_path / "secrets"
    folder.mkdir()
    (folder / "SHOP_SECRET_KEY").write_text(fresh_key())
    (folder / "DATABASE_URL").write_text(empty_postgresql_url.replace("+psycopg2", ""))
    return folder


def container(name: str) -> dict[str, Any]:
    found = documents()
    (workload,) = (
        each
        for each in found
        if each["kind"] in ("Deployment", "Job") and each["metadata"]["labels"]["app.kubernetes.io/name"] == name
    )
    (only,) = workload["spec"]["template"]["spec"]["containers"]
    settings = one(found, "ConfigMap", only["envFrom"][0]["configMapRef"]["name"])["data"]
    return {**only, "settings": settings}


def environment(told: dict[str, Any], secrets: Path, **here: str) -> dict[str, str]:
    """The container's, but for where files lie and who listens where on this machine."""
    files = {each["name"]: each["value"].replace(SECRETS_DIR, str(secrets)) for each in told["env"]}
    settings = {name: value for name, value in told["settings"].items() if name != "PORT"}
    return {**settings, **files, "HOST": "127.0.0.1", **here}


def test_the_pods_commands_and_settings_make_a_shop(serving: Serving, secrets: Path, tmp_path: Path) -> None:
    migrate = container("migrate")
    done = subprocess.run(
        [sys.executable, "-m", "shopctl", *migrate["args"]],
        env=clean_environment(**environment(migrate, secrets)),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    known = container("shopapi")["settings"]["SHOP_ALLOWED_HOSTS"]
    # The pages call it by a name that this machine does not have.
    here = environment(container("shopapi"), secrets, SHOP_ALLOWED_HOSTS=f"{known},127.0.0.1")
    api = serving(container("shopapi")["args"], here)
    worker = serving(container("worker")["args"], environment(container("worker"), secrets))
    told = environment(container("frontend"), secrets, API_SERVER_URL=api.url)
    web = serving(container("frontend")["args"], told)

    def get(server: ShopProcess, path: str, host: str) -> int:
        return httpx.get(f"{server.url}{path}", headers={"Host": host}, trust_env=False).status_code

    assert get(web, "/", "shop.example") == 200
    wait_until(lambda: re.search(r'"/v1/[^"]*","status":200', api.said()), 5, f"a call of the pages: {api.said()}")
    assert get(api, "/v1/products", "api.shop.example") == 200
    assert get(api, "/v1/products", "shopapi:8000") == 200, "As the pages call it."
    assert get(web, "/", "other.example") == 421
    assert [get(web, "/healthz", host) for host in ("10.244.0.5:5050", "shop.example")] == [200, 404]
    assert [get(worker, "/metrics", host) for host in ("10.244.0.6:8001", "shop.example")] == [200, 404]
    assert '"level"' in api.said(), "One JSON object a line."
