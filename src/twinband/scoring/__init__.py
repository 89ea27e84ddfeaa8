"""Scores of prediction files under the protocols of the field: what all scorers share."""
