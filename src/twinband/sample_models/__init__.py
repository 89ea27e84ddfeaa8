"""Training and scoring of the small annotators that the project ships, on its own sample world."""
