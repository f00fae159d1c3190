"""The fused LSTM, the same functions for every array library.

`lstm`, `bidirectional_lstm` and `step` of `seqwise.ops.numpy`, `.jax`, `.torch` and `.tensorflow` take the same
arguments and return the same numbers; `ops_of` finds them by the name of the framework. `seqwise.ops.reference.lstm` is
their specification in plain NumPy. Check a layer's settings with `supports` before calling them.
"""

from seqwise.ops.frameworks import Ops, ops_of
from seqwise.ops.options import Options, supports

__all__ = ["Ops", "Options", "ops_of", "supports"]
