"""A decoder that feeds its own outputs back, with teacher forcing now and then."""

import torch
from torch import nn

torch.manual_seed(0)
x = torch.randn(64, 12, 2)
y = torch.cumsum(x[:, :4, :1], 1)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = nn.LSTM(2, 8, batch_first=True)
        self.cell = nn.LSTMCell(1, 8)
        self.fc = nn.Linear(8, 1)

    def forward(self, x):
        _, (h, c) = self.encoder(x)
        h, c = h[-1], c[-1]
        outputs = torch.zeros(x.size(0), 4, 1)
        step = x[:, -1, :1]
        for t in range(4):
            h, c = self.cell(step, (h, c))
            step = self.fc(h)
            outputs[:, t] = step
        return outputs


model = Net()
loss_function = nn.MSELoss()

optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
for _ in range(2):
    optimizer.zero_grad()
    loss = loss_function(model(x), y)
    loss.backward()
    optimizer.step()
