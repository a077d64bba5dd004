"""The `compose.yaml` of a clone on a real engine: from nothing, in use, broken and mended, and gone again.

The tests share one shop and leave it healthy; the last takes it down.
"""

import json
import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import httpx
import pytest

from tests.containers.clone import override
from tests.containers.compose import UP_LIMIT_S, Project, project, wait_for
from tests.containers.engine import Engine
from tests.containers.images import COMMIT, Images, builds_the_same
from tests.waiting import free_port, wait_until

ONE_SHOT = ("secrets", "migrate", "seed")
SERVERS = ("database", "shopapi", "frontend", "worker")
HEAL_LIMIT_S = 60
"""How long a part may take to be well again after it was killed: its restart, its start and a health check or two."""


@pytest.fixture(scope="module")
def shop(engine: Engine, images: Images, source: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """The shop with the demo's goods, up."""
    ports = {"frontend": [f"127.0.0.1:{free_port()}:5050"]}
    files = (source / "compose.yaml", override(engine, images, tmp_path_factory.mktemp("compose"), ports))
    with project(engine, "shopctl-e2e-compose", files, {"COMMIT": COMMIT}) as it:
        it.down()  # What a killed run left.
        it.up()
        yield it


@pytest.fixture
def pages(shop: Project) -> Iterator[httpx.Client]:
    """A browser's way in."""
    url = f"http://127.0.0.1:{shop.port('frontend', 5050)}"
    with httpx.Client(base_url=url, trust_env=False, timeout=10) as client:
        yield client


def is_served(pages: httpx.Client) -> bool:
    """Whether a page that needs everything is answered."""
    try:
        return pages.get("/products/becher-westerwald").status_code == 200
    except httpx.TransportError:
        return False


def unavailable(pages: httpx.Client) -> httpx.Response | None:
    """The page that says that the shop cannot be reached: for a second the one before it may still be shown."""
    page = pages.get("/products/becher-westerwald")
    return page if page.status_code == 503 else None


def all_is_well(shop: Project) -> bool:
    return shop.are_healthy(*SERVERS)


def test_it_comes_up_from_nothing_and_shows_its_goods(shop: Project, pages: httpx.Client) -> None:
    for service in ONE_SHOT:
        state = shop.container(service)["State"]
        assert (state["Status"], state["ExitCode"]) == ("exited", 0), shop.logs(service)
    assert all_is_well(shop), shop.state()
    assert "Tableware" in pages.get("/", headers={"Accept-Language": "en"}).text
    assert is_served(pages)


def test_its_secrets_are_made_at_the_first_start_and_stand_in_no_environment(shop: Project) -> None:
    listed = shop.run_in("shopapi", "sh", "-c", "cd /run/shop-secrets && stat -c '%n %u:%g %a' . *").splitlines()
    assert listed[0] == ". 10001:10001 750"
    assert {line.partition(" ")[2] for line in listed[1:]} == {"10001:10001 440"}
    secrets = {
        line.partition(" ")[0]: shop.run_in("shopapi", "cat", f"/run/shop-secrets/{line.partition(' ')[0]}").strip()
        for line in listed[1:]
    }
    assert secrets.keys() == {"SHOP_SECRET_KEY", "DATABASE_URL", "POSTGRES_PASSWORD"}
    seen = json.dumps([shop.container(service) for service in (*ONE_SHOT, *SERVERS)]) + shop.logs()
    assert not [name for name, secret in secrets.items() if secret in seen]


@pytest.mark.thorough
def test_a_script_that_starts_it_again_and_waits_keeps_the_secrets_and_what_runs(shop: Project) -> None:
    read = ("cat", "/run/shop-secrets/POSTGRES_PASSWORD")
    before = shop.run_in("shopapi", *read), [shop.containers(service) for service in SERVERS]
    shop.run("up", "--detach", "--no-build", "--wait", "--wait-timeout=60", limit_s=90)
    assert (shop.run_in("shopapi", *read), [shop.containers(service) for service in SERVERS]) == before


@pytest.mark.parametrize("service", [*ONE_SHOT, *SERVERS])
def test_no_container_can_do_more_than_it_must(shop: Project, service: str) -> None:
    container = shop.container(service)
    host = container["HostConfig"]
    assert host["ReadonlyRootfs"]
    assert host["CapDrop"] == ["ALL"]
    assert not host["CapAdd"]
    assert not host["Privileged"]
    assert any(option.startswith("no-new-privileges") for option in host["SecurityOpt"])
    assert host["Memory"] > 0
    assert host["PidsLimit"] > 0
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", container["Config"]["User"])
    published = [binding for bindings in (host["PortBindings"] or {}).values() for binding in bindings]
    assert [binding["HostIp"] for binding in published] == (["127.0.0.1"] if service == "frontend" else [])


def test_the_pages_cannot_reach_the_database(shop: Project) -> None:
    assert shop.reaches("shopapi", "database", 5432)
    assert shop.reaches("frontend", "shopapi", 8000)
    address = shop.container("database")["NetworkSettings"]["Networks"][f"{shop.name}_data"]["IPAddress"]
    assert not shop.reaches("frontend", address, 5432)


def test_only_the_api_and_the_worker_get_answers_from_beyond_this_machine(shop: Project, beyond: str | None) -> None:
    option = "com.docker.network.bridge.enable_ip_masquerade"
    leads_out = {}
    for service in SERVERS:
        named = [shop.engine.inspect("network", it) for it in shop.container(service)["NetworkSettings"]["Networks"]]
        leads_out[service] = any(not it["Internal"] and it["Options"].get(option) != "false" for it in named)
    assert leads_out == {"database": False, "shopapi": True, "frontend": False, "worker": True}
    if beyond:
        answered = {service: shop.reaches(service, beyond, 80) for service in ("shopapi", "frontend", "worker")}
        assert answered == {"shopapi": True, "frontend": False, "worker": True}


def test_the_image_is_what_the_file_says_to_build(shop: Project, images: Images, source: Path) -> None:
    services = json.loads(shop.run("config", "--format=json"))["services"]
    (build,) = {json.dumps(one["build"]) for one in services.values() if "build" in one}
    told = json.loads(build)
    assert told == {"context": str(source), "dockerfile": "deploy/Dockerfile", "args": {"COMMIT": COMMIT}}
    assert builds_the_same(shop.engine, images, told)


def test_the_doctor_finds_nothing_wrong(shop: Project) -> None:
    said = shop.ask_in("shopapi", "shopctl", "doctor")
    assert said.code == 0, said.out + said.err


def test_no_volume_without_a_name_is_left_behind(shop: Project) -> None:
    mounts = [mount for service in (*ONE_SHOT, *SERVERS) for mount in shop.container(service)["Mounts"]]
    volumes = {mount["Name"] for mount in mounts if mount["Type"] == "volume"}
    assert volumes == {f"{shop.name}_database", f"{shop.name}_shop-secrets"}


@pytest.mark.thorough
def test_a_partition_between_pages_and_api_is_told_and_heals(shop: Project, pages: httpx.Client) -> None:
    with shop.cut_off("shopapi", "inside"):
        page = wait_until(lambda: unavailable(pages), HEAL_LIMIT_S, "a page that says so")
        assert page is not None
        assert "text/html" in page.headers["content-type"]
        # Neither counts as ill for the other's sake: a restart of them would heal nothing.
        assert all_is_well(shop), shop.state()
    wait_until(lambda: is_served(pages), HEAL_LIMIT_S, "a page after the partition")
    wait_for(lambda: all_is_well(shop), HEAL_LIMIT_S, "health of all after the partition")


@pytest.mark.thorough
def test_an_api_that_hangs_costs_a_caller_a_moment_and_no_more(shop: Project, pages: httpx.Client) -> None:
    with shop.paused("shopapi"):
        wait_until(lambda: unavailable(pages), HEAL_LIMIT_S, "a page that says so")
    wait_until(lambda: is_served(pages), HEAL_LIMIT_S, "a page after the pause")
    wait_for(lambda: all_is_well(shop), HEAL_LIMIT_S, "health of all after the pause")


@pytest.mark.parametrize(
    "dying",
    [
        ("shopapi",),
        pytest.param(("database",), marks=pytest.mark.thorough),
        pytest.param(("frontend", "worker"), marks=pytest.mark.thorough),
    ],
    ids="-".join,
)
def test_a_part_that_dies_comes_back_by_itself_and_nothing_is_lost(
    shop: Project, pages: httpx.Client, dying: tuple[str, ...]
) -> None:
    email = f"{dying[0]}@shop.example"
    create = ("shopctl", "staff", "create", email, "--name=Kim", "--role=owner", "--password-file=-")
    shop.run_in("shopapi", *create, given="a long enough pass phrase 7319\n")
    restarts = {service: shop.container(service)["RestartCount"] for service in dying}
    for service in dying:
        shop.crash(service)
    for service, before in restarts.items():
        wait_for(partial(has_restarted, shop, service, before), HEAL_LIMIT_S, f"a restart of {service}")
    wait_for(lambda: all_is_well(shop), HEAL_LIMIT_S, f"health of all after the death of {', '.join(dying)}")
    assert is_served(pages)
    assert email in shop.run_in("shopapi", "shopctl", "staff", "list", "--json")
    shop.run_in("shopapi", "shopctl", "audit")


def has_restarted(shop: Project, service: str, before: int) -> bool:
    return bool(shop.container(service)["RestartCount"] > before)


@pytest.mark.thorough
def test_each_part_stops_by_itself_and_a_new_start_makes_the_key_that_was_taken_away(
    shop: Project, pages: httpx.Client, source: Path
) -> None:
    """By the commands that the page tells."""
    text = (source / "docs/how-to/deploy-with-compose.md").read_text()
    (taking,) = re.findall(r"^docker compose (run .*SHOP_SECRET_KEY)$", text, re.MULTILINE)
    (starting,) = re.findall(r"^docker compose (up --force-recreate.*)$", text, re.MULTILINE)
    names = ("SHOP_SECRET_KEY", "POSTGRES_PASSWORD", "DATABASE_URL")
    before = [shop.run_in("shopapi", "cat", f"/run/shop-secrets/{name}") for name in names]
    shop.run(*taking.split())
    shop.stop_all()
    for service in SERVERS:
        assert shop.container(service)["State"]["ExitCode"] == 0, shop.logs(service)
    shop.run(*starting.split(), "--no-build", limit_s=UP_LIMIT_S)
    wait_for(lambda: all_is_well(shop), HEAL_LIMIT_S, "health of all with a new key")
    after = [shop.run_in("shopapi", "cat", f"/run/shop-secrets/{name}") for name in names]
    assert after[0] != before[0]
    assert after[1:] == before[1:]
    assert is_served(pages)


@pytest.mark.thorough
def test_two_of_the_api_share_the_work_and_one_may_go(shop: Project, pages: httpx.Client) -> None:
    shop.up(scale={"shopapi": 2})
    assert [shop.health("shopapi", n) for n in range(2)] == ["healthy"] * 2
    assert all(is_served(pages) for _ in range(20))
    shop.kill("shopapi", 1)
    wait_until(lambda: is_served(pages), HEAL_LIMIT_S, "a page after the death of one API of two")
    shop.up(scale={"shopapi": 1})
    assert len(shop.containers("shopapi")) == 1
    wait_until(lambda: is_served(pages), HEAL_LIMIT_S, "a page with one API again")


def test_down_leaves_nothing(shop: Project) -> None:
    assert shop.remains()
    shop.run("kill")  # How each part ends in good order is seen above.
    shop.down()
    assert shop.remains() == []
