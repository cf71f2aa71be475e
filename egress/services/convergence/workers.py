"""What a worker is called: in leases, deliveries and logs."""

import os
import socket
import threading


def worker_name() -> str:
    """Return the name of this thread of this process on this machine, at most 100 characters."""
    return f"{socket.gethostname()[:60]}:{os.getpid()}:{threading.get_ident()}"
