"""The fused LSTM on PyTorch's tensors: the reference, finite differences, and PyTorch's checks of operators."""

from typing import Any

import numpy as np
import pytest
from lstm_cases import CASES, call, options_of, random_inputs

from seqwise.ops import numpy as numpy_ops
from seqwise.ops import reference
from seqwise.ops.arguments import present
from seqwise.ops.options import Options

torch = pytest.importorskip("torch")

from seqwise.ops import torch as torch_ops  # noqa: E402
from seqwise.ops.torch import op  # noqa: E402


def tensors(inputs, *, grad=False):
    """The same arrays as tensors; those that are learned from want gradients."""
    found = [None if a is None else torch.tensor(a) for a in inputs]
    for tensor in found[:6]:
        if tensor is not None:
            tensor.requires_grad_(grad)
    return type(inputs)(*found)


@pytest.mark.parametrize(("seed", "present"), list(enumerate(CASES)))
def test_outputs_equal_the_reference(seed, present):
    options = options_of(seed)
    inputs = random_inputs(seed, masks=options.dropout_masks, dtype="float64", **present)
    truth, h, c = reference.lstm(inputs, options)
    scale = max(1, np.abs(truth).max(), np.abs(c).max())
    for sequences, expected in ((True, truth), (False, truth[:, -1])):
        for grad in (False, True):
            results = call(torch_ops.lstm, tensors(inputs, grad=grad), return_sequences=sequences, options=options)
            for result, number in zip(results, (expected, h, c), strict=True):
                assert result.requires_grad == grad
                np.testing.assert_allclose(result.detach().numpy(), number, atol=1e-12 * scale, rtol=1e-12)


@pytest.mark.parametrize("seed", [1, 2, 8])
def test_gradients_equal_finite_differences(seed):
    options = options_of(seed)
    present = {"bias": True, "state": True, "mask": True, "dropout": True, "recurrent_dropout": seed == 1}
    inputs = tensors(random_inputs(seed, (2, 3, 2, 3), options.dropout_masks, "float64", **present), grad=True)

    def run(*learned):
        return call(torch_ops.lstm, inputs._replace(**dict(zip(inputs._fields, learned, strict=False))),
                    return_sequences=seed != 2, options=options)  # fmt: skip

    assert torch.autograd.gradcheck(run, inputs[:6])


def test_gradients_of_both_directions_equal_finite_differences():
    one, other = (tensors(random_inputs(k, (2, 3, 2, 3), dtype="float64", state=True), grad=True) for k in (3, 4))
    mask = torch.tensor([[True, False, True], [False, True, True]])

    def run(x, W, U, b, h, c, *rest):
        both = torch_ops.bidirectional_lstm(
            x, (W, U, b), rest[:3], (h, c), rest[3:], mask=mask, return_sequences=True
        )  # fmt: skip
        return [array for result in both for array in result]

    assert torch.autograd.gradcheck(run, (*one[:6], *other[1:6]))


def test_float32_gradients_are_those_of_the_kernel():
    inputs = random_inputs(2, state=True, mask=True)
    given = tensors(inputs, grad=True)
    y, _, c = call(torch_ops.lstm, given, return_sequences=True)
    found = torch.autograd.grad(y.sum() + 2 * c.sum(), given[:6])
    outputs = numpy_ops.forward(inputs, return_sequences=True)
    assert outputs.reserve is not None
    ones = np.ones_like(outputs.y), np.full_like(outputs.cT, 2)
    expected = numpy_ops.backward(inputs, outputs.reserve, y=ones[0], cT=ones[1])
    for mine, theirs in zip(found, expected, strict=True):
        np.testing.assert_array_equal(mine.numpy(), theirs)


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("passes", [1, 2])
def test_pytorch_own_checks_of_the_operator(passes, training):
    # 16 units and no masked step: every number that is kept for the backward pass is then written
    arrays = [tensors(random_inputs(k, (3, 4, 2, 16), state=True), grad=training) for k in range(passes)]
    mask = torch.ones(3, 4, dtype=torch.bool)
    flat = [a for inputs in arrays for a in inputs._replace(mask=mask)]
    there = [a for a in flat if a is not None]
    lstm_op: Any = op.lstm_op
    arguments = (there, present(flat), True, list(Options().numbers), training)
    assert all(result.requires_grad == training for result in lstm_op(*arguments)[:3])
    torch.library.opcheck(lstm_op, arguments)


def test_it_compiles_whole_with_its_gradients():
    def loss(x, W, U, b):
        y, h, _ = torch_ops.lstm(torch.sin(x), W, U, b, return_sequences=True)
        return (y * y).sum() + h.sum()

    compiled = torch.compile(loss, fullgraph=True, backend="aot_eager", dynamic=True)
    for samples in (5, 3):
        arrays = tensors(random_inputs(4, (samples, 7, 3, 11)), grad=True)[:4]
        expected = torch.autograd.grad(loss(*arrays), arrays)
        for mine, theirs in zip(torch.autograd.grad(compiled(*arrays), arrays), expected, strict=True):
            torch.testing.assert_close(mine, theirs)


def test_without_gradients_nothing_is_kept_for_them(monkeypatch):
    inputs, kept = tensors(random_inputs(5), grad=True), []
    plain = op._forward
    monkeypatch.setattr(op, "_forward", lambda *a: kept.append(a[-1]) or plain(*a))
    expected = call(torch_ops.lstm, inputs)[0].detach()
    for without in (torch.no_grad, torch.inference_mode):
        with without():
            torch.testing.assert_close(call(torch_ops.lstm, inputs)[0], expected, rtol=0, atol=0)
    assert kept == [True, False, False]


def test_a_state_that_is_overwritten_before_the_backward_pass_is_found_out():
    inputs = tensors(random_inputs(6, state=True), grad=True)
    h0 = inputs.h0.detach()
    y = call(torch_ops.lstm, inputs._replace(h0=h0))[0]
    h0.zero_()
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.sum().backward()


def test_a_second_derivative_is_refused():
    inputs = tensors(random_inputs(6), grad=True)
    (slope,) = torch.autograd.grad(call(torch_ops.lstm, inputs)[0].sum(), inputs.x, create_graph=True)
    with pytest.raises(RuntimeError, match="has no second derivative"):
        slope.sum().backward()


def test_step_equals_one_timestep():
    inputs = random_inputs(6, sizes=(2, 1, 3, 11), state=True)
    _, h, c = reference.lstm(inputs)
    given = tensors(inputs)
    got = torch_ops.step(given.x[:, 0], given.h0, given.c0, *given[1:4])
    np.testing.assert_allclose(got, (h, c), rtol=1e-5, atol=1e-6)


def test_errors_name_the_array():
    inputs = tensors(random_inputs(7))
    with pytest.raises(ValueError, match=r"kernel has the shape \(3, 40\).*must be \(3, 44\)"):
        call(torch_ops.lstm, inputs._replace(kernel=inputs.kernel[:, :40]))
    with pytest.raises(TypeError, match="x has dtype float16"):
        call(torch_ops.lstm, inputs._replace(x=inputs.x.half()))
