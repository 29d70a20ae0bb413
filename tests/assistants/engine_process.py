"""A process of its own that runs the engine on a file, over an endpoint on this machine. Told on the command line: the file, the
endpoint, what to do, and how often; it prints a line for each thing that it has been told is done."""

from __future__ import annotations

import os
import sys
import threading
from typing import Any

import httpx

from streamnorm.assistants.local import local_http
from streamnorm.client import OpenAI


def say(*words: str) -> None:
    # One write each: lines of several threads stay whole, and a kill leaves no half of one in a buffer.
    os.write(sys.stdout.fileno(), (" ".join(words) + "\n").encode())


def post(http: httpx.Client, path: str, **body: Any) -> Any:
    response = http.post(path, json=body)
    assert response.status_code == 200, response.text
    return response.json()


def converse(http: httpx.Client, assistant: str, rounds: int, name: str) -> None:
    """Write, have it answered with a call, answer that, and say so, so many times in one thread."""
    thread = post(http, "/threads")["id"]
    say("thread", thread)
    for number in range(rounds):
        word = f"{name}-{number}"
        post(http, f"/threads/{thread}/messages", role="user", content=word)
        say("written", thread, word)
        path = f"/threads/{thread}/runs"
        with http.stream(
            "POST", path, json={"assistant_id": assistant, "stream": True}
        ) as response:
            response.read()
        run = http.get(path, params={"limit": 1}).json()["data"][0]
        assert run["status"] == "requires_action", run
        (call,) = run["required_action"]["submit_tool_outputs"]["tool_calls"]
        outputs = [{"tool_call_id": call["id"], "output": word}]
        body = {"tool_outputs": outputs, "stream": True}
        with http.stream("POST", f"{path}/{run['id']}/submit_tool_outputs", json=body) as response:
            response.read()
        assert http.get(f"{path}/{run['id']}").json()["status"] == "completed"
        say("answered", thread, word)


def main() -> None:
    store, url, assistant, threads, rounds, name = sys.argv[1:]
    upstream = OpenAI(base_url=f"{url}/v1", http_client=httpx.Client(), max_retries=0)
    http = local_http(upstream, store)
    workers = [
        threading.Thread(target=converse, args=(http, assistant, int(rounds), f"{name}{number}"))
        for number in range(int(threads))
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    say("done")


if __name__ == "__main__":
    main()
