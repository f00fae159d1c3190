"""The next word of each, time first, with the state that the module returns."""

import torch
from torch import nn

torch.manual_seed(0)
words = torch.randint(0, 60, (20 * 36,)).view(20, 36).t()
x, y = words[:-1], words[1:]


class LanguageModel(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(60, 8)
        self.lstm = nn.LSTM(8, 16, num_layers=2)
        self.fc = nn.Linear(16, 60)

    def forward(self, tokens, state=None):
        out, state = self.lstm(self.embedding(tokens), state)
        return self.fc(out), state


model = LanguageModel()
crossentropy = nn.CrossEntropyLoss()


def loss_function(output, target):
    return crossentropy(output[0].view(-1, 60), target.reshape(-1))


optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
for _ in range(2):
    optimizer.zero_grad()
    loss = loss_function(model(x), y)
    loss.backward()
    optimizer.step()
