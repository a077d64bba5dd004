"""What the proxy's rules promise, seen through a real Traefik with the rendered configuration."""

import json
import socket
import ssl
import warnings

import httpx
import pytest

from tests.contract.conftest import Caller
from tests.contract.shop import API_HOST, BODY_KIB, HOST, Shop

ONE_YEAR = "max-age=31536000; includeSubDomains"


def test_traefik_takes_every_line_of_the_rendered_configuration(shop: Shop) -> None:
    for kind in ("routers", "services", "middlewares"):
        made = {one["name"]: one for one in shop.front.ask(f"http/{kind}") if one["provider"] == "file"}
        assert made
        assert {name: one["status"] for name, one in made.items()} == dict.fromkeys(made, "enabled")
        assert not [one["error"] for one in made.values() if "error" in one]
    assert {router["name"] for router in shop.front.ask("http/routers")} >= {"frontend@file", "shopapi@file"}
    assert not shop.front.errors()


def test_http_leads_to_https_at_its_port_and_for_good(shop: Shop) -> None:
    for host in (HOST, API_HOST):
        with httpx.Client(trust_env=False) as client:
            port = shop.front.http_port
            answer = client.post(f"http://127.0.0.1:{port}/search?q=mug", headers={"Host": f"{host}:{port}"})
        assert answer.status_code in (301, 308)
        assert answer.headers["location"] == f"https://{host}:{shop.front.https_port}/search?q=mug"


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_tls_of_today_is_spoken_with_the_given_certificate(shop: Shop, version: ssl.TLSVersion) -> None:
    for host in (HOST, API_HOST):
        context = ssl.create_default_context(cafile=shop.certificate)
        context.minimum_version = context.maximum_version = version
        with (
            socket.create_connection(("127.0.0.1", shop.front.https_port), 5) as plain,
            context.wrap_socket(plain, server_hostname=host) as secure,
        ):
            assert secure.version() == version.name.replace("_", ".")


def test_tls_1_1_is_refused(shop: Shop) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_ciphers("ALL:@SECLEVEL=0")  # Else this caller would refuse, and not the server.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
    with (
        socket.create_connection(("127.0.0.1", shop.front.https_port), 5) as plain,
        pytest.raises(ssl.SSLError, match=r"(?i)alert protocol version"),
    ):
        context.wrap_socket(plain, server_hostname=HOST)


def test_each_host_has_its_part(caller: Caller, shop: Shop) -> None:
    page = caller().get("/")
    assert page.status_code == 200
    assert "text/html" in page.headers["content-type"]
    assert "Ton &amp; Tinte" in page.text
    told = caller(shop.api_url).get("/v1/shop")
    assert told.status_code == 200
    assert told.json()["name"] == "Ton & Tinte"


def test_browsers_are_told_to_come_by_https_alone_whoever_answers(caller: Caller, shop: Shop) -> None:
    too_much = b"x" * (BODY_KIB * 1024 + 1)
    for url in (shop.url, shop.api_url):
        by_the_shop, by_traefik = caller(url).get("/"), caller(url).post("/", content=too_much)
        assert "x-request-id" in by_the_shop.headers
        assert "x-request-id" not in by_traefik.headers
        assert by_the_shop.headers.get_list("strict-transport-security") == [ONE_YEAR]
        assert by_traefik.headers.get_list("strict-transport-security") == [ONE_YEAR]


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics"])
def test_what_only_probes_may_ask_is_not_there(caller: Caller, shop: Shop, path: str) -> None:
    written_otherwise = [path, f"/.{path}", f"/x/..{path}", f"/%{ord(path[1]):x}{path[2:]}", f"{path}?x=1"]
    for url in (shop.url, shop.api_url):
        for other in [*written_otherwise, f"{path}/", f"/{path}", f"{path};x", path.upper()]:
            answer = caller(url).get(httpx.URL(url).copy_with(raw_path=other.encode()))
            assert answer.status_code in (400, 404), f"{url} {other}: {answer.status_code} {answer.text[:200]}"


def test_a_host_that_nobody_named_is_nobody_s(shop: Shop, caller: Caller) -> None:
    for host in ("other.example", f"{HOST}.other.example", "127.0.0.1", "localhost", "shopapi"):
        answer = caller().get("/", headers={"Host": f"{host}:{shop.front.https_port}"})
        assert answer.status_code == 404, host
        assert "x-request-id" not in answer.headers, "The shop saw it."


def test_a_body_over_the_limit_never_reaches_the_shop(caller: Caller, shop: Shop) -> None:
    for url in (shop.url, shop.api_url):
        over, at = (caller(url).post("/", content=b"x" * size) for size in (BODY_KIB * 1024 + 1, BODY_KIB * 1024))
        assert over.status_code == 413
        assert "x-request-id" not in over.headers
        assert "x-request-id" in at.headers, "The shop answers what is within it."


def test_the_log_says_who_came_for_what_and_holds_no_secret(caller: Caller, shop: Shop) -> None:
    secret = "a-secret-that-nobody-may-read"
    headers = {"Cookie": f"sid={secret}", "Authorization": f"Bearer {secret}", "User-Agent": secret}
    caller(shop.api_url).get("/v1/shop?here=it-is", headers=headers)
    caller().get("/?here=it-is", headers=headers)
    lines = [json.loads(line) for line in shop.front.log.read_text().splitlines() if "here=it-is" in line]
    assert [(line["RequestHost"], line["DownstreamStatus"], line["ClientHost"]) for line in lines] == [
        (API_HOST, 400, "127.0.0.1"),
        (HOST, 200, "127.0.0.1"),
    ]
    assert secret not in shop.front.log.read_text()


def test_there_is_no_dashboard_and_no_call_home(caller: Caller, shop: Shop) -> None:
    for path in ("/dashboard/", "/api/rawdata", "/api/version", "/ping"):
        assert caller().get(path).status_code == 404
    asked = shop.front.ask("entrypoints")
    assert {point["name"]: point["address"].rpartition(":")[0] for point in asked} == {
        "web": "",
        "websecure": "",
        "ping": "127.0.0.1",
        "inside": "127.0.0.1",
        "traefik": "127.0.0.1",
    }, "Whoever is on another machine finds two ports."
