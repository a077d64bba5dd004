"""The shop of ``shopctl render-compose`` on a real engine: from nothing, in use, broken and mended, and gone again.

The tests share one shop and leave it healthy; the last takes it down.
"""

import json
import re
from collections.abc import Iterator

import httpx
import pytest

from tests.containers.compose import Project, project
from tests.containers.engine import Engine
from tests.containers.images import Images
from tests.containers.rendering import render
from tests.waiting import free_port, wait_until

ONE_SHOT = ("secrets", "migrate", "seed")
SERVERS = ("database", "shopapi", "frontend", "worker")
HEAL_LIMIT_S = 60
"""How long a part may take to be well again after it was killed: its restart, its start and a health check or two."""


@pytest.fixture(scope="module")
def shop(engine: Engine, images: Images, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """The shop with the demo's goods, up."""
    file = render("render-compose", tmp_path_factory.mktemp("compose"), *images.values(), f"--set=port={free_port()}")
    with project(engine, "shopctl-e2e-compose", (file,)) as it:
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
    return all(shop.health(service) == "healthy" for service in SERVERS)


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


def test_a_second_start_keeps_the_secrets_and_what_runs(shop: Project) -> None:
    read = ("cat", "/run/shop-secrets/POSTGRES_PASSWORD")
    before = shop.run_in("shopapi", *read), [shop.containers(service) for service in SERVERS]
    shop.up()
    assert (shop.run_in("shopapi", *read), [shop.containers(service) for service in SERVERS]) == before


def test_a_script_can_wait_until_it_is_up(shop: Project) -> None:
    shop.run("up", "--detach", "--no-build", "--wait", "--wait-timeout=60", limit_s=90)


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


def test_the_pages_cannot_reach_the_database_nor_the_internet(shop: Project) -> None:
    knock = "import socket, sys; socket.create_connection((sys.argv[1], int(sys.argv[2])), 3)"
    assert shop.ask_in("shopapi", "python", "-c", knock, "database", "5432").code == 0
    assert shop.ask_in("frontend", "python", "-c", knock, "shopapi", "8000").code == 0
    assert shop.ask_in("frontend", "python", "-c", knock, "database", "5432").code != 0
    address = shop.container("database")["NetworkSettings"]["Networks"][f"{shop.name}_data"]["IPAddress"]
    assert shop.ask_in("frontend", "python", "-c", knock, address, "5432").code != 0


def test_a_partition_between_pages_and_api_is_told_and_heals(shop: Project, pages: httpx.Client) -> None:
    with shop.cut_off("shopapi", "inside"):
        page = wait_until(lambda: unavailable(pages), HEAL_LIMIT_S, "a page that says so")
        assert page is not None
        assert "text/html" in page.headers["content-type"]
        # Neither counts as ill for the other's sake: a restart of them would heal nothing.
        assert all_is_well(shop), shop.state()
    wait_until(lambda: is_served(pages), HEAL_LIMIT_S, "a page after the partition")
    wait_until(lambda: all_is_well(shop), HEAL_LIMIT_S, "health of all after the partition")


def test_an_api_that_hangs_costs_a_caller_a_moment_and_no_more(shop: Project, pages: httpx.Client) -> None:
    with shop.paused("shopapi"):
        wait_until(lambda: unavailable(pages), HEAL_LIMIT_S, "a page that says so")
    wait_until(lambda: is_served(pages), HEAL_LIMIT_S, "a page after the pause")
    wait_until(lambda: all_is_well(shop), HEAL_LIMIT_S, "health of all after the pause")


@pytest.mark.parametrize("service", SERVERS)
def test_a_part_that_dies_comes_back_by_itself_and_nothing_is_lost(
    shop: Project, pages: httpx.Client, service: str
) -> None:
    email = f"{service}@shop.example"
    create = ("shopctl", "staff", "create", email, "--name=Kim", "--role=owner", "--password-file=-")
    shop.run_in("shopapi", *create, given="a long enough pass phrase 7319\n")
    restarts = shop.container(service)["RestartCount"]
    shop.crash(service)
    wait_until(lambda: shop.container(service)["RestartCount"] > restarts, HEAL_LIMIT_S, f"a restart of {service}")
    wait_until(lambda: all_is_well(shop), HEAL_LIMIT_S, f"health of all after the death of {service}")
    assert is_served(pages)
    assert email in shop.run_in("shopapi", "shopctl", "staff", "list", "--json")
    shop.run_in("shopapi", "shopctl", "audit")


@pytest.mark.parametrize("service", SERVERS)
def test_each_part_stops_by_itself_when_asked_and_starts_again(
    shop: Project, pages: httpx.Client, service: str
) -> None:
    shop.stop(service)
    assert shop.container(service)["State"]["ExitCode"] == 0, shop.logs(service)
    shop.start(service)
    wait_until(lambda: all_is_well(shop), HEAL_LIMIT_S, f"health of all after a stop of {service}")
    assert is_served(pages)


def test_three_of_the_api_share_the_work_and_one_may_go(shop: Project, pages: httpx.Client) -> None:
    shop.up(scale={"shopapi": 3})
    assert [shop.health("shopapi", n) for n in range(3)] == ["healthy"] * 3
    assert all(is_served(pages) for _ in range(20))
    shop.kill("shopapi", 1)
    wait_until(lambda: is_served(pages), HEAL_LIMIT_S, "a page after the death of one API of three")
    shop.up(scale={"shopapi": 1})
    assert len(shop.containers("shopapi")) == 1
    wait_until(lambda: is_served(pages), HEAL_LIMIT_S, "a page with one API again")


def test_down_leaves_nothing(shop: Project) -> None:
    assert shop.remains()
    shop.down()
    assert shop.remains() == []
