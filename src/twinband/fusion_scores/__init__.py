"""Comparison of methods of fusion: the stage ``evaluate_fusion``."""
