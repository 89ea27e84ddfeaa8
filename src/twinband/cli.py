"""The command ``twinband``: one sub-command a module of ``twinband.commands``, imported on use.

Commands get their error ``UsageError`` and the reading of the project's files from here.
"""

import importlib
import pkgutil
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

import twinband.commands
from twinband.core.errors import InputError
from twinband.core.params import ParamsError


class UsageError(Exception):
    """A command was used wrongly (exit code 2); the message says what to do."""


# The option of every command that takes images or a dataset of the pipeline.
DatasetOption = Annotated[
    str | None,
    typer.Option(help="a registered dataset of the pipeline instead", show_default=False),
]
ThermalLevelsOption = Annotated[
    str,
    typer.Option(
        help="thermal that becomes black and white: `image` (percentiles 1 and 99 of each image of "
        "more than 8 bits), LOW:HIGH in counts, or LOW:HIGHcelsius or kelvin of radiometric files",
        metavar="image|LOW:HIGH",
    ),
]
BlackHotOption = Annotated[
    bool, typer.Option("--black-hot", help="in these thermal images hot is dark: invert them")
]
EXIT_CODES: dict[type[Exception], int] = {UsageError: 2, ParamsError: 2, InputError: 3}


def read_text(path: Path) -> str:
    """Read a file of the project, in whose folder commands run.

    Raises:
        InputError: there is no such file.
    """
    try:
        return path.read_text(encoding="utf-8")
    except OSError:
        raise InputError(f"no {path} here; run this inside the project's folder") from None


class Commands(TyperGroup):
    """The public modules of ``twinband.commands``, by the names of their files."""

    def list_commands(self, ctx: Any) -> list[str]:
        modules = pkgutil.iter_modules(twinband.commands.__path__)
        return sorted(m.name.replace("_", "-") for m in modules if not m.name.startswith("_"))

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name not in self.list_commands(ctx):
            return None
        module = importlib.import_module(f"twinband.commands.{cmd_name.replace('-', '_')}")
        command = typer.main.get_command(module.app)
        command.name = cmd_name
        return command

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except tuple(EXIT_CODES) as error:
            typer.echo(f"twinband: {error}", err=True)
            code = next(code for kind, code in EXIT_CODES.items() if isinstance(error, kind))
            raise typer.Exit(code) from None


app = typer.Typer(
    cls=Commands, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False
)


@app.callback()
def twinband_command() -> None:
    """RGB-thermal vision foundation models, from raw image pairs to a deployable student."""


def main() -> None:
    """Run the command. Exit codes: 0 done, 2 wrong use or parameters, 3 inputs not as promised."""
    app(prog_name="twinband")
