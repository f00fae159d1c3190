"""Every file of an exported folder, damaged in every way: refused by name, and nothing is read or written outside."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

import pytest
from fuzz import examples
from hypothesis import given
from hypothesis import strategies as st
from trained_estimators import ESTIMATORS

import seqwise as sw
from seqwise.errors import MOST_CHARACTERS, BundleError, SeqwiseError
from seqwise.export.contents import EXPORT
from seqwise.export.folder import export_folder, verify_folder

KINDS = {"onnx": "two classes", "keras": "months, log", "tfjs": "two classes"}
SECONDS = 10.0


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """Each format's folder, and that of another model of the same kind."""
    root, folders = tmp_path_factory.mktemp("exported"), {}
    os.environ.pop("NODE_PATH", None)  # nothing here needs TensorFlow.js: a page without it is smaller
    for to, kind in KINDS.items():
        pair = folders[to] = root / to, root / f"other {to}"
        for seed, folder in enumerate(pair):
            estimator = ESTIMATORS[kind]()
            estimator.model_.set_weights([array + seed / 10 for array in estimator.model_.get_weights()])
            export_folder(estimator, to, folder)
    return folders


def cut(path, other):
    path.write_bytes(path.read_bytes()[:-2])  # more than the end of its last line


def emptied(path, other):
    path.write_bytes(b"")


def doubled(path, other):
    path.write_bytes(path.read_bytes() * 2)


def flipped(path, other):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def anothers(path, other):
    """The file of another model; one that both have alike is damaged in another way."""
    content = other.read_bytes()
    path.write_bytes(content if content != path.read_bytes() else content + b" ")


def gone(path, other):
    path.unlink()


def folder(path, other):
    path.unlink()
    path.mkdir()


def link(path, other):
    """To a file outside that holds the same."""
    outside = path.parent.parent / f"outside-{path.name}"
    path.rename(outside)
    path.symlink_to(outside)


def pipe(path, other):
    path.unlink()
    os.mkfifo(path)


DAMAGES = [cut, emptied, doubled, flipped, anothers, gone, folder, link, pipe]
NO_FILES = (gone, folder, link, pipe)


def contents(root: Path) -> dict[Path, object]:
    """All that lies under a folder, without following a link or opening a pipe."""
    return {
        path: path.read_bytes() if path.is_file() and not path.is_symlink() else path.lstat().st_mode
        for path in root.rglob("*")
    }


def check(told: SeqwiseError) -> None:
    assert len(str(told)) <= MOST_CHARACTERS


def damaged_copies(exported, damage, place):
    """Copies of an export, in each of which another file is damaged."""
    whole, other = exported
    for name in [path.relative_to(whole) for path in sorted(whole.rglob("*")) if path.is_file()]:
        copy = place / name.name / "export"
        shutil.copytree(whole, copy)
        damage(copy / name, other / name)
        yield name, copy


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("to", KINDS)
def test_every_file_of_an_export(to, damage, exported, tmp_path):
    for name, copy in damaged_copies(exported[to], damage, tmp_path):
        before, started = contents(tmp_path), time.monotonic()
        with pytest.raises(BundleError) as told:
            verify_folder(copy)
        assert time.monotonic() - started < SECONDS
        assert str(name) in str(told.value), "the message names the file"
        check(told.value)
        assert contents(tmp_path) == before


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("to", ["onnx", "keras"])
def test_every_file_of_an_export_that_is_trusted(to, damage, exported, tmp_path):
    """Its checksums need not hold; what it holds is looked at all the same, as far as it is read."""
    for name, copy in damaged_copies(exported[to], damage, tmp_path):
        if damage in NO_FILES or (name.suffix in (".onnx", ".keras") and damage in (cut, emptied, anothers)):
            with pytest.raises(SeqwiseError) as told:
                verify_folder(copy, trust_edited=True)
            check(told.value)
        else:
            try:
                verify_folder(copy, trust_edited=True)
            except SeqwiseError as error:
                check(error)


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_tensorflow_js_model_of_an_export(damage, exported, tmp_path):
    whole, other = exported["tfjs"]
    for name in ("model.json", "group1-shard1of1.bin"):
        copy = tmp_path / name / "export"
        shutil.copytree(whole, copy)
        damage(copy / name, other / name)
        before = contents(tmp_path)
        with pytest.raises(BundleError) as told:
            sw.load_tfjs(copy)
        assert name in str(told.value)
        check(told.value)
        assert contents(tmp_path) == before
        if damage in (cut, emptied, doubled, *NO_FILES):
            with pytest.raises(BundleError) as told:
                sw.load_tfjs(copy, trust_edited=True)
            check(told.value)
        elif name != "model.json":
            sw.load_tfjs(copy, trust_edited=True)


def test_what_was_written_is_read(exported):
    for whole, _ in exported.values():
        assert verify_folder(whole).networks
    model = sw.load_tfjs(exported["tfjs"][0])
    assert model.count_params() > 0


def test_files_of_ones_own_may_lie_in_an_export(exported, tmp_path):
    copy = tmp_path / "export"
    shutil.copytree(exported["onnx"][0], copy)
    (copy / "mine.txt").write_text("notes")
    os.mkfifo(copy / "pipe")
    assert verify_folder(copy).networks


@examples(60)
@given(data=st.data())
def test_one_bit_is_flipped(exported, tmp_path_factory, data):
    whole, _ = exported["onnx"]
    copy = tmp_path_factory.mktemp("flipped") / "export"
    shutil.copytree(whole, copy)
    path = copy / data.draw(st.sampled_from(sorted(path.name for path in whole.iterdir())))
    content = bytearray(path.read_bytes())
    content[data.draw(st.integers(0, len(content) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    path.write_bytes(content)
    message = EXPORT if path.name == EXPORT else "edited or is damaged|is not an exported folder"
    with pytest.raises(BundleError, match=message):
        verify_folder(copy)
    shutil.rmtree(copy.parent)
