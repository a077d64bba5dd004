"""Which services the shop is made of: said once, for Compose, Traefik and Kubernetes.

Each is what one ``shopctl`` command does in a container of one image; the database is PostgreSQL's own.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from shopctl.manifests.values import Values, is_local

USER: Final = 10001
"""The number of the image's user and of its group."""

SECRETS_DIR: Final = "/run/shop-secrets"
PRE_STOP_S: Final = 5
DRAIN_S: Final = 5
GRACE_S: Final = 30
STOP_S: Final = DRAIN_S + GRACE_S + 5
"""What a container gets to stop by itself, in seconds, before it is killed: drain, grace, and a margin."""

HEALTH_PATHS: Final = ("/healthz", "/readyz", "/metrics")
"""What only probes and monitoring may ask."""

WEBHOOKS: Final = "/v1/payments/"
"""What payment providers call."""


@dataclass(frozen=True)
class Service:
    """One service: ``shopctl`` with ``command``, listening at ``port``, with these settings and secrets.

    ``secrets`` are settings whose values no manifest holds. ``needs`` are services that must be there before it.
    ``once`` is one that does its work and ends.
    """

    name: str
    command: tuple[str, ...]
    port: int | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    secrets: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    replicas: int = 1
    memory: str = "256Mi"
    cpu: str = "500m"

    @property
    def once(self) -> bool:
        """Whether it does its work and ends."""
        return self.port is None


@dataclass(frozen=True)
class Topology:
    """Every service of the shop by its name, and what they agree on."""

    services: Mapping[str, Service]
    public_url: str
    hsts: bool
    """Whether the certificate is one that browsers trust, so that they may be told never to come without."""


def topology(values: Values) -> Topology:
    """The shop that ``values`` describe."""
    hsts = _has_a_real_certificate(values)
    shared = {
        "HOST": "0.0.0.0",  # noqa: S104 - inside a container, whose network says who comes in
        "SHOP_PUBLIC_URL": _public_url(values),
        "SHOP_LOG_FORMAT": "json",
    }
    serving = {
        **shared,
        "SHOP_DRAIN_S": str(DRAIN_S),
        "SHOP_GRACE_S": str(GRACE_S),
    }
    if serving["SHOP_PUBLIC_URL"].startswith("https:"):
        serving["SHOP_HSTS"] = "on" if hsts else "off"
    in_front = values["traefik.trustedIPs"] if values.form == "traefik" else ""
    if trusted := ",".join(filter(None, (values["trustedProxies"], in_front))):
        serving["SHOP_TRUSTED_PROXIES"] = trusted
    mail = ("SHOP_MAIL_URL",) if values.is_on("mail.enabled") else ()
    origins = {"SHOP_PAYMENT_ORIGINS": values["payment.origins"]} if values["payment.origins"] else {}
    sender = {"SHOP_MAIL_FROM": values["mail.from"]} if values["mail.from"] else {}
    seeded = values.form != "kubernetes" and values["seed"] != "none"
    services = [
        _one_shot(values, "migrate", ("migrate",)),
        Service(
            "shopapi",
            ("serve-api",),
            8000,
            {
                **serving,
                "PORT": "8000",
                "SHOP_ALLOWED_HOSTS": ",".join(_api_hosts(values)),
                "SHOP_MANUAL_PAYMENT_DAYS": values["payment.manualDays"],
            },
            ("DATABASE_URL", "SHOP_SECRET_KEY", *mail),
            ("secrets", "migrate", "database"),
            values.number("shopapi.replicas"),
            values["shopapi.memory"],
            values["shopapi.cpu"],
        ),
        Service(
            "frontend",
            ("serve-web",),
            5050,
            {**serving, "PORT": "5050", "API_SERVER_URL": "http://shopapi:8000", **origins},
            ("SHOP_SECRET_KEY",),
            ("secrets", "shopapi", *(("seed",) if seeded else ())),
            values.number("frontend.replicas"),
            values["frontend.memory"],
            values["frontend.cpu"],
        ),
        Service(
            "worker",
            ("worker",),
            8001,
            {**shared, "PORT": "8001", **sender},
            ("DATABASE_URL", "SHOP_SECRET_KEY", *mail),
            ("secrets", "migrate", "database"),
            values.number("worker.replicas"),
            values["worker.memory"],
            values["worker.cpu"],
        ),
    ]
    if seeded:
        services.append(
            _one_shot(
                values, "seed", ("seed", "--profile", values["seed"], "--no-owner"), ("secrets", "migrate", "database")
            )
        )
    return Topology({service.name: service for service in services}, _public_url(values), hsts)


def _one_shot(
    values: Values, name: str, command: tuple[str, ...], needs: tuple[str, ...] = ("secrets", "database")
) -> Service:
    return Service(name, command, None, {"SHOP_LOG_FORMAT": "json"}, ("DATABASE_URL",), needs)


def _api_hosts(values: Values) -> list[str]:
    exposed = values.form != "compose" and values["api.expose"] != "none"
    return ["shopapi", values["api.host"]] if exposed else ["shopapi"]


def _public_url(values: Values) -> str:
    if values.form == "compose":
        return f"http://{values['host']}:{values['port']}" if is_local(values["host"]) else f"https://{values['host']}"
    port = values["traefik.httpsPort"] if values.form == "traefik" else "443"
    return f"https://{values['host']}" + ("" if port == "443" else f":{port}")


def _has_a_real_certificate(values: Values) -> bool:
    if is_local(values["host"]):
        return False  # A browser that was told so once would refuse every other program of this machine.
    if values.form == "traefik":
        return bool(values["acme.email"] or (values["tls.cert"] and not values.self_signed))
    return values.form == "compose" or bool(values["tls.secret"])
