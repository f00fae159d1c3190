"""Keras layers on the fused kernel: drop-in for `keras.layers.LSTM` and `keras.layers.Bidirectional`.

Using one of the layers imports Keras; `accelerate` imports it for Keras models alone.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from seqwise.layers.accelerate import accelerate

if TYPE_CHECKING:
    from seqwise.layers.bidirectional import Bidirectional
    from seqwise.layers.lstm import LSTM
    from seqwise.layers.replacement import stock_layers
    from seqwise.layers.stream import Stream

_HOMES = {
    "LSTM": "seqwise.layers.lstm",
    "Bidirectional": "seqwise.layers.bidirectional",
    "Stream": "seqwise.layers.stream",
    "stock_layers": "seqwise.layers.replacement",
}
__all__ = ["LSTM", "Bidirectional", "Stream", "accelerate", "stock_layers"]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'seqwise.layers' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return __all__
