"""``make audit``: known faults of what we depend on, by pip-audit and npm audit.

Exit code 1 when something is known to be wrong. Where the question itself cannot be asked (no network, a mirror without the
service) that is said and is no failure: a machine of a hospital may have none.
"""

import json
import shutil
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).parents[2]
HOME = ROOT / "build" / "audit"
TOOL = "pip-audit>=2.10,<3"


def main() -> int:
    """Both, one after the other."""
    return max(python_faults(), browser_faults())


def python_faults() -> int:
    """What is known of ``requirements.lock``."""
    python = HOME / "bin" / "python"
    if not python.exists():
        venv.create(HOME, with_pip=True)
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", TOOL]
    installed = subprocess.run(pip, capture_output=True, text=True, check=False)
    if installed.returncode != 0:
        return not_asked("Python", installed.stderr)
    words = [str(python), "-m", "pip_audit", "--requirement", "requirements.lock", "--no-deps", "--disable-pip"]
    asked = subprocess.run([*words, "--format", "json"], cwd=ROOT, capture_output=True, text=True, check=False)
    try:
        told = json.loads(asked.stdout)
    except ValueError:
        return not_asked("Python", asked.stderr)
    skipped = [one["name"] for one in told["dependencies"] if "skip_reason" in one]
    if len(skipped) == len(told["dependencies"]):
        return not_asked("Python", "the registry knows none of them")
    found = [(one["name"], one["version"], fault["id"]) for one in told["dependencies"] for fault in one.get("vulns", ())]
    for name, version, fault in found:
        print(f"{name} {version}: {fault}")
    print(f"Python: {len(told['dependencies']) - len(skipped)} asked about, {len(skipped)} unknown, {len(found)} known faults")
    return 1 if found else 0


def browser_faults() -> int:
    """What is known of ``web/package-lock.json``: what reaches a browser."""
    npm = shutil.which("npm")
    if npm is None:
        return not_asked("npm", "no npm on this machine")
    words = [npm, "audit", "--omit=dev", "--json", "--package-lock-only"]
    asked = subprocess.run(words, cwd=ROOT / "web", capture_output=True, text=True, check=False)
    try:
        found = json.loads(asked.stdout)["metadata"]["vulnerabilities"]["total"]
    except (ValueError, KeyError):
        return not_asked("npm", asked.stderr)
    print(f"npm: {found} known faults")
    if found:
        print(asked.stdout)
    return 1 if found else 0


def not_asked(what: str, why: str) -> int:
    """Say so."""
    lines = [line for line in why.strip().splitlines() if line.strip()]
    print(f"{what}: NOT AUDITED: {lines[0][:200] if lines else 'no answer'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
