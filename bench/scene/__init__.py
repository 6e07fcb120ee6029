"""What the benches play on: a real PBX with people who call and answer, and frames recorded from it.

Out come a stage to measure on and recorded frames; nothing here measures anything. What must never happen here: a process that
outlives the bench that started it, or a fixed port.
"""
