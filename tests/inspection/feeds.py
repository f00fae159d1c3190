"""The same data as every kind of source that hands out batches."""

from __future__ import annotations

import keras
import tensorflow as tf
import torch

tree = keras.tree


def cut(data, start, stop):
    """Rows of arrays in a list, a dict, or by themselves."""
    return tree.map_structure(lambda array: array[start:stop], data)


def rows(data):
    return len(tree.flatten(data)[0])


def batches(x, y, size):
    for start in range(0, rows(x), size):
        yield cut(x, start, start + size), cut(y, start, start + size)


class Batches(keras.utils.PyDataset):
    def __init__(self, x, y, size):
        super().__init__()
        self.x, self.y, self.size = x, y, size

    def __len__(self):
        return -(-rows(self.x) // self.size)

    def __getitem__(self, index):
        start = index * self.size
        return cut(self.x, start, start + self.size), cut(self.y, start, start + self.size)


class Samples(torch.utils.data.Dataset):
    def __init__(self, x, y):
        self.x, self.y = x, y

    def __len__(self):
        return rows(self.x)

    def __getitem__(self, index):
        return tree.map_structure(lambda array: array[index], (self.x, self.y))


def as_tf_dataset(x, y, size):
    parts = tuple(tuple(part) if isinstance(part, list) else part for part in (x, y))
    return tf.data.Dataset.from_tensor_slices(parts).shuffle(1000, seed=0).batch(size)


def as_mapped_dataset(x, y, size):
    return as_tf_dataset(x, y, size).map(lambda *parts: parts).prefetch(2)


def as_loader(x, y, size):
    return torch.utils.data.DataLoader(Samples(x, y), batch_size=size, shuffle=True)


FEEDS = {
    "a tf.data.Dataset": as_tf_dataset,
    "a mapped tf.data.Dataset": as_mapped_dataset,
    "a PyDataset": Batches,
    "a generator": batches,
    "a PyTorch DataLoader": as_loader,
}
