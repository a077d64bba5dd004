"""Values: where they come from, which of them wins, and how they are shown."""

from pathlib import Path

import pytest

from shopctl.main import answer
from shopctl.manifests import values as manifest_values
from shopctl.manifests.values import COMMAND, Form, Values, read

FORMS: list[Form] = ["compose", "traefik", "kubernetes"]


def test_later_values_win_over_earlier_ones(tmp_path: Path) -> None:
    first = ("first.yaml", {"host": "a.example", "frontend": {"replicas": 2, "memory": "1Gi"}})
    second = ("second.yaml", {"frontend": {"replicas": 3}, "shopapi.replicas": 4})
    values = read("compose", [first, second], ["frontend.memory=2Gi", "frontend.memory=3Gi"])
    told = {path: (values[path], values.source(path)) for path in ("host", "frontend.replicas", "frontend.memory")}
    assert told == {
        "host": ("a.example", "first.yaml"),
        "frontend.replicas": ("3", "second.yaml"),
        "frontend.memory": ("3Gi", "--set"),
    }
    assert (values["shopapi.replicas"], values["worker.replicas"], values.source("worker.replicas")) == (
        *("4", "1"),
        "default",
    )


def test_a_default_follows_the_values_that_it_is_made_of() -> None:
    assert Values("traefik")["api.host"] == "api.localhost"
    assert read("traefik", [], ["host=shop.example"])["api.host"] == "api.shop.example"
    assert read("kubernetes", [], ["frontend.replicas=9"])["frontend.maxReplicas"] == "9"
    assert read("traefik", [], ["shopapi.replicas=2"])["shopapi.urls"] == "http://127.0.0.1:8000,http://127.0.0.1:8001"


def test_only_a_shop_on_this_machine_is_filled_with_the_demo() -> None:
    assert Values("compose")["seed"] == "demo"
    assert read("compose", [], ["host=shop.example"])["seed"] == "none"


@pytest.mark.parametrize("form", FORMS)
def test_every_default_and_every_example_is_one_that_is_taken(form: Form) -> None:
    values = Values(form)
    for value in values.known():
        assert value.kind(values[value.path]) == values[value.path]
        assert value.kind(value.example) != values[value.path], f"The example of {value.path} is its default."


@pytest.mark.parametrize("form", FORMS)
def test_every_value_is_shown_with_what_it_is_and_what_it_means(
    form: Form, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert answer([COMMAND[form], "--show-values", "--set", "host=meine.example.org"]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    for value in Values(form).known():
        assert value.path in shown
    assert "meine.example.org --set" in shown


def test_the_values_of_the_design_are_all_there() -> None:
    paths = {value.path for form in FORMS for value in Values(form).known()}
    assert paths >= {
        *("image", "host", "api.host", "api.expose", "database.kind", "database.image", "traefik.image"),
        *(f"{part}.{what}" for part in ("frontend", "shopapi", "worker") for what in ("replicas", "memory", "cpu")),
        *("ingress.kind", "ingress.className", "tls.secret", "tls.cert", "tls.key", "acme.email"),
        *("networkPolicy", "secrets.create"),
    }
    assert len(manifest_values.COMMAND) == 3
