"""A Linear after an LSTM in a Sequential gets a tuple.

finding: torch-tuple-as-input
"""

import torch
from torch import nn

torch.manual_seed(0)
x = torch.randn(64, 10, 3)
y = x[:, -1, :1] + x[:, 0, :1]

model = nn.Sequential(nn.LSTM(3, 16, batch_first=True), nn.Linear(16, 1))
loss_function = nn.MSELoss()

optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
for _ in range(2):
    optimizer.zero_grad()
    loss = loss_function(model(x), y)
    loss.backward()
    optimizer.step()
