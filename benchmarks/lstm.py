"""Speed of an LSTM beside PyTorch and stock Keras on its backends: the same weights, turn by turn, each in a process of
its own.

The work of a forward pass counts as 8 · batch · timesteps · units · (features + units) operations, of forward +
backward (gradients of the inputs and all weights, for a given gradient of every output) three times as much.
"""

from __future__ import annotations

import argparse
import ctypes
import importlib
import importlib.util
import json
import multiprocessing
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from fit import show
from lstm_calls import (
    CALLS,
    CORES,
    FORWARD,
    KERAS,
    ON_KERAS_TORCH,
    PAIRS,
    PASSES,
    PEERS,
    SEQWISE,
    SEQWISE_TORCH,
    SHAPES,
    SMALLEST,
    TORCH,
    TRAINING,
    Problem,
    Shape,
    installed_peers,
    sample_results,
)

SIZES = "batch, timesteps, features, units"
BUSY = 0.1  # cores used by others from which a time is not counted
LEAST_SAMPLE, PAUSE = 0.02, 0.005  # seconds
SLOW = 1.0  # seconds of a call that is timed only once a round, cold: Keras's loops on PyTorch take up to a minute
# The whole table is measured three times over: a neighbour on the same host who is busy for a minute spoils a third of
# a shape's times, not all of them.
ROUNDS, LEAST_TURNS = 3, 2
# with lengths that differ one step of hydrology takes PyTorch three quarters of a minute
RAGGED = {
    "text-128": (SEQWISE, TORCH, KERAS, SEQWISE_TORCH, ON_KERAS_TORCH),
    "hydrology": (SEQWISE, KERAS, SEQWISE_TORCH),
}
MEMORY_PEERS = (SEQWISE, TORCH, KERAS)
MEMORY = ("text-128", "hydrology", "speech")


def seconds_of(call: Callable[[], Any], repeats: int) -> float:
    """Seconds a call, over `repeats` of them as in a loop: caches, pages and threads are warm from one before, unless
    that one is `SLOW`, which then counts itself."""
    started = time.perf_counter()
    call()
    if (first := time.perf_counter() - started) > SLOW:
        return first
    started = time.perf_counter()
    for _ in range(repeats):
        call()
    return (time.perf_counter() - started) / repeats


def serve(peer: str, pipe: Any) -> None:
    """What a peer's process does: take a problem (sampled results the first time, then None); send times."""
    call: Callable[[], Any] = lambda: None  # noqa: E731
    known: dict[tuple[Shape, str], Callable[[], Any]] = {}
    while True:
        try:
            question = pipe.recv()
        except EOFError:  # the bench is over
            return
        match question:
            case Shape() as shape, str(which) if (shape, which) in known:
                call = known[shape, which]
                pipe.send(None)
            case Shape() as shape, str(which):
                problem = Problem.draw(shape)
                call = known[shape, which] = CALLS[peer](problem, which)
                pipe.send(sample_results(peer, problem, which, call()))
            case int(repeats):
                pipe.send(seconds_of(call, repeats))


class Peer:
    """A library in a process of its own, where nobody else's threads spin and nobody else's memory is reused."""

    def __init__(self, name: str) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, other_end = context.Pipe()
        self._process = context.Process(target=serve, args=(name, other_end), daemon=True)
        self._process.start()

    def cpu_seconds(self) -> float:
        fields = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")  # in user and in system mode

    def ask(self, question: Any) -> Any:
        self._pipe.send(question)
        return self._pipe.recv()


def time_in_turns(timers: dict[Any, Callable[[int], float]], seconds: float) -> dict[Any, list[float]]:
    """Seconds a call: A B C A B C … until each had about `seconds` (and at least two turns; `SLOW` ones have one)."""
    first = {name: timer(1) for name, timer in timers.items()}
    times = {name: [once] if once > SLOW else [] for name, once in first.items()}
    repeats = {name: max(1, round(LEAST_SAMPLE / once)) for name, once in first.items() if once <= SLOW}
    began, turns = time.perf_counter(), 0
    while repeats and (turns < LEAST_TURNS or time.perf_counter() - began < seconds * len(repeats)):
        for name, calls in repeats.items():
            time.sleep(PAUSE)  # the threads of the one before may still be spinning
            times[name].append(timers[name](calls))
        turns += 1
    return times


def gemm_peak(seconds: float) -> float:
    """GFLOP/s of the fastest float32 matrix product here: NumPy's or PyTorch's, 1024 to 2048 square; its median."""
    calls = {}
    for n in (1024, 1536, 2048):
        a = np.random.default_rng(0).random((n, n), np.float32)
        calls["numpy", n] = partial(np.matmul, a, a, out=np.empty_like(a))
        if TORCH in installed_peers():
            torch = importlib.import_module("torch")
            calls["torch", n] = partial(torch.mm, *(torch.from_numpy(a),) * 2, out=torch.empty(n, n))
    times = time_in_turns({name: partial(seconds_of, call) for name, call in calls.items()}, seconds)
    return max(2e-9 * n**3 / statistics.median(values) for (_, n), values in times.items())


@dataclass
class Measured:
    """One problem: each peer's seconds a call, over all rounds; CPU seconds of others meanwhile, and its length."""

    times: dict[str, list[float]]
    others: float = 0.0
    lasted: float = 0.0


def measure(peers: dict[str, Peer], problems: Sequence[tuple[Shape, str]], seconds: float) -> list[Measured]:
    """Time all problems in several rounds, once the peers have shown that they compute the same: to 1/1000 of the
    largest number."""
    measured = [Measured({name: [] for name in peers}) for _ in problems]
    for turn, (one, (shape, which)) in product(range(ROUNDS), zip(measured, problems, strict=True)):
        print(f"round {turn + 1} of {ROUNDS}, {shape}: {which} …", file=sys.stderr)
        began, others = time.perf_counter(), others_seconds(peers)
        found = {name: peer.ask((shape, which)) for name, peer in peers.items()}
        for name, arrays in found.items():
            first = next(iter(found))
            if arrays and any(
                np.abs(a - b).max() > 1e-3 * np.abs(b).max() for a, b in zip(arrays, found[first], strict=True)
            ):
                raise SystemExit(f"{shape}, {which}: {name} and {first} differ; no times.")
        for name, times in time_in_turns({n: peer.ask for n, peer in peers.items()}, seconds / ROUNDS).items():
            one.times[name] += times
        one.others += others_seconds(peers) - others
        one.lasted += time.perf_counter() - began
    return measured


def quartiles(values: Any) -> str:
    low, middle, high = (f"{v:.0f}" if v >= 999.5 else f"{v:.3g}" for v in np.quantile(values, (0.25, 0.5, 0.75)))
    return f"{middle} ({low}–{high})"


def others_seconds(peers: dict[str, Peer]) -> float:
    """CPU seconds that others than this process and the peers' have used, up to a constant (0: not known)."""
    if not (stat := Path("/proc/stat")).exists():
        return 0.0
    own = time.process_time() + sum(peer.cpu_seconds() for peer in peers.values())
    ticks = [int(field) for field in stat.read_text().split()[1:9]]  # the fourth and fifth are idle time
    return (sum(ticks) - sum(ticks[3:5])) / os.sysconf("SC_CLK_TCK") - own


def speed_table(
    peers: dict[str, Peer], shapes: list[Shape], seconds: float
) -> tuple[list[str], list[list[str]], list[str]]:
    """Header, rows and notes of the comparison."""
    pairs = [(ours, theirs) for ours, theirs in PAIRS if ours in peers and theirs in peers]
    columns = [f"{peer} {unit}" for peer in peers for unit in ("ms", "GFLOP/s")]
    header = [SIZES, "pass", *columns, *(f"{ours} × {theirs}" for ours, theirs in pairs), "% of peak"]
    problems = list(product(shapes, PASSES))
    peaks = [gemm_peak(0.1)]
    measured = measure(peers, problems, seconds)
    peaks.append(gemm_peak(0.1))
    rows = []
    ratios: dict[tuple[str, tuple[str, str]], dict[Shape, float]] = {key: {} for key in product(PASSES, pairs)}
    for (shape, which), one in zip(problems, measured, strict=True):
        times, others = one.times, one.others / one.lasted
        speeds = {p: 1e-9 * shape.operations(which) / statistics.median(v) for p, v in times.items()}
        row = [str(shape), which if others < BUSY else f"{which}, BUSY {others:.1f}"]
        for peer in peers:
            row += [quartiles(1e3 * np.array(times[peer])), f"{speeds[peer]:.3g}"]
        for ours, theirs in pairs:
            if others < BUSY:
                ratios[which, (ours, theirs)][shape] = speeds[ours] / speeds[theirs]
            row.append(f"{speeds[ours] / speeds[theirs]:.2f}")
        rows.append([*row, f"{100 * speeds[next(iter(peers))] / max(peaks):.0f}"])
    notes = [f"float32 GEMM peak {' before, '.join(f'{peak:.0f}' for peak in peaks)} GFLOP/s after; the larger counts"]
    if any(one.others >= BUSY * one.lasted for one in measured):
        notes.append("BUSY: cores that other processes used meanwhile. PyTorch suffers most, so these rows say nothing")
    for (which, (ours, theirs)), found in ratios.items():
        groups = ([r for s, r in found.items() if s in SHAPES[:12]], list(found.values()))
        means = dict.fromkeys(f"{statistics.geometric_mean(g):.2f} over {len(g)} shapes" for g in groups if g)
        for least, name in sorted((ratio, s.name) for s, ratio in found.items())[:1]:
            mean = ", ".join(means)
            notes.append(f"{which}, {ours} × {theirs}: geometric mean {mean}; least {least:.2f} ({name})")
    return header, rows, notes


def overhead_note(peers: dict[str, Peer], seconds: float) -> str:
    """Time of a call that computes next to nothing, in µs."""
    (one,) = measure(peers, [(SMALLEST, FORWARD)], seconds)
    times = (f"{peer} {1e6 * statistics.median(values):.3g}" for peer, values in one.times.items())
    return f"one call of {SMALLEST}, µs: {', '.join(times)}"


def ragged_notes(peers: dict[str, Peer], shapes: list[Shape], seconds: float) -> list[str]:
    """Time with lengths spread over 10–100 % of the timesteps, as a part of that of full sequences."""
    notes = []
    for shape, which in product((s for s in shapes if s.name in RAGGED), PASSES):
        asked = {name: peer for name, peer in peers.items() if name in RAGGED[shape.name]}
        full, ragged = (
            one.times for one in measure(asked, [(replace(shape, ragged=r), which) for r in (False, True)], seconds)
        )
        parts = (f"{p} {statistics.median(ragged[p]) / statistics.median(full[p]):.2f}" for p in full)
        notes.append(f"{shape.name}, lengths over 10–100 % ÷ full, {which}: {', '.join(parts)}")
        if TORCH in ragged and SEQWISE_TORCH in ragged:
            ratio = statistics.median(ragged[TORCH]) / statistics.median(ragged[SEQWISE_TORCH])
            notes.append(f"{shape.name}, packed sequences of 10–100 %, {which}: {SEQWISE_TORCH} × {TORCH} {ratio:.2f}")
    return notes


def stream_notes(shapes: list[Shape], seconds: float) -> list[str]:
    """From Python, without JAX: one step, and the audio stream for each of its steps."""
    from seqwise.ops import numpy as ops

    notes = []
    for shape in (s for s in shapes if s.batch == 1):
        problem = Problem.draw(shape)
        weights, state = problem.weights[0][0], np.zeros((1, shape.units), np.float32)
        call = partial(ops.step, problem.x[:, 0], state, state, *weights)
        if shape.timesteps > 1:
            call = partial(ops.lstm, problem.x, *weights, return_sequences=True)
        (times,) = time_in_turns({SEQWISE: partial(seconds_of, call)}, seconds).values()
        notes.append(
            f"{shape}: ops.numpy.{call.func.__name__} {quartiles(1e6 * np.array(times) / shape.timesteps)} µs a step"
        )
    return notes


def step_memory(peer: str, shape: Shape) -> float:
    """MB that one training step adds to the peak of this process, its inputs and compiled program apart."""
    CALLS[peer](Problem.draw(replace(shape, batch=1, timesteps=2)), TRAINING)()  # libraries and threads are there
    call = CALLS[peer](Problem.draw(shape), TRAINING)
    if hasattr(libc := ctypes.CDLL(None), "malloc_trim"):
        libc.malloc_trim(0)  # what was freed before is not there for the step
    if (reset := Path("/proc/self/clear_refs")).exists():
        reset.write_text("5")  # the peak starts again from what is in use, so compiling is not in it
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    call()
    return (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024


def memory_rows(shapes: list[Shape]) -> list[list[str]]:
    rows = []
    for shape in (s for s in shapes if s.name in MEMORY):
        command = [sys.executable, __file__, "--only", shape.name, "--memory-of"]
        found: dict[str, str] = dict.fromkeys(MEMORY_PEERS, "")
        for peer in (peer for peer in installed_peers() if peer in found):
            output = subprocess.run([*command, peer], stdout=subprocess.PIPE, text=True, check=True).stdout
            found[peer] = f"{json.loads(output.splitlines()[-1]):.0f}"
        rows.append([str(shape), *found.values()])
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help="a shape's name, or a part of several")
    parser.add_argument("--seconds", type=float, default=1.0, help="for each shape, pass and peer (default 1)")
    parser.add_argument("--target", help="the kernel's CPU target: portable, avx2, avx512")
    parser.add_argument("--memory", action="store_true", help="instead: peak memory of one training step")
    parser.add_argument("--markdown", action="store_true")
    parser.add_argument("--peers", default="", help="instead of all: names or parts of names, by commas")
    parser.add_argument("--memory-of", choices=PEERS, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.target:
        os.environ["SEQWISE_TARGET"] = arguments.target  # read when the kernel is first used
    shapes = [s for s in SHAPES if s.name == arguments.only] or [s for s in SHAPES if arguments.only in s.name]
    if not shapes:
        parser.error(f"no shape is called {arguments.only!r}; there are {', '.join(s.name for s in SHAPES)}")
    if arguments.memory_of:
        print(json.dumps(step_memory(arguments.memory_of, shapes[0])))
        return
    notes = [] if list(PEERS) == installed_peers() else ["PyTorch or TensorFlow is not installed here"]
    if arguments.memory:
        header = [SIZES, *(f"{p} MB" for p in MEMORY_PEERS)]
        show("Peak of one training step, fresh processes", header, memory_rows(shapes), notes, arguments.markdown)
        return
    from seqwise import _kernel

    if arguments.target and _kernel.target() != arguments.target:
        parser.error(f"this machine has no target {arguments.target}; it would use {_kernel.target()}")
    parts = arguments.peers.split(",")
    chosen = [p for p in installed_peers() if any(part == p or (part not in PEERS and part in p) for part in parts)]
    peers = {name: Peer(name) for name in chosen}
    started, others = time.perf_counter(), others_seconds(peers)
    header, rows, found = speed_table(peers, shapes, arguments.seconds)
    notes += [*found, *ragged_notes(peers, shapes, arguments.seconds), overhead_note(peers, arguments.seconds)]
    notes += stream_notes(shapes, arguments.seconds)
    others, seconds = max(0, others_seconds(peers) - others), time.perf_counter() - started
    notes.append(f"took {seconds:.0f} s; other processes used {others / seconds:.2f} of {CORES} cores")
    show(f"One LSTM, {_kernel.target()}, {CORES} cores: median (quartiles)", header, rows, notes, arguments.markdown)


if __name__ == "__main__":
    main()
