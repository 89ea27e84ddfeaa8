"""SAGE's student in int8 by ONNX Runtime's static quantisation: error and speed beside fp32.

Calibrated on training pairs of the sample world, measured on others. Convolutions that lose most
are kept in fp32, in the order of their error when only they are quantised. The error is told in
grey levels of the fused image.
"""

import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray
from onnxruntime.quantization import (
    CalibrationDataReader,
    CalibrationMethod,
    QuantFormat,
    QuantType,
    quantize_static,
)
from onnxruntime.quantization.shape_inference import quant_pre_process

from benches._record import Figures, record
from benches._steps import THREADS
from twinband.core.thermal import to_eight_bits
from twinband.fusion.data import open_fusion_pairs
from twinband.metrics.fusion import grey
from twinband.models.exported_fusion import export_fusion
from twinband.shards.registered import registered_pair

MODEL, PAIRS, REGISTERED = (
    Path(path)
    for path in ("models/fusion/sage", "data/pairs/sample-mfnet", "data/registered/sample-mfnet")
)
CALIBRATED, MEASURED, ROUNDS = 16, 8, 7
KEPT = (0, 3, 7, 11)  # convolutions in fp32
CALIBRATIONS = {
    "extremes": CalibrationMethod.MinMax,
    "percentile": CalibrationMethod.Percentile,
    "entropy": CalibrationMethod.Entropy,
}
Feed = dict[str, NDArray[Any]]  # B,1,H,W float32 in [0, 1]


class Reader(CalibrationDataReader):
    """Pairs, one after another."""

    def __init__(self, feeds: Sequence[Feed]) -> None:
        self._feeds: Iterator[Feed] = iter(feeds)

    def get_next(self) -> Feed | None:
        """Give the next pair; None after the last."""
        return next(self._feeds, None)


def feeds() -> tuple[list[Feed], list[Feed]]:
    """Take pairs to calibrate with, and others to measure with."""
    pairs = open_fusion_pairs(PAIRS, REGISTERED)
    taught = set(pairs.train.keys)
    unseen = [row for row, key in enumerate(pairs.all.keys) if key not in taught]
    rows = [
        *(pairs.train[i] for i in range(CALIBRATED)),
        *(pairs.all[i] for i in unseen[:MEASURED]),
    ]
    found: list[Feed] = []
    for row in rows:
        pair = registered_pair(row)
        images = {"visible": grey(pair.rgb, "standard"), "infrared": to_eight_bits(pair.thermal)}
        found.append({k: np.float32(1 / 255) * v[None, None] for k, v in images.items()})
    return found[:CALIBRATED], found[CALIBRATED:]


def opened(path: Path) -> Any:
    """Open a session on the benchmark's threads."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = THREADS
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def quantised(
    base: Path, kept: Sequence[str], calibration: str, feeds: Sequence[Feed], out: Path
) -> Path:
    """Quantise all convolutions but ``kept``."""
    quantize_static(
        base,
        out,
        Reader(feeds),
        quant_format=QuantFormat.QDQ,
        op_types_to_quantize=["Conv"],
        per_channel=True,
        activation_type=QuantType.QUInt8,
        weight_type=QuantType.QInt8,
        nodes_to_exclude=list(kept),
        calibrate_method=CALIBRATIONS[calibration],
    )
    return out


def levels(path: Path, feeds: Sequence[Feed]) -> NDArray[np.float64]:
    """Fuse, in grey levels."""
    session = opened(path)
    return np.concatenate(
        [(session.run(None, feed)[0].clip(0, 1) * 255).round().ravel() for feed in feeds]
    )


def main() -> None:
    """Measure and record."""
    calibrated, measured = feeds()
    with tempfile.TemporaryDirectory() as folder:
        base = Path(folder) / "base.onnx"
        export_fusion(MODEL, "onnx", Path(folder) / "exported")
        quant_pre_process(Path(folder) / "exported/fusion.onnx", base)
        truth = levels(base, measured)
        names = [node.name for node in onnx.load(base).graph.node if node.op_type == "Conv"]

        def error(kept: Sequence[str], calibration: str, out: str) -> NDArray[np.float64]:
            path = quantised(base, kept, calibration, calibrated, Path(folder) / out)
            return np.abs(levels(path, measured) - truth)

        alone = {
            name: float(error([n for n in names if n != name], "extremes", "alone.onnx").mean())
            for name in names
        }
        worst_first = sorted(names, key=lambda name: -alone[name])
        rows: list[Figures] = []
        for calibration in CALIBRATIONS:
            for count in KEPT:
                out = f"{calibration}-{count}.onnx"
                off = error(worst_first[:count], calibration, out)
                rows.append(
                    {
                        "calibration": calibration,
                        "convolutions_in_fp32": count,
                        "convolutions": len(names),
                        "mean_levels": round(float(off.mean()), 3),
                        "within_a_level": round(float((off <= 1).mean()), 4),
                        "times_as_fast": round(gain(base, Path(folder) / out, measured[0]), 3),
                    }
                )
    record("fusion_int8", *rows)


def gain(base: Path, path: Path, feed: Feed) -> float:
    """Compare speeds in turns; the median."""
    sessions = [opened(base), opened(path)]
    ratios = []
    for number in range(ROUNDS + 1):
        seconds = []
        for session in sessions:
            begin = time.perf_counter()
            session.run(None, feed)
            seconds.append(time.perf_counter() - begin)
        if number:
            ratios.append(seconds[0] / seconds[1])
    return statistics.median(ratios)


if __name__ == "__main__":
    main()
