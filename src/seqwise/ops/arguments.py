"""The order in which arrays are handed to the kernel (see `bindings/arguments.h`)."""

from typing import Any, NamedTuple


class Inputs(NamedTuple):
    """What an LSTM computes from. B samples, T timesteps, F features, H units; gates i, f, c, o."""

    x: Any  # (B, T, F)
    kernel: Any  # (F, 4H)
    recurrent_kernel: Any  # (H, 4H)
    bias: Any = None  # (4H,)
    h0: Any = None  # (B, H)
    c0: Any = None  # (B, H)
    mask: Any = None  # (B, T) bool; True: use the timestep
    input_dropout: Any = None  # (D, B, F) factors, scaled; D is dropout_masks
    recurrent_dropout: Any = None  # (D, B, H)

    @property
    def sizes(self) -> tuple[int, int, int, int]:
        """(B, T, F, H)."""
        return (*self.x.shape, self.recurrent_kernel.shape[0])


class Outputs(NamedTuple):
    """What it gives. `y` or `last`, whichever was asked for."""

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


def check(inputs: Inputs, dropout_masks: int) -> None:
    """Compares every shape with the sizes that x and recurrent_kernel give.

    Raises:
        ValueError: a shape that does not fit, with what it should be.
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
    expected = Inputs((B, T, F), (F, 4 * H), (H, 4 * H), (4 * H,), (B, H), (B, H), (B, T), (D, B, F), (D, B, H))
    for name, array, shape in zip(Inputs._fields, inputs, expected, strict=True):
        if array is not None and tuple(array.shape) != shape:
            raise ValueError(
                f"{name} has the shape {tuple(array.shape)}; with samples={B}, timesteps={T}, "
                f"features={F} and units={H} it must be {shape}."
            )
    if (inputs.h0 is None) != (inputs.c0 is None):
        raise ValueError("initial_state needs both h and c.")


def present(arrays) -> int:
    """A bit for each array that is not None."""
    return sum(1 << k for k, array in enumerate(arrays) if array is not None)
