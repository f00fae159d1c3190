"""An encoder whose states start a decoder that reads the shifted target.

inputs: (x, shifted)
"""

import torch
from torch import nn

torch.manual_seed(0)
x = torch.randint(1, 30, (64, 9))
y = torch.randint(2, 40, (64, 7))
shifted = torch.cat((torch.ones(64, 1, dtype=torch.int64), y[:, :-1]), dim=1)


class Translator(nn.Module):
    def __init__(self):
        super().__init__()
        self.source = nn.Embedding(30, 8)
        self.target = nn.Embedding(40, 8)
        self.encoder = nn.LSTM(8, 16, batch_first=True)
        self.decoder = nn.LSTM(8, 16, batch_first=True)
        self.attention = nn.MultiheadAttention(16, 2, batch_first=True)
        self.fc = nn.Linear(32, 40)

    def forward(self, source, shifted):
        memory, state = self.encoder(self.source(source))
        out, _ = self.decoder(self.target(shifted), state)
        context, _ = self.attention(out, memory, memory)
        return self.fc(torch.cat((out, context), dim=2))


model = Translator()


def loss_function(output, target):
    return nn.functional.cross_entropy(output.flatten(0, 1), target.flatten())


optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
for _ in range(2):
    optimizer.zero_grad()
    loss = loss_function(model(x, shifted), y)
    loss.backward()
    optimizer.step()
