"""The resources of Traefik, the Gateway API and cert-manager, exactly as far as we render them.

No schema of theirs comes with a package, so these say what may stand there; a key that they do not know is a mistake.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

from msgspec import UNSET, Meta, Struct, UnsetType, ValidationError, convert, field

Name = Annotated[str, Meta(pattern=r"^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$")]
Host = Annotated[str, Meta(pattern=r"^(\*\.)?[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$")]
Port = Annotated[int, Meta(ge=1, le=65535)] | Annotated[str, Meta(pattern=r"^[a-z0-9-]{1,15}$")]
Duration = Annotated[str, Meta(pattern=r"^([0-9]+(\.[0-9]+)?(ns|us|ms|s|m|h))+$")] | Annotated[int, Meta(ge=0)]
Text = Annotated[str, Meta(min_length=1)]


class _Part(Struct, forbid_unknown_fields=True, rename="camel"):
    """A mapping in which every key is known."""


class Ref(_Part):
    """A resource of the same namespace."""

    name: Name


class Backend(_Part):
    """Where a route of Traefik leads: a Service by its port, or a service of Traefik's own."""

    name: Annotated[str, Meta(pattern=r"^[a-z0-9]([-a-z0-9.]*[a-z0-9])?(@internal)?$")]
    kind: Literal["Service", "TraefikService"] = "Service"
    port: Port | UnsetType = UNSET
    servers_transport: Name | UnsetType = UNSET


class Route(_Part):
    """One rule of an IngressRoute."""

    match: Text
    kind: Literal["Rule"]
    services: Annotated[list[Backend], Meta(min_length=1)]
    middlewares: list[Ref] = []
    priority: int | UnsetType = UNSET


class Tls(_Part):
    """TLS with the certificate of a Secret, or with Traefik's own."""

    secret_name: Name | UnsetType = UNSET


class IngressRoute(_Part):
    """What an IngressRoute's ``spec`` holds."""

    entry_points: Annotated[list[Text], Meta(min_length=1)]
    routes: Annotated[list[Route], Meta(min_length=1)]
    tls: Tls | UnsetType = UNSET


class Headers(_Part):
    """HSTS alone: the shop sends its other headers itself."""

    sts_seconds: Annotated[int, Meta(ge=0)]
    sts_include_subdomains: bool = False


class IpStrategy(_Part):
    """How many bits of an IPv6 address tell one caller from another."""

    ipv6_subnet: Annotated[int, Meta(ge=1, le=128)] = field(name="ipv6Subnet")


class SourceCriterion(_Part):
    """What tells one caller from another."""

    ip_strategy: IpStrategy


class RateLimit(_Part):
    """Requests a period, and how many at once."""

    average: Annotated[int, Meta(ge=0)]
    burst: Annotated[int, Meta(ge=1)] = 1
    period: Duration | UnsetType = UNSET
    source_criterion: SourceCriterion | UnsetType = UNSET


class Buffering(_Part):
    """The largest body, in bytes."""

    max_request_body_bytes: Annotated[int, Meta(ge=0)]


class Retry(_Part):
    """How often in all, and how long before the second time."""

    attempts: Annotated[int, Meta(ge=1)]
    initial_interval: Duration | UnsetType = UNSET


class RedirectScheme(_Part):
    """Another scheme, for ever or for now."""

    scheme: Literal["https"]
    permanent: bool = False


class Middleware(_Part):
    """What a Middleware's ``spec`` holds: one of these."""

    headers: Headers | UnsetType = UNSET
    rate_limit: RateLimit | UnsetType = UNSET
    buffering: Buffering | UnsetType = UNSET
    retry: Retry | UnsetType = UNSET
    redirect_scheme: RedirectScheme | UnsetType = UNSET

    def __post_init__(self) -> None:
        """Traefik refuses a Middleware that is two."""
        named = sum(getattr(self, field) is not UNSET for field in self.__struct_fields__)
        if named != 1:
            raise ValueError(f"A Middleware does one thing; this does {named}")


class ForwardingTimeouts(_Part):
    """How long Traefik waits for a pod."""

    dial_timeout: Duration | UnsetType = UNSET
    response_header_timeout: Duration | UnsetType = UNSET
    idle_conn_timeout: Duration | UnsetType = UNSET


class ServersTransport(_Part):
    """What a ServersTransport's ``spec`` holds."""

    forwarding_timeouts: ForwardingTimeouts


class ParentRef(_Part):
    """The listener of a Gateway."""

    name: Name
    namespace: Name | UnsetType = UNSET
    section_name: Name | UnsetType = UNSET


class PathMatch(_Part):
    """A path by its beginning, or whole."""

    type: Literal["PathPrefix", "Exact"]
    value: Annotated[str, Meta(pattern="^/")]


class HttpMatch(_Part):
    """Which requests."""

    path: PathMatch


class RequestRedirect(_Part):
    """Where a request is sent instead."""

    scheme: Literal["http", "https"]
    status_code: Literal[301, 302] = 302


class HttpFilter(_Part):
    """What is done with a request."""

    type: Literal["RequestRedirect"]
    request_redirect: RequestRedirect


class BackendRef(_Part):
    """A Service, by its port's number."""

    name: Name
    port: Annotated[int, Meta(ge=1, le=65535)]


class HttpRule(_Part):
    """Which requests go where."""

    matches: Annotated[list[HttpMatch], Meta(max_length=64)] = []
    filters: Annotated[list[HttpFilter], Meta(max_length=16)] = []
    backend_refs: Annotated[list[BackendRef], Meta(max_length=16)] = []

    def __post_init__(self) -> None:
        """The Gateway API has this as a rule of validation: a redirect has no backend."""
        if bool(self.filters) == bool(self.backend_refs):
            raise ValueError("A rule has backendRefs or a redirect, one of them")


class HttpRoute(_Part):
    """What an HTTPRoute's ``spec`` holds."""

    parent_refs: Annotated[list[ParentRef], Meta(min_length=1, max_length=32)]
    hostnames: Annotated[list[Host], Meta(min_length=1, max_length=16)]
    rules: Annotated[list[HttpRule], Meta(min_length=1, max_length=16)]


class IssuerRef(_Part):
    """Who writes the certificate."""

    name: Name
    kind: Literal["ClusterIssuer", "Issuer"]
    group: Literal["cert-manager.io"] = "cert-manager.io"


class Certificate(_Part):
    """What a Certificate's ``spec`` holds."""

    secret_name: Name
    dns_names: Annotated[list[Host], Meta(min_length=1)]
    issuer_ref: IssuerRef


MODELS: Final[Mapping[tuple[str, str], type[_Part]]] = {
    ("traefik.io/v1alpha1", "IngressRoute"): IngressRoute,
    ("traefik.io/v1alpha1", "Middleware"): Middleware,
    ("traefik.io/v1alpha1", "ServersTransport"): ServersTransport,
    ("gateway.networking.k8s.io/v1", "HTTPRoute"): HttpRoute,
    ("cert-manager.io/v1", "Certificate"): Certificate,
}
"""The model of a custom resource's ``spec``, by its version and kind."""


def fault(document: Mapping[str, Any]) -> str:
    """What is wrong with a custom resource's ``spec``, with the path to it; empty where all is well."""
    model = MODELS.get((str(document.get("apiVersion")), str(document.get("kind"))))
    if model is None:
        return f"apiVersion: {document.get('apiVersion')} has no {document.get('kind')} that we render."
    try:
        convert(document.get("spec"), model)
    except ValidationError as error:
        said, _, path = str(error).partition(" - at `$")
        return f"spec{path.rstrip('`')}: {said.rstrip('.')}."
    return ""
