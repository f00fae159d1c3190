"""Keras layers on the fused kernel: drop-in for `keras.layers.LSTM` and `keras.layers.Bidirectional`.

Using one of the layers imports Keras; `accelerate` imports it for Keras models alone.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from seqwise.layers.accelerate import accelerate

if TYPE_CHECKING:
    from seqwise.layers.bidirectional import Bidirectional
    from seqwise.layers.convolution import Conv1D
    from seqwise.layers.lstm import LSTM
    from seqwise.layers.replacement import stock_layers
    from seqwise.layers.stream import Stream

_HOMES = {
    "LSTM": "seqwise.layers.lstm",
    "Bidirectional": "seqwise.layers.bidirectional",
    "Conv1D": "seqwise.layers.convolution",
    "Stream": "seqwise.layers.stream",
    "stock_layers": "seqwise.layers.replacement",
}
__all__ = ["LSTM", "Bidirectional", "Conv1D", "Stream", "accelerate", "register_layers", "stock_layers"]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'seqwise.layers' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def register_layers() -> None:
    """Make the layers known to Keras, which then reads models that were saved or pickled with them."""
    for name in ("LSTM", "Bidirectional", "Conv1D"):
        import_module(_HOMES[name])


def __dir__() -> list[str]:
    return __all__
