"""An LSTMCell in a loop of the module's own, with the last real step of each sequence.

inputs: (x, lengths)
"""

import torch
from torch import nn

torch.manual_seed(0)
x = torch.randn(64, 10, 3)
lengths = torch.randint(3, 11, (64,))
for sample, length in zip(x, lengths, strict=True):
    sample[length:] = 0
y = x[:, 0, :1]


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.cell = nn.LSTMCell(3, 16)
        self.fc = nn.Linear(16, 1)

    def forward(self, x, lengths):
        h = c = x.new_zeros(x.shape[0], 16)
        steps = []
        for step in x.unbind(1):
            h, c = self.cell(step, (h, c))
            steps.append(h)
        steps = torch.stack(steps, dim=1)
        return self.fc(steps[torch.arange(len(x)), lengths - 1])


model = Net()
loss_function = nn.MSELoss()

optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
for _ in range(2):
    optimizer.zero_grad()
    loss = loss_function(model(x, lengths), y)
    loss.backward()
    optimizer.step()
