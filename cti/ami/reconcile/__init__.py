"""What we hold of each call beside what the PBX's own logs say of it, and every difference with its witnesses.

In come our journeys and what CEL and queue_log hold of the same interval; out comes a report that a person can read and a
program can count. Neither log is ever corrected from here, and neither is our own story: this room only says that they differ.
"""

from cti.ami.reconcile.compare import Difference, Kind, Report, reconcile
from cti.ami.translate.queue_log import QueueLogRow, rows_between

__all__ = ["Difference", "Kind", "QueueLogRow", "Report", "reconcile", "rows_between"]
