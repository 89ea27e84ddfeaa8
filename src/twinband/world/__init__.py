"""The rendered sample world: street scenes seen by an RGB and a thermal camera, all known."""
