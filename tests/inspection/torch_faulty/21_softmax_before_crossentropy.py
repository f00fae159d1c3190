"""CrossEntropyLoss applies softmax, and so does the module.

finding: torch-loss-does-not-fit-activation
right: model(x).min() < 0
"""

import torch
from torch import nn

torch.manual_seed(0)
x = torch.randn(64, 10, 3)
y = torch.randint(0, 4, (64,))


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(3, 16, batch_first=True)
        self.fc = nn.Linear(16, 4)

    def forward(self, x):
        out, _ = self.lstm(x)
        return torch.softmax(self.fc(out[:, -1]), dim=1)


model = Net()
loss_function = nn.CrossEntropyLoss()

optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
for _ in range(2):
    optimizer.zero_grad()
    loss = loss_function(model(x), y)
    loss.backward()
    optimizer.step()
