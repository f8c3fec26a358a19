"""Packages: from a large index to an install plan, in one process."""

import hashlib
import json
import os
import statistics
import subprocess
import sys

from common import Row

SIZE = 50_000_000
LIMIT_MS = 500


def write_index(path):
    """An index like Arduino's own library index, of made-up libraries: eight releases each, the
    later ones with dependencies."""
    written, i = 0, 0
    with open(path, "w", encoding="utf-8") as f:
        f.write('{"libraries": [\n')
        while written < SIZE:
            for v in range(8):
                entry = {
                    "name": f"Library {i}", "version": f"1.{v}.0",
                    "author": "Some One <someone@example.com>",
                    "maintainer": "Some One <someone@example.com>",
                    "sentence": f"A library for things of kind {i}.",
                    "paragraph": "It does a great deal, and says so \"at some length\": \u00fcml\u00e4uts too.",
                    "website": f"https://example.com/lib/{i}", "category": "Communication",
                    "architectures": ["avr", "esp32"], "types": ["Contributed"],
                    "repository": f"https://example.com/x/{i}.git", "providesIncludes": [f"L{i}.h"],
                    "dependencies": [{"name": f"Library {i // 2}", "version": ">=1.2.0"}] if i > 4 else [],
                    "url": f"https://downloads.example.com/libraries/x/L-{i}-{v}.zip",
                    "archiveFileName": f"L-{i}-{v}.zip", "size": 12345 + i,
                    "checksum": "SHA-256:" + hashlib.sha256(b"%d %d" % (i, v)).hexdigest()}
                written += f.write((",\n" if i + v else "") + json.dumps(entry, indent=1))
            i += 1
        f.write("]}\n")
    return i


def measure(bench, rounds):
    path = bench.path("library_index.json")
    count = write_index(path)
    size = os.path.getsize(path)
    words = [os.path.join(bench.programs, "index_speed"), path, f"Library {count - 1}"]
    times, peaks, other = [], [], []
    rival = ("import json,sys,time; t=time.monotonic(); json.load(open(sys.argv[1]));"
             "print(time.monotonic()-t)")
    for turn in range(rounds):
        us, peak, packages = map(int, subprocess.check_output(words, text=True).split())
        assert packages > 5
        times.append(us / 1000)
        peaks.append(peak / 1e6)
        if turn < 3:
            other.append(1000 * float(subprocess.check_output([sys.executable, "-c", rival, path])))
    mb = size / 1e6
    return [Row(f"{mb:.0f} MB index to a plan", "ms", statistics.median(times), LIMIT_MS,
                "the limit", 1.0),
            Row(f"{mb:.0f} MB index to a plan", "ms", statistics.median(times),
                statistics.median(other), "Python's json.load of it"),
            Row("its peak memory", "MB", max(peaks), mb, "the file itself", 3.0)]
