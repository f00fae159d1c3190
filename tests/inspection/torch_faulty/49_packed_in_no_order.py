"""Packed as if the longest sequence came first.

finding: torch-lengths-not-sorted
inputs: (x, lengths)
"""

import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence

torch.manual_seed(0)
x = torch.randint(1, 50, (64, 12))
lengths = torch.randint(3, 13, (64,))
for row, length in zip(x, lengths, strict=True):
    row[length:] = 0
y = (x[:, :1] > 25).float()


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(50, 8, padding_idx=0)
        self.lstm = nn.LSTM(8, 8, batch_first=True)
        self.fc = nn.Linear(8, 1)

    def forward(self, tokens, lengths):
        packed = pack_padded_sequence(self.embedding(tokens), lengths, batch_first=True)
        return self.fc(self.lstm(packed)[1][0][-1])


model = Net()
loss_function = nn.BCEWithLogitsLoss()

optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
for _ in range(2):
    optimizer.zero_grad()
    loss = loss_function(model(x, lengths), y)
    loss.backward()
    optimizer.step()
