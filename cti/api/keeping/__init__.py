"""What is kept of the voice, handed over and verified, by HTTP: holds, eliminations, exports, the verification.

Requests come in under named accounts, and each act is decided by the table of rights, written in the log of accesses, and done by
the same office as the command line's; answers go out as plain data. Nothing is decided here, and nothing is answered to the
site's own token.
"""

from cti.api.keeping import eliminations, exports, gels, verification

#: Every part, in the order of the document.
KEEPING = (exports, gels, eliminations, verification)
