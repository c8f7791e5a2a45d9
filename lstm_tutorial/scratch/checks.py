"""What the layers refuse, in one line each: the argument, what was got, what was wanted."""

from __future__ import annotations

from typing import Any

import numpy as np


def check_array(name: str, value: np.ndarray, shape: tuple[int | str, ...], dtype: np.dtype) -> None:
    """Refuse what is no array of this shape and dtype, or holds NaN or infinity; a name in `shape` is a free size."""
    if not isinstance(value, np.ndarray):
        raise ValueError(f"{name}: got a {type(value).__name__}, wanted a NumPy array of shape {_write(shape)}")
    if len(value.shape) != len(shape) or any(
        got != size for got, size in zip(value.shape, shape, strict=True) if isinstance(size, int)
    ):
        raise ValueError(f"{name}: got shape {value.shape}, wanted {_write(shape)}")
    if value.dtype != dtype:
        raise ValueError(f"{name}: got dtype {value.dtype}, wanted {dtype}; convert it with .astype({str(dtype)!r})")
    with np.errstate(all="ignore"):  # a sum needs no array of its own, and is finite but for NaN, infinity or overflow
        total = value.sum()
    if dtype.kind == "f" and not np.isfinite(total) and not np.isfinite(value).all():
        place = tuple(int(index) for index in np.argwhere(~np.isfinite(value))[0])
        raise ValueError(f"{name}: got {value[place]} at {place}, wanted finite numbers")


def _write(shape: tuple[int | str, ...]) -> str:
    return "(" + ", ".join(str(size) for size in shape) + ("," if len(shape) == 1 else "") + ")"


def check_size(name: str, value: int) -> None:
    """Refuse a size that is no positive whole number."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 1:
        raise ValueError(f"{name}: got {value!r}, wanted a whole number of at least 1")


def check_layer(input_size: int, hidden_size: int, dtype: type | np.dtype) -> tuple[int, int, np.dtype]:
    """Refuse sizes that are no positive whole numbers and a dtype that is not float32 or float64."""
    check_size("input_size", input_size)
    check_size("hidden_size", hidden_size)
    if getattr(dtype, "__name__", str(dtype)) not in ("float32", "float64"):
        raise ValueError(f"dtype: got {getattr(dtype, '__name__', dtype)}, wanted float32 or float64")
    return input_size, hidden_size, np.dtype(dtype)


def check_mask(mask: np.ndarray, batch: int, time: int) -> None:
    """Refuse a mask that is not boolean or not of shape (batch, time)."""
    check_array("mask", mask, (batch, time), np.dtype(bool))


def check_state(
    state: tuple[np.ndarray, ...], names: str, batch: int, hidden_size: int, dtype: np.dtype, argument: str = "state"
) -> None:
    """Refuse a state that is not one array (batch, hidden) for each letter of `names`."""
    if not isinstance(state, tuple | list) or len(state) != len(names):
        got = f" of {len(state)}" if isinstance(state, tuple | list) else ""
        wanted = ", ".join(names) + "," * (len(names) == 1)
        raise ValueError(f"{argument}: got a {type(state).__name__}{got}, wanted a tuple ({wanted})")
    for name, value in zip(names, state, strict=True):
        check_array(f"{argument} {name}", value, (batch, hidden_size), dtype)


def check_step(x: np.ndarray, state: tuple[np.ndarray, ...], cell: Any) -> None:
    """Refuse what a cell's `forward` can't read."""
    dtype = cell.params["kernel"].dtype
    check_array("x", x, ("batch", cell.input_size), dtype)
    check_state(state, cell.state_names, len(x), cell.hidden_size, dtype)


def check_sequence(
    x: np.ndarray, state: tuple[np.ndarray, ...] | None, mask: np.ndarray | None, layer: Any, names: str
) -> None:
    """Refuse what a recurrent layer's `forward` can't read; `names` has a letter for each array of the state."""
    check_array("x", x, ("batch", "time", layer.input_size), layer.dtype)
    if 0 in x.shape:
        raise ValueError(f"x: got shape {x.shape}, wanted at least one sequence of at least one step")
    if state is not None:
        check_state(state, names, len(x), layer.hidden_size, layer.dtype)
    if mask is not None:
        check_mask(mask, *x.shape[:2])


def check_gradient(
    dh: np.ndarray, dstate: tuple[np.ndarray, ...] | None, shape: tuple[int, int] | None, layer: Any, names: str
) -> None:
    """Refuse what a recurrent layer's `backward` can't read after a `forward` of `shape` (batch, time)."""
    if shape is None:
        raise ValueError("dh: got one before any forward, wanted forward first")
    check_array("dh", dh, (*shape, layer.hidden_size), layer.dtype)
    if dstate is not None:
        check_state(dstate, names, shape[0], layer.hidden_size, layer.dtype, "dstate")
