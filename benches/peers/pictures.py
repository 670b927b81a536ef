"""Draws by matplotlib and corner.py what the bench `pictures` has drawn, and puts both side by side."""

import csv
import sys
import time
from pathlib import Path

import corner
import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
from PIL import Image

folder = Path(sys.argv[1])


def save(name, figure, start, dpi=100):
    figure.savefig(folder / f"{name}_theirs.png", dpi=dpi)
    plt.close(figure)
    print(f"matplotlib\t{name}\t{time.perf_counter() - start:.2f}")


def draws():
    with open(folder / "draws.csv", encoding="utf-8") as file:
        rows = csv.reader(file)
        names = next(rows)
        return names, np.array([[float(value) for value in row] for row in rows])


def corners():
    names, samples = draws()
    weights = np.loadtxt(folder / "weights.txt")
    levels, quantiles = (0.5, 0.9), (0.16, 0.5, 0.84)
    for name, more in [("corner", {"truths": samples[0]}), ("weighted", {"weights": weights})]:
        start = time.perf_counter()
        figure = corner.corner(
            samples, labels=names, show_titles=True, quantiles=quantiles, levels=levels, **more
        )
        save(name, figure, start)
    for name, row in zip(names, samples.T):
        low, middle, high = corner.quantile(row, quantiles, weights=weights)
        print(f"weighted quantiles\t{name}\t{middle:.4g} +{high - middle:.2g} -{middle - low:.2g}")


def mass_levels(density, shares):
    ordered = np.sort(density.ravel())[::-1]
    below = np.searchsorted(np.cumsum(ordered) / ordered.sum(), shares)
    return ordered[below]


def density():
    start = time.perf_counter()
    values = np.loadtxt(folder / "density.txt")
    x, y = np.linspace(-1.6, 2.6, len(values)), np.linspace(-1.2, 1.7, len(values))
    figure, axes = plt.subplots(figsize=(10, 8.4), layout="constrained")
    image = axes.pcolormesh(x, y, values, shading="gouraud")
    levels = mass_levels(values, [0.9, 0.5])
    lines = axes.contour(x, y, values, levels, colors="white")
    axes.clabel(lines, fmt=dict(zip(levels, ["90%", "50%"])))
    axes.set(title="two moons", xlabel="x₁", ylabel="x₂", aspect="equal")
    figure.colorbar(image, label="density")
    save("density", figure, start)


def fields():
    def pendulum(count):
        x, y = np.meshgrid(np.linspace(-7, 7, count), np.linspace(-3.5, 3.5, count // 2))
        return x, y, y, -np.sin(x) - 0.15 * y

    start = time.perf_counter()
    figure, axes = plt.subplots(figsize=(9, 5), layout="constrained")
    x, y, u, v = pendulum(200)
    lines = axes.streamplot(x, y, u, v, color=np.hypot(u, v), density=1.4)
    figure.colorbar(lines.lines, label="speed")
    axes.set(xlabel="angle", ylabel="speed")
    save("streamlines", figure, start)
    start = time.perf_counter()
    figure, axes = plt.subplots(figsize=(9, 5), layout="constrained")
    axes.quiver(*pendulum(24))
    axes.set(xlabel="angle", ylabel="speed")
    save("arrows", figure, start)


def film():
    start = time.perf_counter()
    values = np.loadtxt(folder / "film.txt")
    side = values.shape[1]
    frames = values.reshape(-1, side, side)
    figure, axes = plt.subplots(
        1, len(frames), figsize=(13.4, 3.8), layout="constrained", sharey=True
    )
    for panel, frame, t in zip(axes, frames, np.linspace(0, 2, len(frames))):
        extent, top = (-4, 4, -4, 4), frames.max()
        image = panel.imshow(frame, origin="lower", extent=extent, vmin=0, vmax=top)
        panel.set(title=f"t = {t:g}", xlabel="x₁")
    axes[0].set_ylabel("x₂")
    figure.colorbar(image, ax=axes, label="density")
    save("filmstrip", figure, start)


def pairs():
    """Ours left, theirs right, at one height; and below at half of it."""
    for ours in sorted(folder.glob("*_ours.png")):
        name = ours.name.removesuffix("_ours.png")
        both = [Image.open(path).convert("RGB") for path in (ours, folder / f"{name}_theirs.png")]
        height = both[0].height
        sheet = []
        for share in (1.0, 0.5):
            scaled = lambda one: max(1, round(one.width * height * share / one.height))
            sheet += [[one.resize((scaled(one), round(height * share))) for one in both]]
        width = max(sum(one.width + 10 for one in row) for row in sheet)
        page = Image.new("RGB", (width, round(1.5 * height) + 10), (128, 128, 128))
        top = 0
        for row in sheet:
            left = 0
            for one in row:
                page.paste(one, (left, top))
                left += one.width + 10
            top += row[0].height + 10
        page.save(folder / f"{name}_both.png")


corners()
density()
fields()
film()
pairs()
print(f"see {folder}/*_both.png")
