"""The target is the last value of its own window.

finding: target-in-window
"""

import torch
from torch import nn

torch.manual_seed(0)
series = torch.sin(torch.arange(200) / 7) + 0.1 * torch.randn(200)
x = series.unfold(0, 20, 1)[..., None]
y = series[19:, None]


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(1, 16, batch_first=True)
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
