"""System calls that a computation needs, and a seccomp filter (seccomp(2), Linux) that lets nothing else through.

What is missing is the point: no process or thread can be made, no program started, no signal sent to anybody, no
network reached, no file created, changed or removed, no other process looked into, no limit raised.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_TABLE = """
read 0 63; write 1 64; close 3 57; fstat 5 80; lseek 8 62; mmap 9 222; mprotect 10 226; munmap 11 215; brk 12 214
mremap 25 216; madvise 28 233; futex 202 98; rt_sigaction 13 134; rt_sigprocmask 14 135; rt_sigreturn 15 139
sigaltstack 131 132; rt_sigpending 127 136; pread64 17 67; readv 19 65; writev 20 66; sched_yield 24 124
getdents64 217 61; newfstatat 262 79; statx 332 291; stat 4 -; lstat 6 -; access 21 -; faccessat 269 48
faccessat2 439 439; readlink 89 -; readlinkat 267 78; getcwd 79 17; dup 32 23; dup2 33 -; dup3 292 24; pipe 22 -
pipe2 293 59; close_range 436 436; nanosleep 35 101; clock_nanosleep 230 115; clock_gettime 228 113
clock_getres 229 114; gettimeofday 96 169; time 201 -; times 100 153; getrusage 98 165; getrlimit 97 163
sysinfo 99 179; uname 63 160; getpid 39 172; getppid 110 173; gettid 186 178; getuid 102 174; geteuid 107 175
getgid 104 176; getegid 108 177; sched_getaffinity 204 123; getcpu 309 168; rseq 334 293; set_robust_list 273 99
getrandom 318 278; getitimer 36 102; setitimer 38 103; alarm 37 -; restart_syscall 219 128; exit 60 93
exit_group 231 94; poll 7 -; ppoll 271 73; select 23 -; pselect6 270 72; epoll_create1 291 20; epoll_ctl 233 21
epoll_wait 232 -; epoll_pwait 281 22; eventfd2 290 19; sendto 44 206; recvfrom 45 207; getsockname 51 204
getsockopt 55 209; shutdown 48 210
"""
_CHECKED = {"open": (2, None), "openat": (257, 56), "fcntl": (72, 25), "ioctl": (16, 29), "prlimit64": (302, 261)} | {
    "socketpair": (53, 199)
}
MACHINES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}
"""Column of the table, and `AUDIT_ARCH` of a system with 64 bits."""

_OPENING_TO_WRITE = 0o3 | 0o100 | 0o1000 | 0o20000000  # access mode, O_CREAT, O_TRUNC, O_TMPFILE
_FCNTL = (0, 1, 2, 3, 4, 5, 6, 7, 1030)  # F_DUPFD to F_SETLKW and F_DUPFD_CLOEXEC; others can have a signal sent
_IOCTL = (0x5401, 0x5413, 0x541B, 0x5421, 0x5450, 0x5451)  # TCGETS TIOCGWINSZ FIONREAD FIONBIO FIONCLEX FIOCLEX
_NEW = 424
"""System calls from here on have no number that programs take for granted: they cope with ENOSYS."""

_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _AND, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x54, 0x06
_ALLOW, _KILL, _ERRNO = 0x7FFF0000, 0x80000000, 0x00050000
_EPERM, _ENOSYS = 1, 38


def program(machine: str) -> bytes:
    """The filter for a machine of `MACHINES`, as an array of `struct sock_filter` (8 bytes each)."""
    column, architecture = MACHINES[machine]
    code = [
        _step(_LOAD, 4),
        _step(_EQUAL, architecture, 1, 0),
        _step(_RETURN, _KILL),
        _step(_LOAD, 0),
    ]
    if machine == "x86_64":  # the x32 interface has the same architecture and other numbers
        code += [_step(_AT_LEAST, 1 << 30, 0, 1), _step(_RETURN, _ERRNO | _ENOSYS)]
    for number in _plain(column):
        code += [_step(_EQUAL, number, 0, 1), _step(_RETURN, _ALLOW)]
    for name, numbers in _CHECKED.items():
        if (checked := numbers[column]) is not None:
            body = list(_check(name))
            code += [_step(_EQUAL, checked, 0, len(body)), *body]
    code += [
        _step(_AT_LEAST, _NEW, 0, 1),
        _step(_RETURN, _ERRNO | _ENOSYS),
        _step(_RETURN, _ERRNO | _EPERM),
    ]
    return b"".join(code)


def _plain(column: int) -> Iterator[int]:
    for entry in _TABLE.replace("\n", ";").split(";"):
        words = entry.split()
        if words and words[column + 1] != "-":
            yield int(words[column + 1])


def _check(name: str) -> Iterator[bytes]:
    """Steps that look at the arguments and return."""
    refuse = _step(_RETURN, _ERRNO | _EPERM)
    allow = _step(_RETURN, _ALLOW)
    match name:
        case "open" | "openat":
            yield from (_argument(1 if name == "open" else 2), _step(_ANY_BIT, _OPENING_TO_WRITE, 0, 1), refuse, allow)
        case "fcntl" | "ioctl":
            yield _argument(1)
            for command in _FCNTL if name == "fcntl" else _IOCTL:
                yield from (_step(_EQUAL, command, 0, 1), allow)
            yield refuse
        case "prlimit64":  # of this process, and only to read: process number and new limits are both zero
            for word in (16, 32, 36):
                yield from (_step(_LOAD, word), _step(_EQUAL, 0, 1, 0), refuse)
            yield allow
        case _:  # "socketpair": two connected ends of AF_UNIX and SOCK_STREAM, which lead nowhere else
            yield from (_argument(0), _step(_EQUAL, 1, 1, 0), refuse)
            yield from (_argument(1), _step(_AND, 0xF), _step(_EQUAL, 1, 1, 0), refuse, allow)


def _argument(index: int) -> bytes:
    return _step(_LOAD, 16 + 8 * index)  # its low half: the kernel reads no more of these


def _step(operation: int, constant: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return operation.to_bytes(2, "little") + bytes((if_true, if_false)) + constant.to_bytes(4, "little")
