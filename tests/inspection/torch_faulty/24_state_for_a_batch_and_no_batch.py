"""One sequence without a samples axis, beside a state that has one.

finding: torch-samples-axis-missing
right: model(x).shape == (1, 1)
"""

import torch
from torch import nn

torch.manual_seed(0)
x = torch.randn(10, 3)
y = x[-1:, :1]


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(3, 16, batch_first=True)
        self.fc = nn.Linear(16, 1)

    def forward(self, x):
        h_0 = torch.zeros(1, 1, 16)
        out, _ = self.lstm(x, (h_0, h_0))
        return self.fc(out[:, -1])


model = Net()
loss_function = nn.MSELoss()

optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
for _ in range(2):
    optimizer.zero_grad()
    loss = loss_function(model(x), y)
    loss.backward()
    optimizer.step()
