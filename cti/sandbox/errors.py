"""What can go wrong with the sandbox PBX, each in one line that says what to do about it."""


class SandboxError(Exception):
    """The sandbox PBX cannot do what was asked; the message is one line for the person at the terminal."""


class ToolMissing(SandboxError):
    """This machine lacks a program the fetch needs (`apt-get`, `dpkg-deb`)."""


class UnsupportedMachine(SandboxError):
    """Not a Linux on amd64 or arm64: Debian's Asterisk cannot run here."""


class ArchiveUnknown(SandboxError):
    """No Debian archive in the machine's apt configuration, or no keyring to check one with."""


class SourcesUnreadable(SandboxError):
    """A file of the machine's apt sources cannot be understood; the message names file and line."""


class NetworkDown(SandboxError):
    """The Debian archive does not answer."""


class DiskFull(SandboxError):
    """Not enough room in the cache folder."""


class PackagesRefused(SandboxError):
    """The archive answered, yet the packages cannot be had: unsigned, missing, or not what the index promised."""


class AsteriskTooOld(SandboxError):
    """The Asterisk found is older than 22.1, the first this service supports."""


class TelephonyFolderInvalid(SandboxError):
    """The folder of rendered telephony configuration is absent or holds a file that belongs to the machine."""


class PortTaken(SandboxError):
    """Another program listens where the PBX should; the message names the port and the file that asks for it."""


class AsteriskDied(SandboxError):
    """Asterisk ended, or never became ready; the message carries the last lines of its log."""


class AsteriskNotRunning(SandboxError):
    """A command was given to a PBX that is not there."""


class SippFailed(SandboxError):
    """A SIPp process failed for another reason than a lost call; the message says which and quotes its error file."""


class EdgeUnusable(SandboxError):
    """The reverse proxy or the TURN server that was fetched does not run, or lacks its module; the message says which."""
