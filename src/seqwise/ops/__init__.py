"""The fused LSTM, the same function for every array library.

`seqwise.ops.numpy.lstm` and `seqwise.ops.jax.lstm` take the same arguments and return the same
numbers; `seqwise.ops.reference.lstm` says in NumPy what these numbers are. Ask `supports` before
calling with options from elsewhere.
"""

from seqwise.ops.options import Options, supports

__all__ = ["Options", "supports"]
