"""What a SIPp needs to be somebody: the messages he sends and expects, the tone he speaks, the ports he lives on.

In come names, codes and ports; out come pieces of scenario, A-law files and free addresses.
Nothing here may know who calls whom, or why.
"""
