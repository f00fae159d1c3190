"""The state is an attribute that the training loop makes anew for each batch."""

import torch
from torch import nn

torch.manual_seed(0)
x = torch.randn(64, 10, 3)
y = x[:, -1, :1] + x[:, 0, :1]


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(3, 8, batch_first=True)
        self.fc = nn.Linear(8, 1)
        self.hidden = None

    def init_hidden(self, samples):
        self.hidden = (torch.zeros(1, samples, 8), torch.zeros(1, samples, 8))

    def forward(self, x):
        out, self.hidden = self.lstm(x, self.hidden)
        return self.fc(out[:, -1])


model = Net()
loss_function = nn.MSELoss()

optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
for _ in range(2):
    optimizer.zero_grad()
    model.init_hidden(len(x))
    loss = loss_function(model(x), y)
    loss.backward()
    optimizer.step()
