"""How well legs were heard, on disk: the last word of each witness about each leg."""

from dataclasses import replace

from cti.journey.around.quality import LegQuality, Witness
from cti.store import Store

LEG = LegQuality(
    leg="1795916267.14", witness=Witness.PAGE, call_id="c", poste="web01", at=1, over=False, talk_ms=5_000, received=250, lost=1,
    remote_lost=0, sent=251, jitter_ms=2.25, remote_jitter_ms=None, round_trip_ms=30.5, mos=4.34, mos_min=4.1,
)  # fmt: skip


def test_the_last_word_of_each_witness_stands(store: Store) -> None:
    pbx = replace(LEG, witness=Witness.PBX, at=3, over=True, talk_ms=None, mos_min=None)
    later = replace(LEG, at=2, over=True, received=500)
    store.qualities.write([LEG])
    assert store.qualities.of("c") == (LEG,)
    store.qualities.write([LEG, later, pbx])
    store.qualities.write([later])
    assert store.qualities.of("c") == (later, pbx)
    assert store.qualities.of("d") == ()
    store.qualities.write([])


def test_many_at_once(store: Store) -> None:
    legs = [replace(LEG, leg=f"1.{n}", at=n) for n in range(100)]
    store.qualities.write(legs)
    assert store.qualities.of("c") == tuple(legs)
