"""Where a call should go, and why.

In come the site's rules (filières, flux, opening hours), the facts of one question and what is known of the load;
out comes one decision: a filière, a priority, how long to wait there, and the reason in words. Nothing here may ever
refuse a caller, wait for anything, or depend on someone else to answer: there is always a filière.
"""
