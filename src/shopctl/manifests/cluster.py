"""What a set of Kubernetes resources says together: who selects whom, and who listens where."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

WORKLOADS: Final = ("Deployment", "StatefulSet", "Job")
EXTERNAL: Final = "shopctl/external"
"""An annotation of a resource: names, with commas, of what it refers to and somebody else makes."""


def mapping(value: Any) -> dict[str, Any]:
    """``value`` where it is a mapping; what a patch has made something else counts as empty."""
    return value if isinstance(value, dict) else {}


def entries(value: Any) -> list[dict[str, Any]]:
    """The mappings of a list."""
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def texts(value: Any) -> list[str]:
    """The texts of a list."""
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []


@dataclass(frozen=True)
class Pod:
    """The pods of one workload, by their template."""

    where: str
    kind: str
    workload: dict[str, Any]

    @property
    def template(self) -> dict[str, Any]:
        """The template, with its metadata."""
        return mapping(mapping(self.workload.get("spec")).get("template"))

    @property
    def spec(self) -> dict[str, Any]:
        """The template's ``spec``."""
        return mapping(self.template.get("spec"))

    @property
    def labels(self) -> dict[str, Any]:
        """What selectors go by."""
        return mapping(mapping(self.template.get("metadata")).get("labels"))

    def containers(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Every container and where it stands."""
        for kind in ("initContainers", "containers"):
            for one in entries(self.spec.get(kind)):
                yield f"{self.where}.spec.template.spec.{kind}.{one.get('name')}", one

    def ports(self) -> list[dict[str, Any]]:
        """What its containers declare."""
        return [one for _, container in self.containers() for one in entries(container.get("ports"))]

    def listens_at(self, port: Any) -> bool:
        """Whether a container declares a port, by its number or its name."""
        return any(port in (one.get("containerPort"), one.get("name")) for one in self.ports())


class Cluster:
    """An index of resources by kind and name."""

    def __init__(self, documents: Sequence[Any]) -> None:
        self.documents = entries(list(documents))
        self._known = {(str(one.get("kind")), self.name(one)): one for one in self.documents}
        self.pods = [
            Pod(self.where(one), str(one["kind"]), one) for one in self.documents if one.get("kind") in WORKLOADS
        ]

    @staticmethod
    def name(document: Mapping[str, Any]) -> str:
        """A resource's name."""
        return str(mapping(document.get("metadata")).get("name", ""))

    @classmethod
    def where(cls, document: Mapping[str, Any]) -> str:
        """How a message names a resource."""
        return f"{document.get('kind')}/{cls.name(document)}"

    def of(self, kind: str) -> list[dict[str, Any]]:
        """Every resource of a kind."""
        return [one for one in self.documents if one.get("kind") == kind]

    def find(self, kind: str, name: Any) -> dict[str, Any] | None:
        """The resource of a kind and name."""
        return self._known.get((kind, str(name)))

    def selected(self, selector: Any) -> list[Pod]:
        """The pods that a mapping of labels selects."""
        wanted = mapping(selector).items()
        return [pod for pod in self.pods if wanted <= pod.labels.items()]

    @staticmethod
    def made_elsewhere(document: Mapping[str, Any], name: Any) -> bool:
        """Whether a resource says by its annotation that somebody else makes what it calls ``name``."""
        told = mapping(mapping(document.get("metadata")).get("annotations")).get(EXTERNAL, "")
        return str(name) in [one.strip() for one in str(told).split(",")]

    def missing(self, document: Mapping[str, Any], kind: str, name: Any, where: str) -> Iterator[str]:
        """The sentence for a resource that ``document`` names and that is neither rendered nor made elsewhere."""
        if self.find(kind, name) is None and not self.made_elsewhere(document, name):
            yield (
                f"{where} names the {kind} {name}, which is not rendered. If somebody else makes it, say so by the "
                f'annotation {EXTERNAL}: "{name}" of {self.where(document)}.'
            )

    def service_port(self, service: Mapping[str, Any], port: Any) -> bool:
        """Whether a Service has a port, by its number or its name."""
        declared = entries(mapping(service.get("spec")).get("ports"))
        return any(port in (one.get("port"), one.get("name")) for one in declared)
