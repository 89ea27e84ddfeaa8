"""No segmenter: SAGE's term of segmentation is left out."""


def open_segmenter(weights: object, device: str) -> None:
    """Return none."""
