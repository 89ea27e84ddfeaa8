"""Masking strategies for pretraining: the choice of the patches that an encoder sees."""
