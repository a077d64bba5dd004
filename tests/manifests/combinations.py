"""Values that are rendered together, so that what holds is not said of the defaults alone."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Final

import pytest

from shopctl.manifests import yaml_text
from shopctl.manifests.render import Manifest, render
from shopctl.manifests.values import read

KUBERNETES: Final[Sequence[tuple[str, ...]]] = (
    (),
    ("ingress.kind=ingressroute",),
    ("ingress.kind=httproute",),
    ("ingress.kind=ingressroute", "tls.secret=shop-tls", "tls.issuer=letsencrypt", "host=shop.meine.de"),
    ("ingress.kind=httproute", "api.expose=webhooks", "gateway.namespace=gateways", "gateway.httpsListener=https.shop"),
    ("ingress.className=nginx.org", "tls.secret=shop.tls", "tls.issuer=lets.encrypt", "api.host=rest.shop.example"),
    ("ingress.kind=ingressroute", "api.expose=none", "limits.requests=7", "limits.bodyKiB=64"),
    ("api.expose=webhooks", "ingress.namespace=kube-system", "monitoring.namespace=prometheus"),
    ("database.kind=external", "image=registry.meine.de:5000/shop@sha256:" + "a" * 64),
    ("frontend.replicas=1", "shopapi.replicas=1", "worker.replicas=3"),
    ("autoscaling=false", "frontend.replicas=3", "shopapi.replicas=3"),
    ("frontend.replicas=9", "shopapi.replicas=4", "shopapi.maxReplicas=40"),
    ("networkPolicy=false", "namespace=store", "trustedProxies=10.1.0.0/16"),
    ("secrets.create=true", "ingress.kind=ingressroute", "tls.secret=shop-tls"),
    ("mail.enabled=true", "mail.from=shop@meine.de", "payment.origins=https://pay.meine.de", "payment.manualDays=14"),
    ("database.image=postgres:18-alpine", "database.user=70", "database.memory=4Gi", "database.storage=50Gi"),
    ("frontend.memory=1Gi", "frontend.cpu=2", "shopapi.cpu=1.5", "worker.cpu=10m", "database.cpu=0.5"),
)
"""For render-k8s, as ``--set`` has them."""

every_kubernetes = pytest.mark.parametrize(
    "settings", KUBERNETES, ids=[",".join(one)[:60] or "defaults" for one in KUBERNETES]
)


@lru_cache
def manifests(*settings: str) -> tuple[Manifest, ...]:
    """What render-k8s makes of these settings."""
    return tuple(render(read("kubernetes", [], list(settings))))


def documents(*settings: str) -> list[dict[str, Any]]:
    """The resources in it, which the caller may change."""
    return [one for manifest in manifests(*settings) for one in yaml_text.documents(manifest.text)]


def one(found: Sequence[dict[str, Any]], kind: str, name: str) -> dict[str, Any]:
    """The resource of a kind and name."""
    (document,) = (each for each in found if each["kind"] == kind and each["metadata"]["name"] == name)
    return document
