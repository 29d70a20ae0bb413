"""What the folder of a live run proves of an endpoint beside its streams: where it is, and which requests it refuses."""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final, NamedTuple

from streamnorm.captures.format import Capture, is_capture_name
from streamnorm.conformance.evidence import Evidence
from streamnorm.conformance.files import streams_in
from streamnorm.conformance.live.folder import exchanges_of, live_run_in
from streamnorm.conformance.live.manifest import Manifest

__all__ = ["base_of", "fit_streams", "refused_requests"]


class _Proof(NamedTuple):
    """That the probe `refused` is refused, where `taken` is taken, which differs in one thing, proves a rule. `options` of the
    same rule come together: lists of one name are joined."""

    refused: str
    taken: str
    rule: str
    options: Mapping[str, str | tuple[str, ...]] = {}


_PROOFS: Final = (
    _Proof("one-at-a-time", "parallel", "parallel_tool_calls-rejected"),
    _Proof("choices", "stop", "n-greater-than-one"),
    _Proof("strict", "one-at-a-time", "strict-unsupported"),
    _Proof(
        "null-content",
        "tool-result",
        "assistant-content-null-vs-empty",
        {"refuses": ("null",), "write": "empty"},
    ),
    _Proof(
        "tool-result",
        "null-content",
        "assistant-content-null-vs-empty",
        {"refuses": ("empty",), "write": "null"},
    ),
    *(
        _Proof(
            probe,
            "not-needed",
            "tool_choice-unsupported-values",
            {"refuses": (choice,), "instead": "auto"},
        )
        for probe, choice in (("one-tool", "required"), ("named", "named"), ("none", "none"))
    ),
)

#: How a server says that it does not take a request.
_REFUSED: Final = (400, 422)


def fit_streams(files: Iterable[str]) -> Iterator[str]:
    """The files, and in place of each folder its streams: those that were whole, and answered a request that asked for one."""
    for file in files:
        path = Path(file)
        if path.is_dir():
            yield from (each.as_posix() for each in streams_in(path) if _is_fit(each))
        else:
            yield file


def _is_fit(path: Path) -> bool:
    if not is_capture_name(path):
        return True
    capture = Capture(path)
    response, asked = capture.header.response, capture.header.request.json
    streamed = not isinstance(asked, dict) or asked.get("stream") is not False
    answered = response is None or response.status < 300
    return answered and streamed and capture.end().how != "left" and any(capture.pieces())


def base_of(files: Iterable[str]) -> str:
    """The base URL that all captures among the files were asked at; empty where there is none, or several."""
    found = {_base(Capture(file)) for file in files if is_capture_name(file)}
    return found.pop() if len(found) == 1 else ""


def _base(capture: Capture) -> str:
    request = capture.header.request
    path = request.path.partition("?")[0]
    for end in ("/chat/completions", "/responses", "/threads"):
        path = path.partition(end)[0] if end in path else path
    return f"{request.origin}{path}" if request.origin else ""


def refused_requests(files: Iterable[str], today: datetime.date) -> Iterator[str]:
    """The request rules that live runs in these folders prove, as TOML, line by line."""
    for folder in (Path(file) for file in files if Path(file).is_dir()):
        manifest = live_run_in(folder)
        if manifest is not None and manifest.dialect == "chat":
            yield from _rules(folder, manifest, today)


def _rules(folder: Path, manifest: Manifest, today: datetime.date) -> Iterator[str]:
    exchanges = exchanges_of(folder, manifest)
    files = {each.sent.probe: file for file, each in exchanges.items() if each.sent.probe}
    statuses = {each.sent.probe: each.status for each in exchanges.values()}
    proven = [
        proof
        for proof in _PROOFS
        if statuses.get(proof.refused) in _REFUSED and statuses.get(proof.taken) == 200
    ]
    for rule in dict.fromkeys(proof.rule for proof in proven):
        of_it = [proof for proof in proven if proof.rule == rule]
        place = (folder / files[of_it[0].refused]).as_posix()
        yield from _rule(rule, place, today, _options(of_it))
    yield from _first_attempts(folder, exchanges, manifest, today)


def _first_attempts(
    folder: Path, exchanges: Mapping[str, Evidence], manifest: Manifest, today: datetime.date
) -> Iterator[str]:
    """What the first request was refused for, and was then sent without."""
    for file, evidence in exchanges.items():
        if evidence.sent.probe or evidence.status not in _REFUSED:
            continue
        place = (folder / file).as_posix()
        if b"stream_options" in evidence.body:
            yield from _rule("stream_options-rejected", place, today)
        elif b"max_tokens" in evidence.body:
            named = f'{{ {json.dumps(manifest.model)} = "max_completion_tokens" }}'
            yield from _rule(
                "max_tokens-vs-max_completion_tokens", place, today, f"{{ models = {named} }}"
            )


def _rule(rule: str, place: str, today: datetime.date, options: str = "") -> Iterator[str]:
    yield ""
    yield f"[request.{rule}]"
    yield f"source = {json.dumps(place)}"
    yield f"checked = {today}"
    if options:
        yield f"options = {options}"


def _options(proofs: Iterable[_Proof]) -> str:
    found: dict[str, str | tuple[str, ...]] = {}
    for proof in proofs:
        for name, value in proof.options.items():
            before = found.get(name, ())
            joined = isinstance(value, tuple) and isinstance(before, tuple)
            found[name] = (*before, *value) if joined else value
    written = (f"{name} = {json.dumps(value)}" for name, value in found.items())
    return f"{{ {', '.join(written)} }}" if found else ""
