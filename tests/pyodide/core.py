"""Make data sets and say what they are, as JSON: run under Pyodide and under this Python."""

import json
import sys
import tempfile

sys.path.insert(0, "/src")

import numpy as np

import mnist1d
from mnist1d.digests import sha256

exact = mnist1d.make_dataset()
fast = mnist1d.make_dataset(num_samples=1000, mode="fast")
path = tempfile.mkdtemp() + "/signals.npz"
fast.save(path)
found = {
    "platform": sys.platform,
    "published": str(mnist1d.verify(exact)),
    "float64": exact.x[:20].tolist(),
    "labels": sha256(fast.y.astype("int64")),
    "read": sha256(mnist1d.read(path).x) == sha256(fast.x),
    "probe": float(np.abs(fast.x).max()),
}
json.dumps(found)  # the value of the last line is what Pyodide returns
