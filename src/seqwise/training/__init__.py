"""Training Keras models on windows."""

from seqwise.ops.backend import deferred_imports, import_keras
from seqwise.training.batches import Batches
from seqwise.training.loop import Training, auto_batch_size, fit, predict

__all__ = ["Batches", "Training", "auto_batch_size", "deferred_imports", "fit", "import_keras", "predict"]
