"""A module that keeps its state, made for batches of one size."""

import torch
from torch import nn

torch.manual_seed(0)
x = torch.randn(64, 10, 3)
y = x[:, -1, :1] + x[:, 0, :1]


class Stateful(nn.Module):
    def __init__(self, batch_size):
        super().__init__()
        self.batch_size = batch_size
        self.lstm = nn.LSTM(3, 16, batch_first=True)
        self.fc = nn.Linear(16, 1)
        self.state = (torch.zeros(1, batch_size, 16), torch.zeros(1, batch_size, 16))

    def forward(self, x):
        out, state = self.lstm(x, self.state)
        self.state = tuple(part.detach() for part in state)
        return self.fc(out[:, -1])


model = Stateful(64)
loss_function = nn.HuberLoss()

optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
for _ in range(2):
    optimizer.zero_grad()
    loss = loss_function(model(x), y)
    loss.backward()
    optimizer.step()
