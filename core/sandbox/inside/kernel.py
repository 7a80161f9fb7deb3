"""System calls that Python has no function for, and the filter of system calls. Linux only.

Every function raises an OSError that says what the kernel denies.
"""

from __future__ import annotations

import ctypes
import errno
import os
import signal
import struct

NEW_NAMESPACES = 0x00020000 | 0x04000000 | 0x08000000 | 0x10000000 | 0x20000000 | 0x40000000 | 0x02000000
"""Mounts, host name, System V objects, users, processes, network, control groups (unshare(2))."""

NOSUID, NODEV, BIND, RECURSIVE, PRIVATE = 2, 4, 4096, 16384, 1 << 18
"""Flags of mount(2)."""

_DETACH = 2
_AT_FDCWD, _AT_RECURSIVE = -100, 0x8000
_READ_ONLY_NOSUID_NODEV = 1 | 2 | 4
_MOUNT_SETATTR = 442
_PIVOT_ROOT = {"x86_64": 155, "aarch64": 41, "riscv64": 41, "ppc64le": 203, "s390x": 217}
_SET_DEATH_SIGNAL, _SET_DUMPABLE, _SET_SECCOMP = 1, 4, 22
_DROP_FROM_BOUNDS, _CHILD_SUBREAPER, _NO_NEW_PRIVILEGES = 24, 36, 38
_KEEP_CAPABILITIES, _AMBIENT, _RAISE = 8, 47, 2
_SECCOMP_FILTER = 2
_CAPABILITIES_VERSION = 0x20080522
_HIGHEST_CAPABILITY = 63
_ACCESS_TO_FILES = 1
"""CAP_DAC_OVERRIDE."""

_DENIED = {
    # Shared memory, message queues and anonymous files: no limit of a process covers them.
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
"""Denied system calls: their numbers on x86_64 and aarch64."""

_MACHINES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}
"""Column of the numbers, and the kernel's constant for the machine."""

_LOAD, _RETURN, _IF_EQUAL, _IF_AT_LEAST = 0x20, 0x06, 0x15, 0x35
_NUMBER_AT, _MACHINE_AT = 0, 4
_ALLOW, _FAIL, _KILL = 0x7FFF0000, 0x00050000 | errno.EPERM, 0x80000000
_OTHER_MODE = 0x40000000
"""Call numbers from here on belong to x32, a second set on x86_64."""

_libc = ctypes.CDLL(None, use_errno=True)


class _MountAttributes(ctypes.Structure):
    _fields_ = (
        ("set", ctypes.c_uint64),
        ("clear", ctypes.c_uint64),
        ("propagation", ctypes.c_uint64),
        ("user_namespace", ctypes.c_uint64),
    )


class _FilterProgram(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("steps", ctypes.c_void_p))


def unshare(flags: int) -> None:
    """Moves this process into new namespaces (unshare(2))."""
    _check(_libc.unshare(flags), "make namespaces")


def mount(source: str, target: str, kind: str | None, flags: int, options: str = "") -> None:
    """Mounts a file system or folder (mount(2))."""
    encoded = None if kind is None else kind.encode()
    done = _libc.mount(
        os.fsencode(source), os.fsencode(target), encoded, ctypes.c_ulong(flags), options.encode()
    )
    _check(done, f"mount {target}")


def make_read_only(target: str, *, below: bool) -> None:
    """Makes a mount read-only, without devices or set-user-ID programs.

    Args:
        target: where it is mounted.
        below: include everything mounted below it.

    Raises:
        OSError: the kernel is older than 5.12, or denies it to this user.
    """
    wanted = _MountAttributes(set=_READ_ONLY_NOSUID_NODEV)
    done = _libc.syscall(
        ctypes.c_long(_MOUNT_SETATTR),
        ctypes.c_int(_AT_FDCWD),
        os.fsencode(target),
        ctypes.c_uint(_AT_RECURSIVE if below else 0),
        ctypes.byref(wanted),
        ctypes.c_size_t(ctypes.sizeof(wanted)),
    )
    _check(done, f"make {target} read-only")


def pivot_root(new: str, old: str) -> None:
    """Makes a mount the root and puts the old root below it (pivot_root(2)).

    Raises:
        OSError: the kernel denies it, or the call's number is unknown for this machine.
    """
    number = _PIVOT_ROOT.get(os.uname().machine)
    if number is None:
        raise OSError(f"Namespaces of our own are not known to work on {os.uname().machine}.")
    _check(_libc.syscall(ctypes.c_long(number), os.fsencode(new), os.fsencode(old)), "change the root")


def detach(target: str) -> None:
    """Detaches a mount and everything below it (umount2(2))."""
    _check(_libc.umount2(os.fsencode(target), _DETACH), f"detach {target}")


def drop_from_bounds() -> None:
    """Keeps every program started from here on from gaining a capability, in any way."""
    for capability in range(_HIGHEST_CAPABILITY + 1):
        if _libc.prctl(_DROP_FROM_BOUNDS, capability, 0, 0, 0) != 0:
            if capability and ctypes.get_errno() == 22:  # EINVAL: this kernel has no more of them
                break
            _check(-1, "drop the capabilities")
    _check(_libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0), "give up new privileges")


def drop_capabilities() -> None:
    """Drops every capability of this process."""
    header = (ctypes.c_uint32 * 2)(_CAPABILITIES_VERSION, 0)
    nothing = (ctypes.c_uint32 * 6)()
    _check(_libc.capset(header, nothing), "drop the capabilities")


def become(user: int) -> None:
    """Turns root's process into another user's; of root's rights it keeps only access to files.

    What it starts keeps that too; nothing else can be regained.
    """
    os.setgroups([])
    _check(_libc.prctl(_KEEP_CAPABILITIES, 1, 0, 0, 0), "keep access to files")
    os.setresgid(user, user, user)
    os.setresuid(user, user, user)
    header = (ctypes.c_uint32 * 2)(_CAPABILITIES_VERSION, 0)
    has = (ctypes.c_uint32 * 6)()  # effective, permitted, inheritable, and each once more for higher numbers
    _check(_libc.capget(header, has), "read the capabilities")
    kept = has[1] & (1 << _ACCESS_TO_FILES)
    _check(_libc.capset(header, (ctypes.c_uint32 * 6)(kept, kept, kept)), "drop the capabilities")
    if kept:
        _check(_libc.prctl(_AMBIENT, _RAISE, _ACCESS_TO_FILES, 0, 0), "keep access to files")
    _check(_libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0), "give up new privileges")


def filter_calls(steps: ctypes.Array[ctypes.c_char], length: int) -> None:
    """Filters every system call of this process and its children through a BPF program (seccomp(2)).

    Args:
        steps: the BPF program.
        length: its number of steps.
    """
    program = _FilterProgram(length, ctypes.addressof(steps))
    _check(_libc.prctl(_SET_SECCOMP, _SECCOMP_FILTER, ctypes.byref(program), 0, 0), "filter system calls")


def close_to_others() -> None:
    """Keeps other processes of this user from inspecting this one and its children; no core dumps."""
    _check(_libc.prctl(_SET_DUMPABLE, 0, 0, 0, 0), "close this process to others")


def die_with_parent() -> None:
    """Has the kernel kill this process when its parent ends."""
    _check(_libc.prctl(_SET_DEATH_SIGNAL, signal.SIGKILL, 0, 0, 0), "bind this process to its parent")


def adopt_orphans() -> None:
    """Makes descendants whose parents end children of this process."""
    _check(_libc.prctl(_CHILD_SUBREAPER, 1, 0, 0, 0), "adopt orphans")


def deny_calls() -> None:
    """Makes the denied calls fail from now on, here and in child processes; no-op on other machines.

    Denied are calls that get memory past every limit, and calls that only attacks use.
    """
    machine = _MACHINES.get(os.uname().machine)
    if machine is None:
        return
    column, name = machine
    numbers = [call[column] for call in _DENIED.values()]
    # Jumps count skipped steps. The last three are: allow, fail, kill.
    steps = [(_LOAD, 0, 0, _MACHINE_AT), (_IF_EQUAL, 0, len(numbers) + 4, name), (_LOAD, 0, 0, _NUMBER_AT)]
    steps += [(_IF_AT_LEAST, len(numbers) + 2, 0, _OTHER_MODE)]
    steps += [(_IF_EQUAL, len(numbers) - index, 0, number) for index, number in enumerate(numbers)]
    steps += [(_RETURN, 0, 0, _ALLOW), (_RETURN, 0, 0, _FAIL), (_RETURN, 0, 0, _KILL)]
    program = b"".join(struct.pack("=HBBI", *step) for step in steps)
    filter_calls(ctypes.create_string_buffer(program, len(program)), len(steps))


def _check(done: int, what: str) -> None:
    if done != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"The kernel does not let us {what}: {os.strerror(number)}")
