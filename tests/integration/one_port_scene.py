"""What stands before the sandbox when people come from outside: real nginx and real coturn, on the files that `cti` renders."""

import asyncio
import base64
import datetime
import hashlib
import os
import re
import socket
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from cti.bootstrap.sandbox import Site
from cti.bootstrap.telephone import one_port
from cti.sandbox.errors import SandboxError
from cti.sandbox.host.address import own_address
from cti.sandbox.host.child import Child
from cti.sandbox.host.free import free_port, free_run
from cti.sandbox.install import EdgeInstall
from cti.sandbox.packages import FetchSettings, fetch_edge
from cti.settings import load

PAGES, RELAY = "sas.example.test", "turn.sas.example.test"
_SECONDS = 10.0


def require_an_edge() -> EdgeInstall:
    """nginx and coturn; skipped, with the reason, where Debian's packages cannot be had."""
    try:
        return fetch_edge(FetchSettings.from_environ(os.environ))
    except SandboxError as trouble:
        pytest.skip(f"neither nginx nor coturn here: {trouble}")


@dataclass(frozen=True)
class Papers:
    """A certificate authority of the test's own, and the certificate of both names."""

    authority: Path
    certificate: Path
    key: Path
    #: SHA-256 of the certificate's public key, as Chromium wants it to believe this key and no other.
    pin: str

    def context(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=str(self.authority))


def papers(folder: Path) -> Papers:
    """Draw them."""
    folder.mkdir(parents=True, exist_ok=True)
    begin = datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=1)
    ca_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    ca_name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "autorité de l'essai")])
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, PAGES)])

    def drawn(subject: x509.Name, public: ec.EllipticCurvePublicKey, *, authority: bool) -> x509.Certificate:
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(ca_name)
            .public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(begin)
            .not_valid_after(begin + datetime.timedelta(days=90))
            .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        )
        if not authority:
            names = x509.SubjectAlternativeName([x509.DNSName(PAGES), x509.DNSName(RELAY)])
            builder = builder.add_extension(names, critical=False)
        return builder.sign(ca_key, hashes.SHA256())

    pem = serialization.Encoding.PEM
    made = Papers(
        folder / "ca.pem",
        folder / "sas.pem",
        folder / "sas.key",
        base64.b64encode(
            hashlib.sha256(
                key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
            ).digest()
        ).decode(),
    )
    made.authority.write_bytes(drawn(ca_name, ca_key.public_key(), authority=True).public_bytes(pem))
    made.certificate.write_bytes(drawn(name, key.public_key(), authority=False).public_bytes(pem))
    made.key.write_bytes(key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    return made


@dataclass
class Front:
    """The one port."""

    folder: Path
    papers: Papers
    port: int = field(default_factory=free_port)
    _programs: dict[str, tuple[tuple[str, ...], tuple[int, ...]]] = field(default_factory=dict)
    _running: dict[str, Child] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"https://{PAGES}:{self.port}"

    @property
    def rules(self) -> list[str]:
        """Words for Chromium: two names, one address, nothing else; and one key that is believed."""
        names = ", ".join(f"MAP {name} 127.0.0.1" for name in (PAGES, RELAY))
        return [f"--host-resolver-rules={names}, MAP * ~NOTFOUND", f"--ignore-certificate-errors-spki-list={self.papers.pin}"]

    def changes(self, **telephone: Any) -> Mapping[str, Mapping[str, Any]]:
        """Of cti.toml: everything at this port."""
        relays, address = free_run(60, socket.SOCK_DGRAM), own_address()
        one = {
            "certificat": str(self.papers.certificate), "cle": str(self.papers.key), "relais": address, "pbx": [address],
            "ports_relais": [relays, relays + 59],
            "port_https": free_port(), "port_passage": free_port(), "port_turn": free_port(),
        }  # fmt: skip
        said = {
            "adresse": f"wss://{PAGES}:{self.port}/ws", "turn": [f"turns:{RELAY}:{self.port}?transport=tcp"],
            "turn_secret": "un-secret-de-l-essai-seulement", "relais_seul": True, "port_unique": one,
        }  # fmt: skip
        return {"cti": {"http": {"public_url": self.url, "mandataires": ["127.0.0.1/32"]}, "telephone": {**said, **telephone}}}

    @property
    def coturn_log(self) -> str:
        return (self.folder / "turn.log").read_text(encoding="utf-8", errors="replace")

    @property
    def relays_given(self) -> list[str]:
        """The user name of each relay that coturn has given, in order."""
        return re.findall(r"user <([^>]*)>: incoming packet ALLOCATE processed, success", self.coturn_log)

    @asynccontextmanager
    async def stands(self, edge: EdgeInstall, site: Site, *turn_words: str) -> AsyncIterator["Front"]:
        """nginx and coturn, as long as this lasts; ``turn_words``: what coturn is told beside its file."""
        settings = load(site.config, {})
        here = (f"127.0.0.1:{self.port}",)
        texts = one_port.files(settings, listen=here, logs=str(self.folder), relay_log=str(self.folder / "turn.log"))
        paths = one_port.write(texts, self.folder)
        stream, https, turn = paths
        main = self.folder / "nginx.conf"
        main.write_text(_main(edge, self.folder, stream, https), encoding="utf-8")
        words = {
            "turn": (
                *edge.turnserver, "-c", str(turn), "--userdb", str(self.folder / "turndb"), "--verbose",
                "--pidfile", str(self.folder / "turn.pid"), *turn_words,
            ),
            "nginx": (*edge.nginx, "-p", str(self.folder), "-c", str(main), "-e", str(self.folder / "error.log")),
        }  # fmt: skip
        one = settings.cti.telephone.port_unique
        assert one is not None
        ports = {"turn": (one.port_turn,), "nginx": (self.port, one.port_https)}
        self._programs = {name: (words[name], ports[name]) for name in words}
        try:
            for name in words:
                await self.start(name)
            yield self
        finally:
            for child in self._running.values():
                await child.kill()

    async def start(self, name: str) -> None:
        """Start `nginx` or `turn`, again when it runs already: all that went through it is cut."""
        await self.stop(name)
        words, ports = self._programs[name]
        output = self.folder / f"{name}.out"
        self._running[name] = Child.start(words, self.folder, os.environ, output)
        for port in ports:
            await _listens(self._running[name], port, output)

    async def stop(self, name: str) -> None:
        """It falls down; nothing happens when it does not run."""
        if name in self._running:
            await self._running[name].kill()


async def _listens(child: Child, port: int, output: Path) -> None:
    try:
        async with asyncio.timeout(_SECONDS):
            while child.code is None:
                try:
                    _, writer = await asyncio.open_connection("127.0.0.1", port)
                except OSError:
                    await asyncio.sleep(0.02)
                else:
                    writer.close()
                    return
    except TimeoutError:
        pass
    raise AssertionError(f"nobody listens on {port}: {output.read_text(encoding='utf-8', errors='replace')[-2000:]}")


def _main(edge: EdgeInstall, folder: Path, stream: Path, https: Path) -> str:
    """What Debian's own nginx.conf is: the two files in their places."""
    kept = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    temporary = "".join(f"    {name}_temp_path {folder / name};\n" for name in kept)
    user = "user root;\n" if os.geteuid() == 0 else ""
    return (
        f"load_module {edge.stream_module};\n{user}daemon off;\nworker_processes 1;\npid {folder / 'nginx.pid'};\n"
        f"events {{ worker_connections 512; }}\n"
        f"http {{\n    access_log off;\n{temporary}    include {https};\n}}\ninclude {stream};\n"
    )
