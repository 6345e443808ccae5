"""The package is what the folders say: nothing missing from the wheel, nothing installed under a bare name."""

from __future__ import annotations

import importlib
import subprocess
import sys
import tomllib
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType

import pytest

import midtrace
import midtrace.extractors
import midtrace.testing
import midtrace.verifiers

ROOT = Path(__file__).parent.parent
SETTINGS = tomllib.loads((ROOT / "pyproject.toml").read_text())
FOLDERS = {"midtrace": "runtime", "midtrace.verifiers": "verifiers", "midtrace.extractors": "extractors"}
PUBLIC = [midtrace, midtrace.extractors, midtrace.testing, midtrace.verifiers]


def test_every_package_on_disk_is_listed_and_mapped() -> None:
    found = {}
    for name, folder in FOLDERS.items():
        for init in (ROOT / folder).rglob("__init__.py"):
            parts = init.parent.relative_to(ROOT / folder).parts
            found[".".join([name, *parts])] = "/".join([folder, *parts])

    assert SETTINGS["tool"]["setuptools"]["package-dir"] == found
    assert SETTINGS["tool"]["setuptools"]["packages"] == sorted(found)


@pytest.mark.parametrize("module", PUBLIC)
def test_all_is_sorted_and_complete(module: ModuleType) -> None:
    names = [
        name
        for name, value in vars(module).items()
        if not name.startswith("_") and getattr(value, "__module__", "").startswith("midtrace")
    ]

    assert module.__all__ == sorted(module.__all__)
    assert set(names) <= set(module.__all__)
    assert all(hasattr(module, name) for name in module.__all__)


@pytest.mark.parametrize("module", PUBLIC[1:])
def test_public_modules_have_a_stub_for_static_tools(module: ModuleType) -> None:
    name = module.__name__.removeprefix("midtrace.")
    folder = FOLDERS.get(module.__name__, f"runtime.{name}")

    stubs = ROOT / ".typings" / "midtrace"
    stub = stubs / f"{name}.pyi" if (stubs / f"{name}.pyi").exists() else stubs / name / "__init__.pyi"
    assert stub.read_text() == f"from {folder} import *\n"


def test_bare_names_are_not_importable() -> None:
    code = "import importlib.util as u; print([n for n in ('runtime', 'verifiers', 'extractors') if u.find_spec(n)])"
    done = subprocess.run([sys.executable, "-P", "-c", code], cwd="/", capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"


def test_the_package_imports_without_ray_and_without_solvers() -> None:
    code = "import sys, midtrace; print([n for n in ('ray', 'z3', 'sympy', 'xllamacpp', 'httpx2') if n in sys.modules])"
    done = subprocess.run([sys.executable, "-P", "-c", code], cwd="/", capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"


def test_only_one_module_imports_ray() -> None:
    importing = [
        path.relative_to(ROOT).as_posix()
        for folder in FOLDERS.values()
        for path in (ROOT / folder).rglob("*.py")
        if any(line.split()[:2] in (["import", "ray"], ["from", "ray"]) for line in path.read_text().splitlines())
    ]

    assert importing == ["runtime/engines/ray.py"]


def test_entry_points_load() -> None:
    for group in SETTINGS["project"]["entry-points"]:
        for point in entry_points(group=group):
            assert callable(point.load())


def test_every_module_imports() -> None:
    for name, folder in FOLDERS.items():
        for path in (ROOT / folder).rglob("*.py"):
            parts = path.relative_to(ROOT / folder).with_suffix("").parts
            if parts[-1] != "__main__":
                importlib.import_module(".".join([name, *(part for part in parts if part != "__init__")]))


def test_no_file_names_a_registry_host_or_a_path_of_a_machine() -> None:
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    needles = ["pypi" + ".org", "pythonhosted" + ".org", "registry.npmjs" + ".org", "/" + "work/", "/" + "root/"]
    for name in tracked:
        text = (ROOT / name).read_text(errors="replace")
        assert not [needle for needle in needles if needle in text], name
