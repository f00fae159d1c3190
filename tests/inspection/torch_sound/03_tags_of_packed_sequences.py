"""A tag for each word of sentences of unequal lengths, packed.

inputs: (x, lengths)
"""

import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

torch.manual_seed(0)
x = torch.randint(1, 50, (64, 12))
lengths = torch.randint(3, 13, (64,)).sort(descending=True).values
lengths[0] = 12
y = x % 5
for tokens, tags, length in zip(x, y, lengths, strict=True):
    tokens[length:], tags[length:] = 0, -100


class Tagger(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(50, 8, padding_idx=0)
        self.lstm = nn.LSTM(8, 16, batch_first=True, bidirectional=True)
        self.fc = nn.Linear(32, 5)

    def forward(self, tokens, lengths):
        packed = pack_padded_sequence(self.embedding(tokens), lengths, batch_first=True)
        out, _ = pad_packed_sequence(self.lstm(packed)[0], batch_first=True)
        return self.fc(out).transpose(1, 2)


model = Tagger()
loss_function = nn.CrossEntropyLoss(ignore_index=-100)

optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
for _ in range(2):
    optimizer.zero_grad()
    loss = loss_function(model(x, lengths), y)
    loss.backward()
    optimizer.step()
