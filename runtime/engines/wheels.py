"""An installed distribution made into a wheel again, to be sent to the workers of a cluster.

The wheel names no requirements: Ray installs it apart from everything else, and pip would install a second copy of all
that the node has already, Ray itself included.
"""

from __future__ import annotations

import base64
import hashlib
import zipfile
from collections.abc import Iterator
from importlib import metadata, resources
from pathlib import Path, PurePosixPath
from typing import NamedTuple, Protocol

from ..errors import UsageError

OURS = ("midtrace", "midtrace.extractors", "midtrace.verifiers")
"""Our roots: an editable installation finds them in folders that lie side by side."""

LEFT_OUT = {"RECORD", "INSTALLER", "REQUESTED", "direct_url.json"}
"""What an installer writes about an installation."""


class _Folder(Protocol):
    """A folder of a package, wherever it lies."""

    def iterdir(self) -> Iterator[resources.abc.Traversable]: ...


class _File(NamedTuple):
    """A file of the wheel: its path there, and what it holds."""

    path: str
    content: bytes


def wheel_of(name: str | Path, folder: Path) -> Path:
    """A wheel of the installed distribution `name`, written into `folder`; a path of a wheel is given back as it is.

    Raises `UsageError` for what is neither, and for an editable installation of somebody else's package.
    """
    if isinstance(name, Path) or name.endswith(".whl"):
        path = Path(name)
        if path.suffix != ".whl" or not path.is_file():
            raise UsageError(f"ship={str(path)!r}: expected an existing .whl file or the name of a distribution")
        return path
    try:
        found = metadata.distribution(name)
    except (metadata.PackageNotFoundError, ValueError) as error:
        raise UsageError(
            f"ship={name!r}: no distribution of that name is installed; expected one, or the path of a wheel"
        ) from error
    return _write(found, folder)


def _write(found: metadata.Distribution, folder: Path) -> Path:
    stem = f"{found.name.replace('-', '_')}-{found.version}"
    about = found.read_text("WHEEL") or ""
    tags = [line.partition(":")[2].strip() for line in about.splitlines() if line.startswith("Tag:")]
    path = folder / f"{stem}-{tags[0] if tags else 'py3-none-any'}.whl"
    info = f"{stem}.dist-info"
    recorded = _editable(found) if "__editable__" in _names(found) else _installed(found)
    files = [*recorded, *_about(found, info, about)]
    record = "".join(f"{file.path},sha256={_digest(file.content)},{len(file.content)}\n" for file in files)
    files.append(_File(f"{info}/RECORD", f"{record}{info}/RECORD,,\n".encode()))
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in files:
            # The same content gives the same file, which Ray then stores once: hence a time that does not change.
            archive.writestr(zipfile.ZipInfo(file.path, (1980, 1, 1, 0, 0, 0)), file.content)
    return path


def _names(found: metadata.Distribution) -> str:
    return " ".join(str(file) for file in found.files or ())


def _about(found: metadata.Distribution, info: str, wheel: str) -> Iterator[_File]:
    """Who it is and what plugs into what, without what it requires."""
    about = found.read_text("METADATA") or ""
    head, separator, description = about.partition("\n\n")
    kept = [line for line in head.splitlines() if not line.startswith(("Requires-Dist:", "Provides-Extra:"))]
    yield _File(f"{info}/METADATA", ("\n".join(kept) + separator + description).encode())
    yield _File(f"{info}/WHEEL", wheel.replace("Editable: true\n", "").encode())
    entries = found.read_text("entry_points.txt")
    if entries:
        yield _File(f"{info}/entry_points.txt", entries.encode())


def _installed(found: metadata.Distribution) -> Iterator[_File]:
    for file in found.files or ():
        path = PurePosixPath(file)
        if ".." in path.parts or "__pycache__" in path.parts or path.parts[0].endswith(".dist-info"):
            continue
        yield _File(str(path), file.read_binary())


def _editable(found: metadata.Distribution) -> Iterator[_File]:
    if found.name != "midtrace":
        raise UsageError(f"ship={found.name!r}: it is installed as editable; expected the path of a wheel of it")
    for root in OURS:
        yield from _below(resources.files(root), root.replace(".", "/"))


def _below(folder: _Folder, where: str) -> Iterator[_File]:
    for entry in sorted(folder.iterdir(), key=lambda each: each.name):
        if entry.is_file() and not entry.name.endswith(".pyc"):
            yield _File(f"{where}/{entry.name}", entry.read_bytes())
        elif entry.is_dir() and entry.name != "__pycache__":
            yield from _below(entry, f"{where}/{entry.name}")


def _digest(content: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
