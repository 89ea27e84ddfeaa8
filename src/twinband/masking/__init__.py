"""Which patches of either modality an encoder sees: masking strategies for pretraining."""
