"""A Markdown table of what `compare_likelihoods` measured: medians over seeds."""

import statistics
import sys
from collections import defaultdict
from pathlib import Path

found = defaultdict(list)
for line in Path(sys.argv[1]).read_text().splitlines():
    library, name, model, _, nats, seconds = line.split("\t")
    found[name, model, library].append((float(nats), float(seconds)))


def middle(runs):
    """Median nats and seconds, or nothing if there is no run."""
    return [statistics.median(column) for column in zip(*runs)] if runs else None


LIBRARIES = ("liouville", "zuko", "nflows")
print("| set | flow |", *(f"{library}, {what} |" for what in ("nats", "s") for library in LIBRARIES))
print("| --- | --- |" + 2 * len(LIBRARIES) * " --- |")
for name, model in dict.fromkeys((name, model) for name, model, _ in found):
    runs = [middle(found.get((name, model, library))) for library in LIBRARIES]
    cells = [f"{run[k]:.{3 - 2 * k}f}" if run else "" for k in (0, 1) for run in runs]
    print(f"| {name} | {model} | {' | '.join(cells)} |")
