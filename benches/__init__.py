"""Speed benchmarks: each script prints one JSON line and writes benches/results/*.csv."""
