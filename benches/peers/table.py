"""Markdown tables of what `compare` measured."""

import json
import sys
from pathlib import Path

import workloads as w

ERRORS = ["error of log_prob, rings", "error of samples, rings"]
OURS = "liouville"
FIELDS = [w.LOG_PROB, w.SAMPLING, w.GRADIENT, w.WIDE_EXACT, w.WIDE_PROBE, w.WIDE_GRADIENT, w.MATCHING]

found = {}
for line in Path(sys.argv[1]).read_text().splitlines():
    library, workload, value = line.split("\t")
    found[library, workload] = value
for estimates in Path("target/criterion").glob("*/new/estimates.json"):
    name = json.loads((estimates.parent / "benchmark.json").read_text())["title"]
    median = json.loads(estimates.read_text())["median"]["point_estimate"]
    found[OURS, name.removesuffix(", 1 thread(s)")] = f"{median * 1e-6:.3f}"


def table(workloads, peers):
    """One row per workload: milliseconds, how many times the best peer takes ours, and the least of our products."""
    print("| work |", " | ".join([OURS, *peers]), "| times faster than the best | floor of our products |")
    print("| --- |" + " --- |" * (len(peers) + 3))
    for workload in workloads:
        ours = float(found[OURS, workload])
        theirs = [float(found[peer, workload]) for peer in peers]
        cells = " | ".join(f"{value:.3g} ms" for value in (ours, *theirs))
        floor = found.get((OURS, f"floor of {workload}"))
        least = f"{float(floor.removesuffix(' ms')):.3g} ms" if floor else ""
        print(f"| {workload} | {cells} | {min(theirs) / ours:.1f} | {least} |")


peers = ["torchdiffeq", "diffrax"]
table(FIELDS, peers)
for error in ERRORS:
    cells = " | ".join(found.get((library, error), "") for library in (OURS, *peers))
    print(f"| {error} | {cells} | | |")
print()
table([*w.AFFINE, *w.SPLINE], ["zuko", "flowjax"])
