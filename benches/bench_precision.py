"""Loss curves in bf16 beside fp32, on the sample world's pairs: is the difference that of a seed?

The small models of the sample profile, three seeds each, 100 steps of 16 pairs on one thread; run
it after `make repro`. For each window of ten steps: the difference of the two precisions at equal
seed, and the standard deviation over the seeds in fp32. On processors without bf16 arithmetic bf16
is slower; its curve is the same.
"""

import itertools
import statistics
import tempfile
from pathlib import Path

from benches._record import record
from twinband.core.params import parse, stage_params
from twinband.networks.masked import MaskedModel
from twinband.pretraining.labels import read_labels
from twinband.pretraining.pairs import Bases, open_pool
from twinband.pretraining.params import PretrainParams
from twinband.pretraining.start import started_model
from twinband.pretraining.task import MaskedPretraining
from twinband.training.curve import read_curve
from twinband.training.data import PairBatches
from twinband.training.loop import train
from twinband.training.pixels import DecodedPixels, PairPixels
from twinband.training.seeds import seeded

DATA = Path("data")
ITEMS = ("multimae", "mspecgene")
SEEDS = (0, 1, 2)
CHANGES = {"steps": 100, "warmup_steps": 10, "log_every": 10, "checkpoint_every": 100}


def curve(item: str, seed: int, precision: str, folder: Path) -> tuple[list[float], float]:
    """Train one model; returns the losses of the windows, and pairs a second."""
    data = parse(Path("params.yaml").read_text())
    _, params = stage_params(PretrainParams, data, "pretrain", item)
    settings = params.training.model_copy(
        update={**CHANGES, "seed": seed, "precision": precision, "draw_every": 0}
    )
    labels = read_labels(Path(params.labels))
    bases = Bases(*(DATA / kind for kind in ("pairs", "registered", "depth", "semantics")))
    with seeded(seed):
        changed = params.model_copy(update={"training": settings})
        model: MaskedModel = started_model(changed, Path(params.start), labels, item)
        pixels = DecodedPixels(
            PairPixels(open_pool(DATA / "pool", bases, 1.0, labels)), folder / "decoded", 1 << 40
        )
        size = params.data.image_px
        batches = PairBatches(pixels, settings, size_px=size, shift_tolerance=False, workers=0)
        result = train(
            MaskedPretraining(model, 10**6),
            batches,
            settings,
            folder=folder,
            log=lambda step, values: None,
            progress=lambda done, total: None,
        )
    return list(read_curve(folder / "losses.csv")["loss"]), result.pairs_per_second


def main() -> None:
    """Measure and record."""
    rows: list[dict[str, float | int | str]] = []
    for item in ITEMS:
        curves: dict[str, list[list[float]]] = {"fp32": [], "bf16": []}
        speeds: dict[str, list[float]] = {"fp32": [], "bf16": []}
        for seed, precision in itertools.product(SEEDS, curves):
            with tempfile.TemporaryDirectory() as name:
                losses, speed = curve(item, seed, precision, Path(name))
            curves[precision].append(losses)
            speeds[precision].append(speed)
        windows = range(len(curves["fp32"][0]))
        spreads = [statistics.stdev(run[w] for run in curves["fp32"]) for w in windows]
        pairs = list(zip(curves["fp32"], curves["bf16"], strict=True))
        differences = [statistics.fmean(b[w] - a[w] for a, b in pairs) for w in windows]
        rows.append(
            {
                "item": item,
                "last_loss_fp32": round(statistics.fmean(run[-1] for run in curves["fp32"]), 5),
                "last_loss_bf16": round(statistics.fmean(run[-1] for run in curves["bf16"]), 5),
                "seed_deviation": round(statistics.fmean(spreads), 5),
                "largest_difference": round(max(map(abs, differences)), 5),
                "largest_in_deviations": round(
                    max(abs(d) / s for d, s in zip(differences, spreads, strict=True)), 3
                ),
                "times_as_fast": round(
                    statistics.fmean(speeds["bf16"]) / statistics.fmean(speeds["fp32"]), 3
                ),
            }
        )
    record("precision", *rows)


if __name__ == "__main__":
    main()
