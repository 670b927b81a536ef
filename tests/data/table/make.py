"""Writes the files of this folder: numpy 2, pyarrow and polars. Every table is [[0, 1], [2, 3], [100, 7]]."""

import io
import warnings

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.parquet as pq

table = np.array([[0, 1], [2, 3], [100, 7]])
kinds = "f2 f4 f8 i1 i2 i4 i8 u1 u2 u4 u8".split()
arrays = {}
for kind in kinds:
    for order, sign in [("little", "<"), ("big", ">")]:
        arrays[f"{kind}_{order}"] = table.astype(sign + kind)
arrays["fortran"] = np.asfortranarray(table.astype("f8"))
arrays["fortran_big"] = np.asfortranarray(table.astype(">i2"))
arrays["bool"] = table > 0
arrays["one_dimension"] = table[:, 0].astype("f8")
record = np.zeros(3, dtype=np.dtype([("a", "<f4"), ("b", ">i2")], align=False))
record["a"], record["b"] = table.T
arrays["record"] = record
padded = np.zeros(3, dtype=np.dtype([("a", "<i2"), ("b", "<f8")], align=True))
padded["a"], padded["b"] = table.T
arrays["padded"] = padded
np.savez("kinds.npz", **arrays)
np.savez_compressed("named.npz", data=table.astype("f8"), columns=np.array(["length", "größe"]))
others = {"text": np.array(["a", "bc"]), "complex": table.astype("c16"), "objects": np.array([None, 1], dtype=object)}
others["dates"] = np.array(["2024-01-01"], dtype="M8[D]")
others["long"] = np.array([1.0], dtype="longdouble")
others["cube"], others["scalar"], others["no_rows"] = np.zeros((2, 2, 2)), np.array(3.0), np.zeros((0, 3))
others["no_columns"], others["nested"] = np.zeros((3, 0)), np.zeros(2, dtype=[("a", "<f8", (2,))])
np.savez("others.npz", **others)
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    for version in [(1, 0), (2, 0), (3, 0)]:
        with open(f"version{version[0]}.npy", "wb") as file:
            np.lib.format.write_array(file, table.astype("f8"), version=version)

a, b = [0, 2, 100], [1, 3, 7]
columns = {
    "i64": pa.array(a, pa.int64()), "f64": pa.array([1.0, 3.0, 7.0]), "text": pa.array(["x", "y", "z"]),
    "u8": pa.array(a, pa.uint8()), "f32": pa.array([1.0, 3.0, 7.0], pa.float32()), "bool": pa.array([False, True, True]),
    "gaps": pa.array([1.0, None, 7.0]), "f16": pa.array(np.array(a, "f2")), "nothing": pa.nulls(3),
}
frame = pa.table(columns)
pq.write_table(frame, "pyarrow.parquet", row_group_size=2)
feather.write_feather(frame, "pyarrow.feather", compression="lz4", chunksize=2)
with pa.ipc.new_stream("stream.arrow", frame.schema) as stream:
    stream.write_table(frame, max_chunksize=2)
pl.DataFrame({"i64": a, "f64": [1.0, 3.0, 7.0], "gaps": [1, None, 7]}).write_parquet("polars.parquet")
