"""Inputs of the report, made up: what the stages before it would have written."""

import csv
import json
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from matplotlib.figure import Figure

from pipeline_steps.report import run
from twinband.cmss.facts import CmssFacts, HourFacts, PixelFacts, PooledFacts
from twinband.core.params import Run, Runtime
from twinband.drawing import contact_sheet, svg
from twinband.evaluation.figures import grouped_bars
from twinband.fusion_scores.facts import (
    Difference,
    EvaluateFusionFacts,
    MethodFacts,
    Segmented,
)
from twinband.ingest.facts import IngestFacts, Protocol
from twinband.masks.facts import ImageFacts, MaskFacts, ObjectFacts
from twinband.pool import PoolFacts
from twinband.pretraining.facts import Ends, PretrainFacts
from twinband.pseudo_labels.facts import (
    ClassFacts,
    ClassScore,
    DepthFacts,
    DepthScore,
    PseudoLabelFacts,
    Spread,
)
from twinband.registration import facts as registration
from twinband.registration.facts import RegisterFacts
from twinband.report.params import ReportParams

RUNTIME = Runtime(executor="processes", workers=1, scheduler="", log_level="info")
REASONS = {
    "near_duplicate": ("duplicate", "copy of set00-v001-frame-000017, 4 bits apart"),
    "undecodable": (
        "quarantined",
        "images/night/visible/IMG_2024-03-07_23-15-59_left_camera_000123.jpg: "
        "image file is truncated (4 bytes not processed)",
    ),
    "frame_stride": ("thinned", ""),
    "missing_thermal": ("quarantined", "thermal/00042D.png: there is an RGB image only"),
}
ACCURACY = {
    "rgb": {"overall": 0.8123, "day": 0.9312, "night": 0.6934},
    "thermal": {"overall": 0.8542, "day": 0.8421, "night": 0.8663},
    "both": {"overall": 0.9017, "day": 0.9444, "night": 0.859},
}
FACTS = {
    "accuracy": ACCURACY,
    "most_frequent_class": 0.2531,
    "test_crops": 1720,
    "train_crops": 7180,
}
METRICS = {f"linear_{name}": by_hour["overall"] for name, by_hour in ACCURACY.items()}


def params(
    datasets: tuple[str, ...], evaluations: tuple[str, ...] = (), quarantined: int = 5
) -> ReportParams:
    """Parameters that show these items."""
    return ReportParams(
        title="twinband on made-up data",
        datasets=list(datasets),
        registered=list(datasets),
        cmss=list(datasets),
        masks=list(datasets),
        pseudo_labels=list(datasets),
        pretrained=["mspecgene"],
        fusion=["mfnet"],
        evaluations=list(evaluations),
        experiments=["masks"],
        speed=["loader"],
        quarantined=quarantined,
    )


def write_inputs(
    root: Path, datasets: tuple[str, ...], evaluations: tuple[str, ...] = ()
) -> dict[str, Path]:
    """Write what other stages leave below ``root``; returns the step's input paths by argument."""
    paths = {
        "facts": root / "facts",
        "metrics": root / "metrics",
        "plots": root / "plots",
        "left_out": root / "data/left_out",
        "experiments": root / "experiments",
        "benches": root / "benches/results",
    }
    for path in paths.values():
        path.mkdir(parents=True)
    for number, name in enumerate(datasets):
        write_dataset(paths, name, 120 + 1211 * number, number)
        write_registration(paths, name, 120 + 1211 * number)
        write_cmss(paths, name, 120 + 1211 * number)
        write_labels(paths, name, 120 + 1211 * number, with_truth=number == 0)
    write_pool(paths, datasets)
    write_mixture(paths, datasets)
    write_pretrained(paths, "mae")
    write_pretrained(paths, "pretrain/mspecgene")
    write_fusion(paths, "mfnet")
    write_experiments(paths["experiments"])
    speed = "loader,pairs_a_second\nplain,100.5\nours,250.25\n"
    (paths["benches"] / "loader-some-cpu-2cores.csv").write_text(speed)
    for name in evaluations:
        write_evaluation(paths, name, FACTS)
    return paths


def run_report(
    parameters: ReportParams, paths: dict[str, Path], out: Path, runs: Path | None = None
) -> str:
    """Run the step into the folder ``out``; returns the page."""
    this_run = Run("", out / "work", RUNTIME, lambda done, total: None)
    run(parameters, **paths, out=out, runs=runs, run=this_run)
    return (out / "index.html").read_text(encoding="utf-8")


def write_pool(paths: dict[str, Path], datasets: tuple[str, ...]) -> None:
    """What the stage ``pool`` leaves."""
    facts = PoolFacts(
        pairs=90 * len(datasets),
        left_out=30,
        reasons={"exact_duplicate": 1, "near_duplicate": 5, "test_split": 24},
        datasets=dict.fromkeys(datasets, 90),
        product="0123456789abcdef",
    )
    write_numbers(paths, "pool", facts.plain(), facts.headline())


def write_registration(paths: dict[str, Path], name: str, pairs: int) -> None:
    """What the stage ``register`` leaves of a dataset, with a few failed pairs."""
    facts = RegisterFacts(
        pairs=pairs,
        grid="rgb",
        resampled=pairs - 9,
        status={"accepted": pairs - 9, "already_aligned": 4, "failed": 5},
        reasons={"low_score": 5, "motion_below_threshold": 4},
        sources={"pair": pairs},
        policies={"keep_identity": 5},
        score=registration.Spread(p05=0.11, median=0.31, p95=0.62),
        score_before=registration.Spread(p05=0.05, median=0.12, p95=0.2),
        motion_px=registration.Tail(median=4.25, p90=9.0, largest=28.5),
        residual_px=registration.Residual(median=0.5, p90=1.75, pairs=pairs),
        corner_error_px=registration.CornerErrors(
            before=registration.Errors(mean=8.5, median=2.5, p95=6.1),
            after=registration.Errors(mean=2.75, median=2.5, p95=6.1),
            under_5px=0.9,
            worse=0.0,
            pairs=pairs,
        ),
        product="0123456789abcdef",
    )
    write_numbers(paths, f"register/{name}", facts.plain(), facts.headline())
    folder = paths["plots"] / "register" / name
    write_figures(folder, "distribution")
    for picture in ("best", "typical", "failed"):
        cv2.imwrite(str(folder / f"{picture}.jpg"), np.full((60, 80, 3), 90, np.uint8))


def write_experiments(folder: Path) -> None:
    """A set of two arms and three seeds, and its results."""
    (folder / "masks.yaml").write_text("description: Which masks are best\n")
    (folder / "results").mkdir()
    runs = {"random": (0.5, 0.6, 0.7), "chosen": (0.8, 0.8, 0.8)}
    lines = ["arm,seed,metrics/a.json:accuracy.knn,metrics/a.json:accuracy.linear"]
    lines += [f"{arm},{n},{v},0.25" for arm, values in runs.items() for n, v in enumerate(values)]
    (folder / "results/masks.csv").write_text("\n".join(lines) + "\n")


def write_figures(folder: Path, *names: str) -> None:
    """Small figures by name."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / f"{name}.svg").write_bytes(small_figure())


@cache
def small_figure() -> bytes:
    """A line in a frame."""
    figure = Figure(figsize=(4, 2))
    figure.subplots().plot([0, 1])
    return svg(figure)


@cache
def bars() -> bytes:
    """Accuracy by modality and hour."""
    figure = Figure(figsize=(7, 3.2), layout="constrained")
    grouped_bars(figure.subplots(), ACCURACY, "accuracy")
    return svg(figure)


def distribution() -> dict[str, Any]:
    """The fields that the facts of ``cmss`` and ``cmss_mixture`` share."""
    shared = {"weights": [0.2, 0.5, 0.3], "means": [1.25, 2.5, 4.0], "variances": [0.1] * 3}
    mixture = {**shared, "mean_log_likelihood": -1.5}
    return {
        "patches": 9600,
        "below": 0,
        "above": 2,
        "non_finite": 0,
        "log10": {"p01": 0.25, "p05": 0.75, "median": 2.4, "p95": 4.4, "p99": 5.0},
        "normaliser": {"quantile": 0.999, "log10": 5.5},
        "mixture": {**mixture, "components": 3},
        "mixture_by_bic": {**mixture, "components": 5},
        "product": "0123456789abcdef",
    }


def write_cmss(paths: dict[str, Path], name: str, pairs: int) -> None:
    """What the stage ``cmss`` leaves of a dataset with hours and labelled objects."""
    facts = CmssFacts(
        **distribution(),
        pairs=pairs,
        thermal_absent=0,
        labelled_pairs=pairs,
        partial_patches=12,
        hours={
            "day": HourFacts(pairs=pairs, median=2.25),
            "night": HourFacts(pairs=0, median=3.5),
        },
        objects=PixelFacts(pixels=900, median=1.5, shares=[0.4, 0.4, 0.2]),
        background=PixelFacts(pixels=9000, median=2.75, shares=[0.1, 0.5, 0.4]),
    )
    write_numbers(paths, f"cmss/{name}", facts.plain(), facts.headline())
    write_figures(paths["plots"] / "cmss" / name, "distribution")


def write_mixture(paths: dict[str, Path], datasets: tuple[str, ...]) -> None:
    """What the stage ``cmss_mixture`` leaves of these datasets; of none, as if there was one."""
    facts = PooledFacts(**distribution(), datasets=dict.fromkeys(datasets or ("none",), 9600))
    write_numbers(paths, "cmss_mixture", facts.plain(), facts.headline())
    write_figures(paths["plots"] / "cmss_mixture", "pooled", "datasets")


def write_labels(paths: dict[str, Path], name: str, pairs: int, with_truth: bool) -> None:
    """What ``sam_masks`` and ``pseudo_labels`` leave of a dataset of two hours."""
    masks, labels = _mask_facts(pairs, with_truth), _label_facts(pairs, with_truth)
    write_numbers(paths, f"sam_masks/{name}", masks.plain(), masks.headline())
    write_numbers(paths, f"pseudo_labels/{name}", labels.plain(), labels.headline())
    plots = paths["plots"]
    write_figures(plots / "pseudo_labels" / name, "classes")
    write_figures(plots / "sam_masks" / name, "masks_per_image")
    grey = np.full((60, 80, 3), 120, np.uint8)
    for hour in ("day", "night"):
        for modality in ("rgb", "thermal"):
            cv2.imwrite(str(plots / "sam_masks" / name / f"{hour}-{modality}.jpg"), grey)
        for kind in ("rgb", "thermal", "depth", "semantics"):
            cv2.imwrite(str(plots / "pseudo_labels" / name / f"{hour}-{kind}.jpg"), grey)


def _mask_facts(pairs: int, with_truth: bool) -> MaskFacts:
    images = ImageFacts(images=pairs, absent=0, masks=9 * pairs, masks_mean=9.0, without_masks=2)
    score = ObjectFacts(objects=7, mean_iou=0.6875, recall=0.8)
    hours = {"day": score, "night": ObjectFacts(objects=0), "overall": score}
    return MaskFacts(
        weights="models/sample/sam",
        fingerprint="0" * 32,
        pairs=pairs,
        images={"rgb": images, "thermal": images},
        pairs_by_truth={"scored": pairs} if with_truth else {"no_truth": pairs},
        scores=dict.fromkeys(("rgb", "thermal", "both"), hours) if with_truth else {},
        product="0123456789abcdef",
    )


def _label_facts(pairs: int, with_truth: bool) -> PseudoLabelFacts:
    """Scores of a dataset with truth, consistency of one without."""
    spread = Spread(p05=0.625, median=0.875)
    shared: dict[str, Any] = {
        "fingerprint": "0" * 32,
        "images": pairs,
        "absent": 0,
        "modalities": {"rgb": pairs - 3, "thermal": 3},
        "product": "0123456789abcdef",
    }
    if not with_truth:
        shared |= {"consistency_flip": spread, "consistency_scale": spread}
    hours = ("day", "night", "overall") if with_truth else ()
    depth_score = DepthScore(images=5, abs_rel=0.1125, delta1=0.9)
    class_score = ClassScore(images=5, miou=0.5625, pixel_accuracy=0.95)
    return PseudoLabelFacts(
        depth=DepthFacts(
            annotator="dpt",
            **shared,
            compared="metres as they are" if with_truth else None,
            scores=dict.fromkeys(hours, depth_score),
        ),
        semantics=ClassFacts(
            annotator="mask2former",
            **shared,
            confidence=spread,
            scores=dict.fromkeys(hours, class_score),
        ),
    )


def write_pretrained(paths: dict[str, Path], stage: str) -> None:
    """What a pretraining stage leaves: losses, counts of visible patches, reconstructions."""
    ends = Ends(first=1.25, last=0.75)
    facts = PretrainFacts(
        pairs=261,
        steps=40,
        loss=ends,
        loss_rgb=ends,
        loss_thermal=ends,
        kept_rgb=ends,
        kept_thermal=ends,
        visible_objects_thermal=ends,
    )
    write_numbers(paths, stage, facts.plain(), facts.headline())
    plots = paths["plots"] / stage
    write_figures(plots, "losses")
    for step in (10, 20, 40):
        cv2.imwrite(str(plots / f"step-{step:06d}.jpg"), np.full((60, 80, 3), step, np.uint8))


def write_fusion(paths: dict[str, Path], name: str) -> None:
    """What the stage ``evaluate_fusion`` leaves of a dataset."""
    gain = Difference(value=0.125, low=0.05, high=0.2, told=True)
    chance = Difference(value=-0.01, low=-0.05, high=0.03, told=False)
    segmented = Segmented(miou=0.5, by_hour={"day": 0.6, "night": 0.4}, above_single=chance)
    methods = {
        method: MethodFacts(
            scores={"QABF": 0.5, "VIF": 0.75},
            above_average={} if method == "average" else {"QABF": gain, "VIF": chance},
            segmented=segmented,
            macs_a_pixel=65_056 if method == "sage" else None,
            parameters=135_617 if method == "sage" else None,
        )
        for method in ("visible", "infrared", "average", "sage")
    }
    facts = EvaluateFusionFacts(
        dataset=name,
        pairs=20,
        definition="linfeng",
        scales={"QABF": "0 to 0.975, higher is better", "VIF": "higher is better"},
        better_single="visible",
        segmenter_classes=["car", "person"],
        methods=methods,
        products={"sage": "0" * 64},
    )
    write_numbers(paths, f"evaluate_fusion/{name}", facts.plain(), facts.headline("sage"))
    write_figures(paths["plots"] / "evaluate_fusion" / name, "scores", "night")


def write_dataset(paths: dict[str, Path], name: str, pairs: int, seed: int) -> None:
    """One dataset's facts, contact sheet and table of left-out pairs (three a reason)."""
    train, val = pairs * 8 // 10, pairs // 10
    facts = IngestFacts(
        pairs=pairs,
        left_out=3 * len(REASONS),
        reasons=dict.fromkeys(sorted(REASONS), 3),
        splits={"test": pairs - train - val, "train": train, "val": val},
        hours={"day": pairs - pairs // 3, "night": pairs // 3},
        bytes=pairs * 21_345,
        product=f"{seed:016x}",
        protocol=Protocol(
            fingerprint=f"f{seed:015x}",
            split_source="lists (test.txt, train.txt)",
            splits={"test": pairs - train, "train": train},
            split_hashes={"test": "0" * 16, "train": "1" * 16},
            list_hashes={"test.txt": "2" * 16, "train.txt": "3" * 16},
            annotations="improved (Liu et al., 2016)",
            label_files=pairs,
            label_hash="4" * 16,
            sequences=0,
            release="",
            expected={"Made-up": {"pairs": 95_328}},
        ),
    )
    metrics = {"pairs": facts.pairs, "left_out": facts.left_out}
    write_numbers(paths, f"ingest/{name}", facts.plain(), metrics)
    folder = paths["plots"] / "ingest" / name
    folder.mkdir(parents=True)
    rng = np.random.default_rng(seed)
    pictures = [
        (
            f"scene-{index:04d}",
            cv2.resize(rng.integers(0, 256, (6, 8, 3), np.uint8), (160, 120)),
            cv2.resize(rng.integers(0, 256, (6, 8), np.uint8), (160, 120)),
        )
        for index in range(12)
    ]
    cv2.imwrite(str(folder / "sheet.jpg"), contact_sheet(pictures, 6)[..., ::-1])
    rows = [
        (
            f"{reason.replace('_', '-')}-{index:04d}",
            f"raw/{reason}/{index:04d}",
            status,
            reason,
            text,
        )
        for reason, (status, text) in REASONS.items()
        for index in range(3)
    ]
    write_left_out(paths, name, rows)


def write_left_out(paths: dict[str, Path], name: str, rows: Sequence[tuple[str, ...]]) -> None:
    """The dataset's table of left-out pairs with these rows."""
    with (paths["left_out"] / f"{name}.csv").open("w", newline="") as stream:
        writer = csv.writer(stream, quoting=csv.QUOTE_NONNUMERIC)
        writer.writerows([("key", "name", "status", "reason", "detail"), *rows])


def write_evaluation(paths: dict[str, Path], name: str, facts: dict[str, Any]) -> None:
    """One evaluation's facts, headline numbers and two pictures, SVG and PNG."""
    write_numbers(paths, f"evaluate/{name}", facts, METRICS)
    folder = paths["plots"] / "evaluate" / name
    folder.mkdir(parents=True)
    (folder / "accuracy_by_hour.svg").write_bytes(bars())
    ramp = np.tile(np.linspace(0, 255, 320).astype(np.uint8), (120, 1))
    cv2.imwrite(str(folder / "heat.png"), cv2.applyColorMap(ramp, cv2.COLORMAP_INFERNO))


def write_numbers(
    paths: dict[str, Path], stage: str, facts: dict[str, Any], metrics: Mapping[str, float]
) -> None:
    """Both files of a stage, or of an item of it (``STAGE/ITEM``)."""
    write_json(paths["facts"] / f"{stage}.json", facts)
    write_json(paths["metrics"] / f"{stage}.json", metrics)


def write_json(path: Path, data: Mapping[str, Any]) -> None:
    """As the harness writes facts and metrics: keys sorted."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(data, indent=2, sort_keys=True))
