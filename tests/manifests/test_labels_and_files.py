"""Traefik is told the same by labels and arguments (Docker) as by its two files (hosts without Docker)."""

import json
import re
from collections.abc import Mapping
from typing import Any, Final

import pytest
import yaml

from shopctl.manifests.render import render
from shopctl.manifests.values import Values, read
from shopctl.servers import KEEP_ALIVE_S

PAIR: Final = ["tls.cert=/etc/shop/shop.crt", "tls.key=/etc/shop/shop.key"]
PUBLIC: Final = ["host=shop.example.org", "acme.email=you@example.org"]
COMBINATIONS: Final = {
    "defaults": [],
    "acme": PUBLIC,
    "acme-staging": [*PUBLIC, "acme.server=https://acme-staging-v02.api.letsencrypt.org/directory"],
    "own-pair": ["host=shop.example.org", *PAIR],
    "own-pair-of-localhost": PAIR,
    "three-each": ["frontend.replicas=3", "shopapi.replicas=3"],
    "webhooks": [*PUBLIC, "api.expose=webhooks", "api.host=hooks.example.org"],
    "no-api": ["host=shop.example.org", *PAIR, "api.expose=none"],
    "other-limits": ["limits.requests=7", "limits.bodyKiB=33"],
    "proxy-in-front": ["traefik.trustedIPs=192.0.2.0/24,2001:db8::/48"],
    "other-ports": ["traefik.httpPort=8080", "traefik.httpsPort=8443"],
    "other-port-with-acme": [*PUBLIC, "traefik.httpPort=8080"],
}
every_combination = pytest.mark.parametrize("settings", COMBINATIONS.values(), ids=COMBINATIONS)

# Where the two must differ: what listens at which port of what, how the shop is found, where a file lies.
_OF_THE_PLACE: Final = ("providers.", "entrypoints.web.address", "entrypoints.websecure.address")


def by_docker(values: Values) -> Any:
    """The Compose file."""
    return yaml.safe_load(render(values)[0].text)


def by_file(values: Values) -> tuple[Any, Any]:
    """Traefik's static and dynamic configuration."""
    static, dynamic = (yaml.safe_load(manifest.text) for manifest in render(values, provider="file"))
    return static, dynamic


def flat(told: object, above: str = "") -> dict[str, str]:
    """A configuration as labels and arguments tell it: ``a.b.c`` in lower case, and text."""
    if isinstance(told, Mapping) and told:
        return {path: text for key, value in told.items() for path, text in flat(value, f"{above}.{key}").items()}
    if isinstance(told, Mapping):
        told = True  # Nothing but that it is on.
    if isinstance(told, list):
        told = ",".join(map(str, told))
    return {above.removeprefix(".").lower(): str(told).lower() if isinstance(told, bool) else str(told)}


def labelled(compose: Any) -> dict[str, str]:
    """Every label that configures Traefik's routes, of every service that lets itself be found."""
    found: dict[str, str] = {}
    for service in compose["services"].values():
        labels = service.get("labels", {})
        if labels.get("traefik.enable") == "true":
            for name, text in labels.items():
                assert name not in found or name == "traefik.enable", f"{name} is said twice"
                found[name.lower()] = str(text)
    found.pop("traefik.enable", None)
    return {name.removeprefix("traefik."): text for name, text in found.items()}


def arguments(compose: Any) -> dict[str, str]:
    """Every argument of Traefik; one that only switches on what another one sets is left out."""
    given = dict(argument.removeprefix("--").split("=", 1) for argument in compose["services"]["traefik"]["command"])
    lower = {name.lower(): text for name, text in given.items()}
    assert len(lower) == len(compose["services"]["traefik"]["command"]), "An argument is given twice."
    implied = {name for name, text in lower.items() if text == "true" and any(k.startswith(f"{name}.") for k in lower)}
    return {name: text for name, text in lower.items() if name not in implied}


def without(told: dict[str, str], *beginnings: str) -> dict[str, str]:
    return {name: text for name, text in told.items() if not name.startswith(beginnings)}


@every_combination
def test_labels_and_files_tell_the_same_routes(settings: list[str]) -> None:
    values = read("traefik", [], settings)
    labels = labelled(by_docker(values))
    dynamic = by_file(values)[1]
    parts = dynamic["http"]["services"]
    assert set(parts) == ({"frontend"} if values["api.expose"] == "none" else {"frontend", "shopapi"})
    for part in parts.values():
        # Docker says where each container is; a file has to.
        assert len(part["loadBalancer"].pop("servers")) >= 1
    ports = {name: labels.pop(name) for name in list(labels) if name.endswith(".loadbalancer.server.port")}
    assert len(ports) == len(parts)
    assert labels == flat({"http": dynamic["http"]})


@every_combination
def test_arguments_and_the_static_file_tell_the_same(settings: list[str]) -> None:
    values = read("traefik", [], settings)
    given, static = arguments(by_docker(values)), flat(by_file(values)[0])
    storage = "certificatesresolvers.acme.acme.storage"
    assert given.pop(storage, "none").rpartition("/")[2] == static.pop(storage, "none")
    assert without(given, *_OF_THE_PLACE) == without(static, *_OF_THE_PLACE)


@every_combination
def test_the_file_says_where_every_process_listens_and_traefik_too(settings: list[str]) -> None:
    values = read("traefik", [], settings)
    static, dynamic = by_file(values)
    points = {name: point["address"] for name, point in static["entryPoints"].items()}
    assert points == {
        "web": f":{values['traefik.httpPort']}",
        "websecure": f":{values['traefik.httpsPort']}",
        "ping": "127.0.0.1:8082",
    }
    for part, service in dynamic["http"]["services"].items():
        urls = [server["url"] for server in service["loadBalancer"]["servers"]]
        assert len(urls) == values.number(f"{part}.replicas") == len(set(urls))


@every_combination
def test_a_pair_of_one_s_own_is_named_once_and_the_other_way_is_not_there(settings: list[str]) -> None:
    values = read("traefik", [], settings)
    static, dynamic = by_file(values)
    pair = [{"certFile": values["tls.cert"], "keyFile": values["tls.key"]}]
    assert dynamic["tls"].get("certificates", []) == (pair if values["tls.cert"] else [])
    assert ("certificatesResolvers" in static) == bool(values["acme.email"])
    assert dynamic["tls"]["options"]["default"]["minVersion"] == "VersionTLS12"


@every_combination
def test_the_proxy_before_docker_tells_where_the_pair_lies_and_else_nothing(settings: list[str]) -> None:
    values = read("traefik", [], settings)
    compose = by_docker(values)
    told = re.findall(
        r"string '(.*)' if { path /tls }", compose["services"]["docker-proxy"]["environment"]["HAPROXY_CFG"]
    )
    asked = arguments(compose).get("providers.http.endpoint")
    if not values["tls.cert"]:
        assert (told, asked) == ([], None)
        return
    certificates = by_file(values)[1]["tls"]["certificates"]
    places = {"certFile": "/run/secrets/tls-cert", "keyFile": "/run/secrets/tls-key"}
    assert [json.loads(text) for text in told] == [{"tls": {"certificates": [places]}}]
    assert asked == "http://docker-proxy:2375/tls"
    files = {name: secret["file"] for name, secret in compose["secrets"].items()}
    assert [{"certFile": files["tls-cert"], "keyFile": files["tls-key"]}] == certificates


@every_combination
def test_traefik_is_root_only_where_a_file_asks_for_it(settings: list[str]) -> None:
    values = read("traefik", [], settings)
    traefik = by_docker(values)["services"]["traefik"]
    root = bool(values["tls.cert"] or values["acme.email"])
    assert traefik["user"] == ("0:0" if root else "65532:65532")
    assert traefik.get("cap_add") == (["DAC_READ_SEARCH"] if values["tls.cert"] else None)
    assert traefik["read_only"]


def test_strict_transport_comes_only_with_a_certificate_that_browsers_trust() -> None:
    for name, settings in COMBINATIONS.items():
        dynamic = by_file(read("traefik", [], settings))[1]
        strict = [one for one in dynamic["http"]["middlewares"].values() if "headers" in one]
        expected = 0 if "host=shop.example.org" not in settings else len(dynamic["http"]["routers"])
        assert len(strict) == expected, name


@every_combination
def test_an_idle_connection_is_given_up_before_the_shop_does_so(settings: list[str]) -> None:
    """A request on a connection that is just being closed is lost, and a POST is not repeated."""
    timeouts = by_file(read("traefik", [], settings))[0]["serversTransport"]["forwardingTimeouts"]
    assert int(timeouts["idleConnTimeout"].removesuffix("s")) < KEEP_ALIVE_S
