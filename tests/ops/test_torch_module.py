"""`seqwise.ops.torch.LSTM` and `accelerate` beside `torch.nn.LSTM`: outputs, states and gradients of everything."""

import copy
import itertools
import subprocess
import sys

import pytest

torch = pytest.importorskip("torch")

from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence  # noqa: E402

import seqwise as sw  # noqa: E402
from seqwise.ops.torch import LSTM  # noqa: E402

B, T, F, H = 4, 6, 3, 5
LENGTHS = torch.tensor([4, 6, 1, 3])


def pair(*arguments, dtype=torch.float64, **options):
    """Ours and PyTorch's with the same weights, exchanged through their state dicts."""
    torch.manual_seed(0)
    stock = torch.nn.LSTM(*arguments, dtype=dtype, **options)
    ours = LSTM(*arguments, dtype=dtype, **options)
    ours.load_state_dict(stock.state_dict(), strict=True)
    stock.load_state_dict(ours.state_dict(), strict=True)
    return ours, stock


def numbers(*shape, dtype=torch.float64):
    return torch.randn(*shape, dtype=dtype).requires_grad_()


def compare(ours, stock, run, inputs):
    """Hold the results of ``run(module)``, and the gradients of parameters and inputs, to each other."""
    found = []
    for module in (ours, stock):
        results = run(module)
        weights = [torch.randn(r.shape, generator=torch.Generator().manual_seed(k), dtype=r.dtype)
                   for k, r in enumerate(results)]  # fmt: skip
        loss = sum((r * w).sum() for r, w in zip(results, weights, strict=True))
        found.append([*results, *torch.autograd.grad(loss, [*module.parameters(), *inputs])])
    for mine, theirs in zip(*found, strict=True):
        torch.testing.assert_close(mine, theirs, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize(
    ("layers", "bidirectional", "batch_first", "bias", "state"),
    [(1, False, True, True, True), (1, True, False, True, False), (2, False, False, False, True),
     (2, True, True, True, True), (3, True, False, True, True), (1, False, False, True, False)],
)  # fmt: skip
def test_it_computes_what_pytorch_computes(layers, bidirectional, batch_first, bias, state):
    options = {"bidirectional": bidirectional, "batch_first": batch_first, "bias": bias, "num_layers": layers}
    ours, stock = pair(F, H, **options)
    x = numbers(B, T, F) if batch_first else numbers(T, B, F)
    hx = tuple(numbers(layers * (1 + bidirectional), B, H) for _ in range(2)) if state else None

    def run(module):
        y, (h, c) = module(x, hx)
        return y, h, c

    compare(ours, stock, run, [x, *(hx or ())])
    with torch.inference_mode():
        for mine, theirs in zip(run(ours), run(stock), strict=True):
            torch.testing.assert_close(mine, theirs, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize(("sorted_lengths", "bidirectional", "state"), [*itertools.product((0, 1), repeat=3)])
def test_packed_sequences(sorted_lengths, bidirectional, state):
    ours, stock = pair(F, H, 2, bidirectional=bool(bidirectional), batch_first=True)
    x = numbers(B, T, F)
    hx = tuple(numbers(2 * (1 + bidirectional), B, H) for _ in range(2)) if state else None
    lengths = LENGTHS.sort(descending=True).values if sorted_lengths else LENGTHS

    def run(module):
        packed = pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=bool(sorted_lengths))
        output, (h, c) = module(packed, hx)
        assert torch.equal(output.batch_sizes, packed.batch_sizes)
        return output.data, pad_packed_sequence(output, batch_first=True)[0], h, c

    compare(ours, stock, run, [x, *(hx or ())])


def test_one_sequence_without_a_batch_axis():
    ours, stock = pair(F, H, 2, bidirectional=True)
    x, hx = numbers(T, F), (numbers(4, H), numbers(4, H))

    def run(module):
        y, (h, c) = module(x, hx)
        return y, h, c

    compare(ours, stock, run, [x, *hx])


def test_dropout_lies_between_the_layers_in_training_only():
    ours, stock = pair(F, H, 2, dropout=1.0)  # of every number: nothing is left to chance
    x = numbers(T, B, F)
    compare(ours, stock, lambda module: [module(x)[0]], [x])
    trained = ours(x)[0]
    compare(ours.eval(), stock.eval(), lambda module: [module(x)[0]], [x])
    assert not torch.allclose(trained, ours(x)[0])
    some = LSTM(F, H, 2, dropout=0.5, dtype=torch.float64)
    assert not torch.equal(some(x)[0], some(x)[0])
    assert torch.equal(some.eval()(x)[0], some(x)[0])


@pytest.mark.parametrize(
    ("options", "dtype"), [({"proj_size": 2}, torch.float32), ({}, torch.bfloat16)], ids=["proj_size", "bfloat16"]
)
def test_what_the_kernel_lacks_runs_in_pytorch(options, dtype):
    ours, stock = pair(F, H, dtype=dtype, **options)
    x = torch.randn(T, B, F).to(dtype)
    assert torch.equal(ours(x)[0], stock(x)[0])


def test_errors_are_those_of_pytorch():
    ours, stock = pair(F, H)
    state = torch.zeros(1, B, H, dtype=torch.float64)
    calls = [
        (torch.zeros(T, B, F + 1, dtype=torch.float64),),
        (torch.zeros(1, 1, T, F, dtype=torch.float64),),
        (torch.zeros(T, B, F, dtype=torch.float64), (state[:, 1:], state)),
        (torch.zeros(T, B, F, dtype=torch.float64), (state[0], state)),
    ]
    for call in calls:
        said = []
        for module in (ours, stock):
            with pytest.raises((RuntimeError, ValueError)) as caught:
                module(*call)
            said.append((type(caught.value), str(caught.value)))
        assert said[0] == said[1]


class Tagger(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = torch.nn.Sequential(torch.nn.Linear(F, F), torch.nn.LSTM(F, H, 2, batch_first=True))
        self.gru = torch.nn.GRU(H, H, batch_first=True)
        self.small = torch.nn.LSTM(H, H, proj_size=2, batch_first=True)

    def forward(self, x):
        return self.small(self.gru(self.encoder(x)[0])[0])[0]


def test_accelerate_replaces_every_lstm_of_a_module_and_says_what_it_left(capsys):
    torch.manual_seed(1)
    module, x = Tagger(), torch.randn(B, T, F)
    parameters, before = list(module.parameters()), module(x)
    assert sw.accelerate(module) is module
    assert capsys.readouterr().out == (
        "seqwise.accelerate left to PyTorch:\n"
        "  gru: the kernel is an LSTM; this is GRU\n"
        "  small: the kernel has no proj_size=2\n"
    )
    assert type(module.encoder[1]) is LSTM
    assert all(one is other for one, other in zip(module.parameters(), parameters, strict=True))
    torch.testing.assert_close(module(x), before, rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(copy.deepcopy(module)(x), module(x), rtol=0, atol=0)
    alone = torch.nn.LSTM(F, H)
    assert type(sw.accelerate(alone)) is LSTM


WITHOUT_KERAS = """
import sys, torch, seqwise as sw
module = sw.accelerate(torch.nn.Sequential(torch.nn.LSTM(3, 4)))
print(type(module[0]).__module__, module(torch.zeros(2, 1, 3))[0].shape[-1])
print("keras" in sys.modules, "jax" in sys.modules)
"""


def test_a_pytorch_program_imports_neither_keras_nor_jax():
    done = subprocess.run([sys.executable, "-c", WITHOUT_KERAS], capture_output=True, text=True)
    assert done.stdout.split() == ["seqwise.ops.torch.module", "4", "False", "False"], done.stderr


def test_exported_programs_are_pytorch_own():
    ours, _ = pair(F, H, batch_first=True)
    x = numbers(B, T, F).detach()
    program = torch.export.export(ours.eval(), (x,))
    assert "seqwise" not in str(program.graph)
    torch.testing.assert_close(program.module()(x)[0], ours(x)[0], rtol=1e-9, atol=1e-11)


FORKED = """
import os, sys, torch
import seqwise as sw
from seqwise.ops.torch import LSTM
torch.set_num_threads(2)
(torch.ones(2_000_000) + 1).sum()  # starts PyTorch's threads, which a forked child does not have
model, x = LSTM(16, 48, batch_first=True), torch.randn(64, 20, 16)
with torch.inference_mode():
    known = model(x)[0] if sys.argv[1] == "after" else None
    child = os.fork()
    if child == 0:
        y = model(x)[0]
        os._exit(0 if known is None or bool((y.numpy() == known.numpy()).all()) else 1)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_forked_child_has_threads_of_its_own(when):
    subprocess.run([sys.executable, "-c", FORKED, when], check=True, timeout=120)
