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
            "services: {worker: {depends_on: {cache: {condition: service_started}}}}",
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


RUBBISH = [
    ("render-compose", 'services: {frontend: "foo"}', "services.frontend: 'foo' is not of type 'object'"),
    ("render-compose", "services: {frontend: {labels: 5}}", "services.frontend.labels: 5 is not valid"),
    ("render-compose", "services: {frontend: {depends_on: {shopapi: 5}}}", "services.frontend.depends_on"),
    ("render-compose", "services: {frontend: {volumes: [5]}}", "services.frontend.volumes.0: 5 is not valid"),
    ("render-compose", "services: {frontend: {configs: [{target: /x}]}}", "configs has an entry without a source"),
    ("render-compose", "services: {frontend: {networks: [{a: b}]}}", "services.frontend.networks"),
    ("render-compose", "services: {frontend: {environment: {A: {b: c}}}}", "services.frontend.environment"),
    ("render-compose", "services: []", "services: [] is not of type 'object'"),
    ("render-compose", "nonsense: 5", "at the top: 'nonsense' does not match any of the regexes: '^x-'"),
    ("render-compose", "1: 2", "the key 1 is no text; write it in quotes"),
    ("render-compose", 'services: {1: {image: "a:1"}}', "the key 1 is no text; write it in quotes"),
    ("render-compose", "services: {frontend: {labels: {true: x}}}", "the key True is no text"),
    ("render-traefik --provider file", "http: 5", 'http: "5" is no mapping'),
    ("render-traefik --provider file", "http: {routers: 5}", 'http.routers: "5" is no mapping'),
    ("render-traefik --provider file", "http: {routers: {frontend: 5}}", 'http.routers.frontend: "5" is no mapping'),
    ("render-k8s", "{kind: Deployment, metadata: {name: frontend}, spec: 5}", "Deployment/frontend.spec: 5 is not of"),
    ("render-k8s", "{kind: Deployment, metadata: {name: frontend, labels: 5}}", "Deployment/frontend.metadata.labels"),
    ("render-k8s", "{kind: Deployment, metadata: {name: frontend}, apiVersion: 5}", "5 is no text"),
    ("render-k8s", "{kind: Deployment, metadata: {name: frontend}, apiVersion: null}", "apiVersion: None is no text"),
    (
        "render-k8s",
        "{kind: Deployment, metadata: {name: frontend}, spec: {template: {spec: {containers: [{image: 'a:1'}]}}}}",
        "Deployment/frontend.spec.template.spec.containers.0: 'name' is a required property",
    ),
    ("render-k8s", "{kind: 5, metadata: {name: frontend}}", "5/frontend is not rendered"),
    ("render-k8s", "{kind: Deployment, metadata: 5}", "a patch needs kind and metadata.name"),
]


@pytest.mark.parametrize(("command", "patch", "words"), RUBBISH, ids=[patch[:60] for _, patch, _ in RUBBISH])
def test_rubbish_in_a_patch_is_told_in_one_sentence_with_its_file(
    capsys: Captured, command: str, patch: str, words: str
) -> None:
    name, *more = command.split()
    (line,) = refused(capsys, name, patch, *more).splitlines()
    assert line.startswith("  ✗ patch.yaml")
    assert words in line


@pytest.mark.parametrize(
    "volume", ["/data", "backups:/data", "./here:/data:ro", "${WHERE:-/srv}:/data", "{type: tmpfs, target: /data}"]
)
def test_every_form_of_a_volume_is_read(capsys: Captured, volume: str) -> None:
    told = volume if volume.startswith("{") else f'"{volume}"'
    more = "\nvolumes: {backups: {}}" if volume.startswith("backups") else ""
    service = f'{{image: "own:1", environment: {{KEY_FILE: /data/key}}, volumes: [{told}]}}'
    rendered(capsys, "render-compose", f"services: {{own: {service}}}{more}")


@pytest.mark.parametrize(
    ("command", "patch"),
    [
        ("render-compose", ""),
        ("render-compose", "# Nothing yet.\n"),
        ("render-compose", "{}"),
        ("render-compose", "services: {frontend: {environment: {PORT: '5050'}}}"),
        ("render-compose", "services: {frontend: {restart: unless-stopped, read_only: true}}"),
        ("render-k8s", "{kind: Deployment, metadata: {name: worker}}"),
        ("render-k8s", "{kind: Service, metadata: {name: frontend}, spec: {ports: [{name: http, port: 80}]}}"),
    ],
)
def test_a_patch_that_changes_nothing_is_refused(capsys: Captured, command: str, patch: str) -> None:
    assert "changes nothing" in refused(capsys, command, patch)


def test_a_list_may_take_the_place_of_a_mapping_with_comments(capsys: Captured) -> None:
    patch = "services: {worker: {environment: [SHOP_LOG_LEVEL=debug], labels: [com.example.a=b]}}"
    (document,) = rendered(capsys, "render-compose", patch)
    assert document["services"]["worker"]["environment"] == ["SHOP_LOG_LEVEL=debug"]


def test_a_number_in_a_patch_may_be_written_as_kubernetes_reads_it(capsys: Captured) -> None:
    patch = """
      kind: Deployment
      metadata: {name: worker}
      spec: {template: {spec: {volumes: [{name: secrets, secret: {defaultMode: 0400}}]}}}
    """
    documents = rendered(capsys, "render-k8s", patch)
    worker = next(one for one in documents if one["kind"] == "Deployment" and one["metadata"]["name"] == "worker")
    assert {one["name"]: one for one in worker["spec"]["template"]["spec"]["volumes"]}["secrets"]["secret"][
        "defaultMode"
    ] == 0o400


def test_a_patch_of_true_does_change_what_is_one(capsys: Captured) -> None:
    refusal = refused(capsys, "render-k8s", "{kind: Deployment, metadata: {name: worker}, spec: {replicas: true}}")
    assert "Deployment/worker.spec.replicas" in refusal


MISSPELT = [
    ("services: {frontend: {environment: {SHOP_LOG_LEVL: debug}}}", "services.frontend.environment", "SHOP_LOG_LEVEL"),
    ("services: {worker: {environment: {SHOP_LOG_LEVEL: loud}}}", 'SHOP_LOG_LEVEL is "loud"', "one of debug, info"),
    ("services: {shopapi: {environment: {SHOP_RATE_LIMITS: off}}}", 'SHOP_RATE_LIMITS is "false"', "on or off"),
    (
        'services: {second: {image: "shopctl:0.1.0", environment: [SHOP_GRACE=3]}}',
        "services.second.environment",
        "SHOP_GRACE_S",
    ),
]


@pytest.mark.parametrize(("patch", "where", "meant"), MISSPELT, ids=[where for _, where, _ in MISSPELT])
def test_a_setting_that_the_shop_would_refuse_is_refused(capsys: Captured, patch: str, where: str, meant: str) -> None:
    told = refused(capsys, "render-compose", patch)
    assert where in told
    assert meant in told


def test_a_setting_that_the_shop_would_refuse_is_refused_in_a_cluster_too(capsys: Captured) -> None:
    told = refused(capsys, "render-k8s", "{kind: ConfigMap, metadata: {name: worker}, data: {SHOP_LOG_LEVL: debug}}")
    assert "ConfigMap/worker.data: No setting is called SHOP_LOG_LEVL. Did you mean SHOP_LOG_LEVEL?" in told
    patch = """
      kind: Deployment
      metadata: {name: worker}
      spec: {template: {spec: {containers: [{name: worker, env: [{name: SHOP_LOG_LEVL, value: debug}]}]}}}
    """
    assert "Did you mean SHOP_LOG_LEVEL?" in refused(capsys, "render-k8s", patch)


def test_settings_of_other_programs_and_what_compose_fills_in_are_left_alone(capsys: Captured) -> None:
    rendered(
        capsys,
        "render-compose",
        'services: {own: {image: "own:1", environment: {SHOP_NAME: x}}, '
        "worker: {environment: {SHOP_LOG_LEVEL: '${LEVEL:-info}'}}}",
    )


def _bomb() -> str:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 9)]
    return "\n".join(lines)


ENDLESS = [
    (_bomb(), "holds more than"),
    ("a: &a {b: 1}\n" + "\n".join(f"c{n}: {{<<: [*a, *a]}}" for n in range(9_000)), "holds more than"),
    ("services: &a {frontend: *a}", "*a stands within what it stands for"),
    ("services: &a [*a]", "*a stands within what it stands for"),
    ("services: &a {<<: *a}", "*a stands within what it stands for"),
    ("a: " + "[" * 200_000, "exceeded maximum nesting depth"),
    ("a: " + "{b: " * 200_000, "levels deep"),
    ("\n".join(" " * depth + "a:" for depth in range(2_000)), "levels deep"),
    ("? [a, b]\n: c", "a key is no text"),
    ("services: {frontend: *nobody}", "undefined alias"),
]


@pytest.mark.parametrize(("text", "words"), ENDLESS, ids=[words + text[:20] for text, words in ENDLESS])
@pytest.mark.parametrize("option", ["--patch", "--values"])
def test_a_file_that_would_grow_beyond_all_bounds_is_refused(
    capsys: Captured, option: str, text: str, words: str
) -> None:
    Path("endless.yaml").write_text(text)
    assert answer(["render-compose", option, "endless.yaml"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "endless.yaml is no YAML: line " in line
    assert words in line


def test_an_alias_is_no_fault(capsys: Captured) -> None:
    patch = (
        "x-mine: &mine {SHOP_LOG_LEVEL: debug}\nservices: {worker: {environment: *mine}, seed: {environment: *mine}}"
    )
    (document,) = rendered(capsys, "render-compose", patch)
    for name in ("worker", "seed"):
        assert document["services"][name]["environment"]["SHOP_LOG_LEVEL"] == "debug"


@pytest.mark.parametrize("patch", ["- a", "a: : b", "services: {a: 1, a: 2}"])
def test_a_patch_file_that_cannot_be_used_is_told(capsys: Captured, patch: str) -> None:
    assert "patch.yaml" in refused(capsys, "render-compose", patch)


def test_an_owner_may_loosen_what_is_safe_and_is_told_so(capsys: Captured) -> None:
    Path("patch.yaml").write_text("services: {frontend: {read_only: false}}")
    assert answer(["render-compose", "--patch", "patch.yaml"]) == 0
    assert "services.frontend.read_only is not true" in capsys.readouterr().err
