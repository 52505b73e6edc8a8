"""Pickles of strangers: read by a machine of our own that rebuilds arrays, numbers, text and plain
containers, and runs nothing.

Python's unpickler calls whatever a pickle names, and NumPy's rebuilds arrays from whatever it is
given: a pickle of a hundred bytes can run a program, corrupt memory, or take all of it. Here every
operation is ours (`operations` on a `machine`), every type has a builder that checks its arguments
(`builders`), and what a pickle may take is bounded by its size.
"""

from mnist1d.pickles.builders import admit_plain_object
from mnist1d.pickles.reading import load, remember

__all__ = ["admit_plain_object", "load", "remember"]
