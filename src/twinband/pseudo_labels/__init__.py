"""Depth and classes of a dataset's images, as annotators see them: the stage ``pseudo_labels``."""
