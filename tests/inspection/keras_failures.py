"""Programs that fail on every backend, run in a process of their own with KERAS_BACKEND set; prints one JSON line each.

Beside them programs whose errors are none of Seqwise's business.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import keras
import numpy as np
from keras import layers

import seqwise as sw

X = np.random.default_rng(0).normal(size=(8, 10, 3)).astype("float32")
Y = np.zeros((8, 1), "float32")
QUIET: Any = 0  # Keras annotates `verbose` as text


def model(*parts, loss="mse", shape=(10, 3)):
    made = keras.Sequential([layers.Input(shape), *parts])
    made.compile("adam", loss)
    return made


def small(loss="mse"):
    return model(layers.LSTM(4), layers.Dense(1), loss=loss)


def classes(loss):
    return model(layers.LSTM(4), layers.Dense(3, activation="softmax"), loss=loss)


class Stack(keras.Model):
    def __init__(self):
        super().__init__()
        self.low, self.high = layers.LSTM(4), layers.LSTM(3)

    def call(self, x):
        return self.high(self.low(x))


def stack():
    made = Stack()
    made.compile("adam", "mse")
    made.fit(X, Y, verbose=QUIET)


def applied_to_itself():
    encoder_inputs = layers.Input((10, 3))
    encoder = layers.LSTM(4)
    return encoder_inputs, encoder(encoder)


class Batches(keras.utils.PyDataset):
    def __len__(self):
        return 2

    def __getitem__(self, index):
        return X[:4], np.zeros((4, 5), "float32")


FAULTS = {
    "fit without features": lambda: small().fit(X[:, :, 0], Y, verbose=QUIET),
    "fit with other features": lambda: small().fit(np.zeros((8, 10, 5)), Y, verbose=QUIET),
    "evaluate": lambda: small().evaluate(np.zeros((8, 10, 5)), Y, verbose=QUIET),
    "predict": lambda: small().predict(X[:, :, 0], verbose=QUIET),
    "train_on_batch": lambda: small().train_on_batch(np.zeros((8, 10, 5)), Y),
    "call": lambda: small()(np.zeros((8, 10, 5), "float32")),
    "samples": lambda: small().fit(X, np.zeros((9, 1)), verbose=QUIET),
    "target": lambda: model(layers.LSTM(4), layers.Dense(3)).fit(X, np.zeros((8, 5)), verbose=QUIET),
    "a data set": lambda: model(layers.LSTM(4), layers.Dense(3)).fit(Batches(), verbose=QUIET),
    "class numbers": lambda: classes("categorical_crossentropy").fit(X, np.arange(8) % 3, verbose=QUIET),
    "one-hot": lambda: classes("sparse_categorical_crossentropy").fit(X, np.eye(3)[np.arange(8) % 3], verbose=QUIET),
    "unequal": lambda: small().fit([[1.0, 2.0], [3.0]], np.zeros((2, 1)), verbose=QUIET),
    "Sequential of two": lambda: model(layers.LSTM(4), layers.LSTM(4)),
    "functional of two": lambda: layers.LSTM(4)(layers.LSTM(4)(layers.Input((10, 3)))),
    "subclassed of two": stack,
    "mask_zero": lambda: layers.LSTM(64, mask_zero=True),
    "applied to itself": applied_to_itself,
}


class Telling(keras.callbacks.Callback):
    def __init__(self, error):
        super().__init__()
        self.error = error

    def on_train_batch_end(self, batch, logs=None):
        raise self.error


OWN = {
    "a callback's ValueError": ValueError("the shape of the cake is wrong"),
    "Ctrl-C": KeyboardInterrupt(),
    "no memory": RuntimeError("RESOURCE_EXHAUSTED: Out of memory allocating 80 bytes of shape (8, 10)"),
    "a KeyError": KeyError("shape"),
}


def caught(run):
    try:
        run()
    except BaseException as error:
        return error
    return None


def tell(**facts):
    print(json.dumps(facts), flush=True)


def main():
    for name, run in FAULTS.items():

        def guarded(run=run):
            with sw.explain_errors():
                run()

        plain, explained = caught(run), caught(guarded)
        tell(
            name=name, plain=type(plain).__name__, explained=type(explained).__name__, text=str(explained),
            cause=type(explained.__cause__).__name__ if explained is not None else "",
        )  # fmt: skip
    for name, error in OWN.items():

        def doubly_guarded(error=error):
            with sw.explain_errors(), sw.explain_errors():
                small().fit(X, Y, verbose=QUIET, callbacks=[Telling(error)])

        explained = caught(doubly_guarded)
        tell(name=name, same=explained is error, cause=repr(explained.__cause__) if explained is not None else "")
    print("done", file=sys.stderr)


if __name__ == "__main__":
    main()
