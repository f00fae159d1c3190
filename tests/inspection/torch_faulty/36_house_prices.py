"""Prices in the hundreds of thousands as targets.

finding: target-unscaled
"""

import torch
from torch import nn

torch.manual_seed(0)
x = torch.randn(64, 10, 3)
y = 300_000 + 50_000 * x[:, -1, :1]


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(3, 16, batch_first=True)
        self.fc = nn.Linear(16, 1)

    def forward(self, x):
        out, _ = self.lstm(x)
        return self.fc(out[:, -1])


model = Net()
loss_function = nn.MSELoss()

optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
for _ in range(2):
    optimizer.zero_grad()
    loss = loss_function(model(x), y)
    loss.backward()
    optimizer.step()
