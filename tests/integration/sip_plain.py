"""A few lines of SIP over UDP or TLS, with digest authentication: who is let in, and who is refused."""

import asyncio
import base64
import hashlib
import re
import secrets
import ssl
from dataclasses import dataclass

_SESSION = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
PLAIN_VOICE = f"{_SESSION}m=audio 40000 RTP/AVP 8\r\na=rtpmap:8 PCMA/8000\r\n"
_KEY = base64.b64encode(bytes(range(30))).decode()
SEALED_VOICE = (
    f"{_SESSION}m=audio 40000 RTP/SAVP 8\r\na=rtpmap:8 PCMA/8000\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:{_KEY}\r\n"
)


@dataclass(frozen=True)
class Login:
    """Who asks, and where."""

    user: str
    password: str
    port: int
    tls: bool = False


async def register(login: Login) -> int:
    """The final status of a REGISTER, the challenge answered."""
    return await _ask(login, "REGISTER", f"sip:127.0.0.1:{login.port}", "")


async def unregister(login: Login) -> int:
    """The final status of a REGISTER that takes every contact back."""
    return await _ask(login, "REGISTER", f"sip:127.0.0.1:{login.port}", "", leaves=True)


async def invite(login: Login, number: str, sdp: str = PLAIN_VOICE) -> int:
    """The final status of an INVITE, the challenge answered."""
    return await _ask(login, "INVITE", f"sip:{number}@127.0.0.1:{login.port}", sdp)


async def _ask(login: Login, method: str, uri: str, body: str, *, leaves: bool = False) -> int:
    send, receive, close = await (_tls(login) if login.tls else _udp(login))
    call_id, tag = secrets.token_hex(8), secrets.token_hex(4)
    try:
        answer = await _once(login, send, receive, method, uri, body, call_id, tag, 1, "", leaves)
        if _status(answer) not in (401, 407):
            return _status(answer)
        proof = _authorization(login, method, uri, answer)
        return _status(await _once(login, send, receive, method, uri, body, call_id, tag, 2, proof, leaves))
    finally:
        close()


async def _once(login, send, receive, method, uri, body, call_id, tag, cseq, proof, leaves):  # type: ignore[no-untyped-def]
    over = "TLS" if login.tls else "UDP"
    me = f"sip:{login.user}@127.0.0.1"
    lines = [
        f"{method} {uri} SIP/2.0",
        f"Via: SIP/2.0/{over} 127.0.0.1:40001;rport;branch=z9hG4bK{secrets.token_hex(6)}",
        f"From: <{me}>;tag={tag}",
        f"To: <{me if method == 'REGISTER' else uri}>",
        f"Call-ID: {call_id}",
        f"CSeq: {cseq} {method}",
        "Max-Forwards: 70",
        "Contact: *" if leaves else f"Contact: <sip:{login.user}@127.0.0.1:40001;transport={over.lower()}>",
        *([f"Expires: {0 if leaves else 60}"] if method == "REGISTER" else ["Content-Type: application/sdp"]),
        *([proof] if proof else []),
        f"Content-Length: {len(body)}",
    ]
    send("\r\n".join(lines) + "\r\n\r\n" + body)
    async with asyncio.timeout(10):
        while True:
            answer = await receive()
            if _status(answer) >= 200 and f"{cseq} {method}" in answer:
                return answer


def _authorization(login: Login, method: str, uri: str, answer: str) -> str:
    challenge = re.search(r"^(WWW|Proxy)-Authenticate: Digest (.*)$", answer, re.MULTILINE | re.IGNORECASE)
    assert challenge is not None, answer
    asked = dict(re.findall(r'(\w+)="?([^",\r]*)"?', challenge[2]))

    def md5(text: str) -> str:
        return hashlib.md5(text.encode()).hexdigest()

    cnonce = secrets.token_hex(8)
    ha1 = md5(f"{login.user}:{asked['realm']}:{login.password}")
    response = md5(f"{ha1}:{asked['nonce']}:00000001:{cnonce}:auth:{md5(f'{method}:{uri}')}")
    name = "Authorization" if challenge[1].upper() == "WWW" else "Proxy-Authorization"
    return (
        f'{name}: Digest username="{login.user}",realm="{asked["realm"]}",nonce="{asked["nonce"]}",uri="{uri}",'
        f'response="{response}",algorithm=MD5,cnonce="{cnonce}",opaque="{asked.get("opaque", "")}",qop=auth,nc=00000001'
    )


def _status(answer: str) -> int:
    found = re.match(r"SIP/2\.0 (\d{3})", answer)
    return int(found[1]) if found else 0


class _Inbox(asyncio.DatagramProtocol):
    def __init__(self) -> None:
        self.came: asyncio.Queue[str] = asyncio.Queue()

    def datagram_received(self, data: bytes, addr: object) -> None:
        self.came.put_nowait(data.decode())


async def _udp(login: Login):  # type: ignore[no-untyped-def]
    loop = asyncio.get_running_loop()
    transport, inbox = await loop.create_datagram_endpoint(_Inbox, remote_addr=("127.0.0.1", login.port))
    return (lambda text: transport.sendto(text.encode())), inbox.came.get, transport.close


async def _tls(login: Login):  # type: ignore[no-untyped-def]
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    reader, writer = await asyncio.open_connection("127.0.0.1", login.port, ssl=context)

    async def receive() -> str:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        length = re.search(r"^Content-Length:\s*(\d+)", head, re.MULTILINE | re.IGNORECASE)
        return head + (await reader.readexactly(int(length[1]))).decode() if length else head

    return (lambda text: writer.write(text.encode())), receive, writer.close
