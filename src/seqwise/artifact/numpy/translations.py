"""A saved Translator on NumPy alone."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from seqwise.artifact.network import Network
from seqwise.artifact.numpy.beam_search import beam_search
from seqwise.artifact.numpy.network import NumpyNetwork
from seqwise.artifact.numpy.run import NumpyRun
from seqwise.artifact.reading import read_vocabulary
from seqwise.data.padding import pad_joined
from seqwise.data.sources import MOST_HYPOTHESES, cut_sources
from seqwise.data.texts import as_texts
from seqwise.data.tokenizer import PADDING, Tokenizer
from seqwise.errors import SettingError, is_whole_number

VOCABULARY = "vocabulary.json"
BATCH_ROWS = 512  # hypotheses of a batch, all sentences' together
BATCH_STEPS = 2**16  # steps of their sources, which attention holds for each hypothesis
ENCODED = ("h", "c")


class NumpyTranslator(NumpyRun):
    """A saved Translator that translates with NumPy alone.

    Attributes:
        beam: hypotheses that `predict` follows at once; 1 is greedy.
        source_tokenizer, target_tokenizer: the two vocabularies.
    """

    files = (VOCABULARY,)

    def _load(self, description: Network) -> None:
        settings = self.manifest["settings"]
        self.beam, self.length_penalty = int(settings["beam"]), float(settings["length_penalty"])
        path, (source, target) = self.folder / VOCABULARY, self.manifest["input"]["tokens"]
        self.source_tokenizer = Tokenizer.from_dict(read_vocabulary(path, source, "source"))
        self.target_tokenizer = Tokenizer.from_dict(read_vocabulary(path, target, "target"))
        self._longest_source, self._longest_target = (int(length) for length in self.manifest["longest"])
        self._stepwise: tuple[NumpyNetwork, NumpyNetwork] | None = None
        if self.manifest["stepwise"]:
            encoder, step = stepwise(description)
            self._stepwise = NumpyNetwork(encoder), NumpyNetwork(step)

    def predict(self, texts: Any, *, beam: int | None = None) -> list[str]:
        """Translate texts.

        Args:
            texts: a list of texts. An empty (or blank) text has an empty translation. A text of more than ten times the
                run's `max_length` tokens is translated up to there, with a warning.
            beam: in place of the run's own; 1 is greedy.

        Returns:
            the translations, in the same order.
        """
        beam = self.beam if beam is None else beam
        if not is_whole_number(beam, 1) or beam > MOST_HYPOTHESES:
            raise SettingError(f"beam={beam!r}: expected a number of hypotheses, 1 (greedy) to {MOST_HYPOTHESES:,}.")
        items: list[str] = as_texts(texts)
        filled = [i for i, text in enumerate(items) if text.strip()]
        translations = [""] * len(items)
        if not filled:
            return translations
        sources = self.source_tokenizer.encode([items[i] for i in filled])
        sources = cut_sources(sources, int(self.manifest["settings"]["max_length"]), self._longest_source)
        # of a source longer than all of training the translation may be longer in proportion
        stretch = np.maximum(sources.lengths / self._longest_source, 1)
        limits = np.ceil(self._longest_target * stretch).astype(np.int64)
        order, start = np.argsort(sources.lengths, kind="stable"), 0
        while start < len(order):
            most = int(sources.lengths[order[start : start + BATCH_ROWS // beam]].max(initial=1))
            chosen = order[start : start + max(min(BATCH_ROWS, BATCH_STEPS // most) // beam, 1)]
            ids = pad_joined(sources.take(chosen)).values[..., 0]
            for i, tokens in zip(chosen, self._search(ids, limits[chosen], beam), strict=True):
                translations[filled[i]] = self.target_tokenizer.decode(tokens)
            start += len(chosen)
        return translations

    def _search(self, source: np.ndarray, limits: np.ndarray, beam: int) -> list[np.ndarray]:
        settings: dict[str, Any] = {"beam": beam, "length_penalty": self.length_penalty}
        if self._stepwise is None:
            # the whole network reads the translation so far anew at each step
            steps = int(2 ** np.ceil(np.log2(limits.max())))
            rows = len(source)
            states = [source, np.zeros((rows, steps), np.int32), np.zeros(rows, np.int64)]
            return beam_search(partial(_whole_step, self.network), states, limits, **settings)
        encoder, decoder = self._stepwise
        encoded = encoder(source)
        count = sum(name.startswith(tuple(f"{state}_" for state in ENCODED)) for name in decoder.inputs)
        memory = [np.repeat(array, beam, axis=0) for array in encoded[count:]]
        if memory:
            memory.append(np.repeat(source != PADDING, beam, axis=0))

        def step(last: np.ndarray, states: list[np.ndarray]) -> tuple[np.ndarray, list[np.ndarray]]:
            logits, *after = decoder(last, *states, *memory)
            return logits[:, 0], after

        return beam_search(step, encoded[:count], limits, **settings)


def _whole_step(
    network: NumpyNetwork, last: np.ndarray, states: list[np.ndarray]
) -> tuple[np.ndarray, list[np.ndarray]]:
    source, written, position = states
    rows = np.arange(len(source))
    written = written.copy()
    written[rows, position] = last[:, 0]
    (logits,) = network(source, written)
    return logits[rows, position], [source, written, position + 1]


def stepwise(network: Network) -> tuple[Network, Network]:
    """Divide a translator's network into its encoder and a step of its decoder, on the same weights.

    Returns:
        the encoder: source → h and c of each decoder layer, and with attention keys and values; and the step: token
        (samples, 1), the states, and with attention keys, values and the source's mask → logits and the new states.
    """
    layers: dict[str, dict[str, Any]] = {layer["name"]: layer for layer in network.layers["layers"]}
    decoders = [layers[f"decoder_{i}"] for i in range(1, len(layers)) if f"decoder_{i}" in layers]
    starts = [tensor for decoder in decoders for tensor in decoder["calls"][0]["initial_state"]]
    memory: list[Any] = []
    if "attention" in layers:
        _, values, keys = layers["attention"]["calls"][0]["inputs"]
        memory = [keys, values]
    encoder = network.layers | {"inputs": ["source"], "outputs": [*starts, *memory]}

    states = [f"{name}_{i}" for i in range(1, len(decoders) + 1) for name in ENCODED]
    inputs = {"decoder_input": "int32"} | dict.fromkeys(states, "float32")
    changed: dict[str, dict[str, Any]] = {}
    for i, decoder in enumerate(decoders, 1):
        call = decoder["calls"][0] | {"initial_state": [[f"{name}_{i}", 0, 0] for name in ENCODED]}
        changed[decoder["name"]] = decoder | {"calls": [call]}
    if memory:
        inputs |= {"source_keys": "float32", "source_values": "float32", "source_mask": "bool"}
        (call,) = layers["attention"]["calls"]
        attended = [call["inputs"][0], ["source_values", 0, 0], ["source_keys", 0, 0]]
        call = call | {"inputs": attended, "masks": [None, {"tensor": ["source_mask", 0, 0]}, None]}
        changed["attention"] = layers["attention"] | {"calls": [call]}
    entered: list[dict[str, Any]] = [
        {"name": name, "class": "InputLayer", "config": {"dtype": dtype}, "weights": [], "calls": [{"inputs": []}]}
        for name, dtype in inputs.items()
    ]
    kept = [changed.get(name, layer) for name, layer in layers.items() if name not in inputs]
    after = [[decoder["name"], 0, output] for decoder in decoders for output in (1, 2)]
    step: dict[str, Any] = {
        "inputs": list(inputs),
        "outputs": [*network.layers["outputs"], *after],
        "layers": [*entered, *kept],
    }
    return Network(encoder, network.weights), Network(step, network.weights)
