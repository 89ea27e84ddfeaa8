"""Models: vision transformers, masked autoencoders, and their weights in several key layouts."""
