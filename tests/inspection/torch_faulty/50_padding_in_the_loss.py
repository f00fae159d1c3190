"""Tags of padded sentences: the loss counts the padding.

finding: torch-loss-counts-padding
"""

import torch
from torch import nn

torch.manual_seed(0)
x = torch.randint(1, 50, (64, 12))
for row, length in zip(x, torch.randint(3, 13, (64,)), strict=True):
    row[length:] = 0
y = (x > 25).long() + (x > 0)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(50, 8, padding_idx=0)
        self.lstm = nn.LSTM(8, 8, batch_first=True)
        self.fc = nn.Linear(8, 3)

    def forward(self, x):
        out, _ = self.lstm(self.embedding(x))
        return self.fc(out).movedim(-1, 1)


model = Net()
loss_function = nn.CrossEntropyLoss()

optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
for _ in range(2):
    optimizer.zero_grad()
    loss = loss_function(model(x), y)
    loss.backward()
    optimizer.step()
