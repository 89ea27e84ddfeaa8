"""Published scores with their sources, and the protocol that each belongs to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import nan
from textwrap import shorten

from twinband.scoring.score import Score


@dataclass(frozen=True, slots=True)
class Anchor:
    """A published score.

    Attributes:
        name: of the method, as its authors write it.
        values: by the names of ``Score.values``; NaN where none was published.
        source: where it was read.
        protocol: what ``Score.protocol`` must say for the two to be comparable.
    """

    name: str
    values: Mapping[str, float]
    source: str
    protocol: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Row:
    """A published score beside one of ours; ``why`` says what differs if not ``comparable``."""

    name: str
    values: Mapping[str, float]
    source: str
    comparable: bool
    why: str


LONGEST = 60  # letters of a protocol's entry in a remark
_STRICT = {"list": "test-all-20", "annotations": "improved test", "mode": "strict"}
_EVALAI = {**_STRICT, "mode": "evalai"}
_FLIR = {"images": "1013", "classes": "bicycle, car, person"}
_LLVIP = {"images": "3463", "classes": "person"}
_YOLO = {"evaluator": "YOLO's own"}
_TNO = {"sources": "TNO (42 pairs)", "definition": "linfeng"}
_KAIST = "READMEs of TFDet and MLPD"
_DETECTORS = "READMEs of M-SpecGene, DocF, ICAFusion and TFDet"
_SEGMENTERS = "READMEs, or a copy of Papers with Code"
_TRACKERS = "Tang's list, READMEs, or wizwand (second-hand)"
_REASONABLE = ("reasonable", "reasonable_day", "reasonable_night")
_DISTANCES = ("near", "medium", "far")


def _kaist(
    name: str,
    values: Sequence[float],
    source: str,
    names: Sequence[str] = _REASONABLE,
    protocol: Mapping[str, str] = _STRICT,
) -> Anchor:
    return Anchor(name, dict(zip(names, values, strict=False)), source, protocol)


def _sequences(
    sequences: str, names: Sequence[str], rows: Mapping[tuple[str, str], Sequence[float]]
) -> tuple[Anchor, ...]:
    """Make anchors of trackers, whose rows are keyed by name and source."""
    return tuple(
        Anchor(name, dict(zip(names, values, strict=True)), source, {"list": sequences})
        for (name, source), values in rows.items()
    )


def _tno(name: str, *values: float) -> Anchor:
    named = dict(zip(("EN", "MI", "AG", "SCD", "QABF"), values, strict=True))
    return Anchor(f"{name}, TNO", named, "Metric_TNO.xlsx of Evaluation-for-Image-Fusion", _TNO)


# Only what was read in the source; values that were merely remembered are not here.
ANCHORS: Mapping[str, tuple[Anchor, ...]] = {
    "kaist": (
        _kaist("TFDet", (4.47, 5.22, 3.36), "TFDet README (MATLAB)"),
        _kaist("TFDet", (4.37, 5.08, 3.36), "TFDet README (Python)", protocol=_EVALAI),
        _kaist("TFDet", (0.00, 9.29, 55.50), "TFDet README", _DISTANCES),
        _kaist("ProbEn3", (5.14, 6.04, 3.59), _KAIST),
        _kaist("ProbEn3", (0.00, 9.59, 41.92), "TFDet README", _DISTANCES),
        _kaist("DCMNet", (5.84,), _KAIST),
        _kaist("MLPD", (7.58, 7.95, 6.95), _KAIST),
        _kaist("MBNet", (8.13, 8.28, 7.86), _KAIST),
        _kaist("MBNet", (0.00, 16.07, 55.99), "TFDet README", _DISTANCES),
        _kaist("AR-CNN", (9.34,), _KAIST),
        _kaist("MSDS", (11.34,), _KAIST),
        _kaist("IATDNN", (14.95,), _KAIST),
        _kaist("FusionRPN+BF", (18.29,), _KAIST),
        _kaist("Halfway", (25.75,), _KAIST),
        _kaist("ACF", (47.32,), _KAIST),
        Anchor(
            "M-SpecGene",
            {"all": 23.74},
            "M-SpecGene README",
            {**_STRICT, "mode": "not stated, the setting neither"},
        ),
    ),
    "coco-bbox": (
        Anchor("M-SpecGene, FLIR-aligned", {"ap": 0.447}, "M-SpecGene README", _FLIR),
        Anchor(
            "CFT, FLIR-aligned",
            {"ap": 0.400, "ap50": 0.777, "ap75": 0.348},
            _DETECTORS,
            _FLIR | _YOLO,
        ),
        Anchor("ICAFusion, FLIR-aligned", {"ap50": 0.828}, _DETECTORS, _FLIR | _YOLO),
        Anchor("M-SpecGene, LLVIP", {"ap": 0.653}, "M-SpecGene README", _LLVIP),
        Anchor(
            "TFDet, LLVIP",
            {"ap": 0.711, "ap50": 0.979, "ap75": 0.834},
            _DETECTORS,
            _LLVIP | _YOLO,
        ),
        Anchor(
            "CFT, LLVIP",
            {"ap": 0.636, "ap50": 0.975, "ap75": 0.729},
            _DETECTORS,
            _LLVIP | _YOLO,
        ),
        Anchor(
            "ICAFusion, M3FD",
            {"ap50": 0.882},
            _DETECTORS,
            {"split": "not official"} | _YOLO,
        ),
        Anchor(
            "CFT, VEDAI",
            {"ap": 0.560, "ap50": 0.853, "ap75": 0.659},
            _DETECTORS,
            {"split": "ten folds"} | _YOLO,
        ),
    ),
    "voc": (
        Anchor(
            "MSDF-Mamba, DroneVehicle",
            {"ap50": 0.825},
            "MDPI abstract",
            {"images": "8980", "overlap": "exact IoU of rotated boxes, of at least 0.5"},
        ),
        Anchor(
            "ICAFusion, DroneVehicle",
            {"ap50": 0.848},
            _DETECTORS,
            {"images": "8980", "overlap": "not stated"},
        ),
    ),
    "segmentation": (
        Anchor("CMX-B4", {"miou": 0.597}, _SEGMENTERS, {"definition": "mfnet", "images": "393"}),
        Anchor("CMX-B2", {"miou": 0.582}, _SEGMENTERS, {"definition": "mfnet", "images": "393"}),
        Anchor(
            "lab-sun, CMX-B2 over time",
            {"miou": 0.608},
            _SEGMENTERS,
            {"definition": "mfnet", "images": "393"},
        ),
        Anchor(
            "SpiderMesh",
            {"miou": 0.584},
            _SEGMENTERS,
            {"definition": "mfnet", "images": "393"},
        ),
        Anchor("SpiderMesh", {"miou": 0.823}, _SEGMENTERS, {"definition": "pst900"}),
        Anchor(
            "SAGE, FMB",
            {"miou": 0.6078},
            "wizwand, second-hand",
            {"definition": "fmb or fmb15, not stated"},
        ),
        Anchor(
            "SAGE, MSRS",
            {"miou": 0.73},
            "wizwand, second-hand",
            {"definition": "msrs", "input": "fused images"},
        ),
        Anchor("M-SpecGene", {"miou": 0.7984}, "M-SpecGene README", {"definition": "semanticrt"}),
        Anchor("M-SpecGene", {"miou": 0.6302}, "M-SpecGene README", {"definition": "mvseg"}),
        Anchor(
            "MFuser, from GTAV",
            {"miou": 0.6820},
            "arXiv 2504.03193",
            {"definition": "dgss", "sets": "the mean of Cityscapes, BDD100K and Mapillary"},
        ),
        Anchor(
            "MFuser, from Cityscapes",
            {"miou": 0.7187},
            "arXiv 2504.03193",
            {"definition": "dgss", "sets": "the mean of BDD100K and Mapillary"},
        ),
    ),
    "saliency": (
        Anchor(
            "M-SpecGene, VT5000",
            {"s": 0.892, "mae": 0.028},
            "M-SpecGene README",
            {"images": "2500", "evaluator": "M-SpecGene's own, of hard masks"},
        ),
    ),
    "depth": (Anchor("MultiMAE, NYUv2", {"delta1": 0.864}, "MultiMAE README", {"images": "654"}),),
    "lasher": _sequences(
        "LasHeR testing set (245 sequences)",
        ("pr", "npr", "sr"),
        {
            ("TBSI", _TRACKERS): (69.2, 65.7, 55.6),
            ("ViPT", _TRACKERS): (65.1, nan, 52.5),
            ("MPLT", _TRACKERS): (72.0, nan, 57.1),
            ("MTNet", _TRACKERS): (60.8, 56.3, 47.4),
            ("APFNet", _TRACKERS): (50.0, 43.9, 36.2),
            ("SUTrack", _TRACKERS): (77.0, nan, nan),
            ("CSTrack", _TRACKERS): (nan, nan, 60.8),
        },
    ),
    "rgbt234": _sequences(
        "RGBT234 (234 sequences)",
        ("mpr", "msr"),
        {
            ("CSTrack", _TRACKERS): (nan, 70.9),
            ("CAFormer", _TRACKERS): (88.5, 66.1),
            ("TBSI", _TRACKERS): (87.1, 63.7),
            ("ViPT", _TRACKERS): (83.5, 61.7),
            ("MTNet", _TRACKERS): (85.0, 61.9),
            ("APFNet", _TRACKERS): (82.7, 57.9),
            ("MaCNet", _TRACKERS): (79.0, 55.4),
        },
    ),
    "gtot": _sequences(
        "GTOT (50 sequences)",
        ("mpr", "msr"),
        {
            ("MTNet", _TRACKERS): (93.5, 76.0),
            ("CMPP", _TRACKERS): (92.6, 73.8),
            ("JMMAC", _TRACKERS): (90.2, 73.2),
            ("CAT", "the cross-check's README"): (88.9, 71.7),
        },
    ),
    "vtuav": _sequences(
        "VTUAV test_ST (176 sequences)",
        ("pr", "sr"),
        {("HMFT", _TRACKERS): (75.8, 62.7), ("DAFNet", _TRACKERS): (62.0, 45.8)},
    ),
    "fusion": (
        _tno("SeAFusion", 7.134, 2.838, 4.980, 1.728, 0.487),
        _tno("PIAFusion", 6.814, 3.358, 3.828, 1.603, 0.528),
        _tno("U2Fusion", 6.997, 2.010, 5.023, 1.784, 0.426),
        _tno("DenseFuse", 6.819, 2.302, 3.560, 1.784, 0.446),
        _tno("IFCNN", 6.854, 2.053, 5.111, 1.778, 0.481),
        _tno("RFN-Nest", 6.963, 2.118, 2.669, 1.784, 0.334),
    ),
}


def comparable(task: str, score: Score) -> list[Row]:
    """List the published scores of a task, those of the score's own protocol first."""
    rows = [_row(anchor, score) for anchor in ANCHORS.get(task, ())]
    return sorted(rows, key=lambda row: not row.comparable)


def _row(anchor: Anchor, score: Score) -> Row:
    differences = [
        f"{key} {value}, here {shorten(score.protocol.get(key, 'another'), LONGEST)}"
        for key, value in anchor.protocol.items()
        if score.protocol.get(key) != value
    ]
    return Row(anchor.name, anchor.values, anchor.source, not differences, "; ".join(differences))
