"""Enters new namespaces: no network, no other processes, a small read-only root."""

from __future__ import annotations

import os
from pathlib import Path

from .kernel import (
    BIND,
    NEW_NAMESPACES,
    NODEV,
    NOSUID,
    PRIVATE,
    RECURSIVE,
    detach,
    drop_capabilities,
    drop_from_bounds,
    make_read_only,
    mount,
    pivot_root,
    unshare,
)
from .order import DEVICES, NOBODY, Order

_FILES_IN_FOLDER = 10_000
_NEW_ROOT = "/tmp"


def enter(order: Order) -> None:
    """Returns as the first process of a new process namespace, which sees only what the order names.

    The calling process never returns: it waits and ends as that one does. When that one ends, the kernel
    kills every other process in the namespace.

    Raises:
        OSError: the kernel denies it to this user.
    """
    was_root = os.getuid() == 0
    if was_root:
        os.setgroups([])
    _fork_mapped(was_root)
    # Only children of the process that created a process namespace are in it.
    _fork_and_wait()
    # Else a program could create user namespaces, and have capabilities there.
    Path("/proc/sys/user/max_user_namespaces").write_text("0")
    _build_root(order)
    drop_from_bounds()
    if was_root:
        os.setresgid(NOBODY, NOBODY, NOBODY)
        os.setresuid(NOBODY, NOBODY, NOBODY)
    drop_capabilities()


def _fork_mapped(was_root: bool) -> None:
    """Returns in a child that has new namespaces with its user mapped; the parent waits for it."""
    user, group = os.getuid(), os.getgid()
    is_apart, say_apart = os.pipe()
    is_mapped, say_mapped = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(is_apart)
        os.close(say_mapped)
        unshare(NEW_NAMESPACES)
        os.write(say_apart, b".")
        if not os.read(is_mapped, 1):
            os._exit(1)
        os.close(say_apart)
        os.close(is_mapped)
        return
    os.close(say_apart)
    os.close(is_mapped)
    if os.read(is_apart, 1):
        _map(Path(f"/proc/{child}"), was_root, user, group)
        os.write(say_mapped, b".")
    _end_like(child)


def _map(process: Path, was_root: bool, user: int, group: int) -> None:
    """Maps users into a process's namespace: this one, and nobody if this one is root."""
    if was_root:
        lines = f"0 0 1\n{NOBODY} {NOBODY} 1\n"
        (process / "uid_map").write_text(lines)
        (process / "gid_map").write_text(lines)
        return
    (process / "setgroups").write_text("deny")
    (process / "uid_map").write_text(f"{user} {user} 1\n")
    (process / "gid_map").write_text(f"{group} {group} 1\n")


def _fork_and_wait() -> None:
    """Returns in a child; the parent waits for it and ends as it does."""
    child = os.fork()
    if child:
        _end_like(child)


def _end_like(child: int) -> None:
    """Waits for a child and ends with its exit status."""
    _, status = os.waitpid(child, 0)
    os._exit(abs(os.waitstatus_to_exitcode(status)))


def _build_root(order: Order) -> None:
    """Replaces the root by a read-only one with what the order names, and the program's folder."""
    mount("none", "/", None, RECURSIVE | PRIVATE)
    mount("tmpfs", _NEW_ROOT, "tmpfs", NOSUID | NODEV, "size=1m,mode=755")
    os.chdir(_NEW_ROOT)
    Path("old").mkdir()
    pivot_root(".", "old")
    os.chdir("/")
    for path in (*order.visible, *DEVICES):
        _bind(path)
    for path, target in order.links:
        Path(path).symlink_to(target)
    _mount_folder(order)
    detach("/old")
    Path("/old").rmdir()
    for path in order.visible:
        make_read_only(path, below=True)
    make_read_only("/", below=False)


def _bind(path: str) -> None:
    """Makes a file or folder of the old root visible at the same path."""
    source, target = Path(f"/old{path}"), Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        target.mkdir(exist_ok=True)
    else:
        target.touch()
    mount(str(source), path, None, BIND | RECURSIVE)


def _mount_folder(order: Order) -> None:
    Path(order.folder).mkdir()
    options = f"size={order.limits.folder_bytes},nr_inodes={_FILES_IN_FOLDER},mode=777"
    mount("tmpfs", order.folder, "tmpfs", NOSUID | NODEV, options)
