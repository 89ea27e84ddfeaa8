"""Fusion of a visible and an infrared image into one: networks, their training and their use."""
