"""The service answering: what people and programs ask through the api, carried out by the rooms that know how.

Enters: requests as plain values. Leaves: answers, orders to the PBX, rows in the store. Never here: HTTP, frames.
"""
