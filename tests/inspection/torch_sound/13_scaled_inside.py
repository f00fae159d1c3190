"""Raw quantities that the module scales itself, and an output that it scales back."""

import torch
from torch import nn

torch.manual_seed(0)
x = torch.randn(64, 10, 3) * torch.tensor([500.0, 0.1, 3.0]) + torch.tensor([100_000.0, 0.0, 20.0])
y = x[:, -1, :1] + x[:, 0, :1] - 100_000


class Net(nn.Module):
    def __init__(self, mean, std):
        super().__init__()
        self.register_buffer("mean", mean)
        self.register_buffer("std", std)
        self.lstm = nn.LSTM(3, 16, batch_first=True)
        self.fc = nn.Linear(16, 1)

    def forward(self, x):
        out, _ = self.lstm((x - self.mean) / self.std)
        return self.fc(out[:, -1]) * self.std[:1] + self.mean[:1]


model = Net(x.mean((0, 1)), x.std((0, 1)))
loss_function = nn.L1Loss()

optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
for _ in range(2):
    optimizer.zero_grad()
    loss = loss_function(model(x), y)
    loss.backward()
    optimizer.step()
