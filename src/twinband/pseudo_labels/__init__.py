"""Depth and classes of a dataset's images by frozen annotators: the stage ``pseudo_labels``."""
