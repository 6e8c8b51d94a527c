"""Runs every test of `base-images/` and `lambdas/`: `python3 lambdas/check.py`.

Nothing has to be installed. Each `tests` folder runs in its own process (all Lambdas call their module
`handler`) with the packages' sources on its path. Third-party wheels that this Python lacks are fetched
once, into `target/check/`.
"""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
import tempfile
import tomllib
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LAMBDAS = ROOT / "lambdas"
PACKAGES = sorted(path.parent for path in ROOT.glob("base-images/*/pyproject.toml"))


def main() -> int:
    third_party = wheels(missing(requirements()))
    sources = [path / "src" if (path / "src").is_dir() else path for path in PACKAGES]
    suites = sorted([*(path / "tests" for path in PACKAGES), *LAMBDAS.glob("**/tests")])
    failed = [suite for suite in suites if not run(suite, [*sources, *third_party])]
    for suite in failed:
        print(f"failed: {suite.relative_to(ROOT)}", file=sys.stderr)
    print(f"{len(suites) - len(failed)} of {len(suites)} suites passed")
    return 1 if failed else 0


def run(suite: Path, libraries: list[Path]) -> bool:
    """One suite, which sees its own folder, the folder above (shared files) and the libraries."""
    path = [suite.parent, suite.parent.parent, LAMBDAS, *libraries]
    done = subprocess.run(
        [sys.executable, "-B", "-m", "unittest", "discover", "--start-directory", suite],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, path))},
        cwd=suite,
        capture_output=True,
        text=True,
        check=False,
    )
    report = done.stderr.strip()
    print(f"{suite.parent.relative_to(ROOT)}: {report.splitlines()[-1]}")
    if done.returncode:
        print(report, file=sys.stderr)
    return done.returncode == 0


def requirements() -> list[str]:
    """What the packages, with all their extras, and the Lambdas ask of an index."""
    projects = [tomllib.loads((path / "pyproject.toml").read_text())["project"] for path in PACKAGES]
    local = {normalized(project["name"]) for project in projects}
    asked = [
        requirement
        for project in projects
        for group in [project["dependencies"], *project.get("optional-dependencies", {}).values()]
        for requirement in group
    ]
    for file in LAMBDAS.glob("**/requirements.txt"):
        asked += [line for line in file.read_text().splitlines() if line and not line.startswith("#")]
    return sorted({requirement for requirement in asked if normalized(requirement) not in local})


def normalized(requirement: str) -> str:
    """The name alone, spelled the one way in which `receipt_dynamo` is `receipt-dynamo`."""
    name = re.match(r"[A-Za-z0-9._-]+", requirement)
    assert name, requirement
    return re.sub(r"[-_.]+", "-", name[0]).lower()


def missing(requirements: list[str]) -> list[str]:
    def installed(requirement: str) -> bool:
        try:
            return bool(version(normalized(requirement)))
        except PackageNotFoundError:
            return False

    return [requirement for requirement in requirements if not installed(requirement)]


def wheels(requirements: list[str]) -> list[Path]:
    """A folder with the requirements in it, kept between runs."""
    if not requirements:
        return []
    key = hashlib.sha256("\n".join(requirements).encode()).hexdigest()[:12]
    folder = ROOT / "target" / "check" / f"{sys.implementation.cache_tag}-{key}"
    if not folder.is_dir():
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent) as unfinished:
            target = Path(unfinished) / "wheels"
            pip = [sys.executable, "-m", "pip", "install", "--quiet", "--target", str(target)]
            if subprocess.run([*pip, *requirements], check=False).returncode:
                sys.exit(f"pip could not fetch what the tests need: {', '.join(requirements)}")
            target.rename(folder)
    return [folder]


if __name__ == "__main__":
    sys.exit(main())
