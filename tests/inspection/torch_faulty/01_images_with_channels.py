"""An image of one channel for each sample, its rows read as timesteps: the axis of channels is one too many.

finding: torch-number-of-axes
right: model(x).shape == (64, 4)
"""

import torch
from torch import nn

torch.manual_seed(0)
x = torch.rand(64, 1, 28, 28)
y = torch.arange(64) % 4


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(28, 16, batch_first=True)
        self.fc = nn.Linear(16, 4)

    def forward(self, x):
        out, _ = self.lstm(x)
        return self.fc(out[:, -1])


model = Net()
loss_function = nn.CrossEntropyLoss()

optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
for _ in range(2):
    optimizer.zero_grad()
    loss = loss_function(model(x), y)
    loss.backward()
    optimizer.step()
