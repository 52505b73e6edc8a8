"""The data for other communities: PyTorch, JAX, scikit-learn, Keras, Hugging Face, each in its own
conventions."""
