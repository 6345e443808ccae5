"""Shuts this process in, before it runs code that nobody has read (Linux; needs no privileges).

Four layers, each from the kernel: limits on processor time, memory and files; no capabilities; Landlock (landlock(7)),
which leaves the interpreter's own library to be read and nothing else; a filter of system calls (seccomp(2)). Then it
tries what must not work. Runs in a fresh interpreter.
"""

from __future__ import annotations

import ctypes
import os
import resource
import sys

from . import _python_code_syscalls as syscalls

OPEN_FILES = 64

_PR_SET_PDEATHSIG, _PR_SET_NO_NEW_PRIVS, _PR_SET_SECCOMP, _SECCOMP_MODE_FILTER = 1, 38, 22, 2
_SIGKILL = 9  # the module signal takes as long to import as the interpreter to start
_LANDLOCK_CREATE, _LANDLOCK_ADD_RULE, _LANDLOCK_RESTRICT = 444, 445, 446
_CAPSET = {"x86_64": 126, "aarch64": 91}
_FILE_RIGHTS = {1: 0x1FFF, 2: 0x3FFF, 3: 0x7FFF, 4: 0x7FFF}  # by version; every one that it knows is taken away
_READ_FILE, _READ_FOLDER = 4, 8
_LIBRARIES = ("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/etc/ld.so.cache", "/usr/share/zoneinfo")


class NotConfinedError(Exception):
    """This system cannot shut a process in as it takes; its text says why not."""


def end_with(parent: int) -> None:
    """Have the kernel end this process when `parent` ends; first thing to do, and safe if it has ended already."""
    _libc().prctl(_PR_SET_PDEATHSIG, _SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)


def confine(seconds: int, memory: int) -> str:
    """Shut this process in for good; gives what holds it, in words. Raises `NotConfinedError`."""
    machine = os.uname().machine
    if sys.platform != "linux" or machine not in syscalls.MACHINES or sys.maxsize < 2**32:
        raise NotConfinedError(f"code runs on 64-bit Linux on {' or '.join(syscalls.MACHINES)} only")
    libc = _libc()
    _limit(seconds, memory)
    if libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        raise NotConfinedError("the system does not allow prctl(PR_SET_NO_NEW_PRIVS)")
    version = _restrict_files(libc)
    libc.syscall(_CAPSET[machine], (ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)())
    code = syscalls.program(machine)
    buffer = ctypes.create_string_buffer(code, len(code))
    head = (ctypes.c_uint64 * 2)(len(code) // 8, ctypes.addressof(buffer))  # struct sock_fprog, little endian
    if libc.prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.byref(head), 0, 0) != 0:
        raise NotConfinedError("the system does not allow a seccomp filter")
    _try_to_break_out(libc)
    return f"seccomp, landlock {version}, rlimits"


def _libc() -> ctypes.CDLL:
    libc = ctypes.CDLL(None, use_errno=True)
    libc.syscall.restype = ctypes.c_long
    return libc


def _limit(seconds: int, memory: int) -> None:
    limits = {
        resource.RLIMIT_CPU: seconds,
        resource.RLIMIT_AS: memory,
        resource.RLIMIT_FSIZE: 0,
        resource.RLIMIT_NOFILE: OPEN_FILES,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_MEMLOCK: 0,
    }
    for which, wanted in limits.items():
        _, hard = resource.getrlimit(which)
        amount = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(which, (amount, amount))


def _restrict_files(libc: ctypes.CDLL) -> int:
    version: int = libc.syscall(_LANDLOCK_CREATE, None, ctypes.c_size_t(0), 1)
    if version < 1:
        raise NotConfinedError("the system has no Landlock (Linux 5.13 or later, switched on)")
    # struct landlock_ruleset_attr: files; network from version 4; signals and abstract sockets from version 6
    fields = (ctypes.c_uint64 * 3)(_FILE_RIGHTS.get(version, 0xFFFF), 3, 3)
    size = 8 if version < 4 else 16 if version < 6 else 24
    rules = libc.syscall(_LANDLOCK_CREATE, ctypes.byref(fields), ctypes.c_size_t(size), 0)
    if rules < 0:
        raise NotConfinedError("the system does not allow Landlock")
    for path in {*sys.path, os.path.join(sys.base_prefix, "lib"), *_LIBRARIES}:  # noqa: PTH118  (pathlib takes long)
        _let_read(libc, rules, path)
    if libc.syscall(_LANDLOCK_RESTRICT, rules, 0) != 0:
        raise NotConfinedError("the system does not allow Landlock")
    os.close(rules)
    return version


def _let_read(libc: ctypes.CDLL, rules: int, path: str) -> None:
    try:
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return  # nothing there
    rights = _READ_FILE | (_READ_FOLDER if os.path.isdir(path) else 0)  # noqa: PTH112
    rule = rights.to_bytes(8, "little") + place.to_bytes(4, "little")  # struct landlock_path_beneath_attr, packed
    libc.syscall(_LANDLOCK_ADD_RULE, rules, 1, ctypes.create_string_buffer(rule, len(rule)), 0)
    os.close(place)


def _try_to_break_out(libc: ctypes.CDLL) -> None:
    """Raise unless a file, the network and another process are all out of reach: no table of numbers is trusted."""
    for path, flags in (("/etc/passwd", os.O_RDONLY), ("/proc/self/status", os.O_RDONLY), ("/tmp", os.O_TMPFILE | 2)):  # noqa: S108
        try:
            os.open(path, flags)
        except OSError:
            continue
        raise NotConfinedError(f"{path} can still be opened")
    if libc.socket(2, 1, 0) >= 0 or libc.kill(os.getppid(), 0) == 0:
        raise NotConfinedError("other processes can still be reached")
    if libc.prctl(_PR_SET_PDEATHSIG, _SIGKILL, 0, 0, 0) == 0:
        raise NotConfinedError("the filter of system calls does not hold")
