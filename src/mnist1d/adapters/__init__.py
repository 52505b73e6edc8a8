"""The data set in the conventions of PyTorch, JAX, scikit-learn, Keras and Hugging Face."""
