"""A Markdown table of what `compare_seconds` measured: medians over seeds."""

import math
import statistics
import sys
from collections import defaultdict
from pathlib import Path

OURS, WHOLE, PEERS = "liouville", "liouville, whole run", ("diffrax", "torchdiffeq")
path, limit = Path(sys.argv[1]), float(sys.argv[2])
found, rates = defaultdict(list), defaultdict(list)
for line in path.read_text().splitlines():
    library, name, _, seconds, rate = line.split("\t")
    found[name, library].append(float(seconds))
    rates[name, library].append(rate)


def cell(name, library):
    """The median; in brackets the rate that most seeds did best with."""
    seconds = statistics.median(found[name, library])
    text = f"{seconds:.3g} s" if math.isfinite(seconds) else f"over {limit:.0f} s" if library in PEERS else "never"
    return f"{text} ({statistics.mode(rates[name, library])})" if library in PEERS and math.isfinite(seconds) else text


print("| set |", " | ".join([OURS, WHOLE, *PEERS]), "| times faster than the better |")
print("| --- |" + " --- |" * (len(PEERS) + 3))
for name in dict.fromkeys(name for name, _ in found):
    ours = statistics.median(found[name, OURS])
    best = min(statistics.median(found[name, peer]) for peer in PEERS)
    times = f"{best / ours:.0f}" if math.isfinite(best) else f"over {limit / ours:.0f}"
    cells = " | ".join(cell(name, library) for library in (OURS, WHOLE, *PEERS))
    print(f"| {name} | {cells} | {times if math.isfinite(ours) else ''} |")
