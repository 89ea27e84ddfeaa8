"""Damages of all that stages write, and what reading it then comes to.

``write_everything`` makes a tiny set of products, models, facts and work folders. A ``Case`` is a
file of it with one damage; ``outcome`` tells what whoever reads the file makes of it: it is
*told* (one line that names the file), or the result is *right* all the same, for what was damaged
was made again or says nothing. Anything else is a traceback, or wrong in silence.
"""

import hashlib
import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch

from tests.made import cmss, report
from tests.made.masked import image_of_masks, write_masks
from tests.made.pretraining import write_pool
from tests.made.raw_pairs import contents, encoded, ingest_folder, run_in, scene, write, write_pairs
from tests.made.registered_pairs import register_pairs
from tests.made.sam import small_sam
from tests.made.training import TinyTask, run, settings_of
from twinband import verify
from twinband.cmss.build import measure_dataset, write_measured
from twinband.cmss.encoder import WeightsFile
from twinband.cmss.statistics import read_histograms
from twinband.core.errors import InputError
from twinband.labels.cache import LabelCache
from twinband.labels.images import MODALITIES
from twinband.masks.read import MaskReader
from twinband.networks.build import build, load_model
from twinband.networks.weights import save_weights
from twinband.pretraining.pairs import Bases, open_pool
from twinband.sam import weights as sam_weights
from twinband.shards.product import checked, to_json
from twinband.shards.read import open_products
from twinband.weights import find_weights

Use = Callable[[Path], Any]
Damage = Callable[[Path], object]
KEYS = [f"pair-{number}" for number in range(6)]
LABEL = "ab" * 32
TOLD, RIGHT = "told", "right"


@dataclass(frozen=True)
class Target:
    """The reading of some files.

    Attributes:
        name: of the use, for the test's name.
        use: reads or makes what they belong to below a root; its results are compared.
        files: relative paths.
        damages: names in ``DAMAGES``.
        made_again: an error is no answer, for the files are only there to save time.
        must_tell: no result is right once a byte has changed.
    """

    name: str
    use: Use
    files: tuple[str, ...]
    damages: tuple[str, ...]
    made_again: bool = False
    must_tell: bool = False


@dataclass(frozen=True)
class Case:
    """One damage of one file."""

    target: Target
    file: str
    damage: str

    def __str__(self) -> str:
        return f"{self.target.name}-{self.file.replace('/', '.')}-{self.damage}"


def flipped(path: Path, place: int) -> None:
    """Flip a bit of the byte at ``place``, from the end if it is negative."""
    data = bytearray(path.read_bytes())
    data[place] ^= 1
    path.write_bytes(data)


def replaced_by_a_folder(path: Path) -> None:
    """Put a folder with a file in it where the file was."""
    path.unlink()
    write(path / "inside", b"")


def with_json(change: Callable[[Any], Any]) -> Damage:
    """Change the JSON in a file, and leave a first line that is none as it is."""

    def damage(path: Path) -> None:
        data = path.read_bytes()
        at = data.index(b"{")
        path.write_bytes(data[:at] + json.dumps(change(json.loads(data[at:]))).encode())

    return damage


def numbers_as(value: Callable[[Any], Any]) -> Damage:
    """Replace every number in the JSON of a file."""

    def changed(given: Any) -> Any:
        if isinstance(given, dict):
            return {name: changed(inner) for name, inner in given.items()}
        if isinstance(given, list):
            return [changed(inner) for inner in given]
        number = isinstance(given, int | float) and not isinstance(given, bool)
        return value(given) if number else given

    return with_json(changed)


BYTES: dict[str, Damage] = {
    "bit-in-header": lambda path: flipped(path, 6),
    "bit-in-payload": lambda path: flipped(path, path.stat().st_size * 2 // 3),
    "bit-near-end": lambda path: flipped(path, -9),
    "cut": lambda path: path.write_bytes(path.read_bytes()[: path.stat().st_size // 2]),
    "emptied": lambda path: path.write_bytes(b""),
    "removed": Path.unlink,
    "folder": replaced_by_a_folder,
    "other-bytes": lambda path: path.write_bytes(bytes(range(256)) * 9),
}
STRUCTURE: dict[str, Damage] = {
    "a-list": lambda path: path.write_bytes(b"[1]"),
    "an-empty-object": lambda path: path.write_bytes(b"{}"),
    "values-are-lists": with_json(lambda given: {name: [[1], {"a": 1}] for name in given}),
    "values-are-texts": with_json(lambda given: dict.fromkeys(given, "text")),
    "numbers-are-texts": numbers_as(str),
    "numbers-are-huge": numbers_as(lambda _: 10**400),
    "numbers-are-NaN": numbers_as(lambda _: float("nan")),
    "nested-deep": lambda path: path.write_bytes(b'{"a":' * 50_000),
}
DAMAGES = {**BYTES, **STRUCTURE}
NOT_BITS = ("cut", "emptied", "removed", "folder", "other-bytes")


def digest(value: Any) -> str:
    """Hash arrays, tensors and plain values, nested."""
    whole = hashlib.sha256()

    def take(part: Any) -> None:
        if isinstance(part, Mapping):
            for name in sorted(part):
                take(name)
                take(part[name])
        elif isinstance(part, list | tuple):
            for inner in part:
                take(inner)
        elif isinstance(part, np.ndarray | torch.Tensor):
            array = np.asarray(part)
            whole.update(f"{array.dtype}{array.shape}".encode() + array.tobytes())
        else:
            whole.update(repr(part).encode())

    take(value)
    return whole.hexdigest()


def write_everything(root: Path) -> None:
    """Make the set below ``root``."""
    write_pool(root)
    masks = np.zeros((3, 20, 30), bool)
    masks[0, :10], masks[1, 5:9, 5:20], masks[2, 15:, 25:] = True, True, True
    label = json.dumps(image_of_masks(masks)).encode()
    both = {f"{modality}.json": label for modality in MODALITIES}
    write_masks(root / "data/masks/made-up", {**dict.fromkeys(KEYS, both), "pair-9": None})
    sizes: dict[str, Any] = {"image_px": 32, "patch_px": 8, "width": 16, "depth": 1, "heads": 2}
    torch.manual_seed(0)
    (root / "models/vit").mkdir(parents=True)
    save_weights(build("vit_tiny", **sizes), root / "models/vit/weights.safetensors")
    sam_weights.save(small_sam(), root / "models/sam")
    write_work(root / "work")
    product = measured(root / "work")
    write(root / "facts/cmss.json", to_json({"product": product}))
    (root / "report").mkdir()
    report.write_inputs(root / "report", ("one",), ("probe-x",))
    recipes = root / "report/experiments/results/masks.recipes.json"
    write(recipes, b'{"abc": {"inputs": {}, "params": {}, "arms": {"random": {}}}}')


def write_work(root: Path) -> None:
    """Make work folders that a killed run may have left."""
    raw = write_pairs(root / "raw", 3)
    write(raw / "crop_LR_visible/alone.jpg", encoded(scene(9)[0]))
    ingested(root)
    registered(root)
    rigs(root)
    cmss.write_dataset(root / "cmss", {"a": cmss.pair(1), "b": cmss.pair(2)}, {"c": cmss.pair(3)})
    cmss.write_model(root / "cmss")
    measured(root)
    trained(root)
    labelled(root)


def read_pairs(root: Path) -> str:
    """Read all samples as later stages do."""
    names = ("pairs", "registered")
    return digest(list(open_products({name: root / "data" / name / "made-up" for name in names})))


def read_masks(root: Path) -> str:
    """Read all masks of all pairs."""
    reader = MaskReader(root / "data/masks/made-up")
    return digest([reader.masks_for(key, m, 9) for key in KEYS for m in MODALITIES])


def read_pool(root: Path) -> list[str]:
    """Open the pool as pretraining does."""
    data = root / "data"
    opened = open_pool(data / "pool", Bases(data / "pairs", data / "registered"), 1.0)
    return [key for dataset in opened.values() for key in dataset.keys]


def read_vit(root: Path) -> str:
    """Load an encoder."""
    return digest(dict(load_model(root / "models/vit/weights.safetensors").state_dict()))


def read_sam(root: Path) -> str:
    """Load a SAM as the stage does."""
    return digest(
        dict(sam_weights.load(find_weights(root / "models/sam", None, None).path).state_dict())
    )


def read_cmss(root: Path) -> str:
    """Read histograms as the stage that pools them does."""
    product = read_histograms(root / "work/cmss/out")
    checked(root / "work/cmss/out", root / "facts/cmss.json", lambda _: product.identity)
    return digest(product.statistics.to_json())


def read_report(root: Path) -> str:
    """Make the page."""
    base = root / "report"
    paths = {name: base / name for name in ("facts", "metrics", "plots", "experiments")}
    paths["benches"] = base / "benches/results"
    paths["left_out"] = base / "data/left_out"
    return report.run_report(report.params(("one",), ("probe-x",)), paths, base / "reports")


def verified(folder: str) -> Use:
    """Verify a folder; what is wrong with it is told."""

    def use(root: Path) -> None:
        check: Callable[[Path], list[str]] = getattr(verify, "verify_folder", verify.verify_product)
        if lines := check(root / folder):
            raise InputError("\n".join(lines))

    return use


def ingested(root: Path) -> dict[str, bytes]:
    """Ingest, going on from the work folder if there is one."""
    shutil.rmtree(root / "ingest/pairs", ignore_errors=True)
    ingest_folder(root / "raw", root / "ingest", shards=1)
    return contents(root / "ingest/pairs")


def registered(root: Path) -> dict[str, bytes]:
    """Register aligned pairs."""
    base = root / "register"
    shutil.rmtree(base / "registered", ignore_errors=True)
    if not base.exists():
        cmss.write_dataset(base, {"a": cmss.pair(1), "b": cmss.pair(2)})
        shutil.rmtree(base / "registered")
    register_pairs(base, aligned=True)
    return contents(base / "registered")


def rigs(root: Path) -> dict[str, bytes]:
    """Register pairs by their rig."""
    base = root / "rigs"
    if not base.exists():
        cmss.write_dataset(base, {key: cmss.pair(7) for key in "abc"})
        shutil.rmtree(base / "work")
    shutil.rmtree(base / "registered", ignore_errors=True)
    shutil.rmtree(base / "work/shards", ignore_errors=True)
    register_pairs(base, rig="dataset", pooled_pairs=3)
    return contents(base / "registered")


def measured(root: Path) -> str:
    """Measure CMSS; returns the product's identity."""
    base, params = root / "cmss", cmss.cmss_params()
    encoder = WeightsFile.of(base / "weights.safetensors")
    done = measure_dataset(params, base / "pairs", base / "registered", encoder, run_in(base / "w"))
    _, facts = write_measured(base / "out", "made-up", params, encoder, done.statistics)
    return facts.product


def trained(root: Path) -> str:
    """Train a tiny task, going on from its last checkpoint."""
    task = TinyTask()
    result = run(root / "train", task, settings_of())
    curve = (root / "train/losses.csv").read_text()
    state = [dict(task.state_dict()), dict(result.average or {})]
    return digest([*state, curve])


def labelled(root: Path) -> dict[str, bytes] | None:
    """Look a label up, and label the image anew if it is not there."""
    labels = LabelCache(root / "labels")
    if labels.get(LABEL) is None:
        labels.put(LABEL, {"masks.json": b'{"masks": []}' * 20})
    return labels.get(LABEL)


def targets() -> Iterator[Target]:
    """List all that is read."""
    everything = tuple(DAMAGES)
    pairs, aligned = "data/pairs/made-up", "data/registered/made-up"
    for folder, use in (
        (pairs, read_pairs),
        (aligned, read_pairs),
        ("data/masks/made-up", read_masks),
    ):
        shard, table, index = (
            f"{folder}/{name}" for name in ("shard-000000.tar", "manifest.parquet", "index.json")
        )
        yield Target("read", use, (shard, table), tuple(BYTES))
        yield Target("read", use, (index,), everything)
        yield Target("verify", verified(folder), (shard, table), tuple(BYTES), must_tell=True)
        yield Target("verify", verified(folder), (index,), everything, must_tell=True)
    pool = ("data/pool/pool.parquet", "data/pool/products.json", "data/pool/SHA256SUMS")
    yield Target("read", read_pool, pool[:1], tuple(BYTES))
    yield Target("read", read_pool, pool[1:2], everything)
    yield Target("read", read_pool, pool[2:], tuple(BYTES))
    yield Target("verify", verified("data/pool"), pool, tuple(BYTES), must_tell=True)
    for model, read in (("models/vit", read_vit), ("models/sam", read_sam)):
        files = (f"{model}/weights.safetensors", f"{model}/SHA256SUMS")
        yield Target("read", read, files, tuple(BYTES))
        yield Target("verify", verified(model), files, tuple(BYTES), must_tell=True)
    yield Target("read", read_cmss, ("work/cmss/out/histograms.json",), everything)
    shown = (
        *("facts/ingest/one.json", "facts/cmss/one.json", "facts/sam_masks/one.json"),
        *("facts/pool.json", "metrics/ingest/one.json", "metrics/evaluate/probe-x.json"),
    )
    told = (*NOT_BITS, *STRUCTURE)
    yield Target("page", read_report, tuple(f"report/{file}" for file in shown), told)
    free = "report/facts/evaluate/probe-x.json"  # a benchmark may tell whatever it wants
    impossible = ("a-list", "numbers-are-huge", "numbers-are-NaN", "nested-deep")
    yield Target("page", read_report, (free,), (*NOT_BITS, *impossible))
    tables = (
        "report/benches/results/loader-some-cpu-2cores.csv",
        "report/data/left_out/one.csv",
        "report/experiments/results/masks.csv",
    )
    yield Target("page", read_report, tables, (*NOT_BITS, "a-list", "nested-deep"))
    described = "report/experiments/masks.yaml"
    yield Target("page", read_report, (described,), (*NOT_BITS[1:], "a-list", "nested-deep"))
    recipes = "report/experiments/results/masks.recipes.json"
    yield Target("page", read_report, (recipes,), ("cut", "folder", "other-bytes", *STRUCTURE))
    yield from work_targets()


def work_targets() -> Iterator[Target]:
    """List what is kept in work folders, to be made again if it is damaged."""

    def kept(
        use: Use, *files: str, damages: tuple[str, ...] = tuple(BYTES), also: tuple[str, ...] = ()
    ) -> Target:
        return Target(
            "work",
            lambda root: use(root / "work"),
            tuple(f"work/{file}" for file in files),
            (*damages, *also),
            made_again=True,
        )

    shard, bad = "ingest/work/checked/shard-000000", "ingest/work/checked/quarantine-000000"
    yield kept(ingested, f"{shard}.tar", f"{shard}.parquet", f"{shard}.json", f"{bad}.tar")
    shard = "register/work/shards/shard-000000"
    yield kept(registered, f"{shard}.tar", f"{shard}.parquet")
    yield kept(registered, f"{shard}.json", also=tuple(STRUCTURE))
    rig = f"rigs/work/rigs/{hashlib.sha256(b'').hexdigest()[:16]}.json"
    yield kept(rigs, rig, damages=("bit-in-payload", "cut", "removed"))  # each takes a second
    yield kept(measured, "cmss/w/shards/000000.json", also=tuple(STRUCTURE))
    step = "train/checkpoints/step-00000012"
    yield kept(trained, f"{step}.pt", f"{step}.json", "train/losses.csv")
    other = ("a-list", "an-empty-object", "nested-deep")
    yield kept(labelled, f"labels/ab/{LABEL}.label", also=other)


def cases() -> list[Case]:
    """List every damage of every file."""
    return [
        Case(target, file, damage)
        for target in targets()
        for file in target.files
        for damage in target.damages
    ]


@cache
def undamaged(use: Use, root: Path) -> Any:
    """Compute the result of a use that nothing was done to."""
    return use(root)


def outcome(case: Case, root: Path) -> str:
    """Damage a file of the set at ``root``, read it, and put it back; returns ``TOLD``, ``RIGHT``,
    or what is wrong with the answer."""
    target, file = case.target, root / case.file
    right, whole = undamaged(target.use, root), file.read_bytes()
    try:
        DAMAGES[case.damage](file)
        result = target.use(root)
    except InputError as error:
        if target.made_again:
            return f"not made again: {error}"
        named = file.name in str(error) or str(file.parent) in str(error)
        return TOLD if named else f"unnamed: {error}"
    except Exception as error:
        return f"traceback: {type(error).__name__}: {error}"
    finally:
        if file.is_dir():
            shutil.rmtree(file)
        file.unlink(missing_ok=True)  # not written over: it may be linked
        file.write_bytes(whole)
    if target.must_tell:
        return "wrong in silence: nothing was found"
    return RIGHT if result == right else "wrong in silence: another result"
