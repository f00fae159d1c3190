"""The options of the fused LSTM, and their codes for the kernel."""

from dataclasses import dataclass
from functools import cached_property

ACTIVATIONS = ("tanh", "sigmoid", "hard_sigmoid", "relu", "linear")
MASKED_OUTPUTS = ("previous_state", "previous_output", "zero")
DTYPES = ("float32", "float64")


@dataclass(frozen=True)
class Options:
    """The options of an LSTM layer that change its numbers.

    Args:
        activation: of the candidate and of the cell state; one of `ACTIVATIONS`.
        recurrent_activation: of the three gates; one of `ACTIVATIONS`.
        go_backwards: Process timesteps from the last to the first. Outputs are in the order
            of processing, as in Keras.
        masked_output: The output at a masked timestep: "previous_state" (Keras on JAX),
            "previous_output" (the same, but zero before the first unmasked timestep: unrolled
            Keras) or "zero" (`zero_output_for_mask=True`).
        dropout_masks: 1 when the gates share their dropout masks, 4 when each has its own
            (Keras's `implementation=1`, which it uses whenever there is recurrent dropout).

    Raises:
        ValueError: an option the kernel does not have.
    """

    activation: str = "tanh"
    recurrent_activation: str = "sigmoid"
    go_backwards: bool = False
    masked_output: str = "previous_state"
    dropout_masks: int = 1

    def __post_init__(self) -> None:
        for name, value, known in (
            ("activation", self.activation, ACTIVATIONS),
            ("recurrent_activation", self.recurrent_activation, ACTIVATIONS),
            ("masked_output", self.masked_output, MASKED_OUTPUTS),
            ("dropout_masks", self.dropout_masks, (1, 4)),
        ):
            if value not in known:
                raise ValueError(f"{name}={value!r} is not one of {', '.join(map(repr, known))}.")

    def codes(self) -> dict[str, int]:
        """Return the numbers of the options in `seqwise/lstm.h`."""
        return {
            "activation": ACTIVATIONS.index(self.activation),
            "recurrent_activation": ACTIVATIONS.index(self.recurrent_activation),
            "masked_output": MASKED_OUTPUTS.index(self.masked_output),
            "go_backwards": int(self.go_backwards),
            "dropout_masks": self.dropout_masks,
        }

    @cached_property
    def numbers(self) -> tuple[int, ...]:
        """The values of `codes()`, cached: computing them takes almost as long as a step."""
        return tuple(self.codes().values())


def supports(*, activation: str = "tanh", recurrent_activation: str = "sigmoid", dtype: object = "float32") -> bool:
    """Tell whether the kernel computes such an LSTM; it supports all other settings of a layer.

    Example:
        >>> supports(activation="relu"), supports(activation="gelu"), supports(dtype="bfloat16")
        (True, False, False)
    """
    return activation in ACTIVATIONS and recurrent_activation in ACTIVATIONS and str(dtype) in DTYPES
