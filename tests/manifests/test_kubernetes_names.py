"""Names of things in a cluster: what may be one, and which belong to others."""

import pytest

from shopctl.main import answer
from shopctl.manifests.values import ValuesError, read
from tests.manifests.combinations import documents, one

Captured = pytest.CaptureFixture[str]


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (["namespace=default"], 'namespace is "default", which others need'),
        (["namespace=kube-system"], 'namespace is "kube-system", which others need'),
        (["namespace=kube-node-lease"], 'namespace is "kube-node-lease", which others need'),
        (["namespace=traefik"], 'namespace is "traefik", the same as ingress.namespace'),
        (["namespace=edge", "ingress.namespace=edge"], 'namespace is "edge", the same as ingress.namespace'),
        (["namespace=monitoring"], 'namespace is "monitoring", the same as monitoring.namespace'),
        (["tls.secret=shop-secrets"], 'tls.secret is "shop-secrets", which holds the shop\'s own secrets'),
    ],
)
def test_a_name_that_others_have_is_refused(capsys: Captured, settings: list[str], words: str) -> None:
    assert answer(["render-k8s", *(part for setting in settings for part in ("--set", setting))]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert words in told.err


def test_the_controller_s_namespace_may_be_the_cluster_s_own() -> None:
    read("kubernetes", [], ["ingress.namespace=kube-system", "monitoring.namespace=default"])


DOTTED = ("tls.secret", "tls.issuer", "ingress.className", "gateway.name", "gateway.httpsListener")


@pytest.mark.parametrize("path", [*DOTTED, "gateway.httpListener"])
def test_what_kubernetes_calls_by_a_subdomain_may_have_dots(path: str) -> None:
    more = ["tls.secret=shop-tls"] if path == "tls.issuer" else []
    assert read("kubernetes", [], [f"{path}=shop.example.org", *more])[path] == "shop.example.org"
    for wrong in ("Shop", "shop_tls", ".shop", "shop.", "a..b", "-shop", "x" * 254):
        with pytest.raises(ValuesError, match=path):
            read("kubernetes", [], [f"{path}={wrong}", *more])


def test_a_namespace_has_no_dots() -> None:
    with pytest.raises(ValuesError, match="namespace"):
        read("kubernetes", [], ["namespace=shop.example"])


@pytest.mark.parametrize("word", ["true", "null", "123", "1e5", "1.5", "2026-01-01", "off", "y"])
def test_what_yaml_takes_for_something_else_is_no_name(word: str) -> None:
    with pytest.raises(ValuesError, match="which YAML takes for something else than a name"):
        read("kubernetes", [], [f"ingress.className={word}"])


def test_a_name_with_dots_is_rendered_as_it_is() -> None:
    found = documents("ingress.className=nginx.org", "tls.secret=shop.tls")
    spec = one(found, "Ingress", "shop")["spec"]
    assert (spec["ingressClassName"], spec["tls"][0]["secretName"]) == ("nginx.org", "shop.tls")
