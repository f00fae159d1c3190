"""Keras's one-dimensional convolution as one product of matrices, which compiled loops run fast on the CPU."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from seqwise.backend import import_keras

if TYPE_CHECKING:
    import keras
else:
    keras = import_keras()


@keras.saving.register_keras_serializable("seqwise")
class Conv1D(keras.layers.Conv1D):
    """`keras.layers.Conv1D`; on JAX each step's neighbours are laid side by side and multiplied by the kernel at once.

    XLA takes ten times as long for its own convolution's gradient on a CPU, inside a loop of training steps. With
    groups, strides or channels first, and on other devices and backends, Keras's own code runs.

    Call: inputs (samples, timesteps, features) → (samples, timesteps, filters).
    """

    def call(self, inputs: Any) -> Any:
        plain = self.groups == 1 and self.strides == (1,) and self.data_format == "channels_last"
        if not plain or not _on_cpu() or self.lora_enabled:
            return super().call(inputs)
        ops: Any = keras.ops
        kernel: Any = self.kernel
        (taps, _, filters), (dilation,) = kernel.shape, self.dilation_rate
        reach = (taps - 1) * dilation
        before = {"causal": reach, "same": reach // 2, "valid": 0}[self.padding]
        after = {"causal": 0, "same": reach - reach // 2, "valid": 0}[self.padding]
        padded = ops.pad(inputs, ((0, 0), (before, after), (0, 0)))
        steps = padded.shape[1] - reach
        beside = [padded[:, k * dilation : k * dilation + steps] for k in range(taps)]
        outputs = ops.matmul(ops.concatenate(beside, axis=-1), ops.reshape(kernel, (-1, filters)))
        outputs = outputs if self.bias is None else outputs + self.bias
        return outputs if self.activation is None else self.activation(outputs)


def _on_cpu() -> bool:
    if keras.backend.backend() != "jax":
        return False
    import jax

    return jax.default_backend() == "cpu"
