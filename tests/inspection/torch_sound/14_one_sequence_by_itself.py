"""One long series without a samples axis, a target at each timestep."""

import torch
from torch import nn

torch.manual_seed(0)
steps = torch.arange(200) / 10
x = torch.stack((torch.sin(steps), torch.cos(steps)), dim=1)
y = x.roll(-1, 0)[:, :1]


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(2, 16)
        self.fc = nn.Linear(16, 1)

    def forward(self, x):
        out, _ = self.lstm(x)
        return self.fc(out)


model = Net()
loss_function = nn.MSELoss()

optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
for _ in range(2):
    optimizer.zero_grad()
    loss = loss_function(model(x), y)
    loss.backward()
    optimizer.step()
