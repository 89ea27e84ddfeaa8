"""From raw files to checked, deduplicated, split and sharded pairs."""
