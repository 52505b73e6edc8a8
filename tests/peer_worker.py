"""Run by test_peer.py in a process of its own: make data sets with the package named `mnist1d` that
comes first on the path.

Arguments: a JSON file with a list of jobs {"args": settings, "template": {...} or null}; the npz
file to write.
"""

import json
import random
import sys

import numpy as np

import mnist1d
from mnist1d.data import ObjectView, make_dataset

jobs_path, result_path = sys.argv[1:]
arrays = {"module": np.array(mnist1d.__file__)}
with open(jobs_path) as file:
    jobs = json.load(file)
for i, job in enumerate(jobs):
    template = job["template"] and {
        name: np.array(values) for name, values in job["template"].items()
    }
    data = make_dataset(ObjectView(job["args"]), template)
    arrays |= {f"{i}/{name}": data[name] for name in ("x", "x_test", "y", "y_test", "t")}
    arrays |= {f"{i}/templates/{name}": data["templates"][name] for name in ("x", "t", "y")}
    kind, keys, position, has_gauss, gauss = np.random.get_state()
    arrays[f"{i}/numpy_state"] = np.concatenate([keys, [position, has_gauss]])
    arrays[f"{i}/numpy_gauss"] = np.array(gauss)
    arrays[f"{i}/python_random"] = np.array(random.random())
np.savez(result_path, **arrays)
