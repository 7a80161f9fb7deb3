"""Takes away system calls: those that get memory past every limit, and those that only attacks use."""

from __future__ import annotations

import ctypes
import errno
import os
import struct

from .kernel import filter_calls

_DENIED = {
    # Shared memory, message queues and files without a folder: in no limit of a process.
    "shmget": (29, 194),
    "msgget": (68, 186),
    "semget": (64, 190),
    "memfd_create": (319, 279),
    "memfd_secret": (447, 447),
    # Other processes.
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    # Namespaces and mounts.
    "unshare": (272, 97),
    "setns": (308, 268),
    "mount": (165, 40),
    "open_tree": (428, 428),
    "fsopen": (430, 430),
    # Parts of the kernel that no solution to a task needs.
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "io_uring_setup": (425, 425),
}
"""Their numbers on x86_64 and aarch64."""

_MACHINES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}
"""Which number of each call is meant, and the kernel's name for the machine."""

_LOAD, _RETURN, _IF_EQUAL, _IF_AT_LEAST = 0x20, 0x06, 0x15, 0x35
_NUMBER_AT, _MACHINE_AT = 0, 4
_ALLOW, _FAIL, _KILL = 0x7FFF0000, 0x00050000 | errno.EPERM, 0x80000000
_OTHER_MODE = 0x40000000
"""Call numbers from here on are of x32, a second set on x86_64."""


def take_away_calls() -> None:
    """The denied calls fail from now on, here and in all that is started; other machines keep them.

    Raises:
        OSError: the kernel does not let this process.
    """
    machine = _MACHINES.get(os.uname().machine)
    if machine is None:
        return
    column, name = machine
    numbers = [call[column] for call in _DENIED.values()]
    # Jumps count the steps that are left out. The last three are: allow, fail, kill.
    steps = [(_LOAD, 0, 0, _MACHINE_AT), (_IF_EQUAL, 0, len(numbers) + 4, name), (_LOAD, 0, 0, _NUMBER_AT)]
    steps += [(_IF_AT_LEAST, len(numbers) + 2, 0, _OTHER_MODE)]
    steps += [(_IF_EQUAL, len(numbers) - index, 0, number) for index, number in enumerate(numbers)]
    steps += [(_RETURN, 0, 0, _ALLOW), (_RETURN, 0, 0, _FAIL), (_RETURN, 0, 0, _KILL)]
    program = b"".join(struct.pack("=HBBI", *step) for step in steps)
    filter_calls(ctypes.create_string_buffer(program, len(program)), len(steps))
