"""The words of ``twinband datasets export``, and what it looks at before it reads anything."""

from collections.abc import Iterator
from pathlib import Path

from twinband.cli import UsageError, read_text
from twinband.commands._outputs import check_folder
from twinband.core.params import parse
from twinband.exporting.build import Export

DATA, PARAMS = Path("data"), Path("params.yaml")
NEXT = {
    "coco": "COCO('{out}/annotations/SPLIT_MODALITY.json') with images below {out}/images",
    "yolo": "yolo train data={out}/MODALITY/data.yaml model=yolo11n.pt",
    "yolo-oriented": "yolo train data={out}/MODALITY/data.yaml model=yolo11n-obb.pt",
    "fiftyone": "fo.Dataset.from_dir('{out}', dataset_type=fo.types.FiftyOneDataset)",
}


def check_registered(name: str) -> tuple[Path, Path]:
    """Return the products ``pairs`` and ``registered`` of a dataset.

    Raises:
        UsageError: the project has no such dataset, or has not made them yet.
        InputError: this is no project.
    """
    section = parse(read_text(PARAMS)).get("ingest")
    items = section.get("items") if isinstance(section, dict) else None
    known = items if isinstance(items, dict) else {}
    if name not in known:
        raise UsageError(f"{PARAMS} has no dataset {name!r}; it has: {', '.join(map(str, known))}")
    folders = DATA / "pairs" / name, DATA / "registered" / name
    for folder in folders:
        if not (folder / "index.json").is_file():
            raise UsageError(f"{folder} is not there yet: dvc repro register@{name}")
    return folders


def check_out(out: Path) -> None:
    """Check that a folder may be made at ``out``, which is no link.

    Raises:
        UsageError: it cannot.
    """
    check_folder(out)
    if not out.name or out.is_symlink():
        raise UsageError(f"{out} cannot be replaced as a whole; name a folder in it")


def in_words(done: Export, out: Path, form: str) -> Iterator[str]:
    """Describe an export in lines to print."""
    splits = ", ".join(f"{split} {count}" for split, count in done.pairs.items())
    yield f"{out}: {sum(done.pairs.values())} pairs ({splits})"
    if done.objects:
        counts = ", ".join(f"{count} on {modality}" for modality, count in done.objects.items())
        yield f"  objects: {counts}; classes: {', '.join(done.classes) or 'none'}"
    else:
        yield "  no boxes: nobody labelled any"
    yield from (f"remark: {remark}" for remark in done.remarks)
    yield f"ready for: {NEXT[form].format(out=out)}"
