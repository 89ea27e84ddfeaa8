"""Readers: the code that knows one public on-disk layout, one module each."""

from twinband._lazy import lazy

__all__ = ["Dataset", "Pair", "open_dataset", "reader_names"]
__getattr__ = lazy(__name__, dict.fromkeys(__all__, "twinband.readers._open"))
