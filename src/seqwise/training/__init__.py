"""Training Keras models on windows and on sequences."""

from seqwise.training.batches import Batches
from seqwise.training.loop import Training, auto_batch_size, fit, predict, predict_sequences, predict_steps
from seqwise.training.pair_batches import PairBatches
from seqwise.training.sequence_batches import SequenceBatches
from seqwise.training.step_batches import StepBatches

__all__ = [
    "Batches", "PairBatches", "SequenceBatches", "StepBatches", "Training", "auto_batch_size", "fit", "predict",
    "predict_sequences", "predict_steps",
]  # fmt: skip
