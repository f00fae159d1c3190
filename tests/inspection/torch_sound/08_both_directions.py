"""The last states of both directions side by side, and probabilities for BCELoss."""

import torch
from torch import nn

torch.manual_seed(0)
x = torch.randn(64, 10, 3)
y = (x[:, -1, :1] > 0).float()


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(3, 16, num_layers=2, batch_first=True, bidirectional=True)
        self.fc = nn.Linear(32, 1)

    def forward(self, x):
        _, (h_n, _) = self.lstm(x)
        return torch.sigmoid(self.fc(torch.cat((h_n[-2], h_n[-1]), dim=1)))


model = Net()
loss_function = nn.BCELoss()

optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
for _ in range(2):
    optimizer.zero_grad()
    loss = loss_function(model(x), y)
    loss.backward()
    optimizer.step()
