"""Translating token ids with the two inference models: encode once, then search step by step."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, cast

import numpy as np

from seqwise.backend import import_keras
from seqwise.data import Sequences
from seqwise.data.padding import pad_joined
from seqwise.data.tokenizer import PADDING
from seqwise.estimators.translation.beam_search import Hypotheses, Step, beam_search
from seqwise.estimators.translation.network import InferenceModels

BATCH_ROWS = 512  # hypotheses of a batch, all sentences' together
BATCH_STEPS = 2**16  # steps of their sources, which attention holds for each hypothesis

Run = Callable[[Any, Any, int], Hypotheses]  # (sources (sentences, timesteps), limits, steps)


class TokenSearch:
    """Find translations of token ids; what was compiled for one call serves the next ones.

    Args:
        models: what translates step by step; or a whole model [source, decoder input] → logits, which then reads the
            translation so far anew at each step. Their weights are read at each call.
    """

    def __init__(self, models: InferenceModels | Any) -> None:
        self.models = models
        self._runs: dict[tuple[int, float], Run] = {}

    def __call__(
        self, sources: Sequences, limits: np.ndarray, *, beam: int, length_penalty: float
    ) -> tuple[list[np.ndarray], np.ndarray]:
        """Return the best hypothesis of each source (its tokens, int32, with the end token) and its score.

        Batches hold sources of similar length; their shapes are few (powers of two).

        Args:
            limits: int, shape (samples,): tokens of a hypothesis at most.
        """
        key = beam, float(length_penalty)
        if key not in self._runs:
            self._runs[key] = _compiled(self.models, *key)
        search, to_numpy = self._runs[key], import_keras().ops.convert_to_numpy
        tops = np.maximum(4, 2 ** np.ceil(np.log2(sources.lengths)).astype(np.int64))
        tokens: list[np.ndarray] = [np.zeros(0, np.int32)] * len(sources)
        scores = np.zeros(len(sources), np.float32)
        for top in np.unique(tops):
            members = np.flatnonzero(tops == top)
            rows = min(BATCH_ROWS, BATCH_STEPS // int(top))
            size = int(min(max(rows // beam, 1), 2 ** np.ceil(np.log2(len(members)))))
            steps = int(2 ** np.ceil(np.log2(limits[members].max())))
            for start in range(0, len(members), size):
                chosen = members[start : start + size]
                filled = np.resize(chosen, size)
                source = pad_joined(sources.take(filled), length=int(top)).values[..., 0]
                best = search(source, limits[filled].astype(np.int32), steps)
                scores[chosen] = to_numpy(best.scores)[: len(chosen)]
                for i, row in zip(chosen, to_numpy(best.tokens), strict=False):
                    tokens[i] = row[row != PADDING]
        return tokens, scores


def _compiled(models: InferenceModels | Any, beam: int, length_penalty: float) -> Run:
    """Return the search itself; on JAX one compiled call."""
    keras = import_keras()
    run = partial(_search, models, beam, length_penalty)
    backend = keras.backend.backend()
    if backend == "jax":
        import jax

        parts = models if isinstance(models, InferenceModels) else [models]
        variables = [variable for part in parts for variable in part.variables]

        # the weights come as arguments: a program must not hold them
        def with_weights(values: Any, source: Any, limits: Any, steps: int) -> Hypotheses:
            with keras.StatelessScope(list(zip(variables, values, strict=True))):
                return run(source, limits, steps)

        compiled = cast(Any, jax).jit(with_weights, static_argnums=3)
        return lambda source, limits, steps: compiled([v.value for v in variables], source, limits, steps)
    if backend == "torch":
        import torch

        return torch.no_grad()(run)
    return run


def _search(
    models: InferenceModels | Any, beam: int, length_penalty: float, source: Any, limits: Any, steps: int
) -> Hypotheses:
    ops = import_keras().ops
    source = ops.convert_to_tensor(source, "int32")
    prepare = _stepwise if isinstance(models, InferenceModels) else _whole
    step, states = prepare(models, source, steps, beam)
    limits = ops.convert_to_tensor(limits, "int32")
    return beam_search(step, states, limits, steps=steps, beam=beam, length_penalty=length_penalty)


def _stepwise(models: InferenceModels, source: Any, steps: int, beam: int) -> tuple[Step, list[Any]]:
    """Encode the source once; each step carries the decoder's states on."""
    ops = import_keras().ops
    layers = (len(models.step.outputs) - 1) // 2
    encoded = models.encoder(source, training=False)
    states, memory = list(encoded[: 2 * layers]), list(encoded[2 * layers :])
    if memory:
        memory = [ops.repeat(array, beam, axis=0) for array in (*memory, source != PADDING)]

    def step(last: Any, states: list[Any]) -> tuple[Any, list[Any]]:
        logits, *after = models.step([last, *states, *memory], training=False)
        return logits[:, 0], after

    return step, states


def _whole(model: Any, source: Any, steps: int, beam: int) -> tuple[Step, list[Any]]:
    """Run the whole model at each step, on the source and the translation so far."""
    ops = import_keras().ops
    sentences = source.shape[0]
    states = [source, ops.zeros((sentences, steps), "int32"), ops.zeros((sentences, 1), "int32")]

    def step(last: Any, states: list[Any]) -> tuple[Any, list[Any]]:
        source, written, position = states
        written = ops.where(ops.arange(steps)[None] == position, last, written)
        logits = model([source, written], training=False)
        return ops.take_along_axis(logits, position[..., None], axis=1)[:, 0], [source, written, position + 1]

    return step, states
