"""Which ports a configuration asks for, and what is said when one is taken."""

import socket
from pathlib import Path

import pytest

from cti.sandbox.errors import PortTaken
from cti.sandbox.host.ports import Claim, claims, require_free

PJSIP = """\
[base](!)
type = transport
protocol = udp ; the usual one
[lan](base)
bind = 127.0.0.1:5060
[secure]
type=transport
protocol=tls
bind=127.0.0.2
[six]
type=transport
protocol=tcp
bind=[::1]:5070
[web]
type=transport
protocol=wss
bind=0.0.0.0
[phone]
type=endpoint
bind=127.0.0.1:9999
"""


def test_every_listening_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "pjsip.conf").write_text(PJSIP)
    (tmp_path / "manager.conf").write_text("[general]\nenabled=yes\nport=5038\nbindaddr=127.0.0.1\n[cti]\nport=1\n")
    (tmp_path / "http.conf").write_text("[general]\nenabled=yes\nbindaddr=127.0.0.1\ntlsenable=yes\ntlsbindaddr=127.0.0.1:8443\n")
    assert claims(tmp_path) == (
        Claim("manager.conf", "127.0.0.1", 5038, tcp=True),
        Claim("http.conf", "127.0.0.1", 8088, tcp=True),
        Claim("http.conf", "127.0.0.1", 8443, tcp=True),
        Claim("pjsip.conf", "127.0.0.1", 5060, tcp=False),
        Claim("pjsip.conf", "127.0.0.2", 5060, tcp=True),
        Claim("pjsip.conf", "::1", 5070, tcp=True),
    )


def test_what_is_off_or_absent_asks_for_nothing(tmp_path: Path) -> None:
    (tmp_path / "manager.conf").write_text("[general]\nenabled=no\nport=5038\n")
    (tmp_path / "http.conf").write_text("[general]\nbindport=8088\n")
    assert claims(tmp_path) == ()


@pytest.mark.parametrize(("kind", "tcp"), [(socket.SOCK_STREAM, True), (socket.SOCK_DGRAM, False)], ids=["tcp", "udp"])
def test_a_taken_port_is_named_with_the_file_that_asks(kind: int, tcp: bool) -> None:
    with socket.socket(socket.AF_INET, kind) as holder:
        holder.bind(("127.0.0.1", 0))
        if tcp:
            holder.listen()
        port = holder.getsockname()[1]
        asked = Claim("manager.conf", "127.0.0.1", port, tcp)
        with pytest.raises(PortTaken, match=rf"port {port} .*manager\.conf.*in use"):
            require_free([asked])
    require_free([asked])
