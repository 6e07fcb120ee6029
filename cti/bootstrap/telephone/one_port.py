"""The files of the one port put together from the site's settings, and written."""

from pathlib import Path

from cti.ami.one_port.render import SECRET, Behind, render
from cti.ami.one_port.settings import OnePort, Public, public_of
from cti.bootstrap.telephone.address import reachable
from cti.settings import ConfigError, Settings


def one_port(settings: Settings) -> tuple[OnePort, Public]:
    """What the site says of its one port.

    Raises:
        ConfigError: it says nothing of it.
    """
    telephone = settings.cti.telephone
    if telephone.port_unique is None:
        raise ConfigError("cti.toml: [telephone.port_unique]: this block is needed: certificat, cle, relais, pbx")
    return telephone.port_unique, public_of(settings.cti.http.public_url, telephone.adresse, telephone.turn)


def files(
    settings: Settings, listen: tuple[str, ...] = (), logs: str = "/var/log/nginx", relay_log: str = "syslog"
) -> dict[str, str]:
    """The texts by name; as a site has them, unless it is told otherwise where the port and the logs are.

    Raises:
        ConfigError: the site says nothing of one port.
    """
    one, public = one_port(settings)
    http, pbx = settings.cti.http, settings.pbx
    behind = Behind(
        service=_at(reachable(http.host, "127.0.0.1"), http.port),
        websocket=_at(reachable(pbx.http_bind, settings.cti.pbx.host), pbx.http_port),
        listen=listen,
        logs=logs,
        relay_log=relay_log,
    )
    return render(one, public, behind, settings.cti.telephone.turn_secret)


def write(texts: dict[str, str], out: Path) -> list[Path]:
    """Lay them out; each is replaced in one step, and the one that bears a secret is never readable by others.

    Raises:
        OSError: the folder cannot be written.
    """
    return [_replace(out / name, text, 0o640 if name in SECRET else 0o644) for name, text in texts.items()]


def _replace(path: Path, text: str, mode: int) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.new")
    fresh.unlink(missing_ok=True)
    fresh.touch(mode=0o600)
    fresh.write_text(text, encoding="utf-8")
    fresh.chmod(mode)
    return fresh.replace(path)


def _at(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
