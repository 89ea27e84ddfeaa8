"""How much two views of one patch differ, and one-dimensional mixtures of that measure."""
