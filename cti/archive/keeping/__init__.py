"""How long the voice is kept, who may stop its clock, and how it ends.

In come archived pieces, the site's dated retention classes (``retention.toml``) and the words of named people; out go a term for
each piece with its reason, holds, proposals, and a chain of destruction records. A claim or a requisition suspends the clock;
a destruction takes two people and the visa of the archives. What must never happen here: a piece destroyed that is held or before
its time, a term shortened without a word, anything that goes by itself.
"""
