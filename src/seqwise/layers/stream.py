"""Running a recurrent model a few steps at a time, with a state that can be read, set and saved, at any batch size."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from seqwise.backend import import_keras
from seqwise.errors import BundleError, SettingError, ShapeError, is_whole_number, nearest
from seqwise.layers.accelerate import accelerate

if TYPE_CHECKING:
    import keras
    from numpy.typing import ArrayLike
else:
    keras = import_keras()

# layers that treat each step independently, so that steps may come one at a time
STEPWISE = (
    "Activation", "ActivityRegularization", "Add", "AlphaDropout", "Average", "BatchNormalization", "CategoryEncoding",
    "Concatenate", "Dense", "Discretization", "Dropout", "ELU", "EinsumDense", "Embedding", "GaussianDropout",
    "GaussianNoise", "Hashing", "Identity", "InputLayer", "IntegerLookup", "LayerNormalization", "LeakyReLU", "Masking",
    "Maximum", "Minimum", "Multiply", "Normalization", "PReLU", "RMSNormalization", "ReLU", "Rescaling", "Softmax",
    "SpatialDropout1D", "StringLookup", "Subtract", "TimeDistributed", "UnitNormalization",
)  # fmt: skip

State = dict[str, tuple[np.ndarray, ...]]


class Stream:
    """Run a trained Keras model step by step, keeping the state of its recurrent layers between calls.

    The outputs equal those of the model for the whole sequence at once, and those of Keras's ``stateful=True`` layers
    for its pieces. The weights are shared with the model: after further training the stream uses the new ones. The
    batch size is independent of the model's, even with ``stateful=True`` layers.

    Args:
        model: a built Sequential or Functional model with one input (samples, timesteps, …) and one output. Besides
            LSTM, GRU and SimpleRNN, its layers must treat each step independently (Dense, Embedding, Dropout, …).
        batch_size: number of parallel sequences.

    Attributes:
        model: the Keras model that runs: [input, states …] → [output, new states …].
        batch_size: number of parallel sequences.

    Raises:
        SettingError: the model cannot run step by step (it reads sequences backwards, looks at several steps at once,
            or is not built); names the layer.

    Example:
        >>> import numpy as np
        >>> model = keras.Sequential([keras.Input((24, 3)), keras.layers.LSTM(4), keras.layers.Dense(1)])
        >>> stream = Stream(model)
        >>> stream.step(np.zeros(3)).shape, stream.state["lstm"][0].shape
        ((1,), (1, 4))
    """

    def __init__(self, model: keras.Model, batch_size: int = 1) -> None:
        if not is_whole_number(batch_size, least=1):
            raise SettingError(f"batch_size={batch_size!r}: expected a whole number, at least 1.")
        self.batch_size = int(batch_size)
        self.model, self._layers = _with_states(model)
        self._input = self.model.inputs[0]
        self._run = _compiled(self.model)
        self.reset()

    @property
    def state(self) -> State:
        """The state of each recurrent layer by its name, for an LSTM (h, c), each (batch size, units); copies."""
        return {name: tuple(np.array(part) for part in parts) for name, parts in self._state.items()}

    @state.setter
    def state(self, state: Mapping[str, Any]) -> None:
        if set(state) != set(self._state):
            unknown = next((name for name in state if name not in self._state), None)
            if unknown is not None:
                raise ShapeError(f"The model has no recurrent layer {unknown!r}.{nearest(unknown, self._state)}")
            missing = next(name for name in self._state if name not in state)
            raise ShapeError(f"The state of layer {missing!r} is missing. Set all of them: {', '.join(self._state)}.")
        new = {}
        for name, parts in self._state.items():
            arrays = [np.asarray(part) for part in state[name]]
            shapes, expected = [array.shape for array in arrays], [part.shape for part in parts]
            if shapes != expected:
                raise ShapeError(
                    f"The state of layer {name!r} has the shapes {shapes}; expected {expected}, each (batch size, "
                    f"units). For another batch size create another stream: Stream(model, batch_size=…)."
                )
            new[name] = tuple(array.astype(part.dtype) for array, part in zip(arrays, parts, strict=True))
        self._state = new

    def reset(self, rows: Sequence[int] | np.ndarray | None = None) -> None:
        """Reset the state to zero, as at the start of a sequence.

        Args:
            rows: positions in the batch of the sequences to reset; None for all.
        """
        if rows is None:
            self._state: State = {
                layer.name: tuple(np.zeros((self.batch_size, n), layer.compute_dtype) for n in layer.state_size)
                for layer in self._layers
            }
            return
        state = self.state
        for parts in state.values():
            for part in parts:
                part[rows] = 0
        self._state = state

    def step(self, x: ArrayLike) -> np.ndarray:
        """Advance by one timestep.

        Args:
            x: one step of each sequence, (batch size, features), or token ids (batch size,). With a batch of 1 the
                first axis may be omitted.

        Returns:
            the output after this step, (batch size, …); without its first axis if x has none.

        Raises:
            ShapeError: x has another shape.
        """
        x = np.asarray(x)
        axes = len(self._input.shape) - 1
        single = x.ndim == axes - 1 and self.batch_size == 1
        if single:
            x = x[None]
        if x.ndim != axes:
            raise ShapeError(
                f"A step has shape {x.shape}; expected {self._expected(False)}. Several steps at once: stream.run(x)."
            )
        output = self.run(x[:, None])
        shape = self.model.outputs[0].shape
        if len(shape) > 2 and shape[1] is None:  # one for every step, rather than after the last alone
            output = output[:, 0]
        return output[0] if single else output

    def run(self, x: ArrayLike) -> np.ndarray:
        """Advance by several timesteps.

        Args:
            x: the next steps of each sequence, (batch size, timesteps, features), or token ids (batch size, timesteps).

        Returns:
            the model's output, for each of these steps or after the last.

        Raises:
            ShapeError: x has another shape.
        """
        x = np.asarray(x)
        shape = self._input.shape
        fits = x.ndim == len(shape) and x.shape[0] == self.batch_size and x.shape[2:] == tuple(shape[2:])
        if not fits:
            raise ShapeError(f"The steps have shape {x.shape}; expected {self._expected(True)}.")
        if x.shape[1] == 0:
            raise ShapeError("There are no steps: the timesteps axis has length 0.")
        output, *states = self._run(x.astype(self._input.dtype), [s for parts in self._state.values() for s in parts])
        new = iter(np.asarray(state) for state in states)
        self._state = {name: tuple(next(new) for _ in parts) for name, parts in self._state.items()}
        return np.asarray(output)

    def save(self, path: str | Path) -> Path:
        """Write the state (not the weights) to a safetensors file."""
        from safetensors.numpy import save_file

        arrays = {f"{name}/{i}": part for name, parts in self.state.items() for i, part in enumerate(parts)}
        target = Path(path).resolve()
        fresh = target.with_name(f".{target.name}.new")  # a crash leaves the old state or the new one
        save_file(arrays, str(fresh), {"seqwise": "stream state"})
        fresh.replace(target)
        return Path(path)

    def load(self, path: str | Path) -> None:
        """Restore the state that `save` wrote.

        Raises:
            BundleError: there is no such file, or it is not the state of a stream.
            ShapeError: the state belongs to another model or batch size.
        """
        from safetensors import SafetensorError
        from safetensors.numpy import load_file

        try:
            arrays = load_file(str(path))
        except (OSError, SafetensorError) as error:
            raise BundleError(f"{str(path)!r} cannot be read as the state of a stream: {error}") from None
        state: dict[str, dict[int, np.ndarray]] = {}
        for key, array in arrays.items():
            name, _, place = key.rpartition("/")
            if not name or not place.isdigit():
                raise BundleError(f"{str(path)!r} is not the state of a stream: it holds an array {key!r}.")
            state.setdefault(name, {})[int(place)] = array
        self.state = {name: [parts[i] for i in sorted(parts)] for name, parts in state.items()}

    def _expected(self, several: bool) -> str:
        sizes = [str(self.batch_size), *(["timesteps"] if several else []), *map(str, self._input.shape[2:])]
        names = ["batch size", *(["timesteps"] if several else []), *(["features"] * (len(self._input.shape) > 2))]
        return f"({', '.join(sizes)}{',' * (len(sizes) == 1)}), that is ({', '.join(names)})"


def _with_states(model: keras.Model) -> tuple[keras.Model, list[Any]]:
    """Return a model on the same weights with the states as inputs and outputs, and its recurrent layers."""
    if not isinstance(model, keras.Model):
        raise SettingError(f"Expected a Keras model, got {type(model).__name__}.")
    if not getattr(model, "inputs", None):
        raise SettingError(
            "The model is not built, or is a subclass of keras.Model. Begin it with keras.Input((timesteps, features))."
        )
    if len(model.inputs) != 1 or len(model.outputs) != 1:
        raise SettingError(
            f"The model has {len(model.inputs)} inputs and {len(model.outputs)} outputs; a stream needs one of each."
        )
    model_input = model.inputs[0]
    if len(model_input.shape) < 2:
        raise SettingError(f"The model's input has shape {model_input.shape}; a stream needs (samples, timesteps, …).")
    layers, starts, ends = [], [], []

    def call(layer: Any, inputs: Any, *arguments: Any, **options: Any) -> Any:
        if not isinstance(layer, keras.layers.RNN):
            return layer(inputs, *arguments, **options)
        if arguments or options.get("initial_state") is not None:
            raise SettingError(
                f"Layer {layer.name!r} starts from a state that the model computes; a stream cannot replace it."
            )
        if layer in layers:
            raise SettingError(f"Layer {layer.name!r} is called twice; a stream keeps one state for each layer.")
        layers.append(layer)
        state = [keras.Input((n,), name=f"{layer.name}_state_{i}") for i, n in enumerate(layer.state_size)]
        # Keras passes no mask on to a layer that is called with a state
        mask = options.get("mask", getattr(inputs, "_keras_mask", None))
        output, *new = layer(inputs, **options | {"initial_state": state, "mask": mask})
        starts.extend(state)
        ends.extend(new)
        return [output, *new] if layer.returned_state else output

    tensor = keras.Input((None, *model_input.shape[2:]), dtype=model_input.dtype, name="steps")
    if isinstance(model, keras.Sequential):
        output = tensor
        for layer in model.layers:
            output = call(_returning_state(layer), output)
    else:
        twin = cache(_returning_state)  # a layer that is called twice has one twin
        # like keras.models.clone_model, which cannot add inputs
        output = model._run_through_graph(
            keras.tree.map_structure(lambda _: tensor, model.input), operation_fn=twin, call_fn=call
        )
        (output,) = keras.tree.flatten(output)
    if not layers:
        raise SettingError("The model has no recurrent layer: it has no state to keep between steps.")
    return accelerate(keras.Model([tensor, *starts], [output, *ends], name="stream"), verbose=False), layers


def _returning_state(layer: Any) -> Any:
    """Return a recurrent layer's twin that also returns its state; and a layer that treats each step independently
    unchanged.

    Raises:
        SettingError: the layer needs several steps at once.
    """
    if isinstance(layer, keras.layers.RNN):
        if layer.go_backwards:
            raise SettingError(f"Layer {layer.name!r} reads sequences backwards: it needs their end first.")
        config = layer.get_config() | {"return_state": True, "stateful": False, "unroll": False}
        twin = type(layer).from_config(config)
        twin.cell = layer.cell
        twin.returned_state = layer.return_state
        twin.repeats_state = True
        return twin
    if isinstance(layer, keras.layers.Bidirectional):
        raise SettingError(
            f"Layer {layer.name!r} reads sequences in both directions: it needs their end first. Train a model of one "
            "direction for a stream."
        )
    if type(layer).__name__ not in STEPWISE or getattr(layer, "axis", -1) in (1, [1], (1,)):
        raise SettingError(
            f"Layer {layer.name!r} ({type(layer).__name__}) may look at several steps at once; in a stream every layer "
            "except LSTM, GRU and SimpleRNN must treat each step independently."
        )
    return layer


def _compiled(model: Any) -> Callable[[Any, Any], list[Any]]:
    """Return the function (x, states) → [output, new states …]; on JAX and TensorFlow it is compiled."""
    backend = keras.backend.backend()
    if backend == "jax":
        import jax

        def run(trainable: Any, other: Any, x: Any, states: Any) -> Any:
            return model.stateless_call(trainable, other, [x, *states], training=False)[0]

        compiled = jax.jit(run)
        groups = (model.trainable_variables, model.non_trainable_variables)
        return lambda x, states: compiled(*([v.value for v in group] for group in groups), x, states)
    if backend == "torch":
        import torch

        def without_gradients(x: Any, states: Any) -> Any:
            with torch.no_grad():
                return [keras.ops.convert_to_numpy(part) for part in model([x, *states], training=False)]

        return without_gradients
    if backend == "tensorflow":
        import tensorflow as tf

        return tf.function(lambda x, states: model([x, *states], training=False))
    return lambda x, states: model([x, *states], training=False)
