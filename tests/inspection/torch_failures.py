"""Programs of PyTorch's own modules that fail, with what has to be told; run in a process of their own."""

from __future__ import annotations

import json

import torch
from torch import nn

import seqwise as sw

X = torch.zeros(8, 10, 3)
FAULTS = {
    "torch-number-of-features": lambda x: nn.LSTM(5, 4, batch_first=True)(x),
    "torch-features-axis-missing": lambda x: nn.LSTM(1, 4, batch_first=True)(x[:, :, 0]),
    "torch-features-not-last": lambda x: nn.GRU(10, 4, batch_first=True)(x),
    "torch-number-of-axes": lambda x: nn.LSTM(3, 4)(x[None]),
    "torch-batch-first": lambda x: nn.LSTM(3, 4)(x, (torch.zeros(1, 8, 4), torch.zeros(1, 8, 4))),
    "torch-state-size": lambda x: nn.RNN(3, 4, batch_first=True)(x, torch.zeros(1, 5, 4)),
    "torch-linear-features": lambda x: nn.Linear(4, 1)(nn.LSTM(3, 4, bidirectional=True)(x)[0]),
    "torch-target-shape": lambda x: nn.MSELoss()(x[:, 0], torch.zeros(8, 5)),
    "torch-classes-not-second": lambda x: nn.CrossEntropyLoss()(x, torch.zeros(8, 10).long()),
    "torch-labels-do-not-fit": lambda x: nn.CrossEntropyLoss()(x[:, 0], torch.zeros(8, 1).long()),
    "torch-labels-do-not-fit 2": lambda x: nn.CrossEntropyLoss()(x[:, 0], torch.zeros(8)),
    "torch-labels-do-not-fit 3": lambda x: nn.CrossEntropyLoss()(x[:, 0], torch.zeros(8, 3).long()),
    "torch-label-out-of-range": lambda x: nn.CrossEntropyLoss()(x[:, 0], torch.arange(8)),
    "torch-token-out-of-range": lambda x: nn.Embedding(5, 4)(torch.arange(8)),
    "torch-tokens-not-whole": lambda x: nn.Embedding(50, 4)(x),
    "torch-samples-axis-missing": lambda x: nn.LSTM(3, 4)(x[0], (torch.zeros(1, 1, 4), torch.zeros(1, 1, 4))),
    "torch-tuple-as-input": lambda x: nn.Sequential(nn.GRU(3, 4), nn.Linear(4, 1))(x),
    "torch-target-shape 2": lambda x: nn.functional.l1_loss(x[:, 0], torch.zeros(8, 5)),
    "no finding": lambda x: x[0] @ x[0],
    "sound": lambda x: nn.LSTM(3, 4, batch_first=True)(x),
}


def main():
    for name, run in FAULTS.items():
        kind, text, cause = "", "", ""
        try:
            with sw.explain_errors():
                run(X)
        except Exception as error:
            kind, text, cause = type(error).__name__, str(error), type(error.__cause__).__name__
        print(json.dumps({"name": name, "kind": kind, "text": text, "cause": cause}), flush=True)


if __name__ == "__main__":
    main()
