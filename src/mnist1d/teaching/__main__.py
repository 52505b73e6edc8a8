"""Write Jupyter notebooks from the files of docs/teaching.

python -m mnist1d.teaching docs/teaching/*.py -o handout            without solutions, for students
python -m mnist1d.teaching docs/teaching/*.py -o masters --otter    for otter assign
python -m mnist1d.teaching docs/teaching/*.py -o staff --solutions  with solutions
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from mnist1d.atomic import atomic_path
from mnist1d.errors import Mnist1dError
from mnist1d.teaching.notebooks import handout, otter_master, read_cells, to_json


def main(arguments: list[str] | None = None) -> int:
    """Read the command line, write the notebooks; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m mnist1d.teaching", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("files", nargs="+", type=Path, help="notebooks in the percent format")
    parser.add_argument("-o", "--output", type=Path, required=True, help="folder to write into")
    kind = parser.add_mutually_exclusive_group()
    kind.add_argument("--otter", action="store_true", help="masters for otter assign")
    kind.add_argument("--solutions", action="store_true", help="keep the solutions")
    options = parser.parse_args(arguments)
    try:
        for path in options.files:
            cells = read_cells(path)
            if options.otter:
                cells = otter_master(cells)
            elif not options.solutions:
                cells = handout(cells)
            options.output.mkdir(parents=True, exist_ok=True)
            with atomic_path(options.output / f"{path.stem}.ipynb") as part:
                part.write_text(to_json(cells), encoding="utf-8")
            print(options.output / f"{path.stem}.ipynb")
    except (Mnist1dError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
