"""A judge's server on loopback: it speaks enough of OpenAI's chat completions, and misbehaves when told to."""

import contextlib
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

SOON = {"retry-after-ms": "1"}
GOOD = '{"evidence": "", "score": 4}'


@dataclass(frozen=True)
class Reply:
    """What the server sends: `content` in a well-formed answer, or a `body` as it is.

    `cut` drops the connection after so many bytes of the body, `hang_up` before anything is sent. `wait` is the time in
    seconds before the answer, `trickle` that before each byte of the body.
    """

    content: str | None = None
    ended: str = "stop"
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str | None = None
    cut: int | None = None
    hang_up: bool = False
    wait: float = 0.0
    trickle: float = 0.0
    logprobs: Any = None
    usage: Mapping[str, Any] = field(default_factory=lambda: {"prompt_tokens": 100, "completion_tokens": 20})


Behaviour = Callable[[dict[str, Any], int], Reply]
"""What to send to a request, given its JSON and how many came before it."""


def verdict(score: int, evidence: str = "") -> Reply:
    """A reply as it should be, in `each` mode."""
    return Reply(json.dumps({"evidence": evidence, "score": score}))


def answer(**changed: Any) -> Reply:
    """An answer whose only choice has these keys in place of the usual ones."""
    choice = {"index": 0, "message": {"role": "assistant", "content": GOOD}, "finish_reason": "stop", **changed}
    return Reply(body=json.dumps({"id": "1", "object": "chat.completion", "choices": [choice]}))


def says(content: Any) -> Reply:
    """An answer whose message has this content."""
    return answer(message={"role": "assistant", "content": content})


@dataclass
class JudgeServer:
    """The requests that came, in their order; `most_at_once` were open at the same time."""

    url: str
    requests: list[dict[str, Any]] = field(default_factory=list)
    headers: list[Mapping[str, str]] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    open: int = 0
    most_at_once: int = 0

    @property
    def prompts(self) -> list[str]:
        """What the user's message of each request says."""
        return [one["messages"][1]["content"] for one in self.requests]


@contextmanager
def serving(behaviour: Behaviour, port: int = 0) -> Iterator[JudgeServer]:
    """A server that answers as `behaviour` says, until the block ends: then every connection is dropped.

    Another one on the same port is the same server, started again.
    """
    lock = threading.Lock()
    connections: set[socket.socket] = set()
    stopped = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def log_message(self, *_: object) -> None:
            pass

        def setup(self) -> None:
            super().setup()
            connections.add(self.connection)

        def finish(self) -> None:
            connections.discard(self.connection)
            with contextlib.suppress(OSError):  # what could not be sent
                super().finish()

        def handle(self) -> None:
            with contextlib.suppress(OSError):  # the connection is gone
                super().handle()

        def do_POST(self) -> None:
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            with lock:
                before = len(seen.requests)
                seen.requests.append(request)
                seen.headers.append({name.lower(): value for name, value in self.headers.items()})
                seen.times.append(time.monotonic())
                seen.open += 1
                seen.most_at_once = max(seen.most_at_once, seen.open)
            try:
                reply = behaviour(request, before)
                stopped.wait(reply.wait)
                self._send(reply)
            finally:
                with lock:
                    seen.open -= 1

        def _send(self, reply: Reply) -> None:
            body = (reply.body if reply.body is not None else json.dumps(_answer(reply))).encode()
            self.close_connection |= reply.hang_up or reply.cut is not None
            if reply.hang_up:
                return
            try:
                self.send_response(reply.status)
                for name, value in {"Content-Type": "application/json", **reply.headers}.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                for piece in [body[: reply.cut]] if not reply.trickle else [bytes([one]) for one in body]:
                    stopped.wait(reply.trickle)
                    self.wfile.write(piece)
            except OSError:  # the client has gone
                self.close_connection = True

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 512
        allow_reuse_address = True

    with Server(("127.0.0.1", port), Handler) as server:
        seen = JudgeServer(f"http://127.0.0.1:{server.server_address[1]}/v1")
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield seen
        finally:
            stopped.set()
            server.shutdown()
            thread.join()
            for connection in list(connections):
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)


def _answer(reply: Reply) -> dict[str, Any]:
    message = {"role": "assistant", "content": reply.content}
    return {
        "id": "1",
        "object": "chat.completion",
        "created": 0,
        "model": "judge",
        "choices": [{"index": 0, "message": message, "finish_reason": reply.ended, "logprobs": reply.logprobs}],
        "usage": reply.usage,
    }
