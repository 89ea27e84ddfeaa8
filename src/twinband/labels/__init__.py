"""Frozen models that label images, and the forms in which labels are kept."""
