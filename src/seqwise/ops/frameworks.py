"""The frameworks that the LSTM runs in: one table of their modules."""

from __future__ import annotations

from importlib import import_module
from typing import Any, Protocol, cast

# by the names that Keras gives its backends; a module is imported when its framework is first used
MODULES = {
    "jax": "seqwise.ops.jax",
    "numpy": "seqwise.ops.numpy",
    "tensorflow": "seqwise.ops.tensorflow",
    "torch": "seqwise.ops.torch",
}


class Ops(Protocol):
    """What the module of a framework has."""

    def lstm(self, x: Any, kernel: Any, recurrent_kernel: Any, *arguments: Any, **options: Any) -> tuple[Any, Any, Any]:
        """Run an LSTM over sequences; see `seqwise.ops.numpy.lstm`."""
        ...

    def bidirectional_lstm(self, x: Any, weights: Any, backward_weights: Any, *arguments: Any, **options: Any) -> Any:
        """Run two LSTMs over the same sequences in opposite directions; see `seqwise.ops.numpy.bidirectional_lstm`."""
        ...

    def step(self, x: Any, h: Any, c: Any, kernel: Any, recurrent_kernel: Any, *arguments: Any) -> tuple[Any, Any]:
        """Run one timestep of a stream; see `seqwise.ops.numpy.step`."""
        ...

    def accepts(self, x: Any) -> bool:
        """Tell whether the kernel can compute from such an array here: it lies on the CPU, and no program for another
        compiler is being traced."""
        ...


def ops_of(framework: str) -> Ops | None:
    """Return the LSTM for the arrays of a framework, or None where there is none for it."""
    return cast(Ops, import_module(MODULES[framework])) if framework in MODULES else None
