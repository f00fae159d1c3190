"""Keras's LSTM layer with the fused kernel in the place of its inner loop, and nothing else changed."""

from __future__ import annotations

from typing import Any

from seqwise.backend import import_keras
from seqwise.ops import Options, supports

keras = import_keras()

# the activations that the kernel has, by the function that Keras resolves their names to
ACTIVATIONS = {getattr(keras.activations, name): name for name in ("tanh", "sigmoid", "hard_sigmoid", "relu", "linear")}


def why_not(layer: Any, dtype: str | None = None) -> str:
    """Say why the kernel cannot run a `keras.layers.LSTM` (or a subclass) as it is set; empty where it can."""
    if keras.backend.backend() != "jax":
        return f"on the {keras.backend.backend()} backend Keras's own loop runs"
    for role in ("activation", "recurrent_activation"):
        if getattr(layer, role) not in ACTIVATIONS:
            return f"the kernel has no {role}={getattr(getattr(layer, role), '__name__', getattr(layer, role))!r}"
    dtype = dtype or str(layer.compute_dtype)
    if not supports(dtype=dtype):
        return f"the kernel computes in float32 and float64, not {dtype}"
    if getattr(layer.cell, "quantization_mode", None) or getattr(layer.cell, "lora_enabled", False):
        return "its weights are quantized or adapted"
    return ""


def kernel_options(layer: Any) -> Options:
    """Return the options of the kernel that stand for a layer's."""
    return Options(
        activation=ACTIVATIONS[layer.activation],
        recurrent_activation=ACTIVATIONS[layer.recurrent_activation],
        go_backwards=layer.go_backwards,
        masked_output=masked_output(layer),
        dropout_masks=4 if layer.cell.implementation == 1 else 1,
    )


def masked_output(layer: Any) -> str:
    # Keras's unrolled loop starts its repeated output at zero and knows no `zero_output_for_mask`;
    # its scan starts at the initial state
    if layer.unroll:
        return "previous_output"
    return "zero" if layer.zero_output_for_mask else "previous_state"


@keras.saving.register_keras_serializable("seqwise")
class LSTM(keras.layers.LSTM):
    """`keras.layers.LSTM`, run by Seqwise's fused kernel on the JAX backend.

    The arguments, configuration, weights, initial values and numbers are Keras's own (see its documentation;
    Hochreiter & Schmidhuber 1997); with ``stateful=True``, the state goes on in `fit` and `predict` on JAX, too. Where
    the kernel does not cover a setting (`why_not` tells), and on the other backends, Keras's loop runs. A saved model
    loads without Seqwise by
    ``keras.models.load_model(path, custom_objects={"seqwise>LSTM": keras.layers.LSTM})``.

    Call: inputs (samples, timesteps, features) → (samples, units), or (samples, timesteps, units) with
    `return_sequences`.

    Example:
        >>> import numpy as np
        >>> LSTM(4)(np.zeros((2, 10, 3), "float32")).shape
        (2, 4)
    """

    ready: Any = None  # (output, h, c) that Bidirectional has computed for this call

    @property
    def variables(self) -> list[Any]:
        """As Keras has them, and on JAX the state of a stateful layer.

        Keras 3.15 leaves it out. On JAX `fit`, `evaluate` and `predict` hand on nothing but variables: every batch
        would start at zero. The state stays out of `weights`, and so of what is saved.
        """
        found = super().variables
        if keras.backend.backend() == "jax" and self.stateful and self.states is not None:
            known = {id(variable) for variable in found}
            found += [state for state in keras.tree.flatten(self.states) if id(state) not in known]
        return found

    def inner_loop(self, sequences: Any, initial_state: Any, mask: Any, training: bool = False) -> Any:
        if self.ready is not None:
            return _as_keras(self.ready, self.return_sequences)
        dtype = keras.backend.standardize_dtype(sequences.dtype)
        if why_not(self, dtype) or not on_cpu():
            return super().inner_loop(sequences, initial_state, mask, training)
        from seqwise.ops.jax import lstm

        mask = mask[0] if isinstance(mask, (list, tuple)) else mask
        result = lstm(
            sequences,
            *kernel_weights(self, dtype),
            tuple(initial_state),
            mask=mask,
            **dropout_factors(self, sequences, initial_state, training),
            return_sequences=self.return_sequences,
            options=kernel_options(self),
        )
        return _as_keras(result, self.return_sequences)


def _as_keras(result: Any, return_sequences: bool) -> Any:
    """Order the kernel's (output, h, c) as Keras's inner loops do: last output, all outputs, states."""
    output, h, c = result
    return (output[:, -1] if return_sequences else output), output, [h, c]


def on_cpu() -> bool:
    """Tell whether JAX will run on the CPU; the kernel has no other target."""
    import jax

    return jax.default_backend() == "cpu"


def kernel_weights(layer: Any, dtype: str) -> tuple[Any, Any, Any]:
    """Return (kernel, recurrent_kernel, bias or None) in the dtype that the layer computes in."""
    cell = layer.cell
    weights = (cell.kernel, cell.recurrent_kernel, cell.bias)
    return tuple(None if w is None else keras.ops.cast(w, dtype) for w in weights)  # type: ignore[return-value]


def dropout_factors(layer: Any, sequences: Any, initial_state: Any, training: bool) -> dict[str, Any]:
    """Return the cell's dropout masks, (masks, samples, features) and (masks, samples, units), where they are on."""
    cell, found = layer.cell, {}
    if training and 0 < cell.dropout < 1:
        found["input_dropout"] = _stacked(cell.get_dropout_mask(sequences[:, 0, :]))
    if training and 0 < cell.recurrent_dropout < 1:
        found["recurrent_dropout"] = _stacked(cell.get_recurrent_dropout_mask(initial_state[0]))
    return found


def _stacked(masks: Any) -> Any:
    return keras.ops.stack(masks) if isinstance(masks, (list, tuple)) else masks[None]
