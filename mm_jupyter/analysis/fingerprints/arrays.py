"""Arrays and tensors, taken apart: numpy, scipy.sparse, torch, and what turns into a numpy array by itself.

No library is imported here: a value of a library exists only where the user has loaded it.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator
from typing import Any

from mm_jupyter.analysis.fingerprints.parts import (
    Atom,
    Block,
    Buffer,
    Group,
    Part,
    attributes,
    pairs,
)
from mm_jupyter.analysis.fingerprints.plain import sequence, strings_block

CHUNK = 1 << 22
"""Bytes copied at once of an array that is not contiguous."""


def numpy_part(value: Any, kinds: tuple[type, ...]) -> Part | None:
    """A value of one of numpy's classes; ``kinds`` is its class and their bases."""
    np = sys.modules["numpy"]
    if np.ma.MaskedArray in kinds:
        return masked_part(value)
    if np.ndarray in kinds:
        return array_part(
            value, "ndarray" if type(value) in (np.ndarray, np.memmap) else type(value).__name__
        )
    if np.generic in kinds:
        return _scalar(value)
    if np.dtype in kinds:
        return Atom("dtype", str(value.descr if value.names else value.str))
    if np.random.Generator in kinds:
        return attributes("generator", "numpy.random.Generator", _bits(value.bit_generator.state))
    if np.random.RandomState in kinds:
        return attributes(
            "generator", "numpy.random.RandomState", _bits(value.get_state(legacy=False))
        )
    if np.random.BitGenerator in kinds:
        return attributes("generator", type(value).__name__, _bits(value.state))
    if np.random.SeedSequence in kinds:
        return attributes("generator", "SeedSequence", _bits(value.state))
    if np.ufunc in kinds:
        return Atom("function", f"numpy.{value.__name__}")
    return None


def _bits(state: dict[str, Any]) -> list[tuple[str, object]]:
    return list(state.items())


def _scalar(value: Any) -> Part:
    np = sys.modules["numpy"]
    kind = type(value).__name__
    if isinstance(value, np.void):
        return array_part(np.asarray(value), "void")
    if isinstance(value, (np.datetime64, np.timedelta64)):
        return Atom(f"{kind}[{np.datetime_data(value.dtype)}]", str(value))
    if isinstance(value, np.longdouble):
        return Atom("longdouble", str(value))
    if isinstance(value, np.clongdouble):
        return Atom("clongdouble", f"{value.real!s},{value.imag!s}")
    if isinstance(value, np.str_):
        return Atom("str_", str.__str__(value))
    plain = value.item()
    if isinstance(plain, complex):
        return Atom(kind, f"{plain.real!r},{plain.imag!r}")
    return Atom(kind, repr(plain))


def masked_part(value: Any) -> Group:
    """A masked array: what lies under the mask is no contents."""
    np = sys.modules["numpy"]
    data = np.array(np.ma.getdata(value))
    mask = np.ma.getmaskarray(value)
    if data.dtype.names is None:
        data[mask] = 0 if data.dtype.kind not in "OUS" else ""
    return attributes(
        "object", "MaskedArray", (("data", array_part(data)), ("mask", array_part(mask)))
    )


def array_part(value: Any, kind: str = "ndarray") -> Part:
    """An array by its contents in C order: strides, byte order, NaN payloads and padding are no contents."""
    np = sys.modules["numpy"]
    array = value.view(np.ndarray) if type(value) is not np.ndarray else value
    dtype = array.dtype
    if dtype.names is not None:
        fields = [(name, array_part(array[name])) for name in dtype.names]
        shape = ",".join(map(str, array.shape))
        return Group("record", f"{kind} ({shape})", pairs(fields), pairs=True)
    if dtype.kind == "O":
        shape = ",".join(map(str, array.shape))
        return Group("objects", f"{kind} ({shape})", array.ravel().tolist())
    if dtype.kind == "T":
        texts = [text if type(text) is str else None for text in array.ravel().tolist()]
        block = strings_block(f"{kind} str", texts)
        return Group("texts", ",".join(map(str, array.shape)), (block,))
    if dtype.itemsize == 0 or array.size == 0:
        return Block(kind, _name(dtype), array.shape, (), 0)
    if dtype.char in "gG":
        return _long(array, kind)
    return Block(kind, _name(dtype), array.shape, _pieces(array), array.nbytes)


def _name(dtype: Any) -> str:
    """numpy's string of a type in little-endian order."""
    return str(dtype.newbyteorder("<").str)


def _long(array: Any, kind: str) -> Block:
    """``longdouble``: the bytes between the numbers are garbage, so the numbers go as text."""
    block = strings_block(
        f"{kind} {array.dtype.name}", [str(number) for number in array.ravel().tolist()]
    )
    return Block(block.kind, "strings", array.shape, block.chunks, block.size)


def _pieces(array: Any) -> Iterator[Buffer]:
    """The bytes of an array in C order, little-endian, each NaN as numpy's own."""
    np = sys.modules["numpy"]
    if not array.flags.c_contiguous and array.ndim > 1 and array.nbytes > CHUNK:
        rows = max(1, CHUNK // max(1, array[0].nbytes))
        for start in range(0, len(array), rows):
            yield from _pieces(array[start : start + rows])
        return
    whole = np.ascontiguousarray(array)
    if whole.dtype.byteorder == ">" or (whole.dtype.byteorder == "=" and sys.byteorder == "big"):
        whole = whole.astype(whole.dtype.newbyteorder("<"))
    if whole.dtype.kind in "fc":
        whole = _same_nan(whole)
    yield memoryview(whole.reshape(-1).view(np.uint8))


def _same_nan(array: Any) -> Any:
    np = sys.modules["numpy"]
    numbers = (
        array.reshape(-1).view(f"f{array.dtype.itemsize // 2}")
        if array.dtype.kind == "c"
        else array
    )
    with np.errstate(all="ignore"):
        if not math.isnan(numbers.min()):  # a minimum is NaN as soon as one number is
            return array
    numbers = numbers.copy()
    numbers[np.isnan(numbers)] = np.nan
    return numbers.reshape(-1).view(array.dtype).reshape(array.shape)


def scipy_part(value: Any, _kinds: tuple[type, ...]) -> Part | None:
    """A sparse matrix or array: format, shape, and its entries in order (duplicates summed)."""
    sparse = sys.modules.get("scipy.sparse")
    if sparse is None or not sparse.issparse(value):
        return None
    entries = value.tocoo(copy=True)
    entries.sum_duplicates()
    where = entries.coords if hasattr(entries, "coords") else (entries.row, entries.col)
    fields: list[tuple[str, object]] = [
        ("shape", tuple(map(int, value.shape))),
        ("data", array_part(entries.data)),
    ]
    fields += [
        (f"axis {axis}", array_part(index.astype("<i8"))) for axis, index in enumerate(where)
    ]
    return attributes("sparse", type(value).__name__, fields)


def torch_part(value: Any, kinds: tuple[type, ...]) -> Part | None:
    """A tensor (wherever it lives), a generator, a dtype or a device; modules are walked like any object."""
    torch = sys.modules["torch"]
    if torch.Tensor in kinds:
        return tensor_part(value)
    if torch.Generator in kinds:
        return attributes(
            "generator", "torch.Generator", (("state", tensor_part(value.get_state())),)
        )
    if torch.dtype in kinds or torch.device in kinds:
        return Atom(type(value).__name__, str(value))
    if torch.optim.Optimizer in kinds:
        return attributes("object", type(value).__name__, value.state_dict().items())
    if torch.nn.Module in kinds:
        kept = {name: part for name, part in vars(value).items() if "_hook" not in name}
        return attributes("object", type(value).__name__, kept.items())
    return None


def tensor_part(value: Any) -> Part:
    """A tensor by type, shape and contents; the device and the gradient are no contents."""
    torch = sys.modules["torch"]
    tensor = value.detach().cpu()
    if tensor.layout is not torch.strided:
        tensor = tensor.to_dense()
    name = str(tensor.dtype).removeprefix("torch.")
    if tensor.is_quantized:
        tensor = tensor.int_repr()
    try:
        array = tensor.resolve_conj().resolve_neg().numpy()
    except TypeError:  # numpy has no such type (bfloat16, float8)
        array = tensor.contiguous().view(torch.uint8).numpy()
    return Group("tensor", name, (array_part(array, "Tensor"),))


def foreign_array_part(value: Any, _kinds: tuple[type, ...]) -> Part | None:
    """An array of jax or tensorflow, through numpy."""
    np = sys.modules.get("numpy")
    if np is None or not hasattr(type(value), "__array__"):
        return None
    return Group("tensor", type(value).__name__, (array_part(np.asarray(value), "Tensor"),))


__all__ = [
    "array_part",
    "foreign_array_part",
    "numpy_part",
    "scipy_part",
    "sequence",
    "torch_part",
]
