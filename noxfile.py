"""The project's checks: `nox` runs lint, types, tests and docs, `nox -l` lists every session.

Each session makes its own virtual environment with the Python that runs nox; nothing else is needed.
"""

import os
import shutil
from pathlib import Path

import nox

nox.options.sessions = ["lint", "types", "tests", "docs"]
# The venv module is part of Python: no session depends on what else is on the machine.
nox.options.default_venv_backend = "venv"
nox.options.reuse_venv = "yes"

PYPROJECT = nox.project.load_toml("pyproject.toml")


def groups(*names: str) -> tuple[str, ...]:
    """The requirements of some dependency groups, read here because pip before 25.1 cannot."""
    return nox.project.dependency_groups(PYPROJECT, *names)


@nox.session
def lint(session: nox.Session) -> None:
    """Style, import layers and spelling."""
    session.install("-e", ".[all]", *groups("lint"))
    session.run("ruff", "check")
    session.run("ruff", "format", "--check")
    session.run("lint-imports", "--no-cache", "--no-logo")
    session.run("codespell")


@nox.session
def types(session: nox.Session) -> None:
    """mypy and pyright, both strict for the package."""
    session.install("-e", ".[all]", *groups("test", "types"))
    session.run("mypy")
    session.run("pyright")


@nox.session
def tests(session: nox.Session) -> None:
    """Every test and documentation example, or those named. CI=true: longer simulations, and coverage demanded."""
    session.install("-e", ".[all]", *groups("test"))
    if session.posargs:
        session.run("pytest", *session.posargs)
        return
    is_measured = os.environ.get("CI") == "true"
    run = ["coverage", "run", "-m", "pytest"] if is_measured else ["pytest"]
    if is_measured:
        session.run("coverage", "erase")
    workers = (os.cpu_count() or 1) + 1  # one more than there are processors, as some tests wait
    session.run(*run, "-m", "not keeps_time", "-n", str(workers))
    session.run(*run, "-m", "keeps_time")
    if is_measured:
        session.run("coverage", "combine", "--quiet")
        session.run("coverage", "report")
        session.run("coverage", "report", "--include=*/bingx_async/core/*", "--fail-under=100")


@nox.session
def docs(session: nox.Session) -> None:
    """The documentation as HTML in docs/_build/html; a warning is an error."""
    session.install("-e", ".[all]", *groups("docs"))
    session.run("sphinx-build", "-W", "--keep-going", "-b", "html", "docs", "docs/_build/html")


@nox.session
def bench(session: nox.Session) -> None:
    """This library beside others, measured in one run."""
    session.install("-e", ".[all]", *groups("bench"))
    session.run("python", "-m", "benchmarks", *session.posargs)


@nox.session
def simulate(session: nox.Session) -> None:
    """Hours of the governor in simulated time, beside other limiters; `-- --write-docs` rewrites docs/governor.md."""
    session.install("-e", ".[all]", *groups("test", "bench"), "matplotlib>=3.10,<4")
    session.run("python", "-m", "tests.simulation", "--outside", *session.posargs)


@nox.session
def anchored(session: nox.Session) -> None:
    """Ten million simulated calls with anchor="headers" before honest exchanges; none may be refused."""
    session.install("-e", ".[all]", *groups("test"))
    session.run("python", "-m", "tests.simulation", "--anchored", "10e6", *session.posargs)


@nox.session(name="session")
def whole_session(session: nox.Session) -> None:
    """Half an hour of 20 accounts before an emulator whose network fails; `-- 0-9 30` names seeds and minutes."""
    session.install("-e", ".[all]", *groups("test"))
    session.run("python", "-m", "tests.session", *session.posargs)


@nox.session
def hour(session: nox.Session) -> None:
    """Four strategies for an hour of bad network, killed and begun anew; `-- 0-9 60` names seeds and minutes."""
    session.install("-e", ".[all]", *groups("test"))
    session.run("python", "-m", "tests.hour", *session.posargs)


@nox.session
def books(session: nox.Session) -> None:
    """Ten thousand sequences of an order book's updates with faults; none may end in a wrong book."""
    session.install("-e", ".[all]", *groups("test"))
    session.run("python", "-m", "tests.streams.books", *(session.posargs or ["10e3"]))


@nox.session
def soak(session: nox.Session) -> None:
    """An hour of streams, an order book and a tracker over real sockets that drop; nothing may grow. `-- 600 trio`."""
    session.install("-e", ".[all]", *groups("test"))
    session.run("python", "-m", "tests.soak", *session.posargs)


@nox.session
def fuzz(session: nox.Session) -> None:
    """A million replies as no page of the exchange describes them; none may raise."""
    session.install("-e", ".[all]", *groups("test"))
    session.run("python", "-m", "tests.client.fuzz", *(session.posargs or ["1e6"]))


@nox.session
def orderings(session: nox.Session) -> None:
    """Two million orders in which the messages about an order can come; each has to lead to the truth."""
    session.install("-e", ".[all]", *groups("test"))
    session.run("python", "-m", "tests.orderings", *(session.posargs or ["2e6"]))


@nox.session
def mutate(session: nox.Session) -> None:
    """Does a test notice each small change of the core's arithmetic? Takes long; see docs/mutants.md."""
    session.install(*PYPROJECT["project"]["dependencies"], *groups("test"), "mutmut>=3.8,<4", "cosmic-ray>=8.7,<9")
    tree = Path(session.create_tmp()).resolve()  # the mutants are made of a copy, imported from there
    for part in ("bingx_async", "tests"):
        shutil.copytree(part, tree / part, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
    for part in ("pyproject.toml", "README.md"):
        shutil.copy(part, tree)
    session.chdir(tree)
    session.env["HYPOTHESIS_PROFILE"] = "mutants"
    session.run("mutmut", "run", *session.posargs)
    session.run("mutmut", "results")
    if session.posargs:
        return
    # What runs at import is the same in every process that mutmut forks: constants and tables.
    session.run("cosmic-ray", "baseline", "tests/mutants.toml")
    session.run("cosmic-ray", "init", "--force", "tests/mutants.toml", "mutants.sqlite")
    session.run("python", "tests/mutants.py", "mutants.sqlite")
    session.run("cosmic-ray", "exec", "tests/mutants.toml", "mutants.sqlite")
    session.run("cr-report", "--surviving-only", "mutants.sqlite")
