"""The data card of a dataset's registration.

The distribution of a dataset's registration, for metrics/ and for people.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from twinband.registration.params import RegisterParams
from twinband.shards.product import card_lines, count_values


def card(name: str, settings: RegisterParams, rows: pa.Table) -> str:
    """Markdown with a YAML front matter: on which grid the pairs are, and how they got there."""
    moved = sum(rows["resampled"].to_pylist())
    other = "thermal" if settings.grid == "rgb" else "rgb"
    lines = [
        "---",
        f"pretty_name: {name}, registered",
        "tags: [rgb-thermal, registration, webdataset]",
        "---",
        f"# {name}: registered",
        "",
        f"{rows.num_rows} pairs on the {settings.grid} grid; in {moved} of them the {other} image "
        "was resampled onto it.",
        "",
        "| what | pairs |",
        "|---|---|",
        *card_lines("status", count_values(rows["registration"])),
        *card_lines("transform from", count_values(rows["source"])),
        *card_lines("reason", count_values(rows["registration_reason"])),
        *card_lines("failed pairs", count_values(rows["policy"])),
        "",
        "A sample holds only what changed: the resampled image, `valid.png` (255 where it has "
        "data), labels that moved with it, and `json` with the transform (thermal pixel to RGB "
        "pixel, pixel centres at integers) and its quality. Everything else stands in `pairs`, "
        "under the same key; `twinband.registration.registered_pair` puts both together.",
        "",
    ]
    return "\n".join(lines)


UNDER_PX = 5.0
WORSE_PX = 0.5  # beyond doing nothing


def facts_of(manifest: pa.Table) -> dict[str, Any]:
    """Counts and quantiles over all pairs; a quantity that no pair has is left out."""
    corner_before, corner = _numbers(manifest, "corner_error_px_before", "corner_error_px")
    found: dict[str, Any] = {
        "pairs": manifest.num_rows,
        "grid": manifest["grid"][0].as_py() if manifest.num_rows else "",
        "status": count_values(manifest["registration"]),
        "reasons": count_values(manifest["registration_reason"]),
        "sources": count_values(manifest["source"]),
        "policies": count_values(manifest["policy"]),
        "resampled": sum(manifest["resampled"].to_pylist()),
    }
    for name in ("score", "score_before", "valid_fraction"):
        found |= _group(name, manifest, {"p05": 5, "median": 50, "p95": 95})
    for name in ("motion_px", "forward_backward_px"):
        found |= _group(name, manifest, {"median": 50, "p90": 90, "largest": 100})
    [residual] = _numbers(manifest, "residual_px_median")
    [residual_p90] = _numbers(manifest, "residual_px_p90")
    if residual.size:
        found["residual_px"] = {
            "median": _round(np.median(residual)),
            "p90": _round(np.median(residual_p90)),
            "pairs": int(residual.size),
        }
    if corner.size:
        found["corner_error_px"] = {
            "before": _corner(corner_before),
            "after": _corner(corner),
            "under_5px": _round(np.mean(corner < UNDER_PX)),
            "worse": _round(np.mean(corner > corner_before + WORSE_PX)),
            "pairs": int(corner.size),
        }
    return found


def headline(facts: Mapping[str, Any]) -> dict[str, float]:
    """The numbers that a dataset's registration is compared by."""
    status, corner = facts["status"], facts.get("corner_error_px", {})
    numbers = {
        "pairs": facts["pairs"],
        "failed": status.get("failed", 0),
        "score_median": facts.get("score", {}).get("median"),
        "residual_px_median": facts.get("residual_px", {}).get("median"),
        "corner_error_px_median": corner.get("after", {}).get("median"),
        "corner_error_under_5px": corner.get("under_5px"),
    }
    return {name: number for name, number in numbers.items() if number is not None}


def _corner(errors: NDArray[np.float64]) -> dict[str, float]:
    return {"mean": _round(errors.mean()), **_quantiles(errors, {"median": 50, "p95": 95})}


def _group(name: str, manifest: pa.Table, wanted: Mapping[str, int]) -> dict[str, Any]:
    [values] = _numbers(manifest, name)
    return {name: _quantiles(values, wanted)} if values.size else {}


def _quantiles(values: NDArray[np.float64], wanted: Mapping[str, int]) -> dict[str, float]:
    return {name: _round(np.percentile(values, share)) for name, share in wanted.items()}


def _numbers(manifest: pa.Table, *names: str) -> list[NDArray[np.float64]]:
    columns = (manifest[name].drop_null().to_numpy() for name in names)
    return [np.asarray(column, np.float64) for column in columns]


def _round(value: Any) -> float:
    return round(float(value), 4)
