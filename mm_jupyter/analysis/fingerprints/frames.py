"""Tables and columns, taken apart: pandas, polars, pyarrow.

A column is its type and its contents. Where pandas 2 and 3 keep the same values differently (texts as ``object`` or
``str``, times in nanoseconds or microseconds) the part is the same.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

from mm_jupyter.analysis.fingerprints.arrays import array_part
from mm_jupyter.analysis.fingerprints.parts import (
    Atom,
    Block,
    Group,
    Opaque,
    Part,
    attributes,
    pairs,
)
from mm_jupyter.analysis.fingerprints.plain import strings_block
from mm_jupyter.analysis.fingerprints.reflection import label_of, state_of


def pandas_part(value: Any, kinds: tuple[type, ...]) -> Part | None:
    """A value of one of pandas' classes."""
    pd = sys.modules["pandas"]
    if pd.DataFrame in kinds:
        return _frame(value)
    if pd.Series in kinds:
        fields = [("index", _index(value.index)), ("name", value.name), ("values", _values(value))]
        return attributes("series", "pandas.Series", fields)
    if pd.Index in kinds:
        return _index(value)
    if pd.api.extensions.ExtensionArray in kinds:
        return _extension(value)
    if pd.api.extensions.ExtensionDtype in kinds:
        return Atom("dtype", str(value))
    if value is pd.NA or value is pd.NaT:
        return Atom("missing", str(value))
    if pd.Timestamp in kinds:
        return Atom("Timestamp", f"{value.isoformat()} {value.tzname() or ''}")
    if pd.Timedelta in kinds:
        return Atom("Timedelta", value.isoformat())
    if pd.Period in kinds:
        return Atom("Period", f"{value} {value.freqstr}")
    if pd.Interval in kinds:
        return Group("interval", value.closed, (value.left, value.right))
    style = sys.modules.get("pandas.io.formats.style")
    if style is not None and style.Styler in kinds:
        # The uuid is drawn anew for every one, and only makes its HTML ids unique.
        state = [part for part in state_of(value, type(value)) if part[0] != "uuid"]
        return attributes("object", label_of(type(value)), state)
    return None


def _frame(value: Any) -> Group:
    fields = [
        ("cells", Group("columns", "", pairs(_cells(value)), pairs=True)),
        ("columns", _index(value.columns)),
        ("index", _index(value.index)),
    ]
    if value.attrs:
        fields.append(("attrs", value.attrs))
    return attributes("frame", "pandas.DataFrame", fields)


def _cells(frame: Any) -> Iterator[tuple[object, object]]:
    for name, column in frame.items():
        yield name, _values(column)


def _index(index: Any) -> Part:
    pd = sys.modules["pandas"]
    if index.nlevels > 1:
        levels = [_values(index.get_level_values(level)) for level in range(index.nlevels)]
        return attributes(
            "index",
            "MultiIndex",
            (("names", list(index.names)), ("levels", Group("list", "", levels))),
        )
    names = list(index.names)
    if isinstance(index, pd.RangeIndex):
        first, step, size = index.start, index.step, len(index)
        values: Part = _steps(first, step, size)
    else:
        values = _steps_of(index) or _values(index)
    return attributes("index", "Index", (("names", names), ("values", values)))


def _steps(first: int, step: int, size: int) -> Part:
    if size < 2:
        step = 1
    return Atom("steps", f"{first if size else 0}:{step}:{size}")


def _steps_of(index: Any) -> Part | None:
    """An index of int64 that counts in equal steps, as a RangeIndex of the same values: pandas keeps either."""
    np = sys.modules["numpy"]
    if index.dtype != np.int64 or not isinstance(index.dtype, np.dtype) or not len(index):
        return None
    numbers = index.to_numpy()
    step = int(numbers[1]) - int(numbers[0]) if len(numbers) > 1 else 1
    if step == 0 or int(numbers[-1]) - int(numbers[0]) != step * (len(numbers) - 1):
        return None
    if len(numbers) > 2 and not bool((np.diff(numbers) == step).all()):
        return None
    return _steps(int(numbers[0]), step, len(numbers))


def _values(values: Any) -> Part:
    """The contents of a series or a flat index."""
    np = sys.modules["numpy"]
    if isinstance(values.dtype, np.dtype):
        plain = values.to_numpy()
        if plain.dtype.kind in "mM":
            return _times(plain, plain.dtype.kind, "")
        if plain.dtype.kind == "O":
            return _objects(plain)
        return array_part(plain, "column")
    return _extension(values.array)


def _objects(plain: Any) -> Part:
    items = plain.tolist()
    if set(map(type, items)) <= {str, float, type(None), type(sys.modules["pandas"].NA)}:
        texts = [_text(item) for item in items]
        # a number among the texts is no missing text; a column of missing values only has no texts
        numbers = any(type(item) is float and item == item for item in items)
        if not numbers and (not items or any(text is not None for text in texts)):
            return strings_block("column str", texts)
    return Group("objects", "column", items)


def _text(item: object) -> str | None:
    return item if type(item) is str else None


def _times(plain: Any, kind: str, zone: str) -> Block:
    """Times in microseconds where none is finer and none is too far, else in their own unit."""
    np = sys.modules["numpy"]
    unit = np.datetime_data(plain.dtype)[0]
    numbers = plain.astype(f"{kind}8[{unit}]").view("i8")
    real = numbers[numbers != np.iinfo("i8").min]
    factor = {"s": 1_000_000, "ms": 1_000, "us": 1}.get(unit)
    limit = np.iinfo("i8").max // (factor or 1)
    if (unit == "ns" and not (real % 1_000).any()) or (
        factor is not None
        and (not len(real) or max(abs(int(real.max())), abs(int(real.min()))) < limit)
    ):
        unit, plain = "us", plain.astype(f"{kind}8[us]")
    block = array_part(plain.view("<i8"), f"column {kind}8[{unit}] {zone}".rstrip())
    assert isinstance(block, Block)
    return block


def _extension(values: Any) -> Part:
    """An extension array of pandas."""
    pd = sys.modules["pandas"]
    dtype = values.dtype
    if type(values).__name__ in ("NumpyExtensionArray", "PandasArray"):  # renamed in pandas 2.1
        return _values(pd.Series(values.to_numpy()))
    if isinstance(dtype, pd.CategoricalDtype):
        fields = [
            ("categories", _values(dtype.categories)),
            ("codes", array_part(values.codes)),
            ("ordered", bool(dtype.ordered)),
        ]
        return attributes("column", "category", fields)
    if isinstance(dtype, pd.DatetimeTZDtype):
        return _times(
            sys.modules["numpy"].asarray(values, dtype=f"M8[{dtype.unit}]"), "M", str(dtype.tz)
        )
    if isinstance(dtype, pd.PeriodDtype):
        return array_part(values.asi8, f"column {dtype}")
    if isinstance(dtype, pd.IntervalDtype):
        sides = (("left", _values(values.left)), ("right", _values(values.right)))
        return attributes("column", f"interval {values.closed}", sides)
    if isinstance(dtype, pd.SparseDtype):
        return attributes(
            "column", f"sparse {dtype}", (("values", _values(pd.Series(values.to_dense()))),)
        )
    if isinstance(dtype, pd.StringDtype):
        return strings_block("column str", [_text(item) for item in values.tolist()])
    return _nullable(values)


def _nullable(values: Any) -> Part:
    """Int64, Float64, boolean and the like: the numbers and which are missing; others as Python objects."""
    missing = values.isna()
    plain = getattr(values.dtype, "numpy_dtype", None)
    if getattr(values, "_mask", None) is None or plain is None or plain.kind not in "biuf":
        return Group("objects", f"column {values.dtype}", values.tolist())
    numbers = values.to_numpy(dtype=plain, na_value=plain.type(0))
    fields = (("missing", array_part(missing)), ("values", array_part(numbers)))
    return attributes("column", str(values.dtype), fields)


def polars_part(value: Any, kinds: tuple[type, ...]) -> Part | None:
    """A polars frame or column; a lazy frame is a query that has not run."""
    pl = sys.modules["polars"]
    if pl.LazyFrame in kinds:
        return Opaque("LazyFrame", "a lazy frame, a query that has not run")
    if pl.DataFrame in kinds:
        cells = ((column.name, _polars_column(column)) for column in value.get_columns())
        fields = (("cells", Group("columns", "", pairs(cells), pairs=True)), ("rows", value.height))
        return attributes("frame", "polars.DataFrame", fields)
    if pl.Series in kinds:
        return attributes(
            "series", "polars.Series", (("name", value.name), ("values", _polars_column(value)))
        )
    return None


def _polars_column(column: Any) -> Part:
    dtype = str(column.dtype)
    if column.dtype.is_numeric() and not column.dtype.is_decimal() and not column.null_count():
        return array_part(column.to_numpy(), f"column {dtype}")
    if dtype == "String":
        return strings_block("column String", column.to_list())
    return Group("objects", f"column {dtype}", column.to_list())


def pyarrow_part(value: Any, kinds: tuple[type, ...]) -> Part | None:
    """A pyarrow table, batch or array; how it is cut into chunks is no contents."""
    pa = sys.modules["pyarrow"]
    if pa.Table in kinds or pa.RecordBatch in kinds:
        cells = zip(value.schema.names, map(_arrow_column, value.columns), strict=True)
        fields = (
            ("cells", Group("columns", "", pairs(cells), pairs=True)),
            ("rows", value.num_rows),
        )
        return attributes("frame", "pyarrow.Table", fields)
    if pa.ChunkedArray in kinds or pa.Array in kinds:
        return _arrow_column(value)
    if pa.Scalar in kinds:
        return Group("scalar", str(value.type), (value.as_py(),))
    if pa.DataType in kinds or pa.Schema in kinds or pa.Field in kinds:
        return Atom(type(value).__name__, str(value))
    return None


def _arrow_column(column: Any) -> Part:
    pa = sys.modules["pyarrow"]
    types = pa.types
    if (types.is_integer(column.type) or types.is_floating(column.type)) and not column.null_count:
        plain = (
            column.to_numpy()
            if isinstance(column, pa.ChunkedArray)
            else column.to_numpy(zero_copy_only=False)
        )
        return array_part(plain, f"column {column.type}")
    if types.is_string(column.type) or types.is_large_string(column.type):
        return strings_block(f"column {column.type}", column.to_pylist())
    return Group("objects", f"column {column.type}", column.to_pylist())
