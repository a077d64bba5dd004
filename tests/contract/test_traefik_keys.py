"""The keys that our models of Traefik take are those that the real Traefik takes."""

from pathlib import Path
from typing import Any

import yaml

from shopctl.manifests.models_traefik import ANY, DYNAMIC, LIST, STATIC, SWITCH, TEXT, TIME, WHOLE, Known
from tests.contract.front import running
from tests.waiting import free_port, wait_until

PLAUSIBLE = {TEXT: "x", SWITCH: True, WHOLE: 1, TIME: "1s", LIST: ["x"], ANY: None}


def every(known: Known) -> Any:
    """A configuration with every key that is known."""
    if isinstance(known, str):
        return PLAUSIBLE[known]
    told = {"mine" if key == "*" else key: every(below) for key, below in known.items()}
    told = {key: value for key, value in told.items() if value is not None}
    return list(told.values()) if "[]" in told else told


def told(home: Path, *documents: tuple[str, Any]) -> str:
    """What Traefik logs about these files."""
    for name, content in documents:
        (home / name).write_text(yaml.safe_dump(content))
    log = home / "log"
    with running(["--configFile=static.yaml"], home):
        wait_until(
            lambda: any(word in log.read_text() for word in ("mine-chain", "not found", "Error while")),
            20,
            "a word on the file",
        )
    return log.read_text()


def static(port: int) -> dict[str, Any]:
    """As little as Traefik starts with."""
    return {
        "global": {"checkNewVersion": False},
        "entryPoints": {"web": {"address": f"127.0.0.1:{port}"}},
        "providers": {"file": {"filename": "dynamic.yaml"}},
        "log": {"level": "DEBUG"},
    }


def test_traefik_knows_every_key_of_the_dynamic_part_that_we_know(tmp_path: Path) -> None:
    dynamic = {"http": every(DYNAMIC["http"]), "tls": every(DYNAMIC["tls"])}
    # A service or a middleware is one thing; each gets a name of its own.
    for section in ("services", "middlewares"):
        things = dynamic["http"][section].pop("mine")
        dynamic["http"][section] = {f"mine-{thing}": {thing: options} for thing, options in things.items() if options}
    log = told(tmp_path, ("static.yaml", static(free_port())), ("dynamic.yaml", dynamic))
    assert "Error while building configuration" not in log


def test_traefik_knows_every_key_of_the_static_part_that_we_know(tmp_path: Path) -> None:
    for part, content in every(STATIC).items():
        # It reads the file as at its start, and ends.
        home = tmp_path / part
        home.mkdir()
        (home / "static.yaml").write_text(yaml.safe_dump({"log": {"level": "DEBUG"}} | {part: content}))
        with running(["healthcheck", "--configFile=static.yaml"], home) as process:
            process.wait(20)
        assert "field not found" not in (home / "log").read_text(), part


def test_traefik_says_so_of_a_key_that_it_does_not_know(tmp_path: Path) -> None:
    dynamic = {"http": {"middlewares": {"mine": {"rateLimit": {"averge": 5}}}}}
    assert "field not found, node: averge" in told(
        tmp_path, ("static.yaml", static(free_port())), ("dynamic.yaml", dynamic)
    )
    (tmp_path / "static.yaml").write_text("log: {levle: DEBUG}")
    with running(["healthcheck", "--configFile=static.yaml"], tmp_path) as process:
        process.wait(20)
    assert "field not found, node: levle" in (tmp_path / "log").read_text()
