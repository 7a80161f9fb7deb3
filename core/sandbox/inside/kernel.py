"""The system calls that Python has no function for. Linux only."""

from __future__ import annotations

import ctypes
import os
import signal

NEW_NAMESPACES = 0x00020000 | 0x04000000 | 0x08000000 | 0x10000000 | 0x20000000 | 0x40000000 | 0x02000000
"""Mounts, host name, System V objects, users, processes, network, control groups (unshare(2))."""

NOSUID, NODEV, BIND, RECURSIVE, PRIVATE = 2, 4, 4096, 16384, 1 << 18
"""Flags of mount(2)."""

_DETACH = 2
_AT_FDCWD, _AT_RECURSIVE = -100, 0x8000
_READ_ONLY_NOSUID_NODEV = 1 | 2 | 4
_MOUNT_SETATTR = 442
_PIVOT_ROOT = {"x86_64": 155, "aarch64": 41, "riscv64": 41, "ppc64le": 203, "s390x": 217}
_SET_DEATH_SIGNAL, _SET_DUMPABLE, _SET_SECCOMP, _DROP_FROM_BOUNDS, _CHILD_SUBREAPER, _NO_NEW_PRIVILEGES = (
    1,
    4,
    22,
    24,
    36,
    38,
)
_KEEP_CAPABILITIES, _AMBIENT, _RAISE = 8, 47, 2
_SECCOMP_FILTER = 2
_CAPABILITIES_VERSION = 0x20080522
_HIGHEST_CAPABILITY = 63
_ACCESS_TO_FILES = 1
"""CAP_DAC_OVERRIDE."""

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
    """Leaves the namespaces that the flags name for new ones (unshare(2)).

    Raises:
        OSError: the kernel does not let this user.
    """
    _check(_libc.unshare(flags), "make namespaces")


def mount(source: str, target: str, kind: str | None, flags: int, options: str = "") -> None:
    """Mounts (mount(2)).

    Raises:
        OSError: it cannot be mounted.
    """
    encoded = None if kind is None else kind.encode()
    done = _libc.mount(
        os.fsencode(source), os.fsencode(target), encoded, ctypes.c_ulong(flags), options.encode()
    )
    _check(done, f"mount {target}")


def make_read_only(target: str, *, below: bool) -> None:
    """Makes a mount read-only, without devices and set-user-ID programs.

    Args:
        target: where it is mounted.
        below: all that is mounted below it too.

    Raises:
        OSError: the kernel is older than 5.12, or does not let this user.
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
    """Makes a mount the root, and puts the old root below it (pivot_root(2)).

    Raises:
        OSError: the kernel does not let this user, or the call's number is not known for this machine.
    """
    number = _PIVOT_ROOT.get(os.uname().machine)
    if number is None:
        raise OSError(f"Namespaces of our own are not known to work on {os.uname().machine}.")
    _check(_libc.syscall(ctypes.c_long(number), os.fsencode(new), os.fsencode(old)), "change the root")


def detach(target: str) -> None:
    """Takes a mount and all below it away (umount2(2)).

    Raises:
        OSError: the kernel does not let this user.
    """
    _check(_libc.umount2(os.fsencode(target), _DETACH), f"detach {target}")


def drop_from_bounds() -> None:
    """No program that is started from here on gains a capability, by whatever way.

    Raises:
        OSError: the kernel does not let this user.
    """
    for capability in range(_HIGHEST_CAPABILITY + 1):
        if _libc.prctl(_DROP_FROM_BOUNDS, capability, 0, 0, 0) != 0:
            if capability and ctypes.get_errno() == 22:  # EINVAL: this kernel has no more of them
                break
            _check(-1, "drop the capabilities")
    _check(_libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0), "give up new privileges")


def drop_capabilities() -> None:
    """Gives up every capability of this process.

    Raises:
        OSError: the kernel does not let this process.
    """
    header = (ctypes.c_uint32 * 2)(_CAPABILITIES_VERSION, 0)
    nothing = (ctypes.c_uint32 * 6)()
    _check(_libc.capset(header, nothing), "drop the capabilities")


def become(user: int) -> None:
    """Turns root's process into one of another user and group that keeps, of root's rights, access to files.

    What it starts keeps that too; nothing else can be had again.

    Raises:
        OSError: the kernel does not let this process.
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
    """Lets a BPF program judge every system call of this process and its children (seccomp(2)).

    Args:
        steps: the program.
        length: how many steps it has.

    Raises:
        OSError: the kernel does not let this process.
    """
    program = _FilterProgram(length, ctypes.addressof(steps))
    _check(_libc.prctl(_SET_SECCOMP, _SECCOMP_FILTER, ctypes.byref(program), 0, 0), "filter system calls")


def close_to_others() -> None:
    """No other process of this user may look into this one or its children, and none dumps core.

    Raises:
        OSError: the kernel does not let this process.
    """
    _check(_libc.prctl(_SET_DUMPABLE, 0, 0, 0, 0), "close this process to others")


def die_with_parent() -> None:
    """The kernel kills this process when its parent ends.

    Raises:
        OSError: the kernel does not let this process.
    """
    _check(_libc.prctl(_SET_DEATH_SIGNAL, signal.SIGKILL, 0, 0, 0), "bind this process to its parent")


def adopt_orphans() -> None:
    """Processes below this one whose parents end become children of this one.

    Raises:
        OSError: the kernel does not let this process.
    """
    _check(_libc.prctl(_CHILD_SUBREAPER, 1, 0, 0, 0), "adopt orphans")


def _check(done: int, what: str) -> None:
    if done != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"The kernel does not let us {what}: {os.strerror(number)}")
