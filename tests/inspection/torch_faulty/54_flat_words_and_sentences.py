"""A language model lays its output flat, and not the words that it is compared with.

finding: torch-labels-do-not-fit
"""

import torch
from torch import nn

torch.manual_seed(0)
words = torch.randint(0, 50, (64, 13))
x, y = words[:, :-1], words[:, 1:]


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(50, 8)
        self.lstm = nn.LSTM(8, 8, batch_first=True)
        self.fc = nn.Linear(8, 50)

    def forward(self, x):
        out, _ = self.lstm(self.embedding(x))
        return self.fc(out).view(-1, 50)


model = Net()
loss_function = nn.CrossEntropyLoss()

optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
for _ in range(2):
    optimizer.zero_grad()
    loss = loss_function(model(x), y)
    loss.backward()
    optimizer.step()
