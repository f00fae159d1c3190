"""Keras's Bidirectional layer, with both LSTMs in one call of the fused kernel."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from seqwise.backend import import_keras
from seqwise.layers.lstm import LSTM, kernel_options, kernel_weights, ops_for

if TYPE_CHECKING:
    import keras
else:
    keras = import_keras()


@keras.saving.register_keras_serializable("seqwise")
class Bidirectional(keras.layers.Bidirectional):
    """`keras.layers.Bidirectional` that runs both directions of a `seqwise.layers.LSTM` at the same time.

    With any other layer, and with settings that the directions do not share, it behaves as Keras's own.

    Call: inputs (samples, timesteps, features) → as `keras.layers.Bidirectional`.
    """

    def call(self, sequences: Any, initial_state: Any = None, mask: Any = None, training: Any = None) -> Any:
        ops = ops_for(self.forward_layer, sequences) if isinstance(self.forward_layer, LSTM) else None
        if ops is None or not self._run_together(sequences, initial_state):
            return super().call(sequences, initial_state=initial_state, mask=mask, training=training)
        layers = (self.forward_layer, self.backward_layer)
        dtype = keras.backend.standardize_dtype(sequences.dtype)
        states = (None, None) if initial_state is None else (tuple(initial_state[:2]), tuple(initial_state[2:]))
        weights, backward_weights = (kernel_weights(layer, dtype) for layer in layers)
        results = ops.bidirectional_lstm(
            sequences,
            weights,
            backward_weights,
            *states,
            mask=mask,
            return_sequences=self.return_sequences,
            options=kernel_options(self.forward_layer),
        )
        # Keras merges the outputs: each layer's inner loop returns its ready result
        for layer, result in zip(layers, results, strict=True):
            layer.ready = result
        try:
            return super().call(sequences, initial_state=initial_state, mask=mask, training=training)
        finally:
            for layer in layers:
                layer.ready = None

    def _run_together(self, sequences: Any, initial_state: Any) -> bool:
        layers = (self.forward_layer, self.backward_layer)
        if not all(isinstance(layer, LSTM) for layer in layers) or self.stateful:
            return False
        forward, backward = (layer.cell for layer in layers)
        if any(cell.dropout or cell.recurrent_dropout for cell in (forward, backward)):
            return False  # each layer draws its own masks in its own call
        dtype = keras.backend.standardize_dtype(sequences.dtype)
        if any(ops_for(layer, sequences) is None or layer.compute_dtype != dtype for layer in layers):
            return False
        if not all(layer.built for layer in layers):
            return False
        if initial_state is not None and len(initial_state) != 4:
            return False
        options, backward_options = (kernel_options(layer) for layer in layers)
        return (
            forward.units == backward.units
            and forward.use_bias == backward.use_bias
            and options.go_backwards != backward_options.go_backwards
            and options == replace(backward_options, go_backwards=options.go_backwards)
        )
