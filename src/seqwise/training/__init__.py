"""Training Keras models on windows and on sequences."""

from seqwise.training.batches import Batches
from seqwise.training.loop import Training, auto_batch_size, fit, predict, predict_sequences
from seqwise.training.pair_batches import PairBatches
from seqwise.training.sequence_batches import SequenceBatches

__all__ = [
    "Batches", "PairBatches", "SequenceBatches", "Training", "auto_batch_size", "fit", "predict", "predict_sequences",
]  # fmt: skip
