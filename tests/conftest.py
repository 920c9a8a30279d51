"""Keeps the tests offline: sockets that would leave this machine are refused.

Programs that tests start and interrupt must hear the interrupt, also where the tests run in the background
of a shell that has them ignore it.
"""

from __future__ import annotations

import ipaddress
import signal
import socket
import sys


def _stays_here(host: object) -> bool:
    if isinstance(host, bytes):
        host = host.decode("ascii", "replace")
    if host in (None, "", "localhost"):
        return True
    try:
        return ipaddress.ip_address(str(host).partition("%")[0]).is_loopback
    except ValueError:
        return False


def _refuse_leaving(event: str, args: tuple[object, ...]) -> None:
    """An audit hook: it sees every connection and look-up, whichever library makes it."""
    if event in ("socket.connect", "socket.sendto", "socket.sendmsg"):
        address = args[1]
        if isinstance(address, tuple) and not _stays_here(address[0]):
            raise PermissionError(f"the tests are offline: a connection to {address[0]} was refused")
    elif event == "socket.getaddrinfo":
        host = args[0]
        if not _stays_here(host) and not _is_address(host):
            raise socket.gaierror(socket.EAI_NONAME, f"the tests are offline: {host!r} was not looked up")


def _is_address(host: object) -> bool:
    """Whether a look-up of `host` needs no name server."""
    try:
        ipaddress.ip_address(host.decode() if isinstance(host, bytes) else str(host))
    except ValueError:
        return False
    return True


sys.addaudithook(_refuse_leaving)

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
