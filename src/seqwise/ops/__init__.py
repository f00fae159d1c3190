"""The fused LSTM, the same function for every array library.

`seqwise.ops.numpy.lstm` and `seqwise.ops.jax.lstm` take the same arguments and return the same
numbers; `seqwise.ops.reference.lstm` is their specification in plain NumPy. Check a layer's settings
with `supports` before calling them.
"""

from seqwise.ops.options import Options, supports

__all__ = ["Options", "supports"]
