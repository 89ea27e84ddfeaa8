"""Remarks of the closing line: what a person should look at, however well the stage went."""

from collections import Counter

import pyarrow as pa

from twinband.core.errors import told
from twinband.registration.reasons import DIRECTION, FITS_WORSE, REASONS
from twinband.shards.product import count_values

SHOWN = 2  # kinds of remarks about labels


def remarks(rows: pa.Table, homographies: str) -> str:
    """Tell in sentences that follow the counts, each after a semicolon; empty if all is well.

    Args:
        rows: of the manifest.
        homographies: the table of supplied transforms.
    """
    found = [_refused(rows, homographies), *_about_labels(rows)]
    return "".join(f"; {sentence}" for sentence in found if sentence)


def _refused(rows: pa.Table, homographies: str) -> str:
    """Tell of supplied homographies that were not applied, in one sentence for the whole rig."""
    refused = count_values(rows["registration_reason"]).get(FITS_WORSE, 0)
    if not refused:
        return ""
    supplied = count_values(rows["source"]).get("supplied", refused)
    return (
        f"{refused} of {supplied} pairs with a homography of {homographies} were left as they are: "
        f"{REASONS[FITS_WORSE]} ({DIRECTION})"
    )


def _about_labels(rows: pa.Table) -> list[str]:
    """Tell of labels that stand elsewhere than was said, and of boxes outside their image."""
    kinds = Counter(detail for detail in rows["detail"].to_pylist() if detail)
    lines = [f"{count} pairs: {told(detail)}" for detail, count in kinds.most_common(SHOWN)]
    if rest := sum(kinds.values()) - sum(count for _, count in kinds.most_common(SHOWN)):
        lines.append(f"{rest} more pairs have a detail in the manifest")
    return lines
