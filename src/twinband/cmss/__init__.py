"""Cross-modality structural sparsity of datasets: the stages ``cmss`` and ``cmss_mixture``."""
