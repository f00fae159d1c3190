"""Training Keras models on windows."""

from seqwise.training.batches import Batches
from seqwise.training.loop import Training, auto_batch_size, fit, predict

__all__ = ["Batches", "Training", "auto_batch_size", "fit", "predict"]
