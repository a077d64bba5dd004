"""Every key that Traefik 3 knows in its static and its dynamic configuration, and what may stand there.

From the reference of Traefik 3.7 (https://doc.traefik.io/traefik/reference/). Traefik stops at a static key that it
does not know, and ignores a whole container or file for an unknown dynamic one; it nowhere tells upper from lower case.
What the shop has no use for is known by its first key alone: below :data:`ANY` everything is taken.
"""

import difflib
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

TEXT: Final = "text"
SWITCH: Final = "true or false"
WHOLE: Final = "a whole number"
TIME: Final = "a time such as 10s"
LIST: Final = "a list of texts"
ANY: Final = "anything"

Known = str | Mapping[str, Any]
"""What may stand somewhere: one of the above, or keys. ``*`` is a name that somebody chose, ``[]`` an entry."""


def _all(what: Known, names: str) -> dict[str, Known]:
    return dict.fromkeys(names.split(), what)


_TEXTS: Final = {"*": TEXT}
_DOMAINS: Final = {"[]": {"main": TEXT, "sans": LIST}}
_CLIENT_TLS: Final = {**_all(TEXT, "ca cert key"), **_all(SWITCH, "insecureSkipVerify caOptional")}
_SPIFFE: Final = {"ids": LIST, "trustDomain": TEXT}

_ENTRY_POINT: Final = {
    "address": TEXT,
    **_all(SWITCH, "allowACMEByPass asDefault reusePort"),
    "forwardedHeaders": {**_all(LIST, "trustedIPs connection"), **_all(SWITCH, "insecure notAppendXForwardedFor")},
    "http": {
        **_all(TEXT, "aliasHeadersStrategy underscoreHeadersStrategy"),
        **_all(SWITCH, "encodeQuerySemicolons sanitizePath"),
        "middlewares": LIST,
        "maxHeaderBytes": WHOLE,
        "encodedCharacters": ANY,
        "redirections": {"entryPoint": {**_all(TEXT, "to scheme"), "permanent": SWITCH, "priority": WHOLE}},
        "tls": {**_all(TEXT, "certResolver options"), "domains": _DOMAINS},
    },
    "http2": _all(WHOLE, "maxConcurrentStreams maxDecoderHeaderTableSize maxEncoderHeaderTableSize"),
    "http3": {"advertisedPort": WHOLE},
    "observability": {**_all(SWITCH, "accessLogs metrics tracing"), "traceVerbosity": TEXT},
    "proxyProtocol": {"insecure": SWITCH, "trustedIPs": LIST},
    "transport": {
        "keepAliveMaxRequests": WHOLE,
        "keepAliveMaxTime": TIME,
        "lifeCycle": _all(TIME, "graceTimeOut requestAcceptGraceTimeout"),
        "respondingTimeouts": _all(TIME, "readTimeout writeTimeout idleTimeout"),
    },
    "udp": {"timeout": TIME},
}
_ACME: Final = {
    **_all(TEXT, "caServer caServerName email keyType preferredChain profile storage"),
    **_all(LIST, "caCertificates emailAddresses"),
    **_all(SWITCH, "caSystemCertPool disableCommonName"),
    "certificatesDuration": WHOLE,
    **_all(TIME, "certificateTimeout clientResponseHeaderTimeout clientTimeout"),
    "dnsChallenge": {
        "provider": TEXT,
        "resolvers": LIST,
        "delayBeforeCheck": TIME,
        "disablePropagationCheck": SWITCH,
        "propagation": {
            "delayBeforeChecks": TIME,
            **_all(SWITCH, "disableANSChecks disableChecks requireAllRNS"),
        },
    },
    "eab": _all(TEXT, "hmacEncoded kid"),
    "httpChallenge": {"entryPoint": TEXT, "delay": TIME},
    "tlsChallenge": {"delay": TIME},
}
_PROVIDERS: Final = {
    "docker": {
        **_all(TEXT, "constraints defaultRule endpoint network password username"),
        **_all(SWITCH, "allowEmptyServices exposedByDefault useBindPortIP watch"),
        "httpClientTimeout": TIME,
        "tls": _CLIENT_TLS,
    },
    "file": {**_all(TEXT, "directory filename"), **_all(SWITCH, "debugLogGeneratedTemplate watch")},
    "providersThrottleDuration": TIME,
    "precedence": LIST,
    **_all(
        ANY,
        "consul consulCatalog ecs etcd http knative kubernetesCRD kubernetesGateway kubernetesIngress "
        "kubernetesIngressNGINX nomad plugin redis rest swarm zooKeeper",
    ),
}
STATIC: Final[Mapping[str, Any]] = {
    "accessLog": {
        **_all(TEXT, "filePath format"),
        **_all(SWITCH, "addInternals dualOutput"),
        "bufferingSize": WHOLE,
        "fields": {
            "defaultMode": TEXT,
            "names": _TEXTS,
            "headers": {"defaultMode": TEXT, "names": _TEXTS},
            "queryParameters": {"defaultMode": TEXT},
        },
        "filters": {"minDuration": TIME, "retryAttempts": SWITCH, "statusCodes": LIST},
        "otlp": ANY,
    },
    "api": {**_all(TEXT, "basePath dashboardName"), **_all(SWITCH, "dashboard debug disableDashboardAd insecure")},
    "certificatesResolvers": {"*": {"acme": _ACME, "tailscale": ANY}},
    "core": {"defaultRuleSyntax": TEXT, "strictTLSOptions": SWITCH},
    "entryPoints": {"*": _ENTRY_POINT},
    "experimental": ANY,
    "global": _all(SWITCH, "checkNewVersion notAppendXForwardedFor sendAnonymousUsage"),
    "hostResolver": {"cnameFlattening": SWITCH, "resolvConfig": TEXT, "resolvDepth": WHOLE},
    "log": {
        **_all(TEXT, "filePath format level"),
        **_all(SWITCH, "compress noColor"),
        **_all(WHOLE, "maxAge maxBackups maxSize"),
        "otlp": ANY,
    },
    "metrics": {"addInternals": SWITCH, **_all(ANY, "datadog influxDB2 otlp prometheus statsD")},
    "ocsp": {"responderOverrides": _TEXTS},
    "ping": {"entryPoint": TEXT, "manualRouting": SWITCH, "terminatingStatusCode": WHOLE},
    "providers": _PROVIDERS,
    "serversTransport": {
        "insecureSkipVerify": SWITCH,
        "maxIdleConnsPerHost": WHOLE,
        "rootCAs": LIST,
        "forwardingTimeouts": _all(TIME, "dialTimeout idleConnTimeout responseHeaderTimeout"),
        "spiffe": _SPIFFE,
    },
    "spiffe": {"workloadAPIAddr": TEXT},
    "tcpServersTransport": ANY,
    "tracing": ANY,
}
"""The static part: ``traefik.yaml`` and the arguments of Traefik."""

_STICKY: Final = {
    "cookie": {**_all(TEXT, "name sameSite path domain"), **_all(SWITCH, "secure httpOnly"), "maxAge": WHOLE}
}
_WEIGHTED: Final = {"[]": {"name": TEXT, "weight": WHOLE}}
_IP_STRATEGY: Final = {"depth": WHOLE, "excludedIPs": LIST, "ipv6Subnet": WHOLE}
_CRITERION: Final = {"ipStrategy": _IP_STRATEGY, "requestHeaderName": TEXT, "requestHost": SWITCH}
_SERVER: Final = {**_all(TEXT, "url scheme"), **_all(WHOLE, "weight port"), "preservePath": SWITCH}
_LOAD_BALANCER: Final = {
    "sticky": _STICKY,
    "servers": {"[]": _SERVER},
    "strategy": TEXT,
    "healthCheck": {
        **_all(TEXT, "scheme mode path method hostname"),
        **_all(WHOLE, "status port"),
        **_all(TIME, "interval unhealthyInterval timeout"),
        "followRedirects": SWITCH,
        "headers": _TEXTS,
    },
    "passiveHealthCheck": {"failureWindow": TIME, "maxFailedAttempts": WHOLE},
    "passHostHeader": SWITCH,
    "responseForwarding": {"flushInterval": TIME},
    "serversTransport": TEXT,
}
_HEADERS: Final = {
    **_all(_TEXTS, "customRequestHeaders customResponseHeaders sslProxyHeaders"),
    **_all(
        LIST,
        "accessControlAllowHeaders accessControlAllowMethods accessControlAllowOriginList "
        "accessControlAllowOriginListRegex accessControlExposeHeaders allowedHosts hostsProxyHeaders",
    ),
    **_all(WHOLE, "accessControlMaxAge stsSeconds"),
    **_all(
        SWITCH,
        "accessControlAllowCredentials addVaryHeader stsIncludeSubdomains stsPreload forceSTSHeader frameDeny "
        "contentTypeNosniff browserXssFilter isDevelopment sslRedirect sslTemporaryRedirect sslForceHost",
    ),
    **_all(
        TEXT,
        "customFrameOptionsValue customBrowserXSSValue contentSecurityPolicy contentSecurityPolicyReportOnly publicKey "
        "referrerPolicy permissionsPolicy featurePolicy sslHost",
    ),
}
_AUTH: Final = {"users": LIST, **_all(TEXT, "usersFile realm headerField"), "removeHeader": SWITCH}
_MIDDLEWARE: Final = {
    "addPrefix": {"prefix": TEXT},
    "basicAuth": _AUTH,
    "buffering": {
        **_all(WHOLE, "maxRequestBodyBytes memRequestBodyBytes maxResponseBodyBytes memResponseBodyBytes"),
        "retryExpression": TEXT,
    },
    "chain": {"middlewares": LIST},
    "circuitBreaker": {
        "expression": TEXT,
        **_all(TIME, "checkPeriod fallbackDuration recoveryDuration"),
        "responseCode": WHOLE,
    },
    "compress": {
        **_all(LIST, "excludedContentTypes includedContentTypes encodings"),
        "minResponseBodyBytes": WHOLE,
        "defaultEncoding": TEXT,
    },
    "contentType": {"autoDetect": SWITCH},
    "digestAuth": _AUTH,
    "encodedCharacters": ANY,
    "errors": {
        **_all(LIST, "status errorRequestHeaders"),
        "statusRewrites": {"*": WHOLE},
        **_all(TEXT, "service query"),
    },
    "forwardAuth": {
        **_all(TEXT, "address authResponseHeadersRegex headerField authSigninURL"),
        **_all(LIST, "authResponseHeaders authRequestHeaders addAuthCookiesToResponse"),
        **_all(SWITCH, "trustForwardHeader forwardBody preserveLocationHeader preserveRequestMethod"),
        **_all(WHOLE, "maxBodySize maxResponseBodySize"),
        "tls": _CLIENT_TLS,
    },
    "grpcWeb": {"allowOrigins": LIST},
    "headers": _HEADERS,
    "ipAllowList": {"sourceRange": LIST, "ipStrategy": _IP_STRATEGY, "rejectStatusCode": WHOLE},
    "ipWhiteList": {"sourceRange": LIST, "ipStrategy": _IP_STRATEGY},
    "inFlightReq": {"amount": WHOLE, "sourceCriterion": _CRITERION},
    "passTLSClientCert": {"pem": SWITCH, "info": ANY},
    "plugin": {"*": ANY},
    "rateLimit": {**_all(WHOLE, "average burst"), "period": TIME, "sourceCriterion": _CRITERION, "redis": ANY},
    "redirectRegex": {**_all(TEXT, "regex replacement"), "permanent": SWITCH},
    "redirectScheme": {**_all(TEXT, "scheme port"), "permanent": SWITCH},
    "replacePath": {"path": TEXT},
    "replacePathRegex": _all(TEXT, "regex replacement"),
    "retry": {
        **_all(WHOLE, "attempts maxRequestBodyBytes"),
        **_all(TIME, "initialInterval timeout"),
        **_all(SWITCH, "disableRetryOnNetworkError retryNonIdempotentMethod"),
        "status": LIST,
    },
    "stripPrefix": {"prefixes": LIST, "forceSlash": SWITCH},
    "stripPrefixRegex": {"regex": LIST},
}
_ROUTER: Final = {
    **_all(LIST, "entryPoints middlewares parentRefs"),
    **_all(TEXT, "service rule ruleSyntax"),
    "priority": WHOLE,
    "tls": {**_all(TEXT, "options certResolver"), "domains": _DOMAINS},
    "observability": {**_all(SWITCH, "accessLogs metrics tracing"), "traceVerbosity": TEXT},
}
_TRANSPORT: Final = {
    **_all(TEXT, "serverName peerCertURI minVersion maxVersion"),
    **_all(SWITCH, "insecureSkipVerify disableHTTP2"),
    **_all(LIST, "rootCAs cipherSuites"),
    "certificates": {"[]": _all(TEXT, "certFile keyFile")},
    "maxIdleConnsPerHost": WHOLE,
    "forwardingTimeouts": _all(TIME, "dialTimeout responseHeaderTimeout idleConnTimeout readIdleTimeout pingTimeout"),
    "spiffe": _SPIFFE,
}
DYNAMIC: Final[Mapping[str, Any]] = {
    "http": {
        "routers": {"*": _ROUTER},
        "services": {
            "*": {
                "loadBalancer": _LOAD_BALANCER,
                "weighted": {"services": _WEIGHTED, "sticky": _STICKY, "healthCheck": ANY},
                "mirroring": {
                    "service": TEXT,
                    "mirrorBody": SWITCH,
                    "maxBodySize": WHOLE,
                    "mirrors": {"[]": {"name": TEXT, "percent": WHOLE}},
                    "healthCheck": ANY,
                },
                "failover": {**_all(TEXT, "service fallback"), "healthCheck": ANY},
                "highestRandomWeight": {"services": _WEIGHTED, "healthCheck": ANY},
            }
        },
        "middlewares": {"*": _MIDDLEWARE},
        "serversTransports": {"*": _TRANSPORT},
    },
    "tcp": _all(ANY, "routers services middlewares serversTransports"),
    "udp": _all(ANY, "routers services"),
    "tls": {
        "certificates": {"[]": {**_all(TEXT, "certFile keyFile"), "stores": LIST}},
        "options": {
            "*": {
                **_all(TEXT, "minVersion maxVersion"),
                **_all(LIST, "cipherSuites curvePreferences alpnProtocols"),
                **_all(SWITCH, "sniStrict disableSessionTickets preferServerCipherSuites"),
                "clientAuth": {"caFiles": LIST, "clientAuthType": TEXT},
            }
        },
        "stores": {
            "*": {
                "defaultCertificate": _all(TEXT, "certFile keyFile"),
                "defaultGeneratedCert": {"resolver": TEXT, "domain": {"main": TEXT, "sans": LIST}},
            }
        },
    },
}
"""The dynamic part: ``dynamic.yaml`` and, below ``traefik.``, the labels of containers."""

_LABELLED: Final = {**_LOAD_BALANCER, "server": _SERVER}
LABELS: Final[Mapping[str, Any]] = {
    **DYNAMIC,
    # Of a container's servers the labels say what each has in common; where they are, Docker says.
    "http": {**DYNAMIC["http"], "services": {"*": {"loadBalancer": _LABELLED}}},
    "enable": SWITCH,
    "docker": {"network": TEXT, "lbSwarm": SWITCH},
    "swarm": {"network": TEXT, "lbSwarm": SWITCH},
}
"""What labels may say below ``traefik.``."""


def fault(path: Sequence[str], value: object, known: Known) -> str:
    """What is wrong at ``path``, such as ``("http", "routers", "web", "rule")``, and where; empty: nothing."""
    for depth, key in enumerate(path):
        if known == ANY:
            return ""
        if isinstance(known, str):
            return f"{'.'.join(path[:depth])}: it is {known}, not a mapping."
        found = _below(key, known)
        if found is None:
            near = difflib.get_close_matches(key.lower(), {name.lower(): name for name in known}, n=1, cutoff=0.75)
            meant = next((name for name in known if near and name.lower() == near[0]), "")
            told = f"; did you mean {meant}?" if meant else "."
            return f"{'.'.join(path[: depth + 1])}: Traefik knows no {key} there{told}"
        known = found
    wrong = _of_a_kind(value, known)
    return f"{'.'.join(path)}: {wrong}." if wrong else ""


def _below(key: str, known: Mapping[str, Known]) -> Known | None:
    if "*" in known:
        return known["*"]
    if "[]" in known:
        return known["[]"] if key.startswith("[") else None
    return next((below for one, below in known.items() if one.lower() == key.lower()), None)


def _of_a_kind(value: object, known: Known) -> str:
    if value is None or known == ANY:
        return ""
    text = str(value).lower() if isinstance(value, bool) else str(value)
    if isinstance(known, str):
        if isinstance(value, dict) or (isinstance(value, list) and known != LIST):
            return f"it is {known}"
        # ${NAME} is filled in by Compose, {{ }} by Traefik: nobody knows with what.
        return "" if "$" in text or "{{" in text or _fits(text, known) else f'"{text}" is not {known}'
    # A part without any key of its own may be switched on.
    if value in ({}, []) or (text in ("true", "false", "") and not {"*", "[]"} & set(known)):
        return ""
    return f'"{text}" is no mapping' if "[]" not in known else f'"{text}" is no list'


def _fits(text: str, known: str) -> bool:
    if known == SWITCH:
        return text.lower() in ("true", "false", "1", "0", "t", "f")
    if known == WHOLE:
        return text.removeprefix("-").isdecimal()
    return known != TIME or text.isdecimal() or bool(re.fullmatch(r"([0-9]+(\.[0-9]+)?(ns|us|ms|s|m|h))+", text))
