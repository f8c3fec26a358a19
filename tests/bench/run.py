"""`./dev bench`: measures jig against other tools and against limits, in one run.

Prints a table and writes the same, with what the machine was, to a JSON file.
"""

import argparse
import json
import os
import platform
import sys

import builds
import deploys
import packages
import pointers
import processes
import pulls
import random_edits
import warm
from common import CORES, ROOT, Bench

PARTS = {"builds": builds.measure, "processes": processes.measure, "deploys": deploys.measure,
         "warm": warm.measure, "pulls": pulls.measure, "pointers": pointers.measure,
         "packages": packages.measure, "random": random_edits.measure}


def show(row):
    ratio = f"{row.ratio:8.2f}" if row.ratio >= 0.1 else f"{row.ratio:8.4f}"
    wanted = f" (wanted <= {row.wanted:g})" if row.wanted else ""
    print(f"{row.what:34} {row.ours:9.2f} {row.unit:3} {row.rival:9.2f} {row.unit:3} {ratio}{wanted}  "
          f"{row.rival_name}", flush=True)


def machine():
    with open("/proc/cpuinfo", encoding="utf-8") as f:
        models = {line.split(":", 1)[1].strip() for line in f if line.startswith("model name")}
    return {"cores": CORES, "cpu": ", ".join(sorted(models)), "kernel": platform.release(),
            "load_before": os.getloadavg()[0]}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("part", nargs="*", help="only these: " + " ".join(PARTS))
    parser.add_argument("--bin", required=True, help="where jig and jigd are")
    parser.add_argument("--rounds", type=int, default=7, help="how often each thing is done")
    parser.add_argument("--json", default=os.path.join(ROOT, "build", "bench.json"))
    args = parser.parse_args()
    unknown = [p for p in args.part if p not in PARTS]
    if unknown:
        sys.exit(f"bench: there is no part '{unknown[0]}'; there are: {', '.join(PARTS)}")
    report = {"machine": machine(), "rounds": args.rounds, "rows": []}
    print(f"{'':34} {'jig':>9}     {'against':>9}     {'ratio':>8}", flush=True)
    for name in args.part or PARTS:
        bench = Bench(os.path.abspath(args.bin))
        try:
            rows = PARTS[name](bench, args.rounds)
        finally:
            bench.close()
        for row in rows:
            show(row)
        report["rows"] += [row.as_json() for row in rows]
    with open(args.json, "w", encoding="utf-8") as f:
        json.dump(report, f, indent=2)
        f.write("\n")
    print(f"\nmedians of {args.rounds} or more runs, taken in turns; also in "
          f"{os.path.relpath(args.json, ROOT)}")


main()
