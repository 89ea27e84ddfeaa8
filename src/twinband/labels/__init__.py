"""The cache of image labels: filling it with a frozen annotator, and reading it."""
