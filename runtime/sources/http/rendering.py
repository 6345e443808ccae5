"""The process in which a chat template is rendered; run as a script, with a request on its standard input.

It imports nothing of the package, so that it starts fast, and bounds itself: processor time and memory.
"""

from __future__ import annotations

import contextlib
import json
import sys
from datetime import datetime
from typing import NoReturn

MEMORY = 1 << 30
CPU_SECONDS = 10


def main() -> None:
    """Read one request, write one answer: a prompt, or an error in one line."""
    with contextlib.suppress(ImportError):  # no such limits on this system
        import resource  # noqa: PLC0415  (see above)

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    answer: dict[str, str]
    try:
        told = json.load(sys.stdin)
        answer = {"prompt": render(told["template"], told["messages"], told["values"], int(sys.argv[1]))}
    except MemoryError:
        answer = {"error": "it takes too much memory"}
    except RecursionError:
        answer = {"error": "it is nested too deeply"}
    except ImportError:
        answer = {"error": "a Jinja template needs Jinja: pip install 'midtrace[templates]'"}
    except Exception as error:  # noqa: BLE001  (whatever a template does, its user gets one line)
        answer = {"error": described(error)}
    sys.stdout.write(json.dumps(answer))


def described(error: Exception) -> str:
    """The error, and the line of the template if it tells one."""
    line = getattr(error, "lineno", None)
    place = f"line {line}: " if isinstance(line, int) else ""
    return f"{place}{type(error).__name__}: {str(error).strip()}"[:400]


def render(template: str, messages: list[object], values: dict[str, object], most: int) -> str:
    """Render as transformers and the servers do: same settings, same functions."""
    import jinja2  # noqa: PLC0415  (an extra)
    from jinja2.ext import loopcontrols  # noqa: PLC0415
    from jinja2.sandbox import ImmutableSandboxedEnvironment  # noqa: PLC0415

    def refuse(message: str) -> NoReturn:
        raise jinja2.TemplateError(message)

    def as_json(value: object, indent: int | None = None, **_: object) -> str:
        return json.dumps(value, ensure_ascii=False, indent=indent)

    def now(style: str) -> str:
        return datetime.now().strftime(style)  # noqa: DTZ005  (the date where the user is)

    sandbox = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True, extensions=[loopcontrols])
    sandbox.filters["tojson"] = as_json
    sandbox.globals["raise_exception"] = refuse
    sandbox.globals["strftime_now"] = now
    pieces: list[str] = []
    size = 0
    for piece in sandbox.from_string(template).generate(messages=messages, **values):
        pieces.append(piece)
        size += len(piece)
        if size > most:
            raise ValueError(f"the prompt has more than {most >> 20} MiB")
    return "".join(pieces)


if __name__ == "__main__":
    main()
