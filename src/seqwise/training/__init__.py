"""Training Keras models on windows and on sequences."""

from seqwise.training.loop import Training, auto_batch_size, fit
from seqwise.training.pair_batches import PairBatches
from seqwise.training.predictions import predict_sequences, predict_steps, predict_windows
from seqwise.training.sequence_batches import SequenceBatches
from seqwise.training.step_batches import StepBatches
from seqwise.training.window_batches import WindowBatches

__all__ = [
    "PairBatches", "SequenceBatches", "StepBatches", "Training", "WindowBatches", "auto_batch_size", "fit",
    "predict_sequences", "predict_steps", "predict_windows",
]  # fmt: skip
