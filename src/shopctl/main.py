"""``shopctl``: where every command is registered, and where every error ends."""

import os
import sys
from collections.abc import Callable, Sequence
from typing import Any, Final

import typer
import typer.core
import typer.main

from shopctl.commands import (
    api_keys,
    bank_account,
    catalog,
    database,
    doctor,
    inspect,
    orders,
    promotions,
    render,
    sandbox,
    secrets,
    serve,
    staff,
    up,
)

INTERRUPTED: Final = 130
COMPLETION: Final = "_SHOPCTL_COMPLETE"

_COMMANDS: Final[dict[str, Callable[..., None]]] = {
    "up": up.up,
    "serve-api": serve.serve_api,
    "serve-web": serve.serve_web,
    "worker": serve.worker,
    "serve-sandbox-provider": sandbox.serve_sandbox_provider,
    "seed": database.seed,
    "bank-account": bank_account.bank_account,
    "render-compose": render.render_compose,
    "render-traefik": render.render_traefik,
    "render-k8s": render.render_k8s,
    "audit": database.audit,
    "doctor": doctor.doctor,
    "config": inspect.config,
    "openapi": inspect.openapi,
    "version": inspect.version,
}
_GROUPS: Final = {
    "migrate": database.migrations,
    "products": catalog.products,
    "orders": orders.app,
    "promotions": promotions.app,
    "import": catalog.imports,
    "export": catalog.exports,
    "staff": staff.app,
    "api-keys": api_keys.app,
    "secrets": secrets.app,
}
_ORDER: Final = (
    *(
        "up",
        "serve-api",
        "serve-web",
        "worker",
        "serve-sandbox-provider",
        "migrate",
        "seed",
        "orders",
        "products",
        "promotions",
        "bank-account",
        "import",
        "export",
    ),
    *("render-compose", "render-traefik", "render-k8s"),
    *("audit", "doctor", "staff", "api-keys", "secrets", "config", "openapi", "version"),
)


def _quick(option: typer.core.TyperOption | None) -> typer.core.TyperOption | None:
    """Give ``--help`` a default: to judge that it is absent, typer would load pydantic, which takes 60 ms."""
    if option is not None:
        option.default = False
    return option


class _AsTyped:
    """Takes text as it is: to find that text is text, typer would load pydantic, too."""

    def coerce(self, value: Any, param: Any, ctx: Any) -> Any:
        return () if value is None and param.multiple else value


class _Command(typer.core.TyperCommand):
    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        for parameter in self.params:
            annotation = parameter.type_descriptor.annotation  # type: ignore[attr-defined]
            if annotation in (str, list[str]):
                parameter.get_runtime_param = _AsTyped  # type: ignore[attr-defined]

    def get_help_option(self, ctx: Any) -> typer.core.TyperOption | None:
        return _quick(super().get_help_option(ctx))


class _Group(typer.core.TyperGroup):
    def get_help_option(self, ctx: Any) -> typer.core.TyperOption | None:
        return _quick(super().get_help_option(ctx))

    def list_commands(self, ctx: Any) -> list[str]:
        return sorted(super().list_commands(ctx), key=_ORDER.index)


def application(*, completion: bool = True) -> typer.Typer:
    """Every command. ``completion`` adds the options that install a shell's completion."""
    app = typer.Typer(
        name="shopctl",
        cls=_Group,
        help="Run a real online shop as a small distributed system: a web part, an API, a worker, a database.",
        no_args_is_help=True,
        # Plain help: rich's draws boxes, and takes as long again as all the rest of `shopctl --help`.
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        add_completion=completion,
    )
    for name, command in _COMMANDS.items():
        app.command(name, cls=_Command)(command)
    for name, group in _GROUPS.items():
        app.add_typer(group, name=name)
    return app


def run() -> None:
    """The console script: run what the command line asks for, and exit."""
    code = answer(sys.argv[1:])
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        _forget_output()
        code = code or 1
    sys.exit(code)


def answer(args: Sequence[str]) -> int:
    """Run one command line; the exit code. Whatever goes wrong is told on stderr, without a traceback."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")  # A terminal that knows no ✓ still gets the words.
    try:
        # For the same reason as _quick: these options are there where they can be meant.
        completion = not args or args[0].startswith("-") or COMPLETION in os.environ
        command = typer.main.get_command(application(completion=completion))
        code = command.main(args=list(args), prog_name="shopctl", standalone_mode=False)
        return code if isinstance(code, int) else 0
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        _forget_output()
        return 1
    except Exception as error:
        return _tell(error)


def _tell(error: Exception) -> int:
    from shopctl.failures import tell

    if type(error).__name__ == "NoArgsIsHelpError":
        sys.stderr.write(f"{error.format_message()}\n")  # type: ignore[attr-defined]
        return 2
    return tell(error)


def _forget_output() -> None:
    # The reader is gone; without this Python would say so once more while it exits.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
