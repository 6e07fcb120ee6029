"""manager.conf: two logins, each with no more rights than its work needs."""

from cti.ami.dialplan.spec import AmiSpec, PbxSpec

#: Frames that nobody here reads; two thirds of all frames of a queue call would be VarSet.
_UNREAD = (
    "VarSet",
    "Newexten",
    "TestEvent",
    "RTCPSent",
    "RTCPReceived",
    "NewAccountCode",
    "NewConnectedLine",
    "MusicOnHoldStart",
    "MusicOnHoldStop",
    "ChannelTalkingStart",
    "ChannelTalkingStop",
)


def manager_conf(spec: PbxSpec) -> str:
    """Events and actions apart: a long answer to an action must not hold back events, nor a slow reader be cut early.

    `command`, `originate` of applications and `system` writes equal a shell on the machine: they are not granted.
    """
    ami = spec.ami
    general = (
        f"[general]\nenabled = yes\nwebenabled = no\nbindaddr = {ami.bind}\nport = {ami.port}\n"
        "timestampevents = yes\ndisplayconnects = no\n"
        "; Every frame about a channel says whose call it is, even one whose beginning was not seen.\nchannelvars = SAS_CALL\n"
        "disabledevents = RTCPSent,RTCPReceived\n"
    )
    events = _login(ami, ami.events_login, ami.events_secret, "system,call,agent,user", "reporting")
    events += "; Without the class `dialplan` VarSet and Newexten do not come; the filters hold should it be added.\n"
    events += "".join(f"eventfilter(action(exclude),name({name})) =\n" for name in _UNREAD)
    actions = _login(ami, ami.actions_login, ami.actions_secret, "system", "call,agent,originate,reporting,user")
    return f"{general}\n{events}\n{actions}"


def _login(ami: AmiSpec, login: str, secret: str, read: str, write: str) -> str:
    permits = "".join(f"permit = {address}\n" for address in ami.permit)
    return (
        f"[{login}]\nsecret = {secret}\ndeny = 0.0.0.0/0.0.0.0\n{permits}read = {read}\nwrite = {write}\n"
        "; The default of 100 ms cuts a reader that was busy for an instant.\n"
        "writetimeout = 5000\n"
    )
