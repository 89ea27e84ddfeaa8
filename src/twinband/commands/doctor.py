"""``twinband doctor``: a check that everything is in place for ``dvc repro``."""

import json
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer()


@app.command()
def doctor(
    params: Annotated[Path, typer.Option(help="the parameters to examine")] = Path("params.yaml"),
    json_: Annotated[bool, typer.Option("--json", help="print JSON")] = False,
    data: Annotated[
        Path | None,
        typer.Option(envvar="TWINBAND_DATA", help="the folder that holds all outside datasets"),
    ] = None,
) -> None:
    """Check the parameters as a whole, the datasets they name, and what is installed.

    Exit code 2 for wrong parameters, 3 for missing inputs.
    """
    from twinband.commands._doctor_checks import as_json, examine

    findings = examine(params, data)
    if json_:
        typer.echo(json.dumps(as_json(findings), indent=2, ensure_ascii=False))
    else:
        for finding in findings:
            state = "problem" if finding.exit_code else "ok"
            typer.echo(f"{state:8s} {finding.subject}: {finding.detail}")
    exit_codes = [finding.exit_code for finding in findings if finding.exit_code]
    if exit_codes:
        raise typer.Exit(min(exit_codes))
