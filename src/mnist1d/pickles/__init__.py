"""A safe pickle reader: it rebuilds arrays, numbers, text and plain containers, and runs no code.

Python's unpickler calls any function that a pickle names, and NumPy rebuilds arrays from unchecked
arguments: a pickle of a hundred bytes can run a program, corrupt memory, or fill it. Here every
operation is our own (`operations` on a `machine`), every type has a builder that checks its
arguments (`builders`), and the memory of a pickle is bounded by its size.
"""

from mnist1d.pickles.builders import admit_plain_object
from mnist1d.pickles.reading import load, remember

__all__ = ["admit_plain_object", "load", "remember"]
