"""Why a line is as it is: nothing false, whatever is asked for and with whatever values and patches."""

from pathlib import Path

import pytest
import yaml

from shopctl.main import answer
from shopctl.manifests.comments import outer_comment, own_comment
from shopctl.manifests.kind_words import choices, wanted
from shopctl.manifests.values import Form, Values

Captured = pytest.CaptureFixture[str]


def explained(capsys: Captured, command: str, path: str, *more: str) -> dict[str, list[str]]:
    """What is told under each head; the line itself under an empty one."""
    assert answer([command, "--explain", path, *more]) == 0, capsys.readouterr().err
    first, *rest = capsys.readouterr().out.splitlines()
    told = {"": [first.strip()]}
    for line in rest:
        told.setdefault(line[2:12].strip(), []).append(line[12:])
    return told


def names(told: dict[str, list[str]]) -> set[str]:
    return {line.partition(" = ")[0] for line in told["value"]}


def of(*settings: str) -> list[str]:
    return [word for setting in settings for word in ("--set", setting)]


@pytest.mark.parametrize(
    ("command", "path", "words"),
    [
        ("render-compose", "services.frontend.read_only", ["read_only: true", "finds a file system that cannot"]),
        ("render-compose", "services.frontend.ports", ["This machine alone", "port = 5050", "frontend.replicas = 1"]),
        (
            "render-traefik",
            "services.frontend.labels.traefik.http.routers.frontend.rule",
            ["Host(`localhost`)", "host = localhost  (default)"],
        ),
        ("render-k8s", "Deployment/shopapi.spec.strategy.rollingUpdate.maxUnavailable", ["maxUnavailable: 0", "none:"]),
        (
            "render-k8s",
            "deployment/frontend.spec.template.spec.containers.frontend.resources.limits.memory",
            ["frontend.memory = 384Mi"],
        ),
    ],
)
def test_a_line_is_explained_by_its_comment_and_its_values(
    command: str, path: str, words: list[str], capsys: Captured
) -> None:
    assert answer([command, "--explain", path]) == 0
    told = capsys.readouterr().out
    for word in words:
        assert word in told


def test_a_path_that_is_not_there_is_told_with_the_nearest(capsys: Captured) -> None:
    assert answer(["render-compose", "--explain", "services.frontend.readonly"]) == 2
    assert "Near it: services.frontend.read_only" in capsys.readouterr().err


# --- values


@pytest.mark.parametrize(
    ("command", "settings", "path", "at_work"),
    [
        (
            "render-compose",
            ["host=shop.example.org"],
            "services.shopapi.environment.SHOP_PUBLIC_URL",
            {"host"},
        ),
        ("render-compose", [], "services.shopapi.environment.SHOP_PUBLIC_URL", {"host", "port"}),
        (
            "render-traefik",
            [],
            "services.shopapi.environment.SHOP_HSTS",
            {"host", "acme.email", "tls.cert"},
        ),
        (
            "render-traefik",
            ["host=shop.example.org", "acme.email=you@example.org"],
            "services.shopapi.environment.SHOP_HSTS",
            {"host", "acme.email", "tls.cert"},
        ),
        ("render-k8s", [], "HorizontalPodAutoscaler/shopapi.spec.maxReplicas", None),
        ("render-k8s", [], "PodDisruptionBudget/frontend.kind", {"frontend.replicas"}),
        ("render-k8s", [], "Deployment/frontend.spec.template.spec.securityContext", set()),
        ("render-k8s", ["secrets.create=true"], "Secret/shop-secrets.stringData", {"secrets.create"}),
        (
            "render-k8s",
            ["autoscaling=false"],
            "Deployment/frontend.spec.replicas",
            {"autoscaling", "frontend.replicas"},
        ),
    ],
)
def test_every_value_that_makes_a_line_is_named_and_no_other(
    command: str, settings: list[str], path: str, at_work: set[str] | None, capsys: Captured
) -> None:
    told = names(explained(capsys, command, path, *of(*settings)))
    if at_work is None:
        assert told == {"autoscaling", "shopapi.replicas", "shopapi.maxReplicas"}
    elif at_work:
        assert told == at_work
    else:
        assert told == {"none: every rendering says it; a --patch can change it"}


@pytest.mark.parametrize("of_what", ["--accesslog.format", "--providers.docker.network", "--ping.entrypoint"])
def test_an_argument_stays_the_same_where_others_come_before_it(of_what: str, capsys: Captured) -> None:
    by_name = explained(capsys, "render-traefik", f"services.traefik.command.{of_what}")
    assert f"- {of_what}=" in by_name[""][0]
    assert names(by_name) == {"none: every rendering says it; a --patch can change it"}
    assert answer(["render-traefik"]) == 0
    command = yaml.safe_load(capsys.readouterr().out)["services"]["traefik"]["command"]
    number = next(index for index, argument in enumerate(command) if argument.startswith(f"{of_what}="))
    assert explained(capsys, "render-traefik", f"services.traefik.command.{number}") == by_name


def test_a_value_in_an_argument_is_at_work_there(capsys: Captured) -> None:
    path = "services.traefik.command.--entrypoints.web.http.redirections.entrypoint.to"
    assert names(explained(capsys, "render-traefik", path)) == {"traefik.httpsPort"}
    assert names(explained(capsys, "render-traefik", "services.traefik.ports.1")) == {"traefik.httpsPort"}


def test_a_secret_is_explained_without_being_told(capsys: Captured) -> None:
    path = "Secret/shop-secrets.stringData.SHOP_SECRET_KEY"
    told = explained(capsys, "render-k8s", path, *of("secrets.create=true"))
    assert told[""][0].endswith('SHOP_SECRET_KEY: "made when it is rendered"')


@pytest.mark.parametrize("form", ["compose", "traefik", "kubernetes"])
def test_every_kind_says_what_it_takes_and_takes_its_choices(form: Form) -> None:
    for value in Values(form).known():
        assert wanted(value.kind), value.path
        assert all(value.kind(choice) == choice for choice in choices(value.kind))
    assert choices({value.path: value for value in Values("kubernetes").known()}["networkPolicy"].kind)


# --- patches


@pytest.fixture
def patch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return Path("patch.yaml")


def test_a_line_that_a_patch_brings_is_the_patchs(patch: Path, capsys: Captured) -> None:
    patch.write_text("services: {worker: {mem_swappiness: 0}}\n---\nservices: {frontend: {mem_swappiness: 0}}")
    told = explained(capsys, "render-compose", "services.frontend.mem_swappiness", "--patch", "patch.yaml")
    assert told["patch"] == ["patch.yaml, document 2"]
    assert told["why"] == ["as a patch has it"]
    assert told["value"] == ["none: the patch has the last word"]
    assert told["template"] == ["none: the patch brings it"]


def test_a_line_that_a_patch_changes_is_told_as_it_would_be_without(patch: Path, capsys: Captured) -> None:
    patch.write_text("{kind: HorizontalPodAutoscaler, metadata: {name: frontend}, spec: {maxReplicas: 12}}")
    path = "HorizontalPodAutoscaler/frontend.spec.maxReplicas"
    told = explained(capsys, "render-k8s", path, "--patch", "patch.yaml")
    assert told[""][0].endswith("maxReplicas: 12")
    assert told["without"] == ["maxReplicas: 6"]
    assert told["patch"] == ["patch.yaml, document 1"]
    assert told["value"] == ["none: the patch has the last word"]


def test_what_follows_from_a_patch_follows_from_the_values_too(patch: Path, capsys: Captured) -> None:
    patch.write_text("{kind: ConfigMap, metadata: {name: worker}, data: {SHOP_LOG_LEVEL: debug}}")
    path = "Deployment/worker.spec.template.metadata.annotations.checksum/config"
    told = explained(capsys, "render-k8s", path, "--patch", "patch.yaml")
    assert told["patch"] == ["patch.yaml, document 1"]
    assert "host" in names(told)


def test_a_patch_of_what_another_value_leaves_out_does_not_end_an_explanation(patch: Path, capsys: Captured) -> None:
    patch.write_text("services: {seed: {mem_swappiness: 0}}")
    told = explained(capsys, "render-compose", "services.frontend.ports", "--patch", "patch.yaml")
    assert names(told) == {"port", "frontend.replicas"}
    assert "patch" not in told


# --- comments and templates


def test_a_comment_explains_what_it_stands_over_and_nothing_that_comes_after_it() -> None:
    lines = ["a:", "  # Of b.", "  b: 1", "  c: 2", "  # Of both.", "  d.x: 1", "  d.y: 2", "  e: 3  # Of e."]
    told = [own_comment(lines, line) for line in (2, 3, 5, 6, 7)]
    assert told == ["Of b.", "", "Of both.", "Of both.", "Of e."]


def test_a_comment_over_an_argument_is_for_those_whose_names_begin_as_its_does() -> None:
    lines = [
        "# Of web.",
        "- --entry.web.address=:80",
        "- --entry.web.to=tls",
        "- --entry.websecure.address=:443",
        "# Of logs.",
        "- --log=true",
        "- --log.level=INFO",
        "- --logs=no",
        "# Of the first name.",
        "- {name: a}",
        "- {name: b}",
    ]
    told = [own_comment(lines, line) for line in (1, 2, 3, 5, 6, 7, 9, 10)]
    assert told == ["Of web.", "Of web.", "", "Of logs.", "Of logs.", "", "Of the first name.", ""]


def test_a_comment_over_what_a_line_is_in_is_told_as_such(capsys: Captured) -> None:
    lines = ["# Of all.", "a:", "  b:", "    - c: 1", "      d: 2", "", "# Of no line.", "", "e: 1"]
    assert outer_comment(lines, 4) == ("a:", "Of all.")
    assert (own_comment(lines, 4), own_comment(lines, 8), outer_comment(lines, 8)) == ("", "", ("", ""))
    told = explained(capsys, "render-compose", "services.worker.restart")
    assert told["why"] == ["as every rendering has it"]
    assert told["within"][0].startswith("worker:  The background work")


def test_what_looks_like_a_comment_in_a_value_is_none() -> None:
    lines = ['a: "one # two"  # Of a.', 'b: "one # two"']
    assert own_comment(lines, 0, len('a: "one # two"')) == "Of a."
    assert own_comment(lines, 1, len(lines[1])) == ""


@pytest.mark.parametrize(
    ("command", "path", "template"),
    [
        ("render-compose", "volumes", "compose/compose.yaml.j2"),
        ("render-compose", "services.worker.restart", "compose/service.j2"),
        ("render-traefik", "services.traefik.cap_drop", "compose/compose.yaml.j2"),
        ("render-traefik", "services.traefik.image", "compose/traefik.j2"),
        ("render-traefik", "networks.docker", "compose/compose.yaml.j2"),
        ("render-traefik", "services.frontend.labels.traefik.enable", "compose/labels.j2"),
        ("render-traefik", "services.frontend.healthcheck", "compose/service.j2"),
        ("render-k8s", "Deployment/frontend.spec.replicas", "kubernetes/deployment.yaml.j2"),
        (
            "render-k8s",
            "Deployment/frontend.spec.template.spec.securityContext.runAsNonRoot",
            "kubernetes/parts.j2",
        ),
    ],
)
def test_the_template_is_the_one_that_the_line_is_in(command: str, path: str, template: str, capsys: Captured) -> None:
    settings = ["autoscaling=false"] if command == "render-k8s" else []
    assert explained(capsys, command, path, *of(*settings))["template"] == [template]
