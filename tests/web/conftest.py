"""What the tests of the page share: node, and the folder of the page's modules."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

import mnist1d.web

SITE = Path(mnist1d.web.__file__).parent / "site"
HERE = Path(__file__).parent


@pytest.fixture(scope="session")
def node(tmp_path_factory):
    """Run a module of tests/web in node on a JSON document and return the JSON that it prints; skips without node."""
    if shutil.which("node") is None:
        pytest.skip("the page's modules run in node, which is not installed")

    def run(module, document):
        path = tmp_path_factory.mktemp("node") / "in.json"
        path.write_text(json.dumps(document), encoding="utf-8")
        command = ["node", str(HERE / module), str(SITE / "js" / "model"), str(path)]
        process = subprocess.run(command, capture_output=True, text=True, timeout=60)
        assert process.returncode == 0, process.stderr
        return json.loads(process.stdout)

    return run
