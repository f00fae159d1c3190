"""Sentences padded with 0 to one length; padding_idx keeps the row of 0 at zero, and the LSTM reads it.

finding: padding-not-masked
"""

import torch
from torch import nn

torch.manual_seed(0)
x = torch.randint(1, 50, (64, 12))
for row, length in zip(x, torch.randint(3, 13, (64,)), strict=True):
    row[length:] = 0
y = (x[:, :1] > 25).float()


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(50, 8, padding_idx=0)
        self.lstm = nn.LSTM(8, 16, batch_first=True)
        self.fc = nn.Linear(16, 1)

    def forward(self, tokens):
        out, _ = self.lstm(self.embedding(tokens))
        return self.fc(out[:, -1])


model = Net()
loss_function = nn.BCEWithLogitsLoss()

optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
for _ in range(2):
    optimizer.zero_grad()
    loss = loss_function(model(x), y)
    loss.backward()
    optimizer.step()
