"""Forms of labels."""
