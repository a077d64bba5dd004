"""The shop's image: what is in it and what is not, and that it runs with no more rights than it needs."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

import shopctl
from tests.containers.engine import HARDENED, Engine
from tests.containers.images import BUILT, COMMIT, Images, build_shop, copy_of_the_source

LARGEST_MB = 480
"""81 of them are typst, which draws the invoices."""


def shell(engine: Engine, image: str, script: str, *options: str) -> list[str]:
    """The lines that a shell script prints in a container."""
    return engine.run("run", "--rm", "--network=none", *options, "--entrypoint=sh", image, "-c", script).splitlines()


def shop(engine: Engine, image: str, *command: str) -> str:
    """What a command of the shop prints in a container with as few rights as in production."""
    return engine.run("run", "--rm", "--network=none", *HARDENED, image, *command)


def test_the_build_is_given_the_source_and_nothing_else(engine: Engine, images: Images, tmp_path: Path) -> None:
    clone = copy_of_the_source(tmp_path)
    for stray in (".git/config", ".env", "shop.db", "src/shop.db-wal", "src/shopapi/__pycache__/app.pyc", "secret.key"):
        (clone / stray).parent.mkdir(parents=True, exist_ok=True)
        (clone / stray).write_text("not for the image")
    (tmp_path / "everything").write_text(f"FROM {images.base}\nCOPY . /context\n")
    tag = f"{images.shop}-context"
    engine.build(clone, tag, f"--file={tmp_path / 'everything'}")
    given = shell(engine, tag, "cd /context && find . -type f")
    engine.run("image", "rm", tag)
    outside = {file for file in given if not file.startswith("./src/")}
    assert outside == {"./LICENSE", "./README.md", "./pyproject.toml", "./requirements/run.txt"}
    assert not [file for file in given if "shop.db" in file or "__pycache__" in file]
    assert "./src/shopctl/main.py" in given


def test_it_says_what_it_is(engine: Engine, images: Images) -> None:
    config = engine.inspect("image", images.shop)["Config"]
    labels = {name.removeprefix("org.opencontainers.image."): value for name, value in config["Labels"].items()}
    assert (
        labels.items()
        >= {
            "title": "shopctl",
            "description": "Run a real online shop as a small distributed system, and prove that nothing is lost.",
            "version": shopctl.__version__,
            "revision": COMMIT,
            "created": BUILT,
            "licenses": "MIT",
        }.items()
    )
    assert config["Entrypoint"] == ["shopctl"]
    assert config["StopSignal"] == "SIGTERM"
    assert config["User"] == "10001:10001"
    assert config["Healthcheck"] == {"Test": ["NONE"]}
    told = json.loads(shop(engine, images.shop, "version", "--json"))
    assert (told["version"], told["commit"], told["built"]) == (shopctl.__version__, COMMIT, BUILT)


def test_it_holds_nothing_to_build_with(engine: Engine, images: Images) -> None:
    tools = "cc gcc g++ clang ld make cargo git"
    assert shell(engine, images.shop, f"for tool in {tools}; do command -v $tool; done; true") == []
    packages = "ls /opt/shopctl/bin /opt/shopctl/lib/python*/site-packages"
    assert not {"pip", "hatchling", "editables", "setuptools"} & set(shell(engine, images.shop, packages))
    left = "find / -xdev ( -name .cache -o -path '/tmp/*' -o -path '/root/*/pip*' -o -path /build ) -print"
    assert shell(engine, images.shop, left.replace("( ", "\\( ").replace(" )", " \\)"), "--user=0") == []


def test_nothing_stays_of_the_bundle_of_authorities_that_it_was_built_with(engine: Engine, images: Images) -> None:
    script = "sha256sum /etc/ssl/certs/ca-certificates.crt"
    assert shell(engine, images.shop, script) == shell(engine, images.base, script)


def test_it_is_no_larger_than_it_must_be(
    engine: Engine, images: Images, record_property: Callable[[str, object], None]
) -> None:
    size_mb = engine.inspect("image", images.shop)["Size"] / 1e6
    record_property("image_mb", round(size_mb))
    assert size_mb < LARGEST_MB


def test_it_runs_as_its_numeric_user_and_can_write_nowhere_but_in_tmp(engine: Engine, images: Images) -> None:
    script = """
        id -u; id -g; grep -E '^(CapEff|NoNewPrivs)' /proc/self/status | tr '\\t' ' '
        for place in / /etc /opt/shopctl /srv/shop /run /run/shop-secrets /var/tmp /tmp; do
          touch $place/tried 2>/dev/null && echo $place
        done; true
    """
    assert shell(engine, images.shop, script, *HARDENED) == [
        "10001",
        "10001",
        "CapEff: 0000000000000000",
        "NoNewPrivs: 1",
        "/tmp",
    ]
    assert "serve-api" in shop(engine, images.shop, "--help")


def test_a_new_volume_for_secrets_or_for_a_database_file_is_the_users_own(
    engine: Engine, images: Images, name: str
) -> None:
    try:
        for place in ("/run/shop-secrets", "/srv/shop"):
            volume = f"{name}-{place.rpartition('/')[2]}"
            told = shell(engine, images.shop, f"stat -c '%u:%g %a' {place}", f"--volume={volume}:{place}", *HARDENED)
            assert told == ["10001:10001 750"], place
        mounted = (f"--volume={name}-shop:/srv/shop", *HARDENED)
        assert "applied" in engine.run("run", "--rm", "--network=none", *mounted, images.shop, "migrate")
        assert "shop.db" in shell(engine, images.shop, "ls /srv/shop", *mounted)
    finally:
        engine.run("volume", "rm", "--force", f"{name}-shop-secrets", f"{name}-shop")


def test_a_start_compiles_nothing(engine: Engine, images: Images) -> None:
    # The head of byte code is a magic number, flags (0: valid while the source is of this second and size), the second.
    script = """
import os, sys
import shopapi.app, shopapi.worker, shopctl.main, shopweb.app
def is_good(spec):
    with open(spec.cached, "rb") as file:
        head = file.read(12)
    return any(head[4:8]) or int.from_bytes(head[8:], "little") == int(os.stat(spec.origin).st_mtime)
specs = [module.__spec__ for module in sys.modules.values() if getattr(module, "__spec__", None)]
compiled = [spec for spec in specs if spec.cached]
bad = sorted(spec.name for spec in compiled if not (os.path.exists(spec.cached) and is_good(spec)))
print(len(compiled) > 500, bad)
"""
    told = engine.run("run", "--rm", *HARDENED, "--entrypoint=python", images.shop, "-c", script)
    assert told == "True []\n"


@pytest.mark.thorough
def test_a_change_of_the_source_leaves_the_libraries_as_they_are(
    engine: Engine, images: Images, tmp_path: Path
) -> None:
    clone, tag = copy_of_the_source(tmp_path), f"{images.shop}-changed"
    with (clone / "src/shopctl/main.py").open("a") as file:
        file.write("# A change.\n")
    said = build_shop(engine, images.base, tag, clone)
    layers = {image: engine.inspect("image", image)["RootFS"]["Layers"] for image in (images.base, images.shop, tag)}
    engine.run("image", "rm", tag)
    # Upon the base lie the user, the libraries and then the shop: who has an older release fetches only the last.
    upto = len(layers[images.base]) + 2
    assert layers[tag][:upto] == layers[images.shop][:upto]
    assert layers[tag][upto] != layers[images.shop][upto]
    assert "CACHED" in said
