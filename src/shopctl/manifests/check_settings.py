"""Whether settings of the shop's own containers are spelt as it knows them, and that no secret is among them."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from shopctl.manifests.cluster import Cluster, entries, mapping
from shopctl.manifests.values import Form

if TYPE_CHECKING:
    from shopapi.runtime.settings import Meaning

_PARTS: Final = ("migrate", "seed", "shopapi", "frontend", "worker")
_SECRETS: Final = ("SHOP_SECRET_KEY", "DATABASE_URL", "POSTGRES_PASSWORD", "SHOP_MAIL_URL", "SHOP_SANDBOX_SECRET")


def problems(form: Form, documents: Sequence[Any]) -> list[str]:
    """Which settings the shop would refuse at its start; asked only after a patch, since it takes a while."""
    # Here, since it takes longer than a whole rendering.
    from shopapi.runtime.settings import SettingsError, check_names
    from shopctl.settings import every_meaning

    known = {told.name: told for told in every_meaning()}
    told = list(_kubernetes(documents) if form == "kubernetes" else _compose(documents[0]))
    ours = {image for _, part, image, _ in told if part in _PARTS}
    found: list[str] = []
    for where, _, image, settings in told:
        if image in ours:
            texts = {name: _as_text(value) for name, value in settings.items()}
            try:
                check_names(texts, list(known.values()))
            except SettingsError as error:
                found += [f"{where}: {problem}" for problem in error.problems]
            found += [f"{where}.{told}" for told in _refused(texts, known)]
    return list(dict.fromkeys(found))


def _as_text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else "" if value is None else str(value)


def _refused(texts: Mapping[str, str], known: "Mapping[str, Meaning]") -> Iterator[str]:
    for name, text in texts.items():
        # ${NAME} is filled in by Compose; nobody knows with what.
        if text and "$" not in text and name in known and not known[name].secret:
            try:
                known[name].parse(text)
            except ValueError as error:
                yield f"{name} {error}."


def weaknesses(form: Form, documents: Sequence[Any]) -> list[str]:
    """Which secrets stand in the open; a sentence for each, without the secret."""
    told = _kubernetes(documents) if form == "kubernetes" else _compose(documents[0])
    return list(
        dict.fromkeys(
            f"{where}.{name} is a secret: whoever may look at the container reads it there. Use {name}_FILE."
            for where, _, _, settings in told
            for name in _SECRETS
            if name in settings
        )
    )


_Told = tuple[str, str, str, Mapping[str, Any]]
"""Where settings stand, of which part, with which image, and what they are."""


def _compose(document: Any) -> Iterator[_Told]:
    for name, service in mapping(mapping(document).get("services")).items():
        told = service.get("environment") or {}
        if isinstance(told, list):
            told = {str(one).partition("=")[0]: str(one).partition("=")[2] for one in told}
        yield f"services.{name}.environment", str(name), str(service.get("image")), told


def _kubernetes(documents: Sequence[Any]) -> Iterator[_Told]:
    cluster = Cluster(documents)
    for pod in cluster.pods:
        for where, container in pod.containers():
            of, image = str(container.get("name")), str(container.get("image"))
            # What comes from a Secret has no value here.
            yield (
                f"{where}.env",
                of,
                image,
                {str(one.get("name")): one["value"] for one in entries(container.get("env")) if "value" in one},
            )
            for source in entries(container.get("envFrom")):
                settings = cluster.find("ConfigMap", mapping(source.get("configMapRef")).get("name"))
                if settings is not None:
                    yield f"{cluster.where(settings)}.data", of, image, mapping(settings.get("data"))
