"""What the service stands on, gathered from its parts."""

import asyncio

from cti.ami.agi import AgiServer
from cti.ami.connection import AmiLink
from cti.ami.sip_probe import SipProbe
from cti.bootstrap.clock import now
from cti.bootstrap.watching.conditions import DiskWatch, Ground, JournalWord
from cti.bootstrap.watching.watch import PbxWatch
from cti.pipeline import Pipeline
from cti.settings import Settings


def probe_of(settings: Settings) -> SipProbe:
    """Asks whether the PBX hears SIP; one that binds everywhere is asked where AMI is."""
    pbx = settings.pbx
    everywhere = pbx.sip_bind in ("0.0.0.0", "::")  # noqa: S104
    host = settings.cti.pbx.host if everywhere else pbx.sip_bind
    return SipProbe(host, pbx.sip_port, pbx.sonde_seconds, now, asyncio.sleep)


def ground_of(
    pipeline: Pipeline,
    agi: AgiServer,
    watch: PbxWatch,
    actions: AmiLink,
    journal: JournalWord,
    disk: DiskWatch,
    probe: SipProbe,
) -> Ground:
    """All of it, for the conditions."""
    return Ground(
        pipeline=pipeline,
        agi=lambda: agi.counters,
        events=watch.link,
        actions=actions,
        journal=journal,
        disk=disk,
        lag=lambda: watch.lag,
        sip=probe,
    )
