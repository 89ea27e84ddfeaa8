"""twinband: RGB-thermal vision foundation models as one reproducible pipeline."""
