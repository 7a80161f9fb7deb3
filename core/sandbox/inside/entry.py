"""Where the sandbox's process begins."""

from __future__ import annotations

import os
import sys

from . import namespaces, program, supervisor
from .order import Channels, read_order


def main() -> None:
    """Does what the order says; the numbers of the channels are the last arguments, in their order.

    Raises:
        OSError: the kernel does not let us.
    """
    channels = Channels(*map(int, sys.argv[-4:]))
    order = read_order(channels.order)
    if order.kind == "namespaces":
        namespaces.enter(order)
    os.chdir(order.folder)
    os.environ.clear()
    os.environ.update({"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "HOME": order.folder})
    sys.argv[:] = [program.FILE_NAME]
    supervisor.supervise(order, channels)
    sys.exit(program.run(order, channels.results))
