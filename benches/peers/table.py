"""One Markdown table of what `compare` measured."""

import json
import sys
from pathlib import Path

import workloads as w

ERROR = "error of log_prob, rings"
found = {}
for line in Path(sys.argv[1]).read_text().splitlines():
    library, workload, value = line.split("\t")
    found[library, workload] = value
for estimates in Path("target/criterion").glob("*/new/estimates.json"):
    name = json.loads((estimates.parent / "benchmark.json").read_text())["title"]
    median = json.loads(estimates.read_text())["median"]["point_estimate"]
    found["liouville", name.removesuffix(", 1 thread(s)")] = f"{median * 1e-6:.3f}"

print("| work | liouville | torchdiffeq | diffrax | times faster than the best |")
print("| --- | --- | --- | --- | --- |")
workloads = [w.LOG_PROB, w.SAMPLING, w.GRADIENT, w.WIDE_EXACT, w.WIDE_PROBE, w.WIDE_GRADIENT, w.MATCHING]
for workload in workloads:
    ours, *theirs = (float(found[library, workload]) for library in ("liouville", "torchdiffeq", "diffrax"))
    cells = " | ".join(f"{value:.3g} ms" for value in (ours, *theirs))
    print(f"| {workload} | {cells} | {min(theirs) / ours:.1f} |")
cells = " | ".join(found[library, ERROR] for library in ("liouville", "torchdiffeq", "diffrax"))
print(f"| {ERROR} | {cells} | |")
