"""What the scripts/check-* share: which files there are, and how findings are reported.

Python's standard library only, so that a check runs before anything is installed.
"""

import argparse
import os
import sys

# The folders with C code of ours. Others hold sketches and firmware, which are as their kind is.
CODE = ("core", "service", "client", "emulators", "tests/unit", "tests/fuzz", "tests/rpc",
        "tests/fault", "tests/support")
SKIPPED = {"node_modules", "__pycache__", "corpus"}


class Check:
    """One run of a check over a tree: `with Check(...) as c`, c.finding(...) as often as needed."""

    def __init__(self, description, arguments=None):
        parser = argparse.ArgumentParser(description=description)
        here = os.path.dirname(os.path.abspath(__file__))
        parser.add_argument("--root", default=os.path.dirname(here), help="the tree to look at")
        for flag, options in (arguments or {}).items():
            parser.add_argument(flag, **options)
        self.args = parser.parse_args()
        self.root = os.path.abspath(self.args.root)
        self.looked_at = 0
        self.findings = 0
        self.warnings = 0

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        if kind is None:
            name = os.path.basename(sys.argv[0])
            extra = f", {self.warnings} warnings" if self.warnings else ""
            print(f"{name}: {self.looked_at} looked at, {self.findings} findings{extra}")
            sys.exit(1 if self.findings else 0)
        return False

    def files(self, *suffixes, under=()):
        """Paths relative to the root, sorted, of the files that end in one of `suffixes`."""
        found = []
        for top in [os.path.join(self.root, u) for u in under] or [self.root]:
            for folder, folders, names in os.walk(top):
                folders[:] = sorted(f for f in folders if f not in SKIPPED and f[0] != ".")
                if folder == self.root and "build" in folders:
                    folders.remove("build")  # what was built; core/build is a folder of ours
                for name in names:
                    if name.endswith(suffixes):
                        found.append(os.path.relpath(os.path.join(folder, name), self.root))
        return sorted(found)

    def code(self, *suffixes):
        """The same, of C code of ours."""
        under = [f for f in CODE if os.path.isdir(os.path.join(self.root, f))]
        return self.files(*suffixes, under=under)

    def read(self, path):
        """The text of a file; counts it as looked at."""
        self.looked_at += 1
        with open(os.path.join(self.root, path), encoding="utf-8", errors="replace") as f:
            return f.read()

    def finding(self, path, line, message):
        self.findings += 1
        print(f"{path}:{line}: {message}")

    def warning(self, path, line, message):
        self.warnings += 1
        print(f"{path}:{line}: warning: {message}")

    def fatal(self, message):
        """The check itself can't be done."""
        sys.exit(f"{os.path.basename(sys.argv[0])}: {message}")


def without_comments(text):
    """C text with comments and the insides of strings blanked; lines stay where they were."""
    out, i, n = [], 0, len(text)
    while i < n:
        c = text[i]
        if text.startswith("/*", i):
            end = text.find("*/", i + 2)
            end = n if end < 0 else end + 2
            out.append("".join(ch if ch == "\n" else " " for ch in text[i:end]))
            i = end
        elif text.startswith("//", i):
            end = text.find("\n", i)
            i = n if end < 0 else end
        elif c in "\"'":
            end = i + 1
            while end < n and text[end] != c and text[end] != "\n":
                end += 2 if text[end] == "\\" else 1
            out.append(c + " " * max(0, min(end, n) - i - 1))
            if end < n and text[end] == c:
                out.append(c)
                end += 1
            i = end
        else:
            out.append(c)
            i += 1
    return "".join(out)
