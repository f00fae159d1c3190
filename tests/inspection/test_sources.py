"""A look at a data source: what is seen of it, and that it is the same afterwards as one that nobody looked at."""

from __future__ import annotations

import multiprocessing
import random
import subprocess
import sys
import threading
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
import torch

import seqwise as sw
from seqwise.inspection import sources

X = np.random.default_rng(0).normal(size=(100, 10, 3)).astype("float32")
Y = X[:, -1, :1]
DATASET, LOADER = "a tf.data.Dataset", "a PyTorch DataLoader"


def look_at(source):
    (seen,) = sources.look_at(source)
    assert seen is not None
    return seen


def seed_all():
    keras.utils.set_random_seed(11)
    tf.random.set_seed(11)
    torch.manual_seed(11)


def slices():
    return tf.data.Dataset.from_tensor_slices((X, Y))


def noisy(x, y):
    return x + tf.random.normal([], dtype=x.dtype), y


class Augmented(keras.utils.PyDataset):
    """Everything that a dataset may move: generators, counters, containers, arrays in place, a file."""

    made = 0

    def __init__(self, file=None, **options):
        super().__init__(**options)
        self.numbers, self.legacy, self.plain = np.random.default_rng(1), np.random.RandomState(2), random.Random(3)
        self.order, self.seen, self.served = np.arange(100), [], {"batches": 0}
        self.scale = keras.random.SeedGenerator(4)
        self.file = file

    def __len__(self):
        return 10

    def on_epoch_begin(self):
        self.numbers.shuffle(self.order)

    def __getitem__(self, index):
        type(self).made += 1
        self.served["batches"] += 1
        self.seen.append(index)
        rows = self.order[index * 10 : index * 10 + 10]
        noise = self.legacy.normal() + self.plain.random() + float(keras.random.normal((), seed=self.scale))
        noise += len(self.seen) + self.served["batches"] + self.made + np.random.normal() + random.random()
        noise += float(self.file.readline()) if self.file else 0.0
        return X[rows] + noise, Y[rows]


class Stock(torch.utils.data.Dataset):
    """Samples with noise from NumPy's, PyTorch's and a generator of its own."""

    def __init__(self):
        self.own = torch.Generator().manual_seed(5)

    def __len__(self):
        return 100

    def __getitem__(self, index):
        noise = torch.randn(1, generator=self.own) + torch.randn(1) + np.random.normal()
        return torch.tensor(X[index]) + noise, Y[index]


class Stream(torch.utils.data.IterableDataset):
    def __init__(self):
        self.numbers = np.random.default_rng(6)

    def __iter__(self):
        for index in self.numbers.permutation(100):
            yield X[index], Y[index]


class Backwards(torch.utils.data.Sampler):
    def __init__(self):
        self.epoch = 0

    def __iter__(self):
        self.epoch += 1
        return iter([(99 - i - self.epoch) % 100 for i in range(100)])

    def __len__(self):
        return 100


def jittered(batch):
    x, y = torch.utils.data.default_collate(batch)
    return x + torch.rand(1), y


def loader(dataset=None, **options):
    return torch.utils.data.DataLoader(Stock() if dataset is None else dataset, batch_size=16, **options)


def python_batches(count, *, numbers=None, stock=(), **named):
    """Batches from a generator that moves what it was called with."""
    while stock:
        stock.pop()
    for _ in range(count):
        yield X[:10] + (numbers or np.random).normal() + sum(named.values()), Y[:10]


def counting():
    count = 0

    def generate():
        nonlocal count
        for start in range(0, 100, 10):
            count += 1
            yield X[start : start + 10] + count, Y[start : start + 10]

    return generate


TICKS = 0


def ticking():
    global TICKS
    for start in range(0, 100, 10):
        TICKS += 1
        yield X[start : start + 10] + TICKS + random.random(), Y[start : start + 10]


def tf_from_generator():
    numbers = np.random.default_rng(7)

    def generate():
        for row in numbers.permutation(100):
            yield X[row] + numbers.normal(), Y[row]

    signature = (tf.TensorSpec((10, 3), tf.float32), tf.TensorSpec((1,), tf.float32))
    return tf.data.Dataset.from_generator(generate, output_signature=signature).batch(10)


def tf_with_python():
    numbers = random.Random(8)

    def jitter(x):
        return x + np.float32(numbers.random())

    def apply(x, y):
        return tf.ensure_shape(tf.numpy_function(jitter, [x], tf.float32), (10, 3)), y

    return slices().map(apply).batch(10).prefetch(4)


def tf_interleaved():
    return slices().batch(10).interleave(lambda *rows: tf.data.Dataset.from_tensor_slices(rows).shuffle(10)).batch(10)


class Owner:
    def __init__(self):
        self.numbers = np.random.default_rng(9)

    def batches(self):
        for start in range(0, 100, 10):
            yield X[start : start + 10] + self.numbers.normal(), Y[start : start + 10]


SOURCES = {
    "shuffle": (lambda: slices().shuffle(100, seed=1).batch(16), DATASET),
    "shuffle without a seed": (lambda: slices().shuffle(100).batch(16).repeat(2), DATASET),
    "shuffle once": (lambda: slices().shuffle(100, reshuffle_each_iteration=False).map(noisy).batch(16), DATASET),
    "random map": (lambda: slices().shuffle(50, seed=2).map(noisy).batch(16).prefetch(2), DATASET),
    "cache of noise": (lambda: slices().map(noisy).cache().shuffle(20).batch(16), DATASET),
    "from_generator": (tf_from_generator, DATASET),
    "Python in a map": (tf_with_python, DATASET),
    "interleave": (tf_interleaved, DATASET),
    "PyDataset": (Augmented, "a PyDataset"),
    "PyDataset with workers": (lambda: Augmented(workers=2), "a PyDataset"),
    "loader": (lambda: loader(shuffle=True), LOADER),
    "loader with a generator": (lambda: loader(shuffle=True, generator=torch.Generator().manual_seed(1)), LOADER),
    "loader with a collate_fn": (lambda: loader(collate_fn=jittered), LOADER),
    "loader of a stream": (lambda: loader(Stream()), LOADER),
    "loader with a sampler": (lambda: loader(sampler=Backwards()), LOADER),
    "loader of a part": (lambda: loader(sampler=torch.utils.data.SubsetRandomSampler(range(50))), LOADER),
    "generator": (lambda: python_batches(10), "a generator"),
    "generator with arguments": (
        lambda: python_batches(10, numbers=np.random.default_rng(3), stock=[1, 2], a=2.0), "a generator"),
    "generator with a closure": (lambda: counting()(), "a generator"),
    "generator with a global": (ticking, "a generator"),
    "method": (lambda: Owner().batches(), "a generator"),
    "expression": (
        lambda: ((X[i : i + 10] + random.random(), Y[i : i + 10]) for i in range(0, 100, 10)), "a generator"),
}  # fmt: skip


def epochs(source):
    """What a source gives in two epochs, and where the global random numbers are afterwards."""
    seed_all()
    given = []
    for _ in range(2):
        if isinstance(source, keras.utils.PyDataset):
            source.on_epoch_begin()
            given += [source[index] for index in range(source.num_batches)]
        else:
            given += list(source)
    arrays = [np.asarray(array) for batch in given for array in batch]
    return arrays, (np.random.random(), random.random(), float(torch.rand(())), float(tf.random.uniform([])))


def made(make):
    seed_all()
    Augmented.made, globals()["TICKS"] = 0, 0
    return make()


@pytest.mark.parametrize("name", SOURCES)
def test_it_is_left_as_it_was_found(name):
    make, kind = SOURCES[name]
    expected, expected_numbers = epochs(made(make))
    source = made(make)
    for _ in range(2):
        seen = look_at(source)
        assert (seen.kind, seen.unexamined) == (kind, "")
        assert seen.x.values.shape[1:] == (10, 3)
        assert seen.y.values.shape[1:] == (1,)
    arrays, numbers = epochs(source)
    assert numbers == expected_numbers
    assert len(arrays) == len(expected) > 8
    for array, other in zip(arrays, expected, strict=True):
        np.testing.assert_array_equal(array, other)


def test_the_global_random_numbers_do_not_move():
    for make, _ in SOURCES.values():
        source = made(make)
        seed_all()
        look_at(source)
        numbers = np.random.random(), random.random(), float(torch.rand(())), float(keras.random.uniform(()))
        seed_all()
        assert numbers == (np.random.random(), random.random(), float(torch.rand(())), float(keras.random.uniform(())))


def test_the_attributes_are_those_of_before(tmp_path):
    (tmp_path / "numbers").write_text("1\n" * 50)
    with (tmp_path / "numbers").open() as file:
        file.readline()
        dataset, fresh = Augmented(file), Augmented()
        look_at(dataset)
        assert file.tell() == 2
    assert (dataset.seen, dataset.served, Augmented.made) == ([], {"batches": 0}, fresh.made)
    np.testing.assert_array_equal(dataset.order, np.arange(100))


def test_a_lazily_opened_file_is_closed_again():
    class Lazy(keras.utils.PyDataset):
        handle = None

        def __len__(self):
            return 2

        def __getitem__(self, index):
            self.handle = self.handle or open(__file__)  # noqa: SIM115
            return X[:10], Y[:10]

    dataset = Lazy()
    with pytest.warns(ResourceWarning, match="unclosed file"):  # nothing refers to it any more
        assert str(look_at(dataset)) == "all 20 samples of a PyDataset"
    assert dataset.handle is None
    assert "handle" not in vars(dataset)


def test_workers_are_not_started():
    source = loader(num_workers=2, persistent_workers=True)
    threads = threading.active_count()
    seen = look_at(source)
    assert (multiprocessing.active_children(), threading.active_count()) == ([], threads)
    assert str(seen) == "all 100 samples of a PyTorch DataLoader"


def test_with_workers_the_batches_are_the_same():
    code = """
import numpy as np, torch
from seqwise.inspection.sources import look_at

class Stock(torch.utils.data.Dataset):
    def __init__(self): self.numbers = np.random.default_rng(0)
    def __len__(self): return 20
    def __getitem__(self, index): return torch.rand(3) + self.numbers.normal(), index

def batches(look):
    torch.manual_seed(1)
    loader = torch.utils.data.DataLoader(Stock(), batch_size=5, shuffle=True, num_workers=2)
    if look: assert look_at(loader)[0].samples == 20
    return [(x.tolist(), y.tolist()) for _ in range(2) for x, y in loader]

assert batches(True) == batches(False)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_cache_in_a_file_is_not_written(tmp_path):
    look_at(slices().map(noisy).cache(str(tmp_path / "cache")).batch(16))
    assert list(tmp_path.iterdir()) == []


def test_arrays_that_the_source_fills_again_are_copied():
    def generate():
        buffer = np.zeros((10, 4, 1))
        for value in range(1, 4):
            buffer[:] = value
            yield buffer, buffer[:, 0]

    assert np.unique(look_at(generate()).x.values).tolist() == [1, 2, 3]


def test_an_array_too_large_to_copy_is_read_only_for_the_time():
    big, base = np.zeros((2_000_000, 1)), np.ones((2_000_000, 1))
    view = base[10:]

    def spoil():
        big[:10] += 1
        yield big[:10], big[:10]

    def read():
        yield view[:10] + base[:10], big[:10]

    source = spoil()
    assert look_at(source).unexamined.startswith("cannot make its first batch: ValueError")
    assert look_at(read()).unexamined == ""
    assert big.sum() == 0
    assert big.flags.writeable
    assert view.flags.writeable
    assert base.flags.writeable
    next(source)
    assert big.sum() == 10


# what is seen


def test_how_many_samples_there_are():
    assert str(look_at(slices().batch(16))) == "all 100 samples of a tf.data.Dataset"
    many = np.zeros((1000, 4, 1))
    assert str(look_at(tf.data.Dataset.from_tensor_slices((many, many)).batch(32))) == (
        "256 of 1,000 samples of a tf.data.Dataset"
    )
    mapped = tf.data.Dataset.from_tensor_slices((many, many)).batch(32).map(noisy)
    assert str(look_at(mapped)) == "256 samples (8 of 32 batches) of a tf.data.Dataset"
    assert str(look_at(python_batches(100))) == "80 samples of a generator"
    assert str(look_at(python_batches(2))) == "all 20 samples of a generator"
    part = loader(sampler=torch.utils.data.SubsetRandomSampler(range(50)))
    assert str(look_at(part)) == "all 50 samples of a PyTorch DataLoader"
    windows = sw.data.Windows(np.zeros((5000, 2)), 24, 6)
    assert str(look_at(windows)) == "2,000 of 4,971 samples of a seqwise.data.Windows"


def test_a_few_batches_are_enough():
    def generate(rows, timesteps=4):
        for _ in range(1000):
            yield np.zeros((rows, timesteps, 1)), np.zeros((rows, 1))

    looks = [look_at(generate(*sizes)) for sizes in ((1,), (100,), (1000,), (10, 500_000))]
    assert [(seen.batches, seen.samples) for seen in looks] == [(8, 8), (3, 300), (1, 1000), (2, 20)]


def test_large_tensors_are_not_copied():
    big = np.zeros((1_000_000, 40, 1), "float32")  # 160 MB
    plain = tf.data.Dataset.from_tensor_slices((big, big[:, 0])).shuffle(1000)
    assert str(look_at(plain.batch(64))) == "256 of 1,000,000 samples of a tf.data.Dataset"
    seen = look_at(plain.map(noisy).batch(64))
    assert seen.unexamined == "has 164 MB in memory and would have to be copied, so only its shapes were looked at"
    assert (seen.x.shape, seen.x.values) == ((0, 40, 1), None)


def test_structures_are_kept():
    def generate():
        yield {"a": X[:5], "b": [X[:5, 0], X[:5, 1]]}, (Y[:5], Y[:5]), np.ones(5)

    seen = look_at(generate())
    assert seen.x["a"].values.shape == (5, 10, 3)
    assert [part.values.shape for part in seen.x["b"]] == [(5, 3), (5, 3)]
    assert [part.values.shape for part in seen.y] == [(5, 1), (5, 1)]
    assert look_at(batch for batch in [X[:5]]).y is None


def test_the_lengths_may_differ_from_batch_to_batch():
    def generate():
        for length in (5, 7, 5, 9):
            yield np.ones((4, length, 3)), np.ones((4, 1))

    seen = look_at(generate())
    assert seen.x.values.shape == (8, 5, 3)
    assert seen.x.varying == {1}
    assert str(seen) == "8 samples of a generator"


def test_batches_whose_parts_disagree():
    seen = look_at(batch for batch in [(np.zeros((7, 4, 3)), np.zeros((4, 1)))] * 3)
    assert (seen.x.shape, seen.y.shape, str(seen)) == ((7, 4, 3), (4, 1), "the first element of a generator")
    assert not seen.x.single


def test_samples_by_themselves():
    numbers = (X[0], 1.0)
    for source in (slices(), slices().cache(), tf.data.Dataset.from_tensors(numbers), (n for n in [numbers])):
        seen = look_at(source)
        assert (seen.x.shape, seen.x.single) == ((10, 3), True)


def test_two_that_draw_from_the_same_numbers_show_different_samples():
    def generate():
        while True:
            yield np.random.normal(size=(4, 5, 1)), np.zeros(4)

    first, second = sources.look_at(generate(), generate())
    assert first is not None
    assert second is not None
    assert not np.array_equal(first.x.values, second.x.values)


def test_texts():
    pairs: Any = [("a b", 0), ("c", 1)]
    seen = look_at(torch.utils.data.DataLoader(pairs, batch_size=2))
    assert seen.x.values.tolist() == ["a b", "c"]
    seen = look_at(tf.data.Dataset.from_tensor_slices((["a b", "c"], [0, 1])).batch(2))
    assert seen.x.values.tolist() == [b"a b", b"c"]


# what is left alone


def from_iterator(batches):
    yield from batches


def started():
    generator = ticking()
    next(generator)
    return generator


class Broken(keras.utils.PyDataset):
    def __len__(self):
        return 2

    def __getitem__(self, index):
        self.served = index
        raise OSError(2, "no such file")


class Reader(keras.utils.PyDataset):
    def __init__(self):
        super().__init__()
        self.rows = (X[i : i + 10] for i in range(0, 100, 5))

    def __len__(self):
        return 10

    def __getitem__(self, index):
        return next(self.rows), Y[:10]


def random_generator():
    numbers = tf.random.Generator.from_seed(1)
    return slices().map(lambda x, y: (x + numbers.normal([]), y)).batch(16)


def rerandomized():
    numbers = tf.data.Dataset.random(seed=1, rerandomize_each_iteration=True)
    return (
        tf.data.Dataset.zip(slices(), numbers)
        .map(lambda rows, n: (rows[0] + tf.cast(n % 7, "float32"), rows[1]))
        .batch(16)
    )


ONLY_ONCE = "can be read only once, so nothing was taken from it"
SHAPES = "so only its shapes were looked at"
LEFT_ALONE = {
    "a generator that has started": (started, f"has started and {ONLY_ONCE}"),
    "an iterator": (lambda: iter(slices().batch(16)), ONLY_ONCE),
    "a loader's iterator": (lambda: iter(loader()), ONLY_ONCE),
    "a map": (lambda: map(tuple, [(X, Y)]), ONLY_ONCE),
    "a generator of another": (lambda: from_iterator(ticking()),
                               "depends on a generator, which can be read only once, so nothing was taken from it"),
    "a generator of a zip": (lambda: from_iterator(zip([X], [Y], strict=True)),
                             "depends on a zip, which can be read only once, so nothing was taken from it"),
    "a PyDataset that reads a generator": (
        Reader, "depends on a generator, which can be read only once, so nothing was taken from it"),
    "a generator of random numbers": (
        random_generator, f"changes what it shares with others (AssignVariableOp), {SHAPES}"),
    "tf.data.Dataset.random": (rerandomized, f"changes what it shares with others (RandomDatasetV2), {SHAPES}"),
    "a source that fails": (Broken, "cannot make its first batch: FileNotFoundError: [Errno 2] no such file"),
    "a source without batches": (lambda: loader(torch.utils.data.TensorDataset(torch.zeros(0, 2))), "has no batch"),
}  # fmt: skip


@pytest.mark.parametrize("name", LEFT_ALONE)
def test_it_is_left_alone_and_said(name):
    make, reason = LEFT_ALONE[name]
    source = made(make)
    seen = look_at(source)
    assert seen.unexamined == reason
    if "shapes" in reason:
        assert (seen.x.values, seen.x.shape[-2:], seen.y.values) == (None, (10, 3), None)
    else:
        assert seen.x is None
    if not isinstance(source, Broken):
        arrays, _ = epochs(source)
        expected, _ = epochs(made(make))
        assert all(map(np.array_equal, arrays, expected))
        assert len(arrays) == len(expected)
    assert "served" not in vars(source) if isinstance(source, Broken) else True


def test_arrays_are_no_sources():
    for data in (X, [X, Y], {"a": X}, (X, Y), None, "text", 3, tf.constant(X), torch.tensor(X), lambda: None):
        assert sources.look_at(data) == [None]
