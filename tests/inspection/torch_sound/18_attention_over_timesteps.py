"""Attention: a softmax over the timesteps, its weights kept for looking at."""

import torch
from torch import nn

torch.manual_seed(0)
x = torch.randn(64, 10, 3)
y = x[:, -1].argmax(1)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv1d(3, 8, 3, padding=1)
        self.norm = nn.BatchNorm1d(8)
        self.lstm = nn.LSTM(8, 8, batch_first=True)
        self.score = nn.Linear(8, 1)
        self.fc = nn.Linear(8, 3)
        self.weights = None

    def forward(self, x):
        out, _ = self.lstm(self.norm(self.conv(x.transpose(1, 2))).transpose(1, 2))
        self.weights = torch.softmax(self.score(out), dim=1)
        return self.fc((self.weights * out).sum(1))


model = Net()
loss_function = nn.CrossEntropyLoss(label_smoothing=0.1)

optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
for _ in range(2):
    optimizer.zero_grad()
    loss = loss_function(model(x), y)
    loss.backward()
    optimizer.step()
