"""The address of this machine that is not the loopback one: where a browser and a PBX of one machine send each other voice."""

import ipaddress
import socket


def own_address() -> str | None:
    """An IPv4 address of this machine that ICE can use; None on a machine that has the loopback address only.

    Connecting a UDP socket sends nothing: the kernel only says by which of its addresses it would leave.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            return None
        found = str(probe.getsockname()[0])
    return None if ipaddress.ip_address(found).is_loopback else found
