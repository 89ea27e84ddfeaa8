"""Registration: RGB, thermal and labels on one grid, and whether to trust how they got there."""
