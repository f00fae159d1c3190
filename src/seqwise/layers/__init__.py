"""Keras layers on the fused kernel: drop-in for `keras.layers.LSTM` and `keras.layers.Bidirectional`.

Importing this package imports Keras.
"""

from seqwise.layers.accelerate import accelerate, stock_layers
from seqwise.layers.bidirectional import Bidirectional
from seqwise.layers.lstm import LSTM
from seqwise.layers.stream import Stream

__all__ = ["LSTM", "Bidirectional", "Stream", "accelerate", "stock_layers"]
