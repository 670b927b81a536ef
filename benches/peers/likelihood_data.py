"""Writes the sets of `compare_likelihoods` to a folder: standardised columns, as raw f32, samples one after the other.

Tables are read from a folder of CSV files; those that are not there are left out. Rows are ordered by
(7919 i mod N); of ten neighbours the last is for testing, and the others are for training.
"""

import sys
from pathlib import Path

import numpy as np

TABLES = {"wine": "sklearn_wine.csv", "breast_cancer": "sklearn_breast_cancer.csv", "magic": "magic_gamma.csv"}


def two_moons(rng, count, noise=0.05):
    """Two half circles with noise, as scikit-learn's make_moons."""
    angle, upper = rng.uniform(0, np.pi, count), rng.integers(0, 2, count) == 0
    x = np.where(upper, np.cos(angle), 1 - np.cos(angle))
    y = np.where(upper, np.sin(angle), 0.5 - np.sin(angle))
    return np.stack([x, y], 1) + noise * rng.normal(size=(count, 2))


def checkerboard(rng, count):
    """Uniform on eight squares of side 2 in [-4, 4]^2 (FFJORD)."""
    x = rng.uniform(-2, 2, count)
    y = rng.uniform(0, 1, count) - 2 * rng.integers(0, 2, count) + np.floor(x) % 2
    return 2 * np.stack([x, y], 1)


def table(path):
    rows = np.loadtxt(path, delimiter=",", skiprows=1)[:, :-1]
    rows = rows[np.argsort(7919 * np.arange(len(rows)) % len(rows), kind="stable")]
    test = np.arange(len(rows)) % 10 == 9
    train = rows[~test]
    # Standardised by what the published baselines were: the rows at places 0 to 7 of ten.
    first = rows[np.arange(len(rows)) % 10 < 8]
    mean, deviation = first.mean(0), first.std(0)
    return (train - mean) / deviation, (rows[test] - mean) / deviation


def write(folder, name, train, test):
    for part, values in (("train", train), ("test", test)):
        values.astype("<f4").tofile(folder / f"{name}.{part}.{values.shape[1]}.f32")


def main():
    tables, folder = Path(sys.argv[1]), Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(1)
    write(folder, "two_moons", two_moons(rng, 20000), two_moons(rng, 20000))
    write(folder, "checkerboard", checkerboard(rng, 20000), checkerboard(rng, 20000))
    for name, file in TABLES.items():
        if (tables / file).exists():
            write(folder, name, *table(tables / file))
        else:
            print(f"{name} is left out: there is no {tables / file}", file=sys.stderr)


main()
