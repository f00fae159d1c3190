"""A convolution over the timesteps, pooled, then a GRU."""

import torch
from torch import nn

torch.manual_seed(0)
x = torch.randn(64, 20, 3)
y = torch.randint(0, 4, (64,))


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(nn.Conv1d(3, 8, 3, padding=1), nn.BatchNorm1d(8), nn.ReLU(), nn.MaxPool1d(2))
        self.gru = nn.GRU(8, 16, batch_first=True)
        self.head = nn.Sequential(nn.LayerNorm(16), nn.Dropout(0.1), nn.Linear(16, 4), nn.LogSoftmax(dim=1))

    def forward(self, x):
        x = self.features(x.transpose(1, 2)).transpose(1, 2)
        out, _ = self.gru(x)
        return self.head(out[:, -1, :])


model = Net()
loss_function = nn.NLLLoss()

optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
for _ in range(2):
    optimizer.zero_grad()
    loss = loss_function(model(x), y)
    loss.backward()
    optimizer.step()
