"""The data for other communities: PyTorch, JAX, scikit-learn, Hugging Face, each in its own
conventions."""
