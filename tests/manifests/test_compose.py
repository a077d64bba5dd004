"""Compose files: well-formed by the specification's schema, whole, consistent and safe, whatever the values are."""

import re
from typing import Any

import httpx
import pytest
import yaml
from jsonschema.validators import validator_for

from shopapi.runtime.settings import meanings
from shopctl.manifests import check_compose, check_containers, check_settings
from shopctl.manifests.render import render
from shopctl.manifests.schemas import compose_schema
from shopctl.manifests.topology import HEALTH_PATHS, topology
from shopctl.manifests.values import Form, read
from shopctl.settings import PARTS

COMBINATIONS: list[tuple[Form, list[str]]] = [
    ("compose", []),
    ("compose", ["frontend.replicas=3", "shopapi.replicas=3", "worker.replicas=2"]),
    ("compose", ["host=shop.meine.de", "image=registry.meine.de/shop:1.2.3", "seed=none"]),
    ("compose", ["port=8080", "seed=empty", "frontend.memory=1Gi", "shopapi.cpu=1500m"]),
    ("compose", ["database.image=postgres@sha256:" + "a" * 64, "database.user=70", "database.memory=4Gi"]),
    ("compose", ["host=shop.meine.de", "trustedProxies=10.1.0.0/16"]),
    ("traefik", []),
    ("traefik", ["frontend.replicas=3", "shopapi.replicas=3"]),
    ("traefik", ["host=shop.meine.de", "acme.email=ich@meine.de"]),
    ("traefik", ["host=shop.meine.de", "api.host=rest.meine.de", "tls.cert=./a.crt", "tls.key=./a.key"]),
    ("traefik", ["api.expose=none"]),
    ("traefik", ["api.expose=webhooks", "traefik.httpPort=8080", "traefik.httpsPort=8443"]),
    ("traefik", ["limits.requests=7", "limits.bodyKiB=64", "seed=none", "image=shop:1"]),
    ("traefik", ["dockerProxy.image=haproxy:3.0", "traefik.image=traefik:v3.6", "build.context=./shop"]),
]
every_combination = pytest.mark.parametrize(
    ("form", "settings"), COMBINATIONS, ids=[f"{form}-{'-'.join(more) or 'default'}" for form, more in COMBINATIONS]
)


def rendered(form: Form, settings: list[str]) -> Any:
    return yaml.safe_load(render(read(form, [], settings))[0].text)


@every_combination
def test_the_specifications_schema_takes_it(form: Form, settings: list[str]) -> None:
    schema = compose_schema()
    validator = validator_for(schema)
    validator.check_schema(schema)
    assert [error.message for error in validator(schema).iter_errors(rendered(form, settings))] == []


@every_combination
def test_everything_that_is_named_is_there(form: Form, settings: list[str]) -> None:
    assert check_compose.problems([rendered(form, settings)]) == []


@every_combination
def test_no_container_is_allowed_what_it_does_not_need(form: Form, settings: list[str]) -> None:
    assert check_containers.weaknesses([rendered(form, settings)]) == []


@every_combination
def test_every_variable_is_one_that_the_part_knows(form: Form, settings: list[str]) -> None:
    known = {told.name for part in PARTS.values() for told in meanings(part)} | {"HOST", "PORT"}
    for name, service in rendered(form, settings)["services"].items():
        if name in topology(read(form, [], settings)).services:
            assert {variable.removesuffix("_FILE") for variable in service["environment"]} <= known, name


@every_combination
def test_no_secret_stands_in_the_file(form: Form, settings: list[str]) -> None:
    for service in rendered(form, settings)["services"].values():
        for variable, value in service.get("environment", {}).items():
            if "SECRET" in variable or "PASSWORD" in variable or "DATABASE_URL" in variable:
                assert variable.endswith("_FILE")
                assert str(value).startswith("/run/shop-secrets/")


@every_combination
def test_the_database_is_reached_by_those_that_need_it_and_by_no_one_else(form: Form, settings: list[str]) -> None:
    document = rendered(form, settings)
    beside = {name for name, one in document["services"].items() if "data" in one.get("networks", ())}
    assert document["services"]["database"]["networks"] == ["data"]
    assert document["networks"]["data"] == {"internal": True}
    assert beside - {"seed"} == {"database", "migrate", "shopapi", "worker"}
    assert not document["services"]["database"].get("ports")


@every_combination
def test_only_the_way_in_is_published(form: Form, settings: list[str]) -> None:
    published = {name: one["ports"] for name, one in rendered(form, settings)["services"].items() if one.get("ports")}
    assert published.keys() == ({"frontend"} if form == "compose" else {"traefik"})


def test_the_classic_names_are_there() -> None:
    services = rendered("traefik", [])["services"]
    assert services["frontend"]["environment"]["PORT"] == "5050"
    assert services["frontend"]["environment"]["API_SERVER_URL"] == "http://shopapi:8000"
    assert services["shopapi"]["environment"]["PORT"] == "8000"
    assert services["frontend"]["labels"]["traefik.http.routers.frontend.rule"].startswith("Host(`localhost`)")
    assert services["traefik"]["ports"] == ["80:80", "443:443"]


@pytest.mark.parametrize("form", ["compose", "traefik"])
def test_the_number_of_replicas_is_what_was_set(form: Form) -> None:
    services = rendered(form, ["frontend.replicas=3", "shopapi.replicas=2"])["services"]
    assert services["frontend"]["deploy"]["replicas"] == 3
    assert services["shopapi"]["deploy"]["replicas"] == 2
    if form == "compose":
        assert services["frontend"]["ports"] == ["127.0.0.1:5050-5052:5050"], "Three cannot have one port."


def test_what_is_exposed_of_the_api_is_what_was_set() -> None:
    rule = "traefik.http.routers.shopapi.rule"
    assert rendered("traefik", [])["services"]["shopapi"]["labels"][rule].startswith("Host(`api.localhost`)")
    webhooks = rendered("traefik", ["api.expose=webhooks"])["services"]["shopapi"]["labels"][rule]
    assert webhooks == "Host(`api.localhost`) && PathPrefix(`/v1/payments/`)"
    hidden = rendered("traefik", ["api.expose=none"])["services"]["shopapi"]
    assert "labels" not in hidden
    assert "edge" not in hidden["networks"]


def test_browsers_are_told_to_come_by_https_only_where_they_trust_the_certificate() -> None:
    label = "traefik.http.middlewares.frontend-headers.headers.stsseconds"
    for settings, told in [
        ([], "off"),
        (["host=shop.meine.de"], "off"),
        (["host=shop.meine.de", "acme.email=ich@meine.de"], "on"),
        (["host=shop.meine.de", "tls.cert=a.crt", "tls.key=a.key"], "on"),
        (["tls.cert=a.crt", "tls.key=a.key"], "off"),
    ]:
        frontend = rendered("traefik", settings)["services"]["frontend"]
        assert frontend["environment"]["SHOP_HSTS"] == told
        assert (label in frontend["labels"]) == (told == "on")


def test_only_the_proxys_word_is_taken_for_where_a_request_comes_from() -> None:
    assert "SHOP_TRUSTED_PROXIES" not in rendered("compose", [])["services"]["frontend"]["environment"]
    assert "SHOP_TRUSTED_PROXIES" in rendered("traefik", [])["services"]["frontend"]["environment"]


@pytest.mark.parametrize("form", ["compose", "traefik"])
def test_every_health_check_asks_the_service_itself(form: Form) -> None:
    described = topology(read(form, [], [])).services
    for name, service in rendered(form, [])["services"].items():
        if name in described and described[name].port:
            asked = re.search(r"'127.0.0.1', ([0-9]+).*'(/[a-z]+)'", service["healthcheck"]["test"][-1])
            assert asked is not None
            assert (asked[1], asked[2]) == (service["environment"]["PORT"], "/readyz")


def test_what_probes_ask_is_answered(api: httpx.Client) -> None:
    assert {path: api.get(path).status_code for path in HEALTH_PATHS} == dict.fromkeys(HEALTH_PATHS, 200)


# --- faults that are planted


FAULTS = [
    (
        {"services": {"frontend": {"depends_on": {"shopapy": {"condition": "service_healthy"}}}}},
        "shopapy names no service",
    ),
    ({"services": {"shopapi": {"healthcheck": None}}}, "waits until shopapi is healthy, which has no healthcheck"),
    ({"services": {"migrate": {"restart": "always"}}}, "waits until migrate has ended, which is started again"),
    ({"services": {"worker": {"networks": ["daten"]}}}, "services.worker.networks names daten"),
    ({"services": {"worker": {"volumes": ["other:/x"]}}}, "services.worker.volumes names other"),
    ({"services": {"worker": {"volumes": []}}}, "DATABASE_URL_FILE is /run/shop-secrets/DATABASE_URL, where nothing"),
    ({"services": {"worker": {"secrets": ["key"]}}}, "services.worker.secrets names key"),
    ({"services": {"traefik": {"configs": [{"source": "tls"}]}}}, "services.traefik.configs names tls"),
    ({"networks": {"spare": {}}}, "networks.spare is used by no service"),
    (
        {"services": {"frontend": {"labels": {"traefik.http.routers.frontend.service": "web"}}}},
        "leads to the service web, which no label defines",
    ),
    (
        {"services": {"frontend": {"labels": {"traefik.http.routers.frontend.middlewares": "login"}}}},
        "goes through the middleware login, which no label defines",
    ),
    (
        {"services": {"frontend": {"labels": {"traefik.http.middlewares.spare.retry.attempts": "2"}}}},
        "The middleware spare is in no router",
    ),
]
LOOSENED = [
    ({"privileged": True}, "privileged"),
    ({"read_only": False}, "read_only"),
    ({"cap_drop": []}, "cap_drop"),
    ({"cap_add": ["SYS_ADMIN"]}, "SYS_ADMIN"),
    ({"security_opt": []}, "no-new-privileges"),
    ({"user": "0:0"}, "user"),
    ({"deploy": {"resources": {"limits": {"memory": None}}}}, "memory"),
    ({"logging": None}, "max-size"),
    ({"restart": None}, "restart"),
    ({"ports": ["8000:8000"]}, "every network"),
    ({"image": "shop"}, "image"),
    ({"image": "shop:latest"}, "latest"),
    ({"pid": "host"}, "every process of the machine"),
    ({"ipc": "host"}, "shared memory"),
    ({"network_mode": "host"}, "every network of the machine"),
    ({"security_opt": ["no-new-privileges:true", "seccomp:unconfined"]}, "seccomp:unconfined"),
    ({"security_opt": ["no-new-privileges:true", "apparmor=unconfined"]}, "apparmor:unconfined"),
    ({"volumes": ["/var/run/docker.sock:/var/run/docker.sock:ro"]}, "Docker's socket"),
    ({"volumes": ["/run:/host:ro"]}, "Docker's socket"),
    ({"volumes": [{"type": "bind", "source": "/var/run/", "target": "/host"}]}, "Docker's socket"),
    ({"volumes": ["shop-secrets:/run/shop-secrets"]}, "without :ro"),
    ({"volumes": [{"type": "volume", "source": "shop-secrets", "target": "/run/shop-secrets"}]}, "without :ro"),
    ({"ports": [{"target": 8001, "published": "8001"}]}, "publishes 8001:8001 to every network"),
]


def merged(target: Any, patch: Any) -> Any:
    if not isinstance(patch, dict) or not isinstance(target, dict):
        return patch
    both = {**target, **{key: merged(target.get(key, {}), value) for key, value in patch.items()}}
    return {key: value for key, value in both.items() if value is not None}


@pytest.mark.parametrize(("fault", "words"), FAULTS, ids=[words for _, words in FAULTS])
def test_a_name_that_leads_nowhere_is_found(fault: dict[str, Any], words: str) -> None:
    found = check_compose.problems([merged(rendered("traefik", []), fault)])
    assert any(words in one for one in found), found


@pytest.mark.parametrize(("fault", "words"), LOOSENED, ids=[words for _, words in LOOSENED])
def test_what_a_container_should_not_be_allowed_is_found(fault: dict[str, Any], words: str) -> None:
    (found,) = check_containers.weaknesses([merged(rendered("compose", []), {"services": {"worker": fault}})])
    assert "services.worker" in found
    assert words in found


@pytest.mark.parametrize("name", ["SHOP_SECRET_KEY", "DATABASE_URL", "POSTGRES_PASSWORD"])
@pytest.mark.parametrize("as_list", [False, True])
def test_a_secret_in_the_open_is_found_and_not_told(name: str, as_list: bool) -> None:
    document = rendered("compose", [])
    assert check_settings.weaknesses("compose", [document]) == []
    told = document["services"]["database"]["environment"]
    told[name] = "hunter2hunter2"
    if as_list:
        document["services"]["database"]["environment"] = [f"{key}={value}" for key, value in told.items()]
    (found,) = check_settings.weaknesses("compose", [document])
    assert f"services.database.environment.{name} is a secret" in found
    assert "hunter2" not in found
