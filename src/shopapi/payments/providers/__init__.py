"""Payment providers as plug-ins.

A provider is registered under the entry-point group ``shopctl.payment_providers``::

    [project.entry-points."shopctl.payment_providers"]
    mine = "my_package:provider"

The entry point names a function that takes the settings of the API and answers a
:class:`~shopapi.payments.providers.interface.PaymentProvider`, or ``None`` where the settings do not ask for it.
"""

from collections.abc import Callable, Iterator
from importlib.metadata import entry_points
from typing import Final

from shopapi.payments.providers.interface import PaymentProvider
from shopapi.payments.providers.manual import manual
from shopapi.payments.providers.sandbox import sandbox
from shopapi.runtime.settings import SettingsError
from shopapi.settings import ApiSettings

GROUP: Final = "shopctl.payment_providers"
Factory = Callable[[ApiSettings], PaymentProvider | None]
_OURS: Final[dict[str, Factory]] = {"manual": manual, "sandbox": sandbox}


def find_providers(settings: ApiSettings) -> dict[str, PaymentProvider]:
    """Every provider that the settings ask for, by its name, ours first.

    Raises :class:`SettingsError` where one cannot be used: a shop that quietly lacks a provider could neither ask what
    became of a payment nor give money back.
    """
    found: dict[str, PaymentProvider] = {}
    for name, factory in [*_OURS.items(), *_others()]:
        provider = factory(settings)
        if provider is None:
            continue
        if provider.name != name:
            raise SettingsError([f'The payment provider "{name}" calls itself "{provider.name}"'], _REMEDY)
        found[name] = provider
    return found


_REMEDY: Final = "repair or uninstall the package that it comes with"


def _others() -> Iterator[tuple[str, Factory]]:
    for entry in entry_points(group=GROUP):
        if entry.name not in _OURS:
            try:
                factory: Factory = entry.load()
            except Exception as error:
                words = f'The payment provider "{entry.name}" cannot be loaded: {type(error).__name__}: {error}'
                raise SettingsError([words], _REMEDY) from error
            yield entry.name, factory
