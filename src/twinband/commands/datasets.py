"""``twinband datasets``: list the known layouts, check a folder, add it to the project."""

import json
import shlex
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from twinband.cli import UsageError

app = typer.Typer(invoke_without_command=True)

Json = Annotated[bool, typer.Option("--json", help="print JSON")]
OptionList = Annotated[
    list[str] | None,
    typer.Option("--option", help="an option of the reader, as key=value; may be repeated"),
]
OutsideData = Annotated[
    Path | None,
    typer.Option(envvar="TWINBAND_DATA", help="the folder that holds all outside datasets"),
]
ROOT_HELP = "the dataset's folder, or a tar or zip of it"


class Form(StrEnum):
    """The forms of an export."""

    coco = "coco"
    yolo = "yolo"
    yolo_oriented = "yolo-oriented"
    fiftyone = "fiftyone"


class Modality(StrEnum):
    """The images of an export."""

    rgb = "rgb"
    thermal = "thermal"
    both = "both"

    def images(self) -> list[str]:
        """List the modalities that it stands for."""
        return ["rgb", "thermal"] if self is Modality.both else [self.value]


@app.callback()
def readers(
    context: typer.Context,
    as_json: Json = False,
    markdown: Annotated[
        bool, typer.Option("--markdown", help="print the list and all pages, as docs/datasets.md")
    ] = False,
) -> None:
    """List the datasets that can be read, show one, check a folder, add it, or export it."""
    if context.invoked_subcommand is not None:
        return
    if as_json:
        from twinband.commands._datasets_catalogue import described_readers

        typer.echo(json.dumps(described_readers(), indent=2, ensure_ascii=False))
    else:
        from twinband.commands import _datasets_page as pages

        text = pages.markdown() if markdown else "\n".join([*pages.in_lines(), ""])
        typer.echo(text, nl=False)


@app.command()
def show(
    name: Annotated[str, typer.Argument(help="of a dataset, a reader or a recipe")],
) -> None:
    """Print all that is known of a dataset: images, labels, files, defects, terms, commands."""
    from twinband.commands._datasets_catalogue import find
    from twinband.commands._datasets_page import page

    typer.echo("\n".join(page(find(name))))


@app.command()
def check(
    reader: Annotated[str, typer.Argument(help="name of a reader")],
    root: Annotated[str, typer.Argument(help=ROOT_HELP)],
    option: OptionList = None,
    as_json: Json = False,
    data: OutsideData = None,
) -> None:
    """Report what a reader finds in a folder, and its problems."""
    from twinband.commands._datasets_check import check_dataset, in_words

    options = parse_options(reader, option or [])
    result = check_dataset(reader, root, options, within=str(data or ""))
    if as_json:
        typer.echo(json.dumps(asdict(result), indent=2, ensure_ascii=False))
        return
    words = [part for item in option or [] for part in ("--option", item)]
    command = ["twinband", "datasets", "add", "NAME", root, "--reader", reader, *words]
    typer.echo("\n".join(in_words(result)))
    typer.echo(f"ready for: {shlex.join(command)}")
    if result.problems or result.sample_problems:
        typer.echo("or mend it first: ingest stops beyond ingest.common.max_bad_fraction")


@app.command()
def add(
    name: Annotated[str, typer.Argument(help="its name in the project: a-z, 0-9, _ and -")],
    root: Annotated[Path, typer.Argument(help=ROOT_HELP)],
    reader: Annotated[str, typer.Option(help="name of a reader")],
    option: OptionList = None,
    licence: Annotated[str | None, typer.Option(help="SPDX id or short name of the terms")] = None,
    pretrain: Annotated[
        bool, typer.Option("--pretrain/--no-pretrain", help="put it into the pretraining pool")
    ] = True,
    aligned: Annotated[
        bool | None,
        typer.Option(
            "--aligned/--not-aligned",
            help="whether its authors aligned it; default: what is known of the layout",
        ),
    ] = None,
    shards: Annotated[
        int | None, typer.Option(min=1, max=10_000, help="default: one per 1000 pairs")
    ] = None,
    update: Annotated[bool, typer.Option("--update", help="renew a dataset's inventory")] = False,
    data: OutsideData = None,
) -> None:
    """Write the inventory of a dataset outside the project, and its lines in params.yaml."""
    from tqdm import tqdm

    from twinband.commands import _datasets_add as adding
    from twinband.commands._datasets_check import check_dataset, in_words
    from twinband.ingest.dataset import open_files
    from twinband.shards.write import write_atomically

    options = parse_options(reader, option or [])
    relative = adding.relative_root(root, data)
    request = adding.Request(
        name, reader, relative, options, shards, licence, pretrain, aligned, update
    )
    adding.check_request(request)
    limits = adding.limits_of_project()
    result = check_dataset(reader, str(root), options, limits, str(data or ""))
    typer.echo("\n".join(in_words(result)))
    text = adding.edited_params(request, result.pairs)
    changes = adding.renew_inventory(
        open_files(str(root), None, limits, str(data or "")),
        name,
        lambda paths: tqdm(paths, desc="inventory", unit="file", disable=None),
    )
    write_atomically(adding.PARAMS, text.encode())
    inventory = adding.inventory_path(name)
    typer.echo(
        f"{inventory}: {changes.files} files, {changes.new} new, {changes.changed} changed, "
        f"{changes.gone} gone"
    )
    for left_out in changes.left_out:
        typer.echo(f"left out of it: {left_out}")
    typer.echo(
        f"{adding.PARAMS}: ingest.items.{name}, register.items.{name}; "
        "commit both files, then: dvc repro"
    )
    if licence is None and not update:
        typer.echo(f"its licence is recorded as unknown: set ingest.items.{name}.licence")


@app.command()
def export(
    name: Annotated[str, typer.Argument(help="an ingested and registered dataset of the project")],
    out: Annotated[Path, typer.Argument(help="a folder that is not there yet")],
    to: Annotated[Form, typer.Option(help="the form; yolo-oriented has turned boxes")],
    modality: Annotated[Modality, typer.Option(help="which images")] = Modality.both,
    split: Annotated[
        list[str] | None, typer.Option(help="only this split; may be repeated; default: all")
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="replace an export")] = False,
) -> None:
    """Write images and labels of a dataset, on one grid, for the tools that people train with."""
    from tqdm import tqdm

    from twinband.commands._datasets_export import check_out, check_registered, in_words
    from twinband.commands._outputs import writing
    from twinband.exporting.build import export as write_export

    pairs, registered = check_registered(name)
    check_out(out)
    with writing(out):
        done = write_export(
            pairs,
            registered,
            out,
            to.value,
            modalities=modality.images(),
            splits=split or [],
            overwrite=overwrite,
            track=lambda read, total: tqdm(
                read, "exported", total, unit="pair", leave=False, disable=None
            ),
        )
    typer.echo("\n".join(in_words(done, out, to.value)))


def parse_options(reader: str, given: list[str]) -> dict[str, Any]:
    """Parse ``key=value`` texts into the reader's options, each of its own type.

    Raises:
        InputError: there is no such reader.
        UsageError: a text without ``=``, or an option that the reader does not accept.
    """
    from pydantic import ValidationError

    from twinband.core.params import describe
    from twinband.ingest.dataset import layout_class

    malformed = [item for item in given if "=" not in item]
    if malformed:
        raise UsageError(f"--option {malformed[0]!r} is not of the form key=value")
    texts = dict(item.split("=", 1) for item in given)
    model = layout_class(reader).Options
    try:
        options = model.model_validate_strings(texts, strict=False)
    except ValidationError as error:
        lines = "\n  ".join(describe(error, "--option"))
        raise UsageError(f"reader {reader} does not accept these options:\n  {lines}") from None
    given_options = options.model_dump(exclude_unset=True)
    # An empty text is as if left out, unless it is needed: then it says that there is none.
    needed = {key for key in texts if model.model_fields[key].is_required()}
    return {key: value for key, value in given_options.items() if value != "" or key in needed}
