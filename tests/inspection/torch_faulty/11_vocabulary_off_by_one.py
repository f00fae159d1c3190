"""Token ids from 1 to 50 for an Embedding of 50 rows.

finding: torch-token-out-of-range
right: model.embedding.num_embeddings == 51
"""

import torch
from torch import nn

torch.manual_seed(0)
x = torch.randint(1, 51, (64, 12))
x[60, 3] = 50
y = (x[:, :1] > 25).float()


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(50, 8)
        self.lstm = nn.LSTM(8, 16, batch_first=True)
        self.fc = nn.Linear(16, 1)

    def forward(self, tokens):
        out, _ = self.lstm(self.embedding(tokens))
        return self.fc(out[:, -1])


model = Net()
loss_function = nn.BCEWithLogitsLoss()

optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
for _ in range(2):
    optimizer.zero_grad()
    loss = loss_function(model(x), y)
    loss.backward()
    optimizer.step()
