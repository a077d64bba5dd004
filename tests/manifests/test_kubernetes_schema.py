"""Every resource is what Kubernetes' own schemas say, in the oldest supported minor version and the newest."""

from collections.abc import Iterator
from functools import lru_cache
from typing import Any, Final

import kubernetes_validate
import kubernetes_validate.utils
import pytest

from shopctl.manifests import check_kubernetes, models
from shopctl.manifests.schemas import kubernetes_versions
from tests.manifests.combinations import KUBERNETES, documents, every_kubernetes, one

# Kubernetes mends its three newest minor versions: https://kubernetes.io/releases/patch-releases/
SUPPORTED: Final = kubernetes_versions()[-3:]
CUSTOM: Final = {"traefik.io/v1alpha1", "gateway.networking.k8s.io/v1", "cert-manager.io/v1"}


@pytest.fixture(autouse=True, scope="module")
def schemas_are_read_once() -> Iterator[None]:
    """The library reads megabytes of definitions for each resource anew."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            kubernetes_validate.utils, "schema_contents", lru_cache(kubernetes_validate.utils.schema_contents)
        )
        yield


def faults(document: dict[str, Any], version: str) -> str:
    try:
        assert kubernetes_validate.validate(document, version, strict=True) == version
    except kubernetes_validate.ValidationError as error:
        return f"{document['kind']}: {'.'.join(map(str, error.path))}: {error.message}"
    except kubernetes_validate.SchemaNotFoundError as error:
        # No schema: a kind that this version does not serve. Of what others define, models of ours know.
        return "" if document["apiVersion"] in CUSTOM else error.message
    return ""


@pytest.mark.parametrize("version", [SUPPORTED[0], SUPPORTED[-1]])
@every_kubernetes
def test_every_resource_is_what_its_schema_says(settings: tuple[str, ...], version: str) -> None:
    assert [told for document in documents(*settings) if (told := faults(document, version))] == []


@every_kubernetes
def test_every_custom_resource_is_what_its_model_says(settings: tuple[str, ...]) -> None:
    custom = [document for document in documents(*settings) if document["apiVersion"] in CUSTOM]
    assert [told for document in custom if (told := models.fault(document, strict=True))] == []


def test_every_model_is_one_of_something_rendered() -> None:
    found = [document for settings in KUBERNETES for document in documents(*settings)]
    assert {(one["apiVersion"], one["kind"]) for one in found if one["apiVersion"] in CUSTOM} == models.MODELS.keys()


def test_the_schemas_are_strict() -> None:
    misspelt = one(documents(), "Deployment", "frontend")
    misspelt["spec"]["template"]["spec"]["enableServiceLink"] = False
    assert "enableServiceLink" in faults(misspelt, SUPPORTED[-1])
    removed = one(documents(), "PodDisruptionBudget", "frontend") | {"apiVersion": "policy/v1beta1"}
    assert "PodDisruptionBudget" in faults(removed, SUPPORTED[-1])


MISTAKES: Final = [
    ("IngressRoute", "shop", "entryPoint", "spec.entryPoint: No such key is known."),
    ("Middleware", "rate-limit", "ratelimit", "spec.ratelimit: No such key is known."),
    ("ServersTransport", "shop", "timeouts", "spec.timeouts: No such key is known."),
]


@pytest.mark.parametrize(("kind", "name", "key", "told"), MISTAKES, ids=[mistake[0] for mistake in MISTAKES])
def test_the_models_refuse_a_misspelt_key(kind: str, name: str, key: str, told: str) -> None:
    document = one(documents("ingress.kind=ingressroute"), kind, name)
    document["spec"][key] = {}
    assert models.fault(document, strict=True) == told


def test_a_route_of_the_gateway_api_says_where_a_mistake_is() -> None:
    document = one(documents("ingress.kind=httproute"), "HTTPRoute", "frontend")
    document["spec"]["rules"][0]["backendRefs"][0]["port"] = "http"
    assert models.fault(document) == "spec.rules[0].backendRefs[0].port: Expected `int`, got `str`."
    document["spec"]["rules"][0]["backendRefs"] = []
    assert models.fault(document) == "spec.rules[0]: A rule has backendRefs or a redirect, one of them."


def test_a_middleware_that_is_two_is_refused() -> None:
    document = one(documents("ingress.kind=ingressroute"), "Middleware", "retry")
    document["spec"]["buffering"] = {"maxRequestBodyBytes": 1}
    assert models.fault(document) == "spec: A Middleware does one thing; this does 2."


def test_a_resource_that_says_nothing_is_refused() -> None:
    document = one(documents("ingress.kind=ingressroute"), "Middleware", "retry") | {"spec": {}}
    assert models.fault(document) == "spec: It says nothing."


UPSTREAM: Final = [
    ("ingressroute", "IngressRoute", "shop", ("tls",), {"options": {"name": "modern"}}),
    ("ingressroute", "IngressRoute", "shop", ("routes", 0, "services", 0), {"sticky": {"cookie": {"name": "s"}}}),
    (
        "ingressroute",
        "Middleware",
        "rate-limit",
        ("rateLimit", "sourceCriterion"),
        {"ipStrategy": {"depth": 1}, "requestHost": True},
    ),
    ("ingressroute", "Middleware", "headers", ("headers",), {"stsPreload": True, "frameDeny": True}),
    ("ingressroute", "ServersTransport", "shop", (), {"maxIdleConnsPerHost": 7}),
    ("ingressroute", "Certificate", "shop", (), {"privateKey": {"algorithm": "ECDSA", "rotationPolicy": "Always"}}),
    ("httproute", "HTTPRoute", "frontend", ("rules", 0), {"timeouts": {"request": "30s"}}),
    (
        "httproute",
        "HTTPRoute",
        "frontend",
        ("rules", 0),
        {"filters": [{"type": "RequestHeaderModifier", "requestHeaderModifier": {"remove": ["x-a"]}}]},
    ),
    ("httproute", "HTTPRoute", "frontend", ("rules", 0, "matches", 0), {"headers": [{"name": "x", "value": "y"}]}),
    ("httproute", "HTTPRoute", "redirect", ("rules", 0, "filters", 0, "requestRedirect"), {"statusCode": 308}),
]
"""Keys that upstream knows and we do not render."""


@pytest.mark.parametrize(("kind", "resource", "name", "path", "added"), UPSTREAM, ids=[str(one[4]) for one in UPSTREAM])
def test_a_patch_may_use_what_upstream_knows_besides(
    kind: str, resource: str, name: str, path: tuple[str | int, ...], added: dict[str, Any]
) -> None:
    issuer = ("tls.issuer=letsencrypt",) if kind == "ingressroute" else ()
    found = documents(f"ingress.kind={kind}", "tls.secret=shop-tls", *issuer)
    at: Any = one(found, resource, name)["spec"]
    for step in path:
        at = at[step]
    at.update(added)
    assert check_kubernetes.problems(found) == []
    # What nobody here knows is told, since a slip of the pen looks the same.
    known = added in ({"statusCode": 308},)
    told = [sentence for sentence in check_kubernetes.weaknesses(found) if f"{resource}/{name}.spec." in sentence]
    assert bool(told) != known


def test_an_owner_s_middleware_may_do_something_else() -> None:
    found = documents("ingress.kind=ingressroute")
    one(found, "Middleware", "rate-limit")["spec"] = {"inFlightReq": {"amount": 9}}
    assert check_kubernetes.problems(found) == []
    assert "Middleware/rate-limit.spec.inFlightReq is not known here, and so not checked." in (
        check_kubernetes.weaknesses(found)
    )
