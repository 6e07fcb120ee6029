"""Is the configuration sound? Read back by another parser (pyst2), then followed jump by jump.

A caller lost by a misspelt `Goto` is found here and not at three in the morning: every jump must land on a step that
exists, no extension may end without saying where to go, every included file and every named context must be there.
A part of a jump that is only known during the call (`${ROUTE}`) is tried with every value that the dialplan gives that
variable; when there is none, the context must at least have one extension.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from asterisk.config import Config, ParseError
from typing_extensions import override

_DIRECTIVE: Final = re.compile(r"\s*#(include|tryinclude)\s+(\S+)")
_VARIABLE: Final = re.compile(r"\$\{(\w+)\}")
_SET: Final = re.compile(r"Set\((?:GLOBAL\()?_{0,2}(\w+)\)?=([^$]*)\)$")
#: After these nothing follows: they say where the call goes, or that it is over.
_LAST_WORDS: Final = frozenset({"Goto", "Hangup", "Return"})
#: Ends what a key of the conference room runs: Asterisk takes the agent back to the room by itself.
_BACK_TO_THE_ROOM: Final = "NoOp(salle)"


@dataclass(slots=True)
class _Extension:
    labels: set[str] = field(default_factory=set)
    steps: list[str] = field(default_factory=list)


@dataclass(slots=True)
class _Dialplan:
    contexts: dict[str, dict[str, _Extension]] = field(default_factory=dict)
    includes: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    values: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))

    def extension(self, context: str, name: str) -> _Extension | None:
        """The extension that a jump there would find, patterns and included contexts counted."""
        found = self.contexts.get(context, {})
        if name in found:
            return found[name]
        for pattern, extension in found.items():
            if pattern.startswith("_") and _as_regex(pattern).fullmatch(name):
                return extension
        return next((e for inner in self.includes[context] if (e := self.extension(inner, name))), None)

    def has_any(self, context: str) -> bool:
        """Whether the context, or one that it includes, has an extension."""
        return bool(self.contexts.get(context)) or any(self.has_any(inner) for inner in self.includes[context])


class _Text(Config):
    """pyst2's parser on a text; `#include` lines, which it does not know, are left out."""

    def __init__(self, name: str, text: str) -> None:
        self._text = text
        super().__init__(name)  # type: ignore[no-untyped-call]  # pyst2 has no annotations

    @override
    def load(self) -> None:
        self.raw_lines = [line for line in self._text.splitlines() if not line.lstrip().startswith("#")]


def check(folder: Path) -> list[str]:
    """What is wrong with the configuration in `folder`, one line each; empty when all is well."""
    return problems({path.name: path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.conf"))})


def problems(files: Mapping[str, str]) -> list[str]:
    """What is wrong with these files, given by name."""
    found: list[str] = list(_missing_includes(files))
    parsed: dict[str, Config] = {}
    for name, text in files.items():
        try:
            parsed[name] = _Text(name, text)
        except ParseError as error:
            found.append(f"{name}: line {error.args[0]}: {error.args[1]}")
    dialplan = _read(config for name, config in parsed.items() if name.startswith("extensions"))
    found += _dialplan_faults(dialplan)
    found += _outside_faults(dialplan, parsed)
    found += _room_faults(dialplan, parsed.get("confbridge.conf"))
    return found


def _missing_includes(files: Mapping[str, str]) -> Iterator[str]:
    for name, text in files.items():
        for line in text.splitlines():
            wanted = _DIRECTIVE.match(line)
            if wanted and wanted[1] == "include" and wanted[2] not in files:
                yield f"{name}: #include {wanted[2]}: no such file"


def _read(configs: Iterable[Config]) -> _Dialplan:
    dialplan = _Dialplan()
    for config in configs:
        for category in config.categories:
            if category.name == "globals":
                for item in category.items:
                    dialplan.values[item.name].add(item.value.strip())
            elif category.name != "general":
                _read_context(dialplan, category.name, category.items)
    return dialplan


def _read_context(dialplan: _Dialplan, context: str, items: Iterable[object]) -> None:
    extensions = dialplan.contexts.setdefault(context, {})
    current = _Extension()
    for item in items:
        name, value = str(getattr(item, "name", "")), str(getattr(item, "value", "")).strip()
        if name == "include":
            dialplan.includes[context].append(value)
            continue
        if name == "exten":
            exten, _, value = value.partition(",")
            current = extensions.setdefault(exten.strip(), _Extension())
        priority, _, step = value.partition(",")
        current.labels.add(priority.partition("(")[0])
        current.labels.update(re.findall(r"\((\w+)\)", priority))
        current.steps.append(step)
        if assigned := _SET.match(step):
            dialplan.values[assigned[1]].add(assigned[2])


def _dialplan_faults(dialplan: _Dialplan) -> Iterator[str]:
    for context, included in dialplan.includes.items():
        for name in included:
            if name not in dialplan.contexts:
                yield f"[{context}] include => {name}: no such context"
    for context, extensions in dialplan.contexts.items():
        for name, extension in extensions.items():
            where = f"[{context}] {name}"
            for step in extension.steps:
                for target in _targets(step):
                    yield from _jump_faults(dialplan, where, context, name, target)
            if not _is_final(extension.steps[-1]):
                yield f"{where}: ends with {extension.steps[-1]!r}, a call would fall off here"


def _is_final(step: str) -> bool:
    application = step.partition("(")[0]
    if application == "GotoIf":
        return len(list(_targets(step))) == 2
    return application in _LAST_WORDS or step == _BACK_TO_THE_ROOM


def _targets(step: str) -> Iterator[str]:
    """Where a step may jump: `context,extension,priority`, or the last one or two of these."""
    application, _, rest = step.partition("(")
    arguments = rest.removesuffix(")")
    if application in {"Goto", "Gosub"}:
        yield re.sub(r",(\w+)\([^)]*\)$", r",\1", arguments)
    elif application == "GotoIf":
        _, branches = _after_question_mark(arguments)
        yield from (branch for branch in _split(branches, ":") if branch)
    elif application == "ExecIf":
        _, branches = _after_question_mark(arguments)
        for branch in _split(branches, ":"):
            yield from _targets(branch)
    elif application == "ChannelRedirect":
        yield arguments.partition(",")[2]
    elif step.startswith("Set(CHANNEL(hangup_handler_push)="):
        yield step.partition("=")[2][:-1]


def _after_question_mark(text: str) -> tuple[str, str]:
    condition, *rest = _split(text, "?")
    return condition, "?".join(rest)


def _split(text: str, mark: str) -> list[str]:
    """Split at a mark that stands outside of every bracket."""
    parts, depth = [""], 0
    for letter in text:
        depth += (letter in "([{") - (letter in ")]}")
        if letter == mark and depth == 0:
            parts.append("")
        else:
            parts[-1] += letter
    return parts


def _jump_faults(dialplan: _Dialplan, where: str, context: str, extension: str, target: str) -> Iterator[str]:
    parts = _split(target, ",")
    whole = (*(context, extension)[: 3 - len(parts)], *parts)
    for at_context in _meanings(dialplan, whole[0]):
        if not dialplan.has_any(at_context):
            yield f"{where}: jumps to {target}: no context {at_context}"
            continue
        for at_extension in _meanings(dialplan, whole[1]):
            if "$" in at_extension:
                continue
            found = dialplan.extension(at_context, at_extension)
            if found is None:
                yield f"{where}: jumps to {target}: no extension {at_extension} in {at_context}"
            elif whole[2] not in found.labels:
                yield f"{where}: jumps to {target}: no step {whole[2]} in {at_context},{at_extension}"


def _meanings(dialplan: _Dialplan, text: str) -> Iterator[str]:
    """The values that a part of a jump may take; the text itself when it is not one known variable."""
    variable = _VARIABLE.fullmatch(text)
    values = {value for value in dialplan.values.get(variable[1], ()) if value} if variable else set()
    yield from sorted(values) or [text]


def _outside_faults(dialplan: _Dialplan, parsed: Mapping[str, Config]) -> Iterator[str]:
    """Contexts and keys named by other files."""
    features = parsed["features.conf"].categories if "features.conf" in parsed else ()
    keys = {item.name: item.value for category in features if category.name == "applicationmap" for item in category.items}
    for name, value in keys.items():
        target = re.search(r'"([^"]*)"', value)
        if target:
            yield from _jump_faults(dialplan, f"features.conf {name}", "", "", re.sub(r"\([^)]*\)$", "", target[1]))
    for category in parsed["pjsip.conf"].categories if "pjsip.conf" in parsed else ():
        for item in category.items:
            value = item.value.strip()
            if item.name == "context" and not dialplan.has_any(value):
                yield f"pjsip.conf [{category.name}] context {value}: no such context"
            if value.startswith("TRANSFER_CONTEXT=") and not dialplan.has_any(value.partition("=")[2]):
                yield f"pjsip.conf [{category.name}] {value}: no such context"
            if value.startswith("DYNAMIC_FEATURES="):
                for key in value.partition("=")[2].split("#"):
                    if key not in keys:
                        yield f"pjsip.conf [{category.name}] DYNAMIC_FEATURES: no key {key} in features.conf"


def _room_faults(dialplan: _Dialplan, room: Config | None) -> Iterator[str]:
    """What the keys of a conference room run."""
    for category in room.categories if room is not None else ():
        for item in category.items:
            if jump := re.fullmatch(r"dialplan_exec\((.*)\)", item.value.strip()):
                yield from _jump_faults(dialplan, f"confbridge.conf {item.name}", "", "", jump[1])


def _as_regex(pattern: str) -> re.Pattern[str]:
    """An Asterisk pattern as a regular expression."""
    text = "".join(_PATTERN.get(part, part if part.startswith("[") else re.escape(part)) for part in _ATOMS.findall(pattern[1:]))
    return re.compile(text)


_ATOMS: Final = re.compile(r"\[[^\]]*\]|.")
_PATTERN: Final = {"X": "[0-9]", "Z": "[1-9]", "N": "[2-9]", ".": ".+", "!": ".*"}
