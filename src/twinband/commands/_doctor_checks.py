"""The checks of ``twinband doctor``: parameters, datasets, packages, device."""

import importlib.metadata
import os
import platform
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from twinband.cli import UsageError, read_text
from twinband.core.errors import InputError
from twinband.core.params import ParamsError, stage_params, validate
from twinband.ingest.dataset import layout_class
from twinband.ingest.inventory import read_inventory
from twinband.ingest.params import IngestParams
from twinband.params import validate_file
from twinband.ready import mend, unreadable

PACKAGES = (
    "torch",
    "transformers",
    "segment-anything",
    "dvc",
    "prefect",
    "webdataset",
    "pyarrow",
    "numpy",
    "opencv-python-headless",
)
WRONG_PARAMETERS, MISSING_INPUT = 2, 3


@dataclass(frozen=True)
class Finding:
    """Result of one check; ``exit_code`` is 0 if all is well, else ``detail`` says what to do."""

    subject: str
    detail: str
    exit_code: int = 0


def examine(params: Path, data: Path | None) -> list[Finding]:
    """Check a params.yaml, the datasets it names and the environment; ``data``: TWINBAND_DATA."""
    findings = [Finding("left by ended runs", line) for line in mend(params.parent)]
    try:
        sections = validate_file(read_text(params))
    except ParamsError as error:
        findings += [Finding("parameters", line, WRONG_PARAMETERS) for line in error.problems]
    except UsageError as error:
        findings.append(Finding("parameters", str(error), WRONG_PARAMETERS))
    except InputError as error:
        findings.append(Finding("parameters", str(error), MISSING_INPUT))
    else:
        findings.append(Finding("parameters", f"{params} is valid"))
        lines = unreadable(sections, params.parent)
        findings += [Finding("raw files", line, MISSING_INPUT) for line in lines]
        findings += _datasets(sections, params.parent, data)
    return [*findings, *_environment()]


def _datasets(sections: Mapping[str, Any], project: Path, data: Path | None) -> Iterator[Finding]:
    rendered = sections["sample_world"]["items"]
    for name in sections["ingest"]["items"]:
        _, dataset = stage_params(IngestParams, sections, "ingest", name)
        subject = f"ingest.items.{name}"
        try:
            options = layout_class(dataset.reader).Options
            validate(options, dict(dataset.options), f"{subject}.options")
        except InputError as error:
            yield Finding(subject, str(error), WRONG_PARAMETERS)
        except ParamsError as error:
            for line in error.problems:
                yield Finding(subject, line, WRONG_PARAMETERS)
        else:
            yield _source(subject, dataset, project, data, name in rendered)


def _source(
    subject: str, dataset: IngestParams, project: Path, data: Path | None, rendered: bool
) -> Finding:
    source = project / dataset.source
    if not dataset.source.endswith(".csv"):
        if source.exists():
            return Finding(subject, f"{dataset.source} is there")
        if rendered:
            return Finding(subject, f"{dataset.source} will be made by the stage sample_world")
        return Finding(subject, f"there is no {dataset.source}", MISSING_INPUT)
    try:
        files = len(read_inventory(source))
    except InputError as error:
        return Finding(subject, str(error), MISSING_INPUT)
    if data is None:
        advice = "set it to the folder that holds your datasets: export TWINBAND_DATA=…"
        return Finding(subject, f"its files are below TWINBAND_DATA; {advice}", MISSING_INPUT)
    folder = data / dataset.root
    if not folder.exists():
        advice = "put the dataset there, or point TWINBAND_DATA elsewhere"
        return Finding(subject, f"there is no {folder}; {advice}", MISSING_INPUT)
    return Finding(subject, f"{dataset.source} lists {files} files of {folder}")


def _environment() -> Iterator[Finding]:
    yield Finding("python", platform.python_version())
    for package in PACKAGES:
        try:
            yield Finding(package, importlib.metadata.version(package))
        except importlib.metadata.PackageNotFoundError:
            yield Finding(package, "not installed; run: make setup", MISSING_INPUT)
    yield Finding("device", _device())


def _device() -> str:
    import torch

    if torch.cuda.is_available():
        memory = torch.cuda.get_device_properties(0).total_memory / 2**30
        return f"cuda: {torch.cuda.get_device_name(0)}, {memory:.0f} GiB"
    return f"cpu, {os.cpu_count()} cores"


def as_json(findings: list[Finding]) -> list[dict[str, Any]]:
    """Convert the findings to JSON values."""
    return [{"ok": not f.exit_code, "what": f.subject, "detail": f.detail} for f in findings]
