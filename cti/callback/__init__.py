"""The call-back list: who hung up before being helped, in the order in which to call them back.

In come ended calls and what people do about them (take, try, close, reopen); out goes the list, folded from both alone, so that
it can be rebuilt at any time. What must never happen here: a call changed by a call-back (an abandon stays an abandon), two
people calling the same caller back, an act forgotten, or a caller left out because the number is masked.
"""

from cti.callback.book import CallbackBook, Shelf
from cti.callback.desk import Refused
from cti.callback.rules import CallbackConfigError, CallbackRules, Rank, from_mapping
from cti.callback.telling import tell_entry

__all__ = [
    "CallbackBook",
    "CallbackConfigError",
    "CallbackRules",
    "Rank",
    "Refused",
    "Shelf",
    "from_mapping",
    "tell_entry",
]
