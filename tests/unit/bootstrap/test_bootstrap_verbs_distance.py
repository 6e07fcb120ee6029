"""One HTTPS port: what of the site's settings fits, the files that are written, and what their users must not find in them."""

import re
import stat
from pathlib import Path

import pytest

from tests.unit.bootstrap.verbs_house import Cti

BLOCK = """
[telephone.port_unique]
certificat = "/etc/ssl/sas/sas.pem"
cle = "/etc/ssl/sas/sas.key"
relais = "10.20.0.5"
pbx = ["10.20.0.4", "10.20.1.4"]
"""
SECRET = "0123456789abcdef"


def say(site: Path, block: str = BLOCK, **changed: str) -> None:
    """The site's cti.toml with one port; `changed`: fields of its two other blocks, as TOML has them."""
    fields = {
        "public_url": '"https://sas.example.fr"', "adresse": '"wss://sas.example.fr/ws"',
        "turn": '["turns:turn.sas.example.fr:443?transport=tcp"]', **changed,
    }  # fmt: skip
    path = site / "config" / "cti.toml"
    text = path.read_text(encoding="utf-8")
    for name, value in fields.items():
        text = re.sub(rf"^{name} = .*$", f"{name} = {value}", text, count=1, flags=re.MULTILINE)
    path.write_text(text + block, encoding="utf-8")


def test_the_files_say_what_the_site_says(site: Path, cti: Cti) -> None:
    say(site)
    done = cti("distance", "fichiers", "--out", "here", CTI_TURN_SECRET=SECRET)
    assert done.returncode == 0, done.stderr
    names = ["nginx/sas-port.conf", "nginx/sas-https.conf", "coturn/turnserver.conf"]
    assert done.stdout.splitlines() == [f"here/{name}" for name in names]
    port, https, turn = (Path("here", name).read_text(encoding="utf-8") for name in names)
    assert "listen 443;" in port
    assert re.search(r"turn\.sas\.example\.fr +127\.0\.0\.1:5348;", port)
    assert "proxy_pass 127.0.0.1:5349;" in port
    assert https.count("proxy_set_header Host $http_host;") == https.count("proxy_pass ") == 2
    assert 'if ($http_origin != "https://sas.example.fr") { return 403; }' in https
    assert "proxy_pass http://127.0.0.1:8088/ws;" in https
    assert "proxy_pass http://127.0.0.1:8080;" in https
    lines = turn.splitlines()
    assert [line for line in lines if line.startswith(("allowed", "denied"))] == [
        "denied-peer-ip=0.0.0.0-255.255.255.255", "denied-peer-ip=::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
        "allowed-peer-ip=10.20.0.4", "allowed-peer-ip=10.20.1.4",
    ]  # fmt: skip
    assert {"use-auth-secret", f"static-auth-secret={SECRET}", "listening-ip=127.0.0.1", "no-udp", "no-tcp", "no-tcp-relay"} <= {
        *lines
    }
    assert "allow-loopback-peers" not in turn


def test_the_secret_is_in_one_file_that_others_cannot_read(site: Path, cti: Cti) -> None:
    say(site)
    for _ in range(2):  # written over what stands there
        assert cti("distance", "fichiers", "--out", "here", CTI_TURN_SECRET=SECRET).returncode == 0
    found = [path for path in Path("here").rglob("*") if path.is_file()]
    assert [path.name for path in found if SECRET in path.read_text(encoding="utf-8")] == ["turnserver.conf"]
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in found}
    assert modes == {"sas-port.conf": 0o644, "sas-https.conf": 0o644, "turnserver.conf": 0o640}


def test_another_port_is_in_every_place(site: Path, cti: Cti) -> None:
    say(
        site, public_url='"https://sas.example.fr:8443"', adresse='"wss://sas.example.fr:8443/ws"',
        turn='["turns:turn.sas.example.fr:8443?transport=tcp"]',
        block=BLOCK + "port_https = 9443\n",
    )  # fmt: skip
    assert cti("distance", "fichiers", "--out", "here", CTI_TURN_SECRET=SECRET).returncode == 0
    assert "listen [::]:8443;" in Path("here/nginx/sas-port.conf").read_text(encoding="utf-8")
    assert '"https://sas.example.fr:8443"' in Path("here/nginx/sas-https.conf").read_text(encoding="utf-8")


@pytest.mark.parametrize("verb", ["fichiers", "essai"])
def test_a_site_without_one_port_is_told_what_to_write(cti: Cti, verb: str) -> None:
    done = cti("distance", verb)
    assert done.returncode == 1
    assert "[telephone.port_unique]: this block is needed: certificat, cle, relais, pbx" in done.stderr


@pytest.mark.parametrize(
    ("changed", "place"),
    [
        ({"public_url": '"http://sas.example.fr"'}, "cti.toml: [http] public_url: https://NAME is needed"),
        ({"adresse": '"wss://pbx.example.fr/ws"'}, "cti.toml: [telephone] adresse: the same name and port"),
        ({"adresse": '"wss://sas.example.fr:8089/ws"'}, "(wss://sas.example.fr/ws)"),
        ({"adresse": '""'}, "cti.toml: [telephone] adresse: the same name and port"),
        ({"turn": '["turns:turn.sas.example.fr"]'}, "(turns:turn.sas.example.fr:443?transport=tcp)"),
        ({"turn": '["turns:sas.example.fr:443?transport=tcp"]'}, "cti.toml: [telephone] turn: one address at port 443"),
        ({"turn": '["turn:turn.sas.example.fr:443?transport=tcp"]'}, "cti.toml: [telephone] turn: one address at port 443"),
        ({"turn": "[]"}, "cti.toml: [telephone] turn: one address at port 443"),
        ({"turn": "[]", "relais_seul": "true"}, "cti.toml: [telephone] relais_seul: needs a TURN server"),
        ({"block": BLOCK.replace('"10.20.0.5"', '"pbx"')}, "cti.toml: [telephone] port_unique.relais: "),
        ({"block": BLOCK.replace("10.20.1.4", "fd00::7")}, "cti.toml: [telephone] port_unique.pbx.1: "),
        ({"block": BLOCK.replace('["10.20.0.4", "10.20.1.4"]', "[]")}, "cti.toml: [telephone] port_unique.pbx: "),
        ({"block": BLOCK.replace("10.20.0.4", "0.0.0.0")}, "port_unique.pbx: an address of the PBX is expected, not 0.0.0.0"),
        ({"block": BLOCK.replace("/etc/ssl/sas/sas.key", "sas.key;")}, "port_unique.cle: an absolute path without blanks"),
        ({"block": BLOCK + "port_turn = 8443\n"}, "port_https, port_passage and port_turn must be three different"),
        ({"block": BLOCK + "ports_relais = [60000, 50000]\n"}, "ports_relais: [first, last] between 1024 and 65535"),
        ({"block": BLOCK + "couleur = 3\n"}, "cti.toml: [telephone] port_unique.couleur: "),
    ],
)
def test_what_does_not_fit_is_said_with_what_would(site: Path, cti: Cti, changed: dict[str, str], place: str) -> None:
    say(site, **changed)
    done = cti("check-config", CTI_TURN_SECRET=SECRET)
    assert done.returncode == 1
    assert place in done.stderr


@pytest.mark.parametrize("secret", ["0123456789 abcdef", 'abc"def0123456789', "abcdef#0123456789", "0123456789abcdef\n"])
def test_a_secret_that_the_file_of_coturn_cannot_bear_is_refused_unseen(site: Path, cti: Cti, secret: str) -> None:
    say(site)
    done = cti("check-config", CTI_TURN_SECRET=secret)
    assert "[telephone] turn_secret: no blanks, quotes or # in it" in done.stderr
    assert secret.strip() not in done.stderr


def test_a_port_that_nobody_serves_is_told_line_by_line(site: Path, cti: Cti) -> None:
    say(site)
    done = cti("distance", "essai", "--adresse", "127.0.0.2", CTI_TURN_SECRET=SECRET)
    assert done.returncode == 1
    assert [line.split()[0] for line in done.stdout.splitlines()] == ["MAUVAIS"] * 8
    assert "les pages : Cannot connect to host" in done.stdout
