"""The compiled module itself, below `seqwise.ops`: what does not fit is refused, and never read or written past."""

from __future__ import annotations

import contextlib
from typing import Any

import numpy as np
import pytest

from seqwise import _kernel

B, T, F, H = 2, 3, 2, 4
OPTIONS = [0, 1, 0, 0, 1]
INPUTS = ["x", "kernel", "recurrent_kernel", "bias", "h0", "c0", "mask", "input_dropout", "recurrent_dropout"]
SHAPES = [(B, T, F), (F, 4 * H), (H, 4 * H), (4 * H,), (B, H), (B, H), (B, T), (1, B, F), (1, B, H)]
OF_OUTPUTS = [(B, T, H), (B, H), (B, H), (B, H)]
RESERVE = _kernel.reserve_size(B, T, F, H, False)


def numbers(shape) -> Any:
    return np.random.default_rng(sum(shape)).normal(size=shape).astype("float32")


def inputs() -> list[Any]:
    return [np.ones(s, np.uint8) if name == "mask" else numbers(s) for name, s in zip(INPUTS, SHAPES, strict=True)]


def outputs() -> list[Any]:
    return [*(numbers(shape) for shape in OF_OUTPUTS), np.zeros(RESERVE, "float32")]


def step_arrays() -> list[Any]:
    return [numbers((B, F)), *inputs()[1:4], *(numbers((B, H)) for _ in range(4))]


def forward(given, to=None, options=OPTIONS):
    _kernel.forward(given, outputs() if to is None else to, options)


def backward(given, gradients=None, to=None):
    kept = outputs()
    forward(inputs(), kept)
    of_outputs = [kept[4], *(numbers(shape) for shape in OF_OUTPUTS)]
    _kernel.backward(given, gradients or of_outputs, to or [numbers(shape) for shape in SHAPES[:6]], OPTIONS)


def wrong_forms(array):
    """The same numbers in other shapes, fewer, none, and an empty array whose pointer is null."""
    yield array.reshape(-1)[:-1]
    yield array[None]
    yield np.ascontiguousarray(array.T) if array.T.shape != array.shape else array.reshape(1, -1)
    yield np.zeros((0,) * array.ndim, array.dtype)
    yield array.astype("float64") if array.dtype == np.float32 else array.astype("int32")


def test_what_fits_is_taken():
    forward(inputs())
    forward([*inputs()[:3], *[None] * 6])
    backward(inputs())
    _kernel.step(step_arrays(), OPTIONS)
    assert _kernel.step_in_place(*step_arrays(), tuple(OPTIONS))


@pytest.mark.parametrize("which", range(len(INPUTS)))
def test_inputs_of_another_form(which):
    for wrong in wrong_forms(inputs()[which]):
        given = inputs()
        given[which] = wrong
        for call in (forward, backward):
            with pytest.raises((ValueError, TypeError)):
                call(given)


@pytest.mark.parametrize("which", range(5))
def test_outputs_and_gradients_of_another_form(which):
    for wrong in wrong_forms(outputs()[which]):
        to = outputs()
        to[which] = wrong
        with pytest.raises((ValueError, TypeError)):
            forward(inputs(), to)
        gradients = [np.zeros(RESERVE, "float32"), *(numbers(shape) for shape in OF_OUTPUTS)]
        if gradients[which].shape != wrong.shape or wrong.dtype != np.float32:
            gradients[which] = wrong
            with pytest.raises((ValueError, TypeError)):
                backward(inputs(), gradients)


@pytest.mark.parametrize("which", range(6))
def test_input_gradients_of_another_form(which):
    for wrong in wrong_forms(inputs()[which]):
        to = [numbers(shape) for shape in SHAPES[:6]]
        to[which] = wrong
        with pytest.raises((ValueError, TypeError)):
            backward(inputs(), to=to)


@pytest.mark.parametrize("which", range(8))
def test_a_step_of_another_form(which):
    for wrong in wrong_forms(step_arrays()[which]):
        arrays = step_arrays()
        arrays[which] = wrong
        with pytest.raises((ValueError, TypeError)):
            _kernel.step(arrays, OPTIONS)
        with contextlib.suppress(ValueError):
            assert not _kernel.step_in_place(*arrays, tuple(OPTIONS)), "False: nothing was done"


def test_results_are_never_lost_in_a_copy():
    to = outputs()
    to[0] = np.zeros((B, T, 2 * H), "float32")[:, :, ::2]
    with pytest.raises(TypeError):
        forward(inputs(), to)
    to[0] = numbers((B, T, H))
    to[0].flags.writeable = False
    with pytest.raises(TypeError):
        forward(inputs(), to)
    arrays = step_arrays()
    arrays[6] = np.zeros((B, 2 * H), "float32")[:, ::2]
    assert not _kernel.step_in_place(*arrays, tuple(OPTIONS))
    with pytest.raises(TypeError):
        _kernel.step(arrays, OPTIONS)


def test_what_overlaps_is_refused():
    given, to = inputs(), outputs()
    to[1] = given[4]  # last, into h0
    with pytest.raises(ValueError, match="an output that overlaps an input"):
        forward(given, to)
    memory = np.zeros(2 * B * H, "float32")
    to = outputs()
    to[2], to[3] = memory[: B * H].reshape(B, H), memory[3 : 3 + B * H].reshape(B, H)
    with pytest.raises(ValueError, match="two outputs that overlap"):
        forward(inputs(), to)
    arrays = step_arrays()
    arrays[6], arrays[7] = arrays[4], arrays[5]  # in place, as a stream does it
    want = step_arrays()
    _kernel.step(want, OPTIONS)
    _kernel.step(arrays, OPTIONS)
    np.testing.assert_array_equal(arrays[6], want[6])
    arrays[6], arrays[7] = arrays[5], arrays[4]
    with pytest.raises(ValueError, match="overlaps"):
        _kernel.step(arrays, OPTIONS)


def test_an_output_may_begin_where_the_mask_ends():
    after = (B * T + 3) // 4 * 4  # the mask has one byte a step
    memory = np.zeros(after + 4 * B * H, np.uint8)
    given, to = inputs(), outputs()
    given[6] = memory[: B * T].reshape(B, T)
    given[6][:] = 1
    to[1] = memory[after : after + 4 * B * H].view("float32").reshape(B, H)
    forward(given, to)
    apart = outputs()
    forward(inputs(), apart)
    np.testing.assert_array_equal(to[1], apart[1])
    to[1] = memory[4 : 4 + 4 * B * H].view("float32").reshape(B, H)  # into the last two of the mask's six bytes
    with pytest.raises(ValueError, match="an output that overlaps an input"):
        forward(given, to)


HUGE = 2**62


@pytest.mark.parametrize(
    "sizes", [(HUGE, 4, 1, 1), (0, HUGE, HUGE, 1), (1, 1, 1, HUGE), (2**31, 2**31, 2, 8), (-1, 1, 1, 1)]
)
def test_sizes_whose_product_overflows(sizes):
    with pytest.raises(ValueError, match=r"memory|negative"):
        _kernel.reserve_size(*sizes, False)
    with pytest.raises(ValueError, match=r"memory|negative"):
        _kernel.forward_at([0] * 14, list(sizes), False, OPTIONS)
    with pytest.raises(ValueError, match=r"memory|negative"):
        _kernel.backward_at([0] * 20, list(sizes), False, OPTIONS)


def test_null_pointers():
    with pytest.raises(ValueError, match="numbers in `x` and received none"):
        _kernel.forward_at([0] * 14, [B, T, F, H], False, OPTIONS)
    with pytest.raises(ValueError, match="numbers in `x` and received none"):
        _kernel.backward_at([0] * 20, [B, T, F, H], False, OPTIONS)
    _kernel.forward_at([0] * 14, [0, T, 0, 0], False, OPTIONS)
    empty = [np.zeros(s, "float32") for s in ((B, T, 0), (0, 4 * H), (H, 4 * H))]
    to = outputs()
    forward([*empty, *[None] * 6], to)
    assert np.isfinite(to[0]).all()


@pytest.mark.parametrize(
    "options", [[], [0] * 4, [5, 1, 0, 0, 1], [0, -1, 0, 0, 1], [0, 1, 3, 0, 1], [0, 1, 0, 0, 2], [0] * 5]
)
def test_options_that_there_are_none_of(options):
    with pytest.raises(ValueError, match="option"):
        forward(inputs(), options=options)
    with pytest.raises((ValueError, IndexError), match="option"):
        _kernel.step(step_arrays(), options)
