"""The Compose files of a clone as they are: only the images, the ports and Docker's socket are the tests' own."""

from collections.abc import Mapping
from pathlib import Path

from tests.containers.engine import Engine
from tests.containers.images import Images

_OF_THE_SHOP = ("secrets", "migrate", "seed", "shopapi", "frontend", "worker")


def override(engine: Engine, images: Images, directory: Path, ports: Mapping[str, list[str]]) -> Path:
    """What is laid over a file of the clone; ``ports`` are what the services publish."""
    named = dict.fromkeys(_OF_THE_SHOP, images.shop) | {"database": images.database}
    if "traefik" in ports:
        named |= {"traefik": images.traefik, "docker-proxy": images.haproxy}
    lines = ["services:"]
    for service, image in named.items():
        lines += [f"  {service}:", f'    image: "{image}"']
        if service in ports:
            lines += [f"    ports: !override [{', '.join(ports[service])}]"]
        if service == "docker-proxy":
            lines += [f'    volumes: ["{socket_of(engine)}"]']
    file = directory / "override.yaml"
    file.write_text("\n".join([*lines, ""]))
    return file


def socket_of(engine: Engine) -> str:
    """The mount that puts the socket of the tests' engine in the place of the usual one."""
    return f"{engine.socket}:/var/run/docker.sock:ro"
