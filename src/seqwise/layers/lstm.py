"""Keras's LSTM layer with the fused kernel as its inner loop; nothing else is changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from seqwise.backend import import_keras
from seqwise.ops import Ops, Options, ops_of, supports
from seqwise.ops.options import ACTIVATIONS as KERNEL_ACTIVATIONS

if TYPE_CHECKING:
    import keras

else:
    keras = import_keras()

Weights: TypeAlias = "tuple[Any, Any, Any]"  # kernel, recurrent_kernel, bias or None
Result: TypeAlias = "tuple[Any, Any, Any]"  # outputs, h, c

# the kernel's activations, by the function that Keras resolves their names to
ACTIVATIONS = {getattr(keras.activations, name): name for name in KERNEL_ACTIVATIONS}


def why_not(layer: keras.layers.LSTM, dtype: str | None = None) -> str:
    """Return the reason why the kernel cannot run a layer with its settings; empty if it can."""
    backend = keras.backend.backend()
    if ops_of(backend) is None:
        return f"on the {backend} backend Keras's own loop runs"
    if backend == "tensorflow" and layer.unroll and layer.go_backwards and layer.zero_output_for_mask:
        return "unrolled backwards, Keras on TensorFlow sets other outputs to zero than the masked ones"
    for role in ("activation", "recurrent_activation"):
        if getattr(layer, role) not in ACTIVATIONS:
            return f"the kernel has no {role}={getattr(getattr(layer, role), '__name__', getattr(layer, role))!r}"
    dtype = dtype or str(layer.compute_dtype)
    if not supports(dtype=dtype):
        return f"the kernel computes in float32 and float64, not {dtype}"
    if getattr(layer.cell, "quantization_mode", None) or getattr(layer.cell, "lora_enabled", False):
        return "its weights are quantized or adapted"
    return ""


def ops_for(layer: keras.layers.LSTM, sequences: Any) -> Ops | None:
    """Return the kernel for Keras's backend; None if it cannot run the layer on these inputs."""
    if why_not(layer, keras.backend.standardize_dtype(sequences.dtype)):
        return None
    ops = ops_of(keras.backend.backend())
    return ops if ops is not None and ops.accepts(sequences) else None


def kernel_options(layer: LSTM) -> Options:
    """Return the kernel's options for a layer's settings."""
    return Options(
        activation=ACTIVATIONS[layer.activation],
        recurrent_activation=ACTIVATIONS[layer.recurrent_activation],
        go_backwards=layer.go_backwards,
        masked_output=masked_output(layer),
        dropout_masks=4 if layer.cell.implementation == 1 else 1,
    )


def masked_output(layer: LSTM) -> str:
    if layer.repeats_state:
        return "zero" if layer.zero_output_for_mask else "previous_state"
    if keras.backend.backend() in ("tensorflow", "torch"):  # their loops repeat outputs, of which the first is zero
        return "zero" if layer.zero_output_for_mask else "previous_output"
    # the others' unrolled loop does, too, and ignores `zero_output_for_mask`; their scan starts at the initial state
    if layer.unroll:
        return "previous_output"
    return "zero" if layer.zero_output_for_mask else "previous_state"


@keras.saving.register_keras_serializable("seqwise")
class LSTM(keras.layers.LSTM):
    """`keras.layers.LSTM`, run by Seqwise's fused kernel on the CPU.

    Arguments, configuration, weights, initial values and results are Keras's own (see its documentation; Hochreiter &
    Schmidhuber 1997); with ``stateful=True``, the state is also kept in `fit` and `predict` on JAX. For settings that
    the kernel does not support (see `why_not`), and on other devices, Keras's loop runs. A saved model loads without
    Seqwise by ``keras.models.load_model(path, custom_objects={"seqwise>LSTM": keras.layers.LSTM})``.

    Call: inputs (samples, timesteps, features) → (samples, units), or (samples, timesteps, units) with
    `return_sequences`.

    Example:
        >>> import numpy as np
        >>> LSTM(4)(np.zeros((2, 10, 3), "float32")).shape
        (2, 4)
    """

    # A masked timestep repeats the state, which is the output before it; in a stream that may be of an earlier call
    repeats_state = False
    ready: Result | None = None  # the result for this call, where Bidirectional has computed it

    @property
    def variables(self) -> list[keras.Variable]:
        """Keras's variables, and on JAX the state of a stateful layer.

        Keras 3.15 leaves it out. On JAX `fit`, `evaluate` and `predict` pass on nothing but variables: every batch
        would start at zero. The state is not among the `weights`, and so is not saved.
        """
        variables = super().variables
        if keras.backend.backend() == "jax" and self.stateful and self.states is not None:
            known = {id(variable) for variable in variables}
            states: list[keras.Variable] = keras.tree.flatten(self.states)
            variables += [state for state in states if id(state) not in known]
        return variables

    @property
    def supports_jit(self) -> bool:
        """Whether Keras may have XLA compile a model with this layer: on TensorFlow, XLA cannot call the kernel."""
        if keras.backend.backend() == "tensorflow" and "cell" in self.__dict__ and not why_not(self):
            return False
        return self.__dict__.get("supports_jit", True)

    @supports_jit.setter
    def supports_jit(self, value: bool) -> None:
        self.__dict__["supports_jit"] = value

    def inner_loop(self, sequences: Any, initial_state: Any, mask: Any, training: bool = False) -> Any:
        if self.ready is not None:
            return _as_keras(self.ready, self.return_sequences)
        if self.stateful:
            # on PyTorch the state is overwritten in place before the backward pass, which reads what it was
            initial_state = [keras.ops.copy(state) for state in initial_state]
        ops = ops_for(self, sequences)
        if ops is None:
            return super().inner_loop(sequences, initial_state, mask, training)
        mask = mask[0] if isinstance(mask, (list, tuple)) else mask
        result = ops.lstm(
            sequences,
            *kernel_weights(self, keras.backend.standardize_dtype(sequences.dtype)),
            tuple(initial_state),
            mask=mask,
            **dropout_factors(self, sequences, initial_state, training),
            return_sequences=self.return_sequences,
            options=kernel_options(self),
        )
        return _as_keras(result, self.return_sequences)


def _as_keras(result: Result, return_sequences: bool) -> tuple[Any, Any, list[Any]]:
    """Return the kernel's (output, h, c) in the order of Keras's inner loops: last output, all outputs, states. Keras
    takes one of the first two, by `return_sequences`."""
    output, h, c = result
    return (h if return_sequences else output), output, [h, c]


def kernel_weights(layer: keras.layers.LSTM, dtype: str) -> Weights:
    """Return (kernel, recurrent_kernel, bias or None) in a dtype."""
    cell = layer.cell
    weights = (cell.kernel, cell.recurrent_kernel, cell.bias)
    return tuple(None if w is None else keras.ops.cast(w, dtype) for w in weights)  # type: ignore[return-value]


def dropout_factors(layer: keras.layers.LSTM, sequences: Any, initial_state: Any, training: bool) -> dict[str, Any]:
    """Return the active dropout masks of the cell, (masks, samples, features) and (masks, samples, units)."""
    cell, factors = layer.cell, {}
    if training and 0 < cell.dropout < 1:
        factors["input_dropout"] = _stacked(cell.get_dropout_mask(sequences[:, 0, :]))
    if training and 0 < cell.recurrent_dropout < 1:
        factors["recurrent_dropout"] = _stacked(cell.get_recurrent_dropout_mask(initial_state[0]))
    return factors


def _stacked(masks: Any) -> Any:
    return keras.ops.stack(masks) if isinstance(masks, (list, tuple)) else masks[None]
