"""A Chromium for the browser tests: the machine's own, else Debian's through apt where we are root; otherwise says why not."""

import os
import shutil
import subprocess
import sys

NAMES = ("chromium", "chromium-browser", "google-chrome")


def main() -> int:
    """Never fails: a machine without a browser skips those tests, with the reason."""
    if any(shutil.which(name) for name in NAMES):
        return 0
    if shutil.which("apt-get") is None or os.geteuid() != 0:
        return told("none is installed and apt-get cannot be used here (not root, or no apt)")
    print("no Chromium here: installing Debian's", flush=True)
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for words in (["update", "-qq"], ["install", "-y", "-qq", "--no-install-recommends", "chromium"]):
        done = subprocess.run(["apt-get", *words], env=quiet, check=False, stdout=subprocess.DEVNULL)
        if done.returncode != 0:
            return told(f"apt-get {words[0]} failed")
    return 0


def told(why: str) -> int:
    """Visible, not fatal."""
    print(f"*** no Chromium: {why}; the browser tests will be skipped", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
