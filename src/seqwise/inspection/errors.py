"""`seqwise.explain_errors` re-raises errors of Keras, TensorFlow, JAX or PyTorch with an explanation and the fix."""

from __future__ import annotations

import dis
import re
from contextlib import ContextDecorator
from types import TracebackType
from typing import Any

from seqwise.errors import SeqwiseError, ShapeError
from seqwise.inspection.frameworks import is_framework, is_library

# what a wrong shape, dtype or loss raises; the rest of Python's errors has other causes
KINDS = (ValueError, TypeError, RuntimeError, IndexError)
OWN_ERRORS = {"InvalidArgumentError", "FailedPreconditionError"}  # of TensorFlow, which has a family of its own
# places in the frameworks whose errors are never about shapes
OTHER_PLACES = re.compile(r"[/\\](callbacks|saving|export|optimizers|distribution)[/\\]")
MEMORY = re.compile(r"RESOURCE_EXHAUSTED|out of memory|OOM when|can't allocate|std::bad_alloc", re.IGNORECASE)
ABOUT_SHAPES = re.compile(
    r"shape|dim\b|ndim|dimension|rank\b|axis|axes|size|broadcast|incompatib|mismatch|cardinality|samples|index|range|"
    r"dtype|type|input|expected|\dD\b|multipl|logits|label|target|tensor|ragged|inhomogeneous|sequence|convert|recogni|unpack|build|batch",
    re.IGNORECASE,
)


class explain_errors(ContextDecorator):  # noqa: N801 (used like a function, as contextlib.suppress is)
    """Raise an error that a finding of `seqwise.check` explains again as `ShapeError`, with the finding's text first.

    The original stays chained (``raise … from``). Every other error passes through untouched: the same object with
    the same traceback. Nothing is patched, and nothing is done while nothing fails: the model, the layers and the
    arrays are found in the frames of the traceback. It may be nested, and used as a decorator.

    Covered are Keras's `fit`, `evaluate`, `predict` and `…_on_batch`, calls of models and layers, also while a
    model is built, losses, and calls of PyTorch's own modules (`torch.nn.LSTM`, `Linear`, `Embedding`, losses).

    Raises:
        ShapeError: in the place of an error that was explained.

    Example:
        >>> with explain_errors():
        ...     model.fit(x, y)
    """

    def __enter__(self) -> explain_errors:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if error is None or not is_about_shapes(error, traceback):
            return
        words = _explain(error, traceback)
        if words:
            raise ShapeError(words) from error


def is_about_shapes(error: BaseException, traceback: TracebackType | None) -> bool:
    """Tell whether an error may come from a wrong shape: by its kind, its place and its words."""
    if isinstance(error, SeqwiseError) or traceback is None:
        return False
    if not isinstance(error, KINDS) and type(error).__name__ not in OWN_ERRORS:
        return False
    text = str(error)
    if MEMORY.search(text) or "OutOfMemory" in type(error).__name__ or not ABOUT_SHAPES.search(text):
        return False
    last = traceback
    while last.tb_next is not None:
        last = last.tb_next
    file = last.tb_frame.f_code.co_filename
    if is_framework(file):
        return not OTHER_PLACES.search(file)
    return not is_library(file) and not _raises_itself(last)  # a user's own `raise` says what the user wants to say


def _raises_itself(traceback: TracebackType) -> bool:
    code = traceback.tb_frame.f_code
    here = (step for step in dis.get_instructions(code) if step.offset == traceback.tb_lasti)
    return any(step.opname in ("RAISE_VARARGS", "RERAISE") for step in here)


def _explain(error: BaseException, traceback: TracebackType | None) -> str:
    from seqwise.inspection.evidence import explained_by

    before = error.__traceback__
    try:
        findings: list[Any] = explained_by(error, traceback)
    except Exception:  # what explains an error must never hide it
        return ""
    finally:
        error.__traceback__ = before
    return "\n\n".join(map(str, findings))
