"""Patches to Traefik, in its files, its arguments and in labels: what it would refuse or ignore is refused here."""

from pathlib import Path

import pytest

from shopctl.main import answer

Captured = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def told(capsys: Captured, patch: str, provider: str, code: int) -> str:
    Path("patch.yaml").write_text(patch)
    assert answer(["render-traefik", "--provider", provider, "--patch", "patch.yaml", "--output", "out"]) == code
    return capsys.readouterr().err


FILES = [
    ("entryPoints: {websecure: {adress: ':443'}}", "entryPoints.websecure.adress: Traefik knows no adress there"),
    ("entryPoints: {websecure: {adress: ':443'}}", "did you mean address?"),
    ("http: {routers: {frontend: {ruel: x}}}", "http.routers.frontend.ruel: Traefik knows no ruel there"),
    ("nonsense: 5", "nonsense: Traefik knows no nonsense there"),
    ("http: {routers: {frontend: {priority: high}}}", '"high" is not a whole number'),
    ("http: {middlewares: {frontend-limit: {rateLimit: {averge: 5}}}}", "did you mean average?"),
    ("http: {services: {frontend: {loadBalancer: {healthCheck: {interval: soon}}}}}", '"soon" is not a time'),
    ("http: {services: {frontend: {loadBalancer: {server: {url: 'http://a'}}}}}", "did you mean servers?"),
    ("http: {routers: {frontend: {entryPoints: [nosuch]}}}", "names nosuch, which traefik.yaml does not define"),
    ("http: {routers: {frontend: {rule: {a: b}}}}", "http.routers.frontend.rule: it is text, not a mapping"),
    ("http: {routers: {mine: {service: frontend}}}", "http.routers.mine.rule is missing"),
    ("tls: {options: {default: {minVersoin: VersionTLS13}}}", "did you mean minVersion?"),
    ("tls: {certificates: [{certFile: a, keyfiel: b}]}", "tls.certificates.[0].keyfiel"),
    ("log: {level: [DEBUG]}", "log.level: it is text"),
    ("providers: {dokcer: {}}", "did you mean docker?"),
    ("certificatesResolvers: {mine: {acme: {emial: a@b.example}}}", "did you mean email?"),
]


@pytest.mark.parametrize(("patch", "words"), FILES, ids=[words for _, words in FILES])
def test_a_key_that_traefik_does_not_know_is_refused_in_its_files(capsys: Captured, patch: str, words: str) -> None:
    err = told(capsys, patch, "file", 2)
    assert "patch.yaml: " in err
    assert words in err
    assert not Path("out").exists()


SOUND = [
    "http: {routers: {frontend: {Priority: 7, tls: {}, observability: {accessLogs: false}}}}",
    "http: {middlewares: {frontend-limit: {rateLimit: {period: 2s, sourceCriterion: {requestHost: true}}}}}",
    "http: {services: {frontend: {loadBalancer: {sticky: {cookie: {secure: true, httpOnly: true}}}}}}",
    "metrics: {prometheus: {buckets: [0.1, 1]}}",
    "entryPoints: {metrics: {address: '127.0.0.1:8083'}}",
    "experimental: {plugins: {mine: {moduleName: example.org/mine, version: v1.0.0}}}",
    "certificatesResolvers: {mine: {acme: {email: a@b.example, storage: a.json, dnsChallenge: {provider: hetzner}}}}",
    "tls: {options: {default: {cipherSuites: [TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384]}}}",
    """
    http:
      routers:
        office:
          rule: Host(`localhost`) && PathPrefix(`/admin`)
          entryPoints: [websecure]
          middlewares: [office, office-errors]
          service: both
      services:
        both: {weighted: {services: [{name: frontend, weight: 3}, {name: spare, weight: 1}]}}
        spare: {loadBalancer: {servers: [{url: "http://127.0.0.1:9000"}]}}
        page: {loadBalancer: {servers: [{url: "http://127.0.0.1:9001"}]}}
      middlewares:
        office: {chain: {middlewares: [office-auth]}}
        office-auth: {basicAuth: {usersFile: /etc/traefik/users}}
        office-errors: {errors: {status: ["500-599"], service: page, query: /}}
    """,
]


@pytest.mark.parametrize("patch", SOUND)
def test_what_traefik_knows_is_taken_in_its_files(capsys: Captured, patch: str) -> None:
    told(capsys, patch, "file", 0)


def label(name: str, value: str = "x") -> str:
    return f"services: {{frontend: {{labels: {{{name}: '{value}'}}}}}}"


LABELS = [
    (label("traefik.http.routers.frontend.rul"), "services.frontend.labels.traefik.http.routers.frontend.rul"),
    (label("traefik.http.routers.frontend.rul"), "did you mean rule?"),
    (label("traefik.http.middlewares.frontend-limit.ratelimit.averge", "5"), "did you mean average?"),
    (label("traefik.http.middlewares.frontend-limit.ratelimit.average", "many"), '"many" is not a whole number'),
    (label("traefik.http.routers.frontend.entrypoints", "nosuch"), "listens at nosuch, which is no entry point"),
    (label("traefik.http.routers.frontend.middlewares", "auth@docker"), "which no label defines"),
    (label("traefik.enabled", "true"), "did you mean enable?"),
    (label("traefik.http.services.frontend.loadbalancer.server.prot", "1"), "did you mean port?"),
    ("services: {traefik: {command: [--entrypoints.web.adress=:80]}}", "did you mean address?"),
    ("services: {traefik: {command: --entryPoints.web.address=:80 --log.level=INFO}}", "listens at websecure"),
]


@pytest.mark.parametrize(("patch", "words"), LABELS, ids=[words for _, words in LABELS])
def test_a_label_or_argument_that_traefik_does_not_know_is_refused(capsys: Captured, patch: str, words: str) -> None:
    err = told(capsys, patch, "docker", 2)
    assert "patch.yaml: " in err
    assert words in err


OWN = [
    # A second router, behind a password.
    """
    services:
      tool:
        image: tool:1.2
        networks: [edge]
        labels:
          traefik.enable: "true"
          traefik.http.routers.tool.rule: Host(`tool.localhost`)
          traefik.http.routers.tool.entryPoints: websecure
          traefik.http.routers.tool.middlewares: tool-auth
          traefik.http.middlewares.tool-auth.basicauth.users: "me:$$2y$$05$$abc"
          traefik.http.services.tool.loadbalancer.server.port: "80"
          com.example.own: anything
    """,
    # Without a service: Traefik makes one of the container. As a list, and in capitals.
    """
    services:
      tool:
        image: tool:1.2
        networks: [edge]
        labels:
          - traefik.enable=true
          - Traefik.HTTP.Routers.tool.Rule=Host(`tool.localhost`)
          - traefik.http.routers.tool.tls=true
          - traefik.http.routers.tool.tls.domains[0].main=tool.localhost
          - traefik.http.routers.tool.middlewares=auth@file
    """,
    "services: {frontend: {labels: {traefik.http.services.frontend.loadbalancer.sticky.cookie.name: shop}}}",
    "services: {frontend: {labels: {traefik.tcp.routers.mail.rule: 'HostSNI(`*`)', traefik.docker.network: x}}}",
]


@pytest.mark.parametrize("patch", OWN)
def test_labels_of_the_owners_own_are_taken(capsys: Captured, patch: str) -> None:
    told(capsys, patch, "docker", 0)


OPENED = [
    ("file", "api: {insecure: true}", "api.insecure shows every route"),
    ("file", "api: {}", "api.dashboard is on"),
    ("file", "api: {dashboard: true}", "api.dashboard is on"),
    ("file", "providers: {docker: {endpoint: 'tcp://127.0.0.1:2375'}}", "exposedByDefault is not false"),
    ("docker", "--api.insecure=true", "api.insecure shows every route"),
    ("docker", "--api", "api.dashboard is on"),
    ("docker", "--providers.docker.exposedbydefault=true", "exposedByDefault is not false"),
]


@pytest.mark.parametrize(("provider", "patch", "words"), OPENED)
def test_what_shows_more_than_it_must_is_warned_of(capsys: Captured, provider: str, patch: str, words: str) -> None:
    if provider == "docker":
        points = ["--entrypoints.websecure.address=:443", "--providers.docker.exposedbydefault=false", patch]
        patch = f"services: {{traefik: {{command: [{', '.join(points)}]}}}}"
    assert words in told(capsys, patch, provider, 0)


def test_what_is_rendered_shows_no_more_than_it_must(capsys: Captured) -> None:
    assert told(capsys, "log: {level: DEBUG}", "file", 0) == ""
    assert told(capsys, "services: {traefik: {mem_swappiness: 0}}", "docker", 0) == ""
