"""Stops single threads of a process that this one started, as a debugger does. Only the thread that stopped them can let
them go on."""
from __future__ import annotations

import contextlib
import ctypes
import os
import pathlib

PTRACE_ATTACH, PTRACE_DETACH = 16, 17  # linux/ptrace.h
WAIT_ALL = 0x40000000  # __WALL: threads are no children

libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
libc.ptrace.restype = ctypes.c_long


def ptrace(request: int, thread: int):
    if libc.ptrace(request, thread, None, None) != 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))


@contextlib.contextmanager
def stopped_threads(pid: int, name: str):
    """Threads whose name begins with `name` do nothing inside the block. Raises OSError where that is not allowed."""
    stopped = []
    try:
        for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
            if not (task / "comm").read_text().startswith(name):
                continue
            thread = int(task.name)
            ptrace(PTRACE_ATTACH, thread)
            stopped.append(thread)
            os.waitpid(thread, WAIT_ALL)
        assert stopped, f"no thread {name} in {pid}"
        yield
    finally:
        for thread in stopped:
            ptrace(PTRACE_DETACH, thread)


def resident_bytes(pid: int) -> int:
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmRSS:"))
    return int(line.split()[1]) * 1024
