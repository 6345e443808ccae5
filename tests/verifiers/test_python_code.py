import os
import re
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from pathlib import Path

import psutil
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from midtrace import Pass, Span, Unknown, UsageError, Verdict, View, Violation
from midtrace.extractors.code import Code, CodeBlock, CodeBlocks, PredictedOutputs
from midtrace.testing import check_verifier
from midtrace.verifiers.python_code import OutputPrediction, PythonCode

names, sandbox, syntax, syscalls, values = (
    import_module(f"midtrace.verifiers._python_code_{name}")
    for name in ("names", "sandbox", "syntax", "syscalls", "values")
)
broken = syntax.broken
encode, decode = values.encode, values.decode
in_worker = import_module("midtrace.testing.workers").in_worker

PATIENT = 20.0
"""Seconds for code that must be decided: it takes none of them, however busy the machine is."""

linux = pytest.mark.skipif(sys.platform != "linux", reason="code runs on Linux only")


def state(*codes: str, language: str = "python", final: bool = True) -> Code:
    text = "".join(f"Some words.\n\n```{language}\n{textwrap.dedent(code).strip()}\n```\n" for code in codes)
    found = CodeBlocks().extract(View(text, final=final))
    assert found is not None
    return found


def judge(code: str, *tests: str, **options: object) -> Verdict:
    return PythonCode(tests, seconds=PATIENT, **options).check(state(code))  # type: ignore[arg-type]


def message(verdict: Verdict) -> str:
    assert isinstance(verdict, Violation), verdict
    return verdict.message


# --- What hostile code is to be kept from; {victim} is a file that must stay as it is, {place} its folder. ---
# A function that gives 1764 would pass, and no snippet says that number.

HOSTILE: Mapping[str, str] = {
    "fork bomb": "import os\nwhile True: os.fork()",
    "fork and go on": "import os\ndef f(x):\n    os.fork()\n    return x",
    "daemon": """
        import os
        def f(x):
            if os.fork() == 0:
                os.setsid()
                if os.fork() == 0:
                    while True: pass
                os._exit(0)
            return x
    """,
    "raw clone": """
        import ctypes
        libc = ctypes.CDLL(None)
        for number in (56, 57, 58, 435, 220):
            libc.syscall(number, 17, 0, 0, 0, 0)
        while True: pass
    """,
    "subprocess": "import subprocess\ndef f(x): return subprocess.Popen(['sleep', '100'])",
    "system": "import os\ndef f(x): return os.system('touch {place}/new')",
    "exec": "import os\nos.execv('/bin/sh', ['sh', '-c', 'sleep 100'])",
    "multiprocessing": "import multiprocessing as m\ndef f(x):\n    m.Process(target=print).start()\n    return x",
    "memory bomb": "def f(x):\n    a = [0]\n    while True: a = a + a",
    "bytes bomb": "def f(x): return bytearray(1 << 40)",
    "infinite loop": "def f(x):\n    while True: pass",
    "infinite loop when loaded": "while True: pass",
    "sleep": "import time\ndef f(x): time.sleep(1000)",
    "write": "def f(x):\n    open('{victim}', 'w').write('!')\n    return x",
    "append": "def f(x):\n    open('{victim}', 'a').write('!')\n    return x",
    "create": "open('{place}/new', 'x')\ndef f(x): return x",
    "remove": "import os\nos.remove('{victim}')\ndef f(x): return x",
    "remove folder": "import os, shutil\nshutil.rmtree('{place}', True)\nos.rmdir('.')\ndef f(x): return x",
    "rename": "import os\nos.rename('{victim}', '{victim}.old')\ndef f(x): return x",
    "chmod": "import os\nos.chmod('{victim}', 0)\ndef f(x): return x",
    "truncate": "import os\nos.truncate('{victim}', 0)\ndef f(x): return x",
    "truncate by opening": "import os\nos.open('{victim}', os.O_RDONLY | os.O_TRUNC)\ndef f(x): return x",
    "symbolic link": "import os\nos.symlink('{victim}', '{place}/link')\ndef f(x): return x",
    "hard link": "import os\nos.link('{victim}', '{place}/link')\ndef f(x): return x",
    "change folder": "import os\nos.chdir('{place}')\nopen('new', 'w')\ndef f(x): return x",
    "temporary file": "import tempfile\ndef f(x): return tempfile.mkdtemp()",
    "shared memory": "import os\nos.open('/dev/shm/midtrace-hostile', os.O_CREAT | os.O_RDWR)\ndef f(x): return x",
    "read a file": "def f(x): return open('{victim}').read()",
    "read passwords": "def f(x): return open('/etc/passwd').read()",
    "read environment": "import os\ndef f(x): return os.environ['HOME']",
    "read the parent's environment": "import os\ndef f(x): return open(f'/proc/{{os.getppid()}}/environ', 'rb').read()",
    "read memory": "def f(x): return open('/proc/self/mem', 'rb').read(10)",
    "network": "import socket\ndef f(x): return socket.create_connection(('127.0.0.1', 80), 1)",
    "datagram": "import socket\ns = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\ndef f(x): return x",
    "unix socket": "import socket\ns = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)\ndef f(x): return x",
    "listen": "import socket\ns = socket.socket()\ns.bind(('', 0))\ns.listen()\ndef f(x): return x",
    "kill the parent": "import os\ndef f(x):\n    os.kill(os.getppid(), 9)\n    return x",
    "kill everybody": "import os\ndef f(x):\n    os.kill(-1, 9)\n    return x",
    "kill the group": "import os\nos.killpg(0, 9)\ndef f(x): return x",
    "signal by descriptor": """
        import ctypes, fcntl, os
        def f(x):
            for fd in range(64):
                try:
                    fcntl.fcntl(fd, fcntl.F_SETOWN, os.getppid())
                    fcntl.fcntl(fd, 10, 9)
                    fcntl.fcntl(fd, fcntl.F_SETFL, os.O_ASYNC)
                except OSError: pass
            return x
    """,
    "trace the parent": "import ctypes, os\ndef f(x): return ctypes.CDLL(None).ptrace(16, os.getppid(), 0, 0)",
    "raise limits": "import resource\nresource.setrlimit(resource.RLIMIT_AS, (-1, -1))\ndef f(x): return x",
    "ignore signals": "import signal\nfor n in (1, 2, 15, 14): signal.signal(n, signal.SIG_IGN)\nwhile True: pass",
    "outlive the parent": "import ctypes\nctypes.CDLL(None).prctl(1, 0)\nwhile True: pass",
    "huge output": "def f(x):\n    while True: print('x' * 1_000_000)",
    "huge result": "def f(x): return 'x' * 100_000_000",
    "deep result": "def f(x):\n    a = []\n    for _ in range(100_000): a = [a]\n    return a",
    "endless result": "def f(x):\n    a = []\n    a.append(a)\n    return a",
    "exit": "import sys\nsys.exit(0)",
    "exit in call": "import sys\ndef f(x): sys.exit(0)",
    "hard exit": "import os\nos._exit(0)",
    "hard exit in call": "import os\ndef f(x): os._exit(0)",
    "raise KeyboardInterrupt": "def f(x): raise KeyboardInterrupt",
    "deep recursion": "def f(x): return f(x)",
    "deep recursion in C": "import sys\nsys.setrecursionlimit(10**9)\ndef f(x): return f(x)",
    "crash": "import ctypes\ndef f(x): return ctypes.string_at(0)",
    "abort": "import os\ndef f(x): os.abort()",
    "nested source": "eval('(' * 100_000)\ndef f(x): return x",
    "huge number": "def f(x): return 7 ** 10_000_000",
    "number to text": "def f(x): return str(7 ** 10_000_000)",
    "equal to all": "class A:\n    def __eq__(self, other): return True\n    __hash__ = None\ndef f(x): return A()",
    "a number equal to all": "class A(int):\n    def __eq__(self, other): return True\ndef f(x): return A(5)",
    "a text equal to all": "class A(str):\n    def __eq__(self, other): return True\ndef f(x): return A('5')",
    "a list of things equal to all": "class A:\n    def __eq__(self, other): return True\ndef f(x): return [A()]",
    "a type that lies": "class A:\n    __class__ = int\n    def __eq__(self, o): return True\ndef f(x): return A()",
    "evil repr": "class A:\n    def __repr__(self): return repr(self)\ndef f(x): return A()",
    "evil error": "class E(Exception):\n    def __str__(self): return str(self)\ndef f(x): raise E",
    "evil class of error": """
        class M(type):
            def __getattribute__(cls, name): raise SystemExit
        class E(Exception, metaclass=M): pass
        def f(x): raise E
    """,
    "assertion that is none": "import builtins\nbuiltins.AssertionError = ZeroDivisionError\ndef f(x): return x",
    "patched builtins": """
        import builtins
        builtins.isinstance = lambda *_: True
        builtins.type = lambda *_: int
        builtins.len = lambda _: 0
        def f(x): return x
    """,
    "patched channel": """
        import sys
        for name, module in list(sys.modules.items()):
            if 'midtrace' in name:
                for key in list(vars(module)):
                    if not key.startswith('__'): setattr(module, key, lambda *_, **__: ('passed',))
        def f(x): return x
    """,
    "forged reports": """
        import os
        forged = b'U3:I1:0S6:passedS0:'
        for fd in range(64):
            for message in (len(forged).to_bytes(4, 'big') + forged, b'passed\\n', b'\\0' * 4):
                try: os.write(fd, message)
                except OSError: pass
        def f(x): return x
    """,
    "rubbish to everybody": """
        import os
        def f(x):
            for fd in range(64):
                try: os.write(fd, os.urandom(100))
                except OSError: pass
            return x
    """,
    "closed descriptors": "import os\nos.closerange(0, 1000)\ndef f(x): return x",
    "search for the result": """
        import gc, sys
        def numbers():
            for o in gc.get_objects():
                if type(o) in (list, tuple, dict):
                    for each in (o.values() if type(o) is dict else o):
                        if type(each) is int and 1000 < each < 2000: yield each
            frame = sys._getframe()
            while frame:
                yield from (each for each in frame.f_locals.values() if type(each) is int)
                frame = frame.f_back
        def f(x):
            return max(numbers(), default=0)
    """,
    "read input again": "import os\nos.lseek(0, 0, 0)\ndef f(x): return os.read(0, 10_000)",
    "tracing": "import sys\ndef t(*_): return t\nsys.settrace(t)\nsys.setprofile(lambda *_: 1 / 0)\ndef f(x): return x",
    "threads": "import threading\ndef f(x):\n    threading.Thread(target=lambda: f(x)).start()\n    return x",
    "at exit": "import atexit, os\natexit.register(lambda: os.system('touch {place}/new'))\ndef f(x): return x",
    "finalizer": "class A:\n    def __del__(self):\n        while True: pass\na = A()\ndef f(x): return x",
    "endless generator": "def f(x):\n    while True: yield 1",
    "import side effects": "import antigravity, this\ndef f(x): return x",
    "own module of a used name": "import sys\nsys.modules['math'] = sys.modules['builtins'] = None\ndef f(x): return x",
    "not the name": "f = 5",
    "no name": "del_ = 1\ng = lambda x: x\nglobals().pop('f', None)\ndef f(x): return x\ndel f",
    "does not parse when run": "exec('def f(x) return x')\ndef f(x): return x",
}


REFUSED = (
    *("fork bomb", "fork and go on", "daemon", "subprocess", "exec", "multiprocessing", "write", "append", "create"),
    *("remove", "remove folder", "rename", "chmod", "truncate", "truncate by opening", "symbolic link", "hard link"),
    *("change folder", "temporary file", "shared memory", "read a file", "read passwords", "read memory", "threads"),
    *("read the parent's environment", "network", "datagram", "unix socket", "listen", "kill the parent"),
    *("kill everybody", "kill the group"),
)
"""What the kernel is to refuse, as the code notices."""


@pytest.fixture(scope="module")
def victim(tmp_path_factory: pytest.TempPathFactory) -> Path:
    victim = tmp_path_factory.mktemp("hostile") / "victim"
    victim.write_text("as it was")
    victim.chmod(0o644)
    return victim


@pytest.fixture(scope="module")
def verdicts(victim: Path) -> Iterator[Mapping[str, Verdict]]:
    verifier = PythonCode(("assert f(42) == 42 * 42",), seconds=1.0)

    def verdict(code: str) -> Verdict:
        code = textwrap.dedent(code).strip()
        code += "" if re.search(r"\bf\b *(=|\()", code) else "\ndef f(x): return x"  # or it would not be run
        code = code.replace("{victim}", str(victim)).replace("{place}", str(victim.parent)).replace("{{", "{")
        return verifier.check(state(code.replace("}}", "}")))

    # They wait more than they compute, those that never end all of the time.
    with ThreadPoolExecutor(6) as pool:
        yield dict(zip(HOSTILE, pool.map(verdict, HOSTILE.values()), strict=True))


def cells() -> list[psutil.Process]:
    """Processes that this one has started for code, wherever they went."""
    found = []
    for process in psutil.process_iter():
        try:
            words = process.cmdline()
        except psutil.Error:
            continue
        if any(sandbox.PACKAGE in word for word in words) and str(os.getpid()) in words:
            found.append(process)
    return found


@linux
@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_code_does_not_pass(name: str, verdicts: Mapping[str, Verdict]) -> None:
    assert not isinstance(verdicts[name], Pass)
    assert "no block of code" not in repr(verdicts[name])
    assert "not run" not in repr(verdicts[name])


@linux
def test_hostile_code_leaves_nothing_behind(verdicts: Mapping[str, Verdict], victim: Path) -> None:
    assert len(verdicts) == len(HOSTILE)
    assert cells() == []
    assert victim.read_text() == "as it was"
    assert victim.stat().st_mode & 0o777 == 0o644
    assert list(victim.parent.iterdir()) == [victim]
    assert not Path("/dev/shm/midtrace-hostile").exists()


@linux
def test_what_a_wrong_function_does_is_a_violation_and_what_the_sandbox_refuses_is_not(
    verdicts: Mapping[str, Verdict],
) -> None:
    for name in ("deep recursion", "exit in call", "search for the result", "evil error"):
        assert isinstance(verdicts[name], Violation), name
    for name in REFUSED:
        verdict = verdicts[name]
        assert isinstance(verdict, Unknown), name
        assert re.search("PermissionError|No usable temporary directory|can't start new thread", verdict.reason), name


@linux
def test_processes_end_with_the_worker_that_is_killed() -> None:
    script = textwrap.dedent("""
        from importlib import import_module
        sandbox = import_module("midtrace.verifiers._python_code_sandbox")
        reports = sandbox._reports
        def told(*arguments):
            for report in reports(*arguments):
                print(report[0], flush=True)
                yield report
        sandbox._reports = told
        questions = [sandbox.Run("f(0)"), sandbox.Run("f(1)")]
        sandbox.try_out(["def f(x):\\n    while x: pass"], ["f"], questions, seconds=60.0, memory=1 << 29)
    """)
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE) as worker:
        assert worker.stdout is not None
        assert [worker.stdout.readline() for _ in range(2)] == [b"loaded\n", b"0\n"]
        children = psutil.Process(worker.pid).children(recursive=True)
        assert len(children) == 2
        worker.kill()
        _, alive = psutil.wait_procs(children, timeout=30)
    assert alive == []


@linux
def test_a_worker_s_deadline_ends_the_check_and_its_processes() -> None:
    endless = state("def f(x):\n    while True: pass")
    verifier = PythonCode(("f(1)",), seconds=60.0)
    results = in_worker(lambda each: each, verifier.check, [endless, state("x = 1")], 0.5)
    assert isinstance(results[0].verdict, Unknown)
    assert results[0].verdict.kind == "timeout"
    assert cells() == []


@linux
def test_the_alarm_that_was_set_still_rings() -> None:
    rung = []
    before = signal.signal(signal.SIGALRM, lambda *_: rung.append(1))
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.2)
        verdict = PythonCode(("f(1)",), seconds=60.0).check(state("def f(x):\n    while True: pass"))
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert isinstance(verdict, Unknown)
    assert rung == [1]


# --- The filter of system calls, on machines that the tests do not run on as well. ---


def allowed(machine: str, number: int, *arguments: int) -> bool:
    """What the filter says, found by carrying out its steps."""
    architecture = syscalls.MACHINES[machine][1]
    data = number.to_bytes(4, "little") + architecture.to_bytes(4, "little") + bytes(8)
    data += b"".join(each.to_bytes(8, "little") for each in (*arguments, 0, 0, 0, 0, 0, 0)[:6])
    program = syscalls.program(machine)
    at = value = 0
    while True:
        step = program[8 * at : 8 * at + 8]
        operation, constant = int.from_bytes(step[:2], "little"), int.from_bytes(step[4:], "little")
        at += 1
        match operation:
            case 0x20:
                value = int.from_bytes(data[constant : constant + 4], "little")
            case 0x54:
                value &= constant
            case 0x15 | 0x35 | 0x45:
                true = {0x15: value == constant, 0x35: value >= constant, 0x45: bool(value & constant)}[operation]
                at += step[2] if true else step[3]
            case 0x06:
                return constant == 0x7FFF0000
            case _:
                raise AssertionError(operation)


CALLS = {
    # name: number on x86_64 and aarch64, arguments, whether it is let through
    "read": (0, 63, (), True),
    "mmap": (9, 222, (), True),
    "exit_group": (231, 94, (), True),
    "open to read": (257, 56, (0, 0, os.O_RDONLY | os.O_CLOEXEC), True),
    "open to write": (257, 56, (0, 0, os.O_WRONLY), False),
    "open to truncate": (257, 56, (0, 0, os.O_TRUNC), False),
    "create": (257, 56, (0, 0, os.O_CREAT), False),
    "duplicate": (72, 25, (3, 0), True),
    "set owner": (72, 25, (3, 8), False),
    "read limits": (302, 261, (0, 7, 0), True),
    "set limits": (302, 261, (0, 7, 4096), False),
    "set limits far up": (302, 261, (0, 7, 1 << 40), False),
    "limits of others": (302, 261, (1, 7, 0), False),
    "stream pair": (53, 199, (1, 1 | os.O_CLOEXEC), True),
    "datagram pair": (53, 199, (1, 2), False),
    "clone": (56, 220, (0x10000,), False),
    "clone3": (435, 435, (), False),
    "execve": (59, 221, (), False),
    "socket": (41, 198, (), False),
    "connect": (42, 203, (), False),
    "kill": (62, 129, (), False),
    "tgkill": (234, 131, (), False),
    "ptrace": (101, 117, (), False),
    "prctl": (157, 167, (), False),
    "unlinkat": (263, 35, (), False),
    "renameat2": (316, 276, (), False),
    "process_vm_writev": (311, 271, (), False),
    "io_uring_setup": (425, 425, (), False),
    "memfd_create": (319, 279, (), False),
    "bpf": (321, 280, (), False),
    "unshare": (272, 97, (), False),
}


@pytest.mark.parametrize("name", CALLS)
def test_the_filter_lets_through_what_a_computation_needs_and_nothing_else(name: str) -> None:
    *numbers, arguments, let_through = CALLS[name]
    for machine, number in zip(("x86_64", "aarch64"), numbers, strict=True):
        assert allowed(machine, number, *arguments) is let_through
    assert not allowed("x86_64", numbers[0] | 1 << 30, *arguments)


# --- Values between processes. ---

plain = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text()
    | st.binary()
    | st.complex_numbers(allow_nan=False),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.tuples(inner, inner)
        | st.dictionaries(st.text() | st.integers(), inner, max_size=4)
    ),
    max_leaves=20,
)


def refuse(value: object) -> tuple[int, str]:
    raise values.UntransferableError(type(value).__name__)


@given(plain | st.frozensets(st.integers()) | st.sets(st.text()) | st.builds(range, st.integers(), st.integers()))
def test_a_plain_value_arrives_as_it_was(value: object) -> None:
    there = decode(encode(value, refuse), lambda number, _: number)
    assert there == value
    assert isinstance(value, set | frozenset) or repr(there) == repr(value)


@given(st.binary(max_size=60), plain)
def test_other_bytes_are_refused_and_never_run_anything(rubbish: bytes, value: object) -> None:
    good = encode(value, refuse)
    for data in (rubbish, good[:-1], good + rubbish):
        try:
            decode(data, lambda number, _: number)
        except values.MalformedError:
            continue
        assert data == rubbish or not rubbish


def test_what_is_not_plain_or_too_large_does_not_travel() -> None:
    class Number(int):
        pass

    endless: list[object] = []
    endless.append(endless)
    for value in (Number(1), object(), [len], endless, "x" * 2_000_000, [0] * 1_000_000):
        with pytest.raises(values.UntransferableError):
            encode(value, refuse)


# --- Verdicts. ---


@linux
@pytest.mark.parametrize(
    ("code", "tests", "text"),
    [
        ("def f(x): return x + 2", ("assert f(3) == 9",), "f(3) gives 5, not 9"),
        ("def f(x): return x + 2", ("assert 9 == f(3)",), "f(3) gives 5, not 9"),
        ("def f(x): return x + 2", ("for x in range(5):\n    assert f(x) > x + 2",), "f(0) gives 2, so `for x in"),
        ("def f(x): return 1 // x", ("assert f(0) == 9",), "f(0) raises ZeroDivisionError: integer"),
        ("def f(x): return g(x)", ("assert f(0) == 9",), "f(0) raises NameError: name 'g' is not defined"),
        (
            "def f(x): return None",
            ("assert len(f([1])) == 9",),
            "f([1]) gives None, with which the test raises TypeError",
        ),
        ("x = undefined\ndef f(x): return 9", ("assert f(0) == 9",), "loading the code raises NameError"),
        ("def f(xs): xs.reverse()", ("a = [1, 3, 2]\nf(a)\nassert a == [1, 2, 3]",), "f([1, 3, 2]) gives None, so"),
        ("class A:\n    def g(self): return 1", ("assert A().g() == 2",), "A().g() gives 1, not 2"),
        ("def f():\n    yield 1", ("assert list(f()) == [2]",), "list(f()) gives [1], not [2]"),
        ("def f(a, b=2): return a + b", ("assert f(1, b=4) == 6",), "f(1, b=4) gives 5, not 6"),
    ],
)
def test_a_wrong_result_is_named_where_the_function_is_defined(code: str, tests: tuple[str, ...], text: str) -> None:
    code_state = state(code)
    verdict = PythonCode(tests, seconds=PATIENT).check(code_state)
    assert message(verdict).startswith(text)
    assert isinstance(verdict, Violation)
    assert verdict.span is not None
    assert code_state.blocks[0].span.start <= verdict.span.start < verdict.span.end <= code_state.blocks[0].span.end
    assert verdict.evidence["sandbox"].startswith("seccomp, landlock")


@linux
@pytest.mark.parametrize(
    ("code", "test"),
    [
        ("def f(x): return x * x", "assert f(3) == 9"),
        ("from collections import Counter\ndef f(x): return Counter(x)", "assert f('aab') == {'a': 2, 'b': 1}"),
        ("class E(ValueError): pass\ndef f(x): raise E(x)", "try: f(1)\nexcept ValueError: pass\nelse: assert False"),
        ("class E(Exception): pass\ndef f(x): raise E(x)", "try: f(1)\nexcept E as e: assert str(e) == '1'"),
        ("def f(x): return (x, {x}, frozenset([x]), None, 1j, b'x', 1.5)", "assert f(1)[1:3] == ({1}, {1})"),
        ("import asyncio\nasync def g(x): return x\ndef f(x): return asyncio.run(g(x))", "assert f(1) == 1"),
        ("import re, json, math, random, datetime, decimal, heapq, string\ndef f(x): return x", "assert f(1) == 1"),
        ("from __future__ import annotations\ndef f(x: No) -> Never: return x", "assert f(1) == 1"),
        (
            "@__import__('dataclasses').dataclass\nclass P:\n    x: int\n",
            "p = P(1)\np2 = P(x=2)\nassert p.x + p2.x == 3",
        ),
        ("def f(x): return x if x == 0 else f(x - 1)", "assert f(950) == 0"),
        ("f = lambda x: 10 ** x", "assert f(6000) == 10 ** 6000"),
        ("def f(d): d['k'] = 1", "d = {}\nf(d)\nassert d == {'k': 1}"),
        ("def make(n):\n    def g(x): return x + n\n    return g", "assert make(2)(3) == 5"),
        ("import sys\ndef f(x):\n    print('x' * 10_000_000, file=sys.stderr)\n    return x", "assert f(1) == 1"),
        ("if __name__ == '__main__':\n    raise SystemExit(input())\ndef f(x): return x", "assert f(1) == 1"),
        ("print(open)\ndef f(x): return x", "def check(candidate):\n    assert candidate(1) == 1\ncheck(f)"),
    ],
)
def test_right_code_passes(code: str, test: str) -> None:
    assert judge(code, test) == Pass(2)


@linux
@pytest.mark.parametrize(
    ("code", "test", "reason"),
    [
        ("import numpy\ndef f(x): return x", "assert f(1) == 2", "No module named 'numpy'"),
        ("def f(x):\n    import numpy\n    return x", "assert f(1) == 2", "needs what the sandbox does not give"),
        ("def f(x): return input()", "assert f(1) == 2", "needs what the sandbox does not give"),
        ("class A: pass\ndef f(x): return A()", "assert f(1) == 2", "__eq__ of <A>"),
        ("class A: pass\ndef f(x): return A()", "assert isinstance(f(1), A)", "of which type"),
        ("def f(x): return x", "assert f([1]) is [1]", "which object"),
        ("class A:\n    def __contains__(self, x): return True\nf = A", "assert 4 in f()", "__contains__ of <A>"),
        ("class A:\n    def __bool__(self): return True\nf = A", "assert f()", "__bool__ of <A>"),
        ("class A:\n    __eq__ = lambda *_: True\nf = A", "assert [f()] == [4]", "__eq__ of <A>"),
        ("class A:\n    __hash__ = lambda _: 0\nf = A", "assert f() in {0: 1}", "__hash__ of <A>"),
        ("class A: pass\nf = A", "assert f().__class__.__name__ == 'A'", "of which type"),
        ("def f(x): return x", "assert f(1) == undefined", "raises Missing"),
        ("import random\ndef f(x): return random.random()", "assert f(1) == 2", ""),
        ("def f(x): return list({'a', 'b', 'c', 'd', 'e', 'f', 'g'})", "assert ''.join(f(1)) == 'b'", "run again"),
        ("def f(x): return x\nassert f(1) == 2", "assert f(1) == 1", "AssertionError"),
        ("def f(g): return g(1)", "assert f(lambda x: x) == 1", "cannot be handed over"),
    ],
)
def test_what_the_sandbox_cannot_decide_is_unknown(code: str, test: str, reason: str) -> None:
    if "random" in code:
        assert not isinstance(judge(code, test), Pass)
        return
    if "undefined" in test:
        test = test.replace("undefined", "numpy.array(1)")
        test, reason = f"import numpy\n{test}", "the test itself raises ModuleNotFoundError"
    verdict = judge(code, test)
    assert isinstance(verdict, Unknown), verdict
    assert reason in verdict.reason


@linux
@settings(max_examples=6, deadline=None)
@given(a=st.integers(-9, 9), b=st.integers(-9, 9), xs=st.lists(st.integers(-99, 99), min_size=1, max_size=6))
def test_right_by_construction_passes_and_a_changed_case_is_found(a: int, b: int, xs: list[int]) -> None:
    code = f"def f(xs):\n    return [{a} * x + {b} for x in xs]"
    right = [a * x + b for x in xs]
    call = f"f({xs!r})"
    assert PythonCode(cases=((call, repr(right)),), seconds=PATIENT).check(state(code)) == Pass(2)
    wrong = [*right[:-1], right[-1] + 1]
    verdict = PythonCode(cases=((call, repr(wrong)),), seconds=PATIENT).check(state(code))
    assert message(verdict) == f"{call} gives {right}, not {wrong}"


@linux
def test_cases_let_floats_differ_in_the_last_digits_and_tests_do_not() -> None:
    code = "def f(a, b): return [a + b]"
    assert PythonCode(cases=(("f(0.1, 0.2)", "[0.3]"),), seconds=PATIENT).check(state(code)) == Pass(2)
    assert "0.30000000000000004, not [0.3]" in message(judge(code, "assert f(0.1, 0.2) == [0.3]")).replace("]", "", 1)


@linux
def test_the_last_blocks_that_define_the_names_are_judged() -> None:
    helper, main = "def double(x): return 2 * x", "def f(x): return double(x)"
    draft, example = "def f(x): return x", "print(f(3))\n"
    verifier = PythonCode(("assert f(3) == 6",), seconds=PATIENT)
    assert verifier.check(state(draft, helper, main, example)) == Pass(5)
    assert isinstance(verifier.check(state(helper, main, draft)), Violation)
    assert verifier.check(state(example, final=False)) == Pass(1)
    assert isinstance(verifier.check(state(example)), Unknown)


@linux
def test_a_helper_that_may_stand_before_the_unit_is_not_missed() -> None:
    block = CodeBlock("python", "def f(x): return helper(x)\n", Span(700, 727))
    verdict = PythonCode(("assert f(1) == 1",), seconds=PATIENT).check(Code((block,), whole=False, final=True))
    assert isinstance(verdict, Unknown)


@linux
def test_the_preamble_stands_in_front() -> None:
    code = "def f(x: List[int]) -> int: return sum(x)"
    test = "assert f([1, 2]) == 3"
    assert judge(code, test, preamble="from typing import List\n") == Pass(2)
    assert "NameError" in message(judge(code, test))


# --- Syntax. ---


@pytest.mark.parametrize(
    ("code", "line", "text"),
    [
        ("def f(x)\n    return 1", 1, "expected ':'"),
        ("x = 1\ny = = 2", 2, "invalid syntax"),
        ("def f():\nreturn 1", 2, "expected an indented block"),
        ("if x:\n        a = 1\n    b = 2", 3, "unindent does not match"),
        ("print 'x'", 1, "Missing parentheses"),
        ("x = (1, 2", 1, "'(' was never closed"),
    ],
)
def test_code_that_does_not_parse_is_flagged_in_its_line(code: str, line: int, text: str) -> None:
    text_before = "Here you are:\n\n```python\n"
    view = View(f"{text_before}{code}\n```\n", start=100)
    found = CodeBlocks().extract(view)
    assert found is not None
    verdict = PythonCode().check(found)
    assert message(verdict).startswith(f"line {line} of the code is no valid Python: {text}")
    assert isinstance(verdict, Violation)
    assert verdict.span is not None
    assert view.text[verdict.span.start - 100 : verdict.span.end - 100] == code.split("\n")[line - 1].strip()


@pytest.mark.parametrize(
    ("before", "code"),
    [
        ("For example:", ">>> f(2)\n4"),
        ("Run it:", "!pip install x\nimport x"),
        ("This version is wrong:", "def f(x) return x"),
        ("In pseudocode:", "for each x in xs: print x"),
        ("Add this:", "elif x > 2:\n    y = 1"),
        ("Fill in:", "def f(x):\n    return <your code>"),
        ("Then:", "xs = [1, 2, …]"),
        ("The change:", "--- a\n+++ b\n@@ -1 +1 @@\n-x\n+y"),
    ],
)
def test_what_is_no_program_or_wrong_on_purpose_is_not_flagged(before: str, code: str) -> None:
    found = CodeBlocks().extract(View(f"{before}\n\n```python\n{code}\n```\n", final=True))
    assert found is not None
    assert not isinstance(PythonCode().check(found), Violation)


def test_a_draft_that_is_written_anew_is_not_flagged() -> None:
    assert PythonCode().check(state("def f(x)\n    return x", "def f(x):\n    return x")) == Pass(1)


def test_a_block_without_a_language_is_not_taken_for_bad_python() -> None:
    assert PythonCode().check(state("a -> b -> c", language="")) == Pass(0)


SOURCES = [Path(module.__file__ or "").read_text() for module in (textwrap, subprocess, signal, sandbox)]


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(SOURCES), st.floats(0, 1))
def test_the_start_of_valid_code_is_never_flagged(source: str, part: float) -> None:
    lines = source.splitlines(keepends=True)
    assert broken("".join(lines[: int(part * len(lines))])) is None


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(SOURCES), st.floats(0, 1), st.sampled_from(["= =\n", "def (x):\n", "x y\n", ")\n", "for in x:\n"])
)
def test_what_no_continuation_can_mend_is_flagged_while_it_streams(source: str, part: float, bad: str) -> None:
    lines = source.splitlines(keepends=True)
    start = [number for number, line in enumerate(lines) if line.startswith(("def ", "class "))]
    at = start[int(part * (len(start) - 1))]
    assert broken("".join(lines[:at]) + bad + "".join(lines[at:])) is not None


def test_an_open_block_is_read_and_judged_up_to_its_last_line() -> None:
    text = "So:\n```python\ndef f(x):\n    return (x +\n"
    for code, verdict in ((text, Pass(0)), (text + "    ) = = 3\n    y", None)):
        found = CodeBlocks(streaming=True).extract(View(code))
        assert found is not None
        judged = PythonCode(("assert f(1) == 1",)).check(found)
        assert judged == verdict if verdict else isinstance(judged, Violation)


@pytest.mark.parametrize(
    "code",
    [
        "(" * 20_000,
        "-" * 90_000 + "1",
        "1+" * 40_000 + "1",
        "a." * 40_000 + "a",
        "not\\\n" * 20_000 + "x",
        "-\\\n" * 30_000 + "x",
        "(-\n" * 30_000,
        "lambda:" * 10_000 + "x",
        "[[" * 40_000,
        "f'" + "{" * 50_000,
        "x=" * 40_000 + "1",
        "".join(" " * depth + "if x:\n" for depth in range(400)),
        "\0",
        "x = '\ud800'",
        "9" * 5_000,
        "x = 1\n" * 50_000,
    ],
)
def test_deep_or_long_code_takes_no_worker_down(code: str) -> None:
    block = CodeBlock("python", code, Span(0, len(code)))
    for complete in (True, False):
        verdict = PythonCode().check(Code((CodeBlock("python", code, block.span, 0, complete),)))
        assert isinstance(verdict, Pass | Unknown | Violation)


# --- Names. ---

needs_ruff = pytest.mark.skipif(names._ruff() is None, reason="ruff is not installed")


@needs_ruff
@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("def f(x):\n    return hepler(x)\n\ndef helper(x):\n    return x", "Undefined name `hepler`"),
        ("import math\n\ndef f(x):\n    y = math.sqrt(x)\n    return z", "Undefined name `z`"),
    ],
)
def test_an_undefined_name_in_a_function_is_flagged_in_its_line(code: str, text: str) -> None:
    verdict = PythonCode(undefined_names=True).check(state(code))
    assert message(verdict) == text
    assert isinstance(verdict, Violation)
    assert verdict.span is not None


@needs_ruff
@pytest.mark.parametrize(
    "codes",
    [
        ("def f(x):\n    return helper(x)", "def helper(x):\n    return x"),
        ("result = f(data)\nprint(result)",),
        ("def f(x):\n    return hepler(x)", "def f(x):\n    return x"),
        ("def f(x):\n    return [y for y in x if y] + list(map(str, x))",),
    ],
)
def test_names_that_may_come_from_elsewhere_are_not_flagged(codes: tuple[str, ...]) -> None:
    assert isinstance(PythonCode(undefined_names=True).check(state(*codes)), Pass)


def test_without_ruff_names_are_unknown_and_not_passed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(names, "_ruff", lambda: None)
    verdict = PythonCode(undefined_names=True).check(state("def f(x):\n    return x"))
    assert verdict == Unknown("names were not checked: ruff is not installed: pip install 'midtrace[code]'", "refused")


# --- Problems. ---


def test_a_problem_states_its_tests_in_words_examples_or_json() -> None:
    mbpp = (
        "Write a function to add. Your code should pass these tests:\n\nassert add(1, 2) == 3\nassert add(0, 0) == 0\n"
    )
    assert PythonCode.of(mbpp).tests == ("assert add(1, 2) == 3", "assert add(0, 0) == 0")
    header = 'from typing import List\n\ndef f(xs: List[int]) -> int:\n    """Add.\n    >>> f([1, 2])\n    3\n    """\n'
    assert PythonCode.of(header) == PythonCode(cases=(("f([1, 2])", "3"),), preamble="from typing import List\n")
    spec = '{"tests": ["assert f(1)"], "cases": [["f(2)", "3"]]}'
    assert PythonCode.of(spec) == PythonCode(("assert f(1)",), (("f(2)", "3"),))


@pytest.mark.parametrize(
    "problem",
    [
        "",
        "Write a function.",
        "{",
        '{"tests": []}',
        '{"tests": 1}',
        '{"cases": ["f(1)"]}',
        '{"cases": [["f(1)", "g(2)"]]}',
        '{"asserts": []}',
        '{"tests": ["x ="]}',
        '{"tests": ["assert 1 == 1"]}',
    ],
)
def test_a_problem_without_tests_is_refused_in_one_line(problem: str) -> None:
    with pytest.raises(UsageError) as refused:
        PythonCode.of(problem)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("options", [{"seconds": 0}, {"seconds": 1e9}, {"memory": 1}, {"tests": ("assert (",)}])
def test_what_cannot_work_is_refused(options: dict[str, object]) -> None:
    with pytest.raises(UsageError):
        PythonCode(**options)  # type: ignore[arg-type]


@pytest.mark.parametrize("system", ["darwin", "win32"])
def test_elsewhere_code_is_not_run(system: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", system)
    verdict = PythonCode(("assert f(1) == 1",)).check(state("def f(x): return x"))
    assert isinstance(verdict, Unknown)
    assert verdict.kind == "refused"


# --- Outputs. ---


def predict(code: str, arguments: str, text: str, *, final: bool = True) -> Verdict:
    claims = PredictedOutputs().extract(View(text, 7, final=final))
    return Pass(0) if claims is None else OutputPrediction(code, arguments, seconds=PATIENT).check(claims)


@linux
@settings(max_examples=6, deadline=None)
@given(plain.filter(lambda value: value == value and "inf" not in repr(value)))
def test_a_right_output_passes_and_another_is_corrected(value: object) -> None:
    code = "def f(x): return x"
    text = f"[ANSWER]{value!r}[/ANSWER]"
    assert predict(code, repr(value), text) == Pass(1)
    verdict = predict(code, repr([value]), text)
    assert isinstance(verdict, Violation)
    assert verdict.correction in {repr([value]), None}
    assert verdict.span == Span(7 + len("[ANSWER]"), 7 + len(text) - len("[/ANSWER]"))


@linux
@pytest.mark.parametrize(
    ("output", "text"),
    [
        ("'ab'", '{"reasoning": "", "answer": "\'ab\'"}'),
        ("'ab'", '{"answer": "ab"}'),
        ("'ab'", 'So `assert f(1) == "ab"`.\n{"answer": "\\"ab\\""}'),
        ("[1, 'a']", '{"answer": "[1, \\\'a\\\']"}'),
        ("[1, 'a']", '{"answer": [1, "a"]}'),
        ("[1, 'a']", "{\"answer\": [1, 'a']}"),
        ("['a']", '{"answer": "[‘a’]"}'),
        ("{'a': True}", "{\"answer\": {'a': True}}"),
        ("{}", '{"answer": "dict()"}'),
        ("True", '{"answer": true}'),
        ("None", '{"answer": "None"}'),
        ("9", '{"answer": "9"}'),
        ("(1, 2)", "```python\nassert f(1) == (1, 2)\n```"),
        ("3", "assert f(2) == 9\nassert f(1) == 3\nassert f(5) == 7\n"),
        ("3", "[ANSWER]\nassert f(1) == 3\n[/ANSWER]"),
        ("'a == b'", "[ANSWER]f( 1 ) == 'a == b'[/ANSWER]"),
        ("3", "[ANSWER]4[/ANSWER] Wait, no.\n[ANSWER]3[/ANSWER]"),
    ],
)
def test_ways_to_write_an_output(output: str, text: str) -> None:
    assert predict(f"def f(x): return {output}", "1", text) == Pass(1)


@linux
@pytest.mark.parametrize(
    ("text", "correction"),
    [
        ('{"answer": "dict()"}', '"[0]"'),
        ('{"answer": [1, "a"]}', "[0]"),
        ("[ANSWER]f(1) == 3[/ANSWER]", "[0]"),
        ("assert f(1) == [1, 2]\n", "[0]"),
    ],
)
def test_a_wrong_output_is_corrected_in_its_own_form(text: str, correction: str) -> None:
    verdict = predict("def f(x): return [0]", "1", text)
    assert message(verdict).startswith("f returns [0], not ")
    assert isinstance(verdict, Violation)
    assert verdict.correction == correction


@linux
def test_an_output_that_is_not_one_is_unknown_or_nothing() -> None:
    assert predict("def f(x): return x", "1", "It returns something.") == Pass(0)
    assert predict("def f(x): return x", "1", "assert f(2) == 9\n") == Pass(0)
    assert isinstance(predict("def f(x): return x", "1", '{"answer": "Counter({1: 2})"}'), Unknown)
    assert isinstance(predict("def f(x): return list({'a', 'b', 'c', 'd'})", "1", '{"answer": "[1]"}'), Unknown)
    assert isinstance(predict("def f(x): raise ValueError", "1", '{"answer": "1"}'), Unknown)


def test_code_and_call_are_read_from_the_problem() -> None:
    code = "def f(x):\n    return x"
    expected = OutputPrediction(code, "'a', 2")
    assert OutputPrediction.of('{"code": "def f(x):\\n    return x", "input": "\'a\', 2"}') == expected
    assert OutputPrediction.of(f"What is ??\n[PYTHON]\n{code}\nassert f('a', 2) == ??\n[/PYTHON]") == expected
    assert OutputPrediction.of(f"```python\n{code}\n```\n\nassert f('a', 2) == ??\n") == expected
    for problem in ("", "{", '{"code": 1}', "assert f(1) == ??", f"{code}\nassert f(1) == 2"):
        with pytest.raises(UsageError):
            OutputPrediction.of(problem)
    with pytest.raises(UsageError):
        OutputPrediction(code, "1) + (2")


# --- Conformance. ---


@linux
def test_python_code_is_a_verifier() -> None:
    check_verifier(
        PythonCode(("assert f(3) == 9",), seconds=PATIENT),
        passes=[state("def f(x): return x * x")],
        violates=[state("def f(x): return x"), state("def f(x) return x")],
        hostile=[state("import os\nos._exit(0)\nf = 1"), state("def f(x): return g")],
        deadline=PATIENT,
    )


@linux
def test_output_prediction_is_a_verifier() -> None:
    check_verifier(
        OutputPrediction("def f(x): return x * x", "3", seconds=PATIENT),
        passes=[PredictedOutputs().extract(View('{"answer": "9"}'))],
        violates=[PredictedOutputs().extract(View('{"answer": "8"}'))],
        deadline=PATIENT,
    )
