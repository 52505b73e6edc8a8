"""The settled results: studies at the published settings, which come with the package.

The file is an ordinary store of runs, compressed with xz, without rows that no table, figure or
claim uses. `python -m docs.settle RUNS` creates it.
"""

from __future__ import annotations

import lzma
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import resources
from pathlib import Path
from tempfile import TemporaryDirectory

from mnist1d.errors import FileFormatError, MissingDataError, Mnist1dError
from mnist1d.runs.store import DATABASE, open_store

FILE = "settled.sqlite.xz"
PRESET = "paper"


@contextmanager
def settled_runs(file: Path | None = None) -> Iterator[Path]:
    """Unpack the settled results into a folder of runs that lasts as long as a `with` block.

    Args:
      file: other settled results than the package's.

    Returns:
      A context manager that gives the folder.

    Raises:
      MissingDataError: if there are none.
      FileFormatError: if the file is damaged, or made by another version.

    Examples:
      >>> from mnist1d.runs import open_store
      >>> with settled_runs() as folder, open_store(folder, create=False) as store:
      ...     "spatial-priors" in store.studies()
      True
    """
    source = file or resources.files("mnist1d.results").joinpath(FILE)
    try:
        content = lzma.decompress(source.read_bytes())
    except FileNotFoundError:
        raise MissingDataError(
            f"this installation has no settled results ({FILE}): install it again, or run the "
            "studies yourself, mnist1d reproduce --preset paper"
        ) from None
    except (lzma.LZMAError, EOFError) as error:
        raise FileFormatError(f"{source} is damaged ({error}): install the package again") from None
    with TemporaryDirectory(prefix="mnist1d-settled-") as name:
        folder = Path(name)
        (folder / DATABASE).write_bytes(content)
        try:
            open_store(folder, create=False).close()
        except Mnist1dError as error:  # its own advice is about a folder of runs
            raise FileFormatError(
                f"{source} was made by another version of mnist1d, or is damaged: install the "
                "package again"
            ) from error
        yield folder
