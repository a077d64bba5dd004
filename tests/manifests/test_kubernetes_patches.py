"""What a patch leaves behind in Kubernetes resources: hashes that follow, names that somebody else makes."""

from dataclasses import replace
from typing import Any

import pytest

from shopctl.manifests import check_kubernetes, hashes, yaml_text
from shopctl.manifests.patches import Patch, patched
from shopctl.manifests.render import Manifest
from tests.manifests.combinations import documents, manifests, one

Documents = list[dict[str, Any]]


def after(*changes: tuple[str, str]) -> tuple[list[Manifest], list[Manifest]]:
    """The default rendering with texts replaced, as a patch would have left it; and the same restamped."""
    changed = list(manifests())
    for old, new in changes:
        assert any(old in manifest.text for manifest in changed)
        changed = [replace(manifest, text=manifest.text.replace(old, new)) for manifest in changed]
    return changed, hashes.restamped(changed)


def parsed(found: list[Manifest]) -> Documents:
    return [document for manifest in found for document in yaml_text.documents(manifest.text)]


def test_settings_that_a_patch_has_changed_start_new_pods_of_those_that_have_them() -> None:
    changed, stamped = after(('PORT: "8001"', 'PORT: "8001"\n  SHOP_LOG_LEVEL: debug'))
    assert len(hashes.stale(parsed(changed))) == 1
    assert hashes.stale(parsed(stamped)) == {}
    differing = [old.name for old, new in zip(changed, stamped, strict=True) if old != new]
    assert differing == ["deployment-worker.yaml"]


def test_a_job_that_a_patch_has_changed_is_another_job() -> None:
    changed, stamped = after(("      restartPolicy: Never\n", "      restartPolicy: Never\n      hostUsers: false\n"))
    (before,), (then,) = ([each for each in parsed(found) if each["kind"] == "Job"] for found in (changed, stamped))
    assert before["metadata"]["name"] != then["metadata"]["name"]
    assert before["spec"] == then["spec"]
    assert hashes.patched_name(before) == hashes.patched_name(then) == "migrate"
    assert hashes.stale(parsed(stamped)) == {}


def test_a_job_whose_settings_a_patch_has_changed_is_another_job() -> None:
    name = next(each.name for each in manifests() if each.name == "configmap-migrate.yaml")
    changed = [
        replace(each, text=f"{each.text}  SHOP_LOG_LEVEL: debug\n") if each.name == name else each
        for each in manifests()
    ]
    assert len(hashes.stale(parsed(changed))) == 2, "The checksum, and the name that it is part of."
    stamped = hashes.restamped(changed)
    assert hashes.stale(parsed(stamped)) == {}
    assert check_kubernetes.problems(parsed(stamped)) == []


@pytest.mark.parametrize("told", ["443", "5", "", "shop", "8000", "a: b", "two\nlines"])
def test_a_checksum_that_a_patch_has_set_is_put_right_and_nothing_else_is_touched(told: str) -> None:
    path: dict[str, Any] = {"annotations": {"checksum/config": told}}
    change = {
        "kind": "Deployment",
        "metadata": {"name": "worker"},
        "spec": {"template": {"metadata": path}},
    }
    found = patched("kubernetes", "docker", manifests(), [Patch("patch", change)])
    assert parsed(found) == documents()


@pytest.mark.parametrize("told", ["443", "5", ""])
def test_a_checksum_that_a_patch_has_set_in_the_job_is_put_right_and_nothing_else_is_touched(told: str) -> None:
    path: dict[str, Any] = {"annotations": {"checksum/config": told}}
    change = {"kind": "Job", "metadata": {"name": "migrate"}, "spec": {"template": {"metadata": path}}}
    assert parsed(patched("kubernetes", "docker", manifests(), [Patch("patch", change)])) == documents()


def test_settings_of_any_shape_have_a_hash() -> None:
    _, stamped = after(('PORT: "8001"', 'PORT: "8001"\n  1: 2026-01-01\n  two: [2.5, {3: null}]'))
    assert hashes.stale(parsed(stamped)) == {}
    assert checksum(parsed(stamped)) != checksum(documents())


def checksum(found: Documents) -> Any:
    return one(found, "Deployment", "worker")["spec"]["template"]["metadata"]["annotations"]["checksum/config"]


# --- what somebody else makes


def test_what_somebody_else_makes_can_be_said_to_be_there() -> None:
    found = documents()
    one(found, "Deployment", "worker")["spec"]["template"]["spec"]["containers"][0]["envFrom"].append(
        {"secretRef": {"name": "smtp"}}
    )
    (told,) = check_kubernetes.problems(found)
    assert 'annotation shopctl/external: "smtp" of Deployment/worker' in told
    one(found, "Deployment", "worker")["metadata"]["annotations"] = {"shopctl/external": "smtp"}
    assert check_kubernetes.problems(found) == []


def test_an_account_that_somebody_else_makes_can_be_said_to_be_there() -> None:
    found = documents()
    worker = one(found, "Deployment", "worker")
    worker["spec"]["template"]["spec"]["serviceAccountName"] = "vault-reader"
    (told,) = check_kubernetes.problems(found)
    assert 'annotation shopctl/external: "vault-reader" of Deployment/worker' in told
    worker["metadata"]["annotations"] = {"shopctl/external": "smtp, vault-reader"}
    assert check_kubernetes.problems(found) == []


def test_middlewares_and_transports_that_somebody_else_makes_can_be_said_to_be_there() -> None:
    found = documents("ingress.kind=ingressroute")
    route = one(found, "IngressRoute", "shop")
    route["spec"]["routes"][0]["middlewares"].append({"name": "login"})
    route["spec"]["routes"][0]["services"][0]["serversTransport"] = "patient"
    assert len(check_kubernetes.problems(found)) == 2
    route["metadata"]["annotations"] = {"shopctl/external": "login,patient"}
    assert check_kubernetes.problems(found) == []


def test_volumes_that_somebody_else_makes_can_be_said_to_be_there() -> None:
    found = documents()
    worker = one(found, "Deployment", "worker")
    worker["spec"]["template"]["spec"]["volumes"][0] = {
        "name": "tmp",
        "persistentVolumeClaim": {"claimName": "scratch"},
    }
    (told,) = check_kubernetes.problems(found)
    assert "names the PersistentVolumeClaim scratch" in told
    worker["metadata"]["annotations"] = {"shopctl/external": "scratch"}
    assert check_kubernetes.problems(found) == []


def test_what_a_pod_can_do_without_need_not_be_there() -> None:
    found = documents()
    container = one(found, "Deployment", "worker")["spec"]["template"]["spec"]["containers"][0]
    container["envFrom"].append({"secretRef": {"name": "smtp", "optional": True}})
    assert check_kubernetes.problems(found) == []
