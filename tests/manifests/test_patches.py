"""What an owner changes: it outlives every rendering, and is never forgotten without a word."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from shopctl.main import answer

Captured = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def rendered(capsys: Captured, command: str, patch: str, *more: str) -> list[Any]:
    Path("patch.yaml").write_text(patch)
    assert answer([command, "--patch", "patch.yaml", *more]) == 0, capsys.readouterr().err
    return list(yaml.safe_load_all(capsys.readouterr().out))


def refused(capsys: Captured, command: str, patch: str, *more: str) -> str:
    Path("patch.yaml").write_text(patch)
    assert answer([command, "--patch", "patch.yaml", "--output", "out", *more]) == 2
    told = capsys.readouterr()
    assert not Path("out").exists()
    assert told.out == ""
    return told.err


def test_a_patch_survives_a_rendering_with_other_values(capsys: Captured) -> None:
    patch = "services: {frontend: {environment: {SHOP_LOG_LEVEL: debug}, mem_swappiness: 0}}"
    for setting in ("frontend.replicas=1", "frontend.replicas=3", "host=shop.example.org"):
        (document,) = rendered(capsys, "render-compose", patch, "--set", setting)
        frontend = document["services"]["frontend"]
        assert frontend["environment"]["SHOP_LOG_LEVEL"] == "debug"
        assert frontend["mem_swappiness"] == 0
        assert frontend["environment"]["PORT"] == "5050"


def test_comments_stay_where_a_patch_changes_something_else(capsys: Captured) -> None:
    assert answer(["render-compose"]) == 0
    before = capsys.readouterr().out
    Path("patch.yaml").write_text("services: {worker: {environment: {SHOP_LOG_LEVEL: debug}}}")
    assert answer(["render-compose", "--patch", "patch.yaml"]) == 0
    after = capsys.readouterr().out
    assert [line.strip() for line in before.splitlines() if "#" in line] == [
        line.strip() for line in after.splitlines() if "#" in line
    ]
    assert set(after.splitlines()) - set(before.splitlines()) == {"      SHOP_LOG_LEVEL: debug"}


def test_what_an_anchor_shares_is_changed_for_the_one_that_is_named(capsys: Captured) -> None:
    (document,) = rendered(capsys, "render-compose", "services: {frontend: {logging: {options: {max-size: 50m}}}}")
    sizes = {name: one["logging"]["options"]["max-size"] for name, one in document["services"].items()}
    assert sizes.pop("frontend") == "50m"
    assert set(sizes.values()) == {"10m"}
    assert document["services"]["frontend"]["logging"]["options"]["max-file"] == "3"


def test_null_takes_a_key_away(capsys: Captured) -> None:
    (document,) = rendered(capsys, "render-compose", "services: {frontend: {ports: null}}")
    assert "ports" not in document["services"]["frontend"]


def test_a_service_of_the_owners_own_may_be_added(capsys: Captured) -> None:
    patch = """
      services:
        backup: {image: "backup:1.2", volumes: ["backups:/backups"], networks: [data], restart: unless-stopped}
      volumes: {backups: {}}
    """
    (document,) = rendered(capsys, "render-compose", patch)
    assert document["services"]["backup"]["image"] == "backup:1.2"


def test_lists_of_what_has_a_name_are_merged_by_it(capsys: Captured) -> None:
    patch = """
      kind: Deployment
      metadata: {name: frontend}
      spec:
        template:
          spec:
            nodeSelector: {disk: fast}
            containers:
              - name: frontend
                env: [{name: SHOP_LOG_LEVEL, value: debug}]
    """
    documents = rendered(capsys, "render-k8s", patch, "--set", "frontend.memory=1Gi")
    frontend = next(one for one in documents if one["kind"] == "Deployment" and one["metadata"]["name"] == "frontend")
    pod = frontend["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert pod["nodeSelector"] == {"disk": "fast"}
    assert container["resources"]["limits"]["memory"] == "1Gi"
    assert {"name": "SHOP_LOG_LEVEL", "value": "debug"} in container["env"]
    assert container["image"]


def test_a_patched_setting_starts_new_pods_and_a_patched_job_is_a_new_one(capsys: Captured) -> None:
    def hashes(patch: str) -> tuple[object, object]:
        documents = rendered(capsys, "render-k8s", patch)
        job = next(one for one in documents if one["kind"] == "Job")
        worker = next(one for one in documents if one["kind"] == "Deployment" and one["metadata"]["name"] == "worker")
        return job["metadata"]["name"], worker["spec"]["template"]["metadata"]["annotations"]["checksum/config"]

    before = hashes("{kind: Service, metadata: {name: frontend, labels: {team: shop}}}")
    setting = hashes("{kind: ConfigMap, metadata: {name: worker}, data: {SHOP_LOG_LEVEL: debug}}")
    assert (setting[0] == before[0], setting[1] == before[1]) == (True, False)
    job = hashes("{kind: Job, metadata: {name: migrate}, spec: {template: {spec: {nodeSelector: {disk: fast}}}}}")
    assert (job[0] == before[0], job[1] == before[1]) == (False, True)
    assert str(job[0]).startswith("migrate-")


def test_a_patched_file_keeps_all_that_was_not_patched_to_the_letter(capsys: Captured) -> None:
    assert answer(["render-k8s"]) == 0
    before = capsys.readouterr().out.splitlines()
    Path("patch.yaml").write_text("{kind: Deployment, metadata: {name: worker}, spec: {minReadySeconds: 5}}")
    assert answer(["render-k8s", "--patch", "patch.yaml"]) == 0
    after = capsys.readouterr().out.splitlines()
    assert set(after) - set(before) == {"  minReadySeconds: 5"}
    assert set(before) - set(after) == set()
    assert "            defaultMode: 0440" in after


def test_traefiks_own_files_can_be_patched(capsys: Captured) -> None:
    Path("patch.yaml").write_text("log: {level: DEBUG}\n---\nhttp: {routers: {frontend: {priority: 7}}}\n")
    assert answer(["render-traefik", "--provider", "file", "--patch", "patch.yaml", "--output", "out"]) == 0
    assert yaml.safe_load(Path("out/traefik.yaml").read_text())["log"]["level"] == "DEBUG"
    assert yaml.safe_load(Path("out/dynamic.yaml").read_text())["http"]["routers"]["frontend"]["priority"] == 7


@pytest.mark.parametrize(
    ("command", "patch", "words"),
    [
        ("render-compose", "services: {fronted: {read_only: false}}", "there is no services.fronted"),
        ("render-compose", "services: {frontend: {prots: null}}", "there is no services.frontend.prots to take away"),
        ("render-compose", "services: {frontend: {read_only: null}}", "comes from an anchor that others share"),
        ("render-k8s", "{kind: Deployment, metadata: {name: fronted}}", "Deployment/fronted is not rendered"),
        ("render-k8s", "{kind: DaemonSet, metadata: {name: frontend}}", "DaemonSet/frontend is not rendered"),
        ("render-k8s", "spec: {replicas: 3}", "a patch needs kind and metadata.name"),
        (
            "render-k8s",
            "{kind: Service, metadata: {name: shopapi}, spec: {ports: [{name: htpp, $patch: delete}]}}",
            "has no htpp to take away",
        ),
    ],
)
def test_a_patch_that_matches_nothing_is_named(capsys: Captured, command: str, patch: str, words: str) -> None:
    told = refused(capsys, command, patch)
    assert "patch.yaml, document 1" in told
    assert words in told


def test_a_patch_that_no_longer_matches_is_named(capsys: Captured) -> None:
    patch = "services: {seed: {environment: {SHOP_LOG_LEVEL: debug}}}"
    rendered(capsys, "render-compose", patch)
    assert "there is no services.seed" in refused(capsys, "render-compose", patch, "--set", "seed=none")


@pytest.mark.parametrize(
    ("command", "patch", "words"),
    [
        (
            "render-compose",
            "services: {frontend: {ports: 5050}}",
            "services.frontend.ports: 5050 is not of type 'array'",
        ),
        ("render-compose", "services: {frontend: {prots: []}}", "services.frontend: Unevaluated properties"),
        ("render-compose", "services: {frontend: {networks: [inner]}}", "names inner, which is not among networks"),
        (
            "render-compose",
            "services: {worker: {depends_on: {cache: {}}}}",
            "services.worker.depends_on.cache names no",
        ),
        ("render-compose", "volumes: {extra: {}}", "volumes.extra is used by no service."),
        (
            "render-traefik",
            "services: {frontend: {labels: {traefik.http.routers.frontend.middlewares: auth}}}",
            "goes through the middleware auth, which no label defines",
        ),
        (
            "render-k8s",
            "{kind: Service, metadata: {name: frontend}, spec: {type: 5}}",
            "Service/frontend",
        ),
        (
            "render-k8s",
            "{kind: Deployment, metadata: {name: worker}, spec: {replica: 3}}",
            "Deployment/worker",
        ),
        (
            "render-k8s",
            "{kind: Service, metadata: {name: frontend}, spec: {selector: {app.kubernetes.io/name: nobody}}}",
            "Service/frontend",
        ),
    ],
)
def test_a_patch_that_breaks_what_is_rendered_is_refused(
    capsys: Captured, command: str, patch: str, words: str
) -> None:
    assert words in refused(capsys, command, patch)


@pytest.mark.parametrize("patch", ["- a", "a: : b", "services: {a: 1, a: 2}"])
def test_a_patch_file_that_cannot_be_used_is_told(capsys: Captured, patch: str) -> None:
    assert "patch.yaml" in refused(capsys, "render-compose", patch)


def test_an_owner_may_loosen_what_is_safe_and_is_told_so(capsys: Captured) -> None:
    Path("patch.yaml").write_text("services: {frontend: {read_only: false}}")
    assert answer(["render-compose", "--patch", "patch.yaml"]) == 0
    assert "services.frontend.read_only is not true" in capsys.readouterr().err
