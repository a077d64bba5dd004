"""Every rendering is parsed and checked before it is written, and more closely where somebody patched it."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from shopctl.manifests import yaml_text
from shopctl.manifests.render import Manifest
from shopctl.manifests.values import Form

if TYPE_CHECKING:
    from shopctl.manifests.patches import Patch


class Unsound(Exception):
    """Manifests that must not be written: a sentence for each fault."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = list(problems)


def checked(form: Form, provider: str, manifests: Sequence[Manifest], patches: "Sequence[Patch]" = ()) -> list[Any]:
    """The documents of ``manifests``; raises :class:`Unsound` where something is not as it must be.

    What ``patches`` have changed is checked against the schemas first: all else here relies on the shape.
    """
    documents = parsed(manifests)
    if patches:
        from shopctl.manifests import check_settings
        from shopctl.manifests.schemas import faults

        found = faults(form, provider, documents) or [
            *_problems(form, provider, documents),
            *(check_settings.problems(form, documents) if provider == "docker" else ()),
        ]
        files = ", ".join(dict.fromkeys(patch.file for patch in patches))
        found = [f"{files}: {problem}" for problem in dict.fromkeys(found)]
    else:
        found = _problems(form, provider, documents)
    if found:
        raise Unsound(found)
    return documents


def parsed(manifests: Sequence[Manifest]) -> list[Any]:
    """The documents of ``manifests``, in their order."""
    try:
        return [document for manifest in manifests for document in yaml_text.documents(manifest.text)]
    except yaml_text.NotYaml as error:
        raise Unsound([f"What is rendered is no YAML: {error}."]) from None


def _problems(form: Form, provider: str, documents: Sequence[Any]) -> list[str]:
    if form == "kubernetes":
        from shopctl.manifests.check_kubernetes import problems
    elif provider == "file":
        from shopctl.manifests.check_traefik import problems
    else:
        from shopctl.manifests.check_compose import problems
    return problems(documents)


def weaknesses(form: Form, provider: str, documents: Sequence[Any]) -> list[str]:
    """What an owner's patch may have allowed that the rendering never does."""
    if provider == "file":
        from shopctl.manifests.check_traefik import weaknesses as found
    elif form == "kubernetes":
        from shopctl.manifests.check_kubernetes import weaknesses as found
    else:
        from shopctl.manifests.check_containers import weaknesses as found
    from shopctl.manifests import check_settings

    return [*found(documents), *(check_settings.weaknesses(form, documents) if provider == "docker" else ())]
