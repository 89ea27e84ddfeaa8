"""Registered datasets written out as files that other tools train from."""
