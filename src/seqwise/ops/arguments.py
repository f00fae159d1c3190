"""The order in which arrays are handed to the kernel (see `bindings/arguments.h`)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple, Self, TypeAlias

from seqwise.ops.options import DTYPES, Options

Array: TypeAlias = Any  # of any framework
REQUIRED = ("x", "kernel", "recurrent_kernel")


class Inputs(NamedTuple):
    """What an LSTM computes from. B samples, T timesteps, F features, H units; gates i, f, c, o."""

    x: Array  # (B, T, F)
    kernel: Array  # (F, 4H)
    recurrent_kernel: Array  # (H, 4H)
    bias: Array | None = None  # (4H,)
    h0: Array | None = None  # (B, H)
    c0: Array | None = None  # (B, H)
    mask: Array | None = None  # (B, T) bool; True: use the timestep
    input_dropout: Array | None = None  # (D, B, F) factors, scaled; D is dropout_masks
    recurrent_dropout: Array | None = None  # (D, B, H)

    @property
    def sizes(self) -> tuple[int, int, int, int]:
        """(B, T, F, H)."""
        B, T, F = self.x.shape
        return B, T, F, self.recurrent_kernel.shape[0]

    def prepared(self, as_array: Callable[..., Array], options: Options) -> Self:
        """Return the same arrays in the dtype of x (the mask as bool), with their shapes checked.

        Args:
            as_array: (array, dtype or None) → the array of the library that computes.

        Raises:
            TypeError: x is neither float32 nor float64, x or a kernel is None, or an array is complex.
            ValueError: see `check`.
        """
        for name, array in self._asdict().items():
            if array is None and name in REQUIRED:
                raise TypeError(
                    f"{name} is None; only the bias, the states, the mask and the dropouts may be left out."
                )
            if "complex" in dtype_name(getattr(array, "dtype", "")):
                raise TypeError(f"{name} is complex; the LSTM kernel computes in {' and '.join(DTYPES)}.")
        dtype = as_array(self.x).dtype
        if dtype_name(dtype) not in DTYPES:
            raise TypeError(f"x has dtype {dtype_name(dtype)}; the LSTM kernel computes in {' and '.join(DTYPES)}.")
        arrays: dict[str, Any] = {
            name: None if array is None else as_array(array, bool if name == "mask" else dtype)
            for name, array in self._asdict().items()
        }
        inputs = type(self)(**arrays)
        check(inputs, options.dropout_masks)
        return inputs


class Outputs(NamedTuple):
    """What an LSTM returns: `y` or `last`, and the final states."""

    y: Any  # (B, T, H)
    last: Any  # (B, H)
    hT: Any  # (B, H)
    cT: Any  # (B, H)
    reserve: Any = None  # what the backward pass needs


class OutputGradients(NamedTuple):
    reserve: Any
    y: Any
    last: Any
    hT: Any
    cT: Any


class InputGradients(NamedTuple):
    x: Any
    kernel: Any
    recurrent_kernel: Any
    bias: Any
    h0: Any
    c0: Any


def dtype_name(dtype: Any) -> str:
    """Return the name that every framework gives a dtype, such as "float32"."""
    return getattr(dtype, "name", None) or str(dtype).removeprefix("torch.")


def check(inputs: Inputs, dropout_masks: int) -> None:
    """Compare every shape with the sizes of x and recurrent_kernel; a size that is None is not known.

    Raises:
        ValueError: a shape does not fit; says what it should be.
    """
    if len(inputs.x.shape) != 3:
        raise ValueError(f"x must have the axes (samples, timesteps, features); its shape is {tuple(inputs.x.shape)}.")
    if len(inputs.recurrent_kernel.shape) != 2:
        raise ValueError(
            "recurrent_kernel must have the shape (units, 4 * units); its shape is "
            f"{tuple(inputs.recurrent_kernel.shape)}."
        )
    B, T, F, H = inputs.sizes
    D = dropout_masks
    expected = ((B, T, F), (F, 4 * H), (H, 4 * H), (4 * H,), (B, H), (B, H), (B, T), (D, B, F), (D, B, H))
    for name, array, shape in zip(Inputs._fields, inputs, expected, strict=True):
        if array is not None and not _fits(tuple(array.shape), shape):
            raise ValueError(
                f"{name} has the shape {tuple(array.shape)}; with samples={B}, timesteps={T}, "
                f"features={F} and units={H} it must be {shape}."
            )
    if (inputs.h0 is None) != (inputs.c0 is None):
        raise ValueError("initial_state needs both h and c.")


def check_gradients(sizes: tuple[int, int, int, int], y: Array, last: Array, hT: Array, cT: Array) -> None:
    """Compare the shapes of the outputs' gradients, None for zeros, with the sizes (B, T, F, H).

    Raises:
        ValueError: a shape does not fit; says what it should be.
    """
    B, T, _, H = sizes
    for name, array, shape in (("y", y, (B, T, H)), ("last", last, (B, H)), ("hT", hT, (B, H)), ("cT", cT, (B, H))):
        if array is not None and not _fits(tuple(array.shape), shape):
            raise ValueError(f"The gradient of {name} has the shape {tuple(array.shape)}; it must be {shape}.")


def _fits(shape: tuple[int | None, ...], expected: tuple[int | None, ...]) -> bool:
    # while a graph is traced, some sizes are None: not known yet
    return shape == expected or (
        len(shape) == len(expected)
        and all(None in (size, other) or size == other for size, other in zip(shape, expected, strict=True))
    )


def present(arrays: Iterable[object]) -> int:
    """Return a bit for each array that is not None."""
    return sum(1 << k for k, array in enumerate(arrays) if array is not None)
