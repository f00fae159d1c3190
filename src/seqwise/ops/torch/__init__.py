"""The fused LSTM on PyTorch's tensors, and in place of `torch.nn.LSTM`."""

from seqwise.ops.torch.module import LSTM, accelerate
from seqwise.ops.torch.op import accepts, bidirectional_lstm, lstm, step

__all__ = ["LSTM", "accelerate", "accepts", "bidirectional_lstm", "lstm", "step"]
