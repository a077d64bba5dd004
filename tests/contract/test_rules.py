"""What Traefik lets in and what it repeats, with small servers in the place of the parts."""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import httpx
import pytest

from shopctl.manifests.patches import Patch
from shopctl.manifests.values import read
from tests.contract.front import Front, Here, running, traefik
from tests.contract.stand_ins import StandIn, stand_in
from tests.waiting import free_port

HOST: Final = "shop.example.org"
API_HOST: Final = f"api.{HOST}"


@contextmanager
def before(
    frontend: StandIn, shopapi: StandIn, home: Path, *settings: str, patches: Sequence[Patch] = ()
) -> Iterator[Front]:
    """Traefik before two servers."""
    ports = [f"traefik.httpPort={free_port()}", f"traefik.httpsPort={free_port()}"]
    urls = [f"frontend.urls={frontend.url}", f"shopapi.urls={shopapi.url}"]
    with traefik(read("traefik", [], [f"host={HOST}", *ports, *urls, *settings]), home, patches) as front:
        yield front


def caller(front: Front, host: str) -> httpx.Client:
    """Somebody who believes any certificate: Traefik made this one for itself."""
    return httpx.Client(base_url=f"https://{host}:{front.https_port}", transport=Here(verify=False), timeout=10)


METHODS: Final = ("GET", "PUT", "DELETE", "PATCH", "POST")


def test_where_one_cannot_be_reached_the_other_is_tried(tmp_path: Path) -> None:
    with stand_in() as living, stand_in() as shopapi:
        nobody = f"http://127.0.0.1:{free_port()}"
        two = StandIn(f"{nobody},{living.url}")
        # It does not find out by itself while the test runs.
        seldom = {"http": {"services": {"frontend": {"loadBalancer": {"healthCheck": {"interval": "60s"}}}}}}
        patches = [Patch("the test", seldom)]
        with before(two, shopapi, tmp_path, patches=patches) as front, caller(front, HOST) as client:
            assert front.up("frontend") == {nobody, living.url}
            for method in METHODS * 2:
                assert client.request(method, "/").status_code == 200, method
    assert living.asked == Counter(dict.fromkeys(METHODS, 2))


def test_what_was_on_its_way_is_never_sent_again(tmp_path: Path) -> None:
    """Nobody knows whether it was done."""
    with stand_in(hangs_up=True) as dying, stand_in() as shopapi:
        with before(dying, shopapi, tmp_path) as front, caller(front, HOST) as client:
            for method in METHODS:
                assert client.request(method, "/").status_code == 502, method
        assert dying.asked == Counter(dict.fromkeys(METHODS, 1))


def test_the_word_of_a_proxy_in_front_is_kept_and_limits_count_by_it(tmp_path: Path) -> None:
    """The proxy is at 127.0.0.8; whoever comes from elsewhere is believed nothing."""
    in_front = ["traefik.trustedIPs=127.0.0.8", "limits.requests=5"]

    def said_by(address: str, client: str) -> httpx.Response:
        transport = Here(verify=False, local_address=address)
        with httpx.Client(base_url=f"https://{HOST}:{front.https_port}", transport=transport) as http:
            return http.get("/", headers={"X-Forwarded-For": client})

    with stand_in() as frontend, stand_in() as shopapi, before(frontend, shopapi, tmp_path, *in_front) as front:
        assert said_by("127.0.0.8", "203.0.113.1").json()["x-forwarded-for"] == "203.0.113.1, 127.0.0.8"
        assert said_by("127.0.0.9", "203.0.113.1").json()["x-forwarded-for"] == "127.0.0.9"
        assert 429 in {said_by("127.0.0.8", "203.0.113.1").status_code for _ in range(40)}
        assert said_by("127.0.0.8", "203.0.113.2").status_code == 200


def test_of_the_api_only_webhooks_are_let_in_where_that_is_asked_for(tmp_path: Path) -> None:
    refused = ["/", "/v1/shop", "/v1/payments", "/v1/paymentsx/", "/v1/payments/../shop", "/v1/payments/%2e%2e/shop"]
    refused += ["/x/../v1/shop", "//v1/shop", "/V1/payments/x"]
    with (
        stand_in() as frontend,
        stand_in() as shopapi,
        before(frontend, shopapi, tmp_path, "api.expose=webhooks") as front,
        caller(front, API_HOST) as client,
    ):
        assert client.post("/v1/payments/stripe", content=b"{}").json()["path"] == "/v1/payments/stripe"
        asked = shopapi.asked.total()
        for path in refused:
            answer = client.get(httpx.URL(client.base_url).copy_with(raw_path=path.encode()))
            assert answer.status_code in (400, 404), path
        assert shopapi.asked.total() == asked


def test_nothing_of_the_api_is_let_in_where_that_is_asked_for(tmp_path: Path) -> None:
    with stand_in() as frontend, stand_in() as shopapi:
        with before(frontend, shopapi, tmp_path, "api.expose=none") as front:
            for path in ("/", "/v1/shop", "/v1/payments/stripe"):
                with caller(front, API_HOST) as client:
                    assert client.get(path).status_code == 404
            with caller(front, HOST) as client:
                assert client.get("/").status_code == 200
        assert not shopapi.asked


def test_the_configuration_for_an_authority_is_taken(tmp_path: Path) -> None:
    """Whether the authority answers is not seen here: nobody listens at this address."""
    acme = ["acme.email=you@example.org", f"acme.server=https://127.0.0.1:{free_port()}/directory"]
    # An authority calls port 443, and no other is taken; who may listen there, and whether it is free, is left aside.
    acme.append("traefik.httpsPort=443")
    port = free_port()
    elsewhere = [Patch("the test", {"entryPoints": {"websecure": {"address": f":{port}"}}})]
    with (
        stand_in() as frontend,
        stand_in() as shopapi,
        before(frontend, shopapi, tmp_path, *acme, patches=elsewhere) as front,
    ):
        front.https_port = port
        routers = {router["name"]: router for router in front.ask("http/routers") if router["provider"] == "file"}
        assert set(routers) == {"frontend@file", "shopapi@file"}
        for router in routers.values():
            assert router["status"] == "enabled"
            assert router["tls"]["certResolver"] == "acme"
        with caller(front, HOST) as client:
            assert client.get("/").status_code == 200, "Until then Traefik's own certificate serves."


@pytest.mark.parametrize("key", ["idleConnTimeout", "respondingTimeouts", "sendAnonymousUsage", "redirections"])
def test_a_misspelt_key_stops_traefik(tmp_path: Path, key: str) -> None:
    """So that every other test here proves the spelling of each key."""
    with stand_in() as frontend, stand_in() as shopapi, before(frontend, shopapi, tmp_path / "good"):
        static = (tmp_path / "good" / "traefik.yaml").read_text()
    assert static.count(key) == 1
    (tmp_path / "traefik.yaml").write_text(static.replace(key, f"{key}s"))
    with running(["--configFile=traefik.yaml"], tmp_path) as process:
        assert process.wait(10) != 0
    assert f"{key}s" in (tmp_path / "log").read_text()
