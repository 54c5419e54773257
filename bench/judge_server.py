"""A judge's server that costs next to nothing: every verdict takes so long, and so many are worked on at a time.

It runs in a process of its own, so that what is measured is the client; its ceiling is `limit / seconds` verdicts a
second. It speaks as much of HTTP/1.1 and of OpenAI's chat completions as a client that behaves needs.
"""

import asyncio
import json
import multiprocessing
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection

LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
HEAD_END = b"\r\n\r\n"


def answer(content: str) -> bytes:
    """An answer with this reply, as it goes over the wire."""
    choice = {"index": 0, "message": {"role": "assistant", "content": content}, "finish_reason": "stop"}
    usage = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
    body = json.dumps(
        {"id": "1", "object": "chat.completion", "created": 0, "model": "judge", "choices": [choice], "usage": usage}
    ).encode()
    return b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)


class Talk(asyncio.Protocol):
    """One connection: a request, its answer, the next request."""

    def __init__(self, places: asyncio.Semaphore, seconds: float, reply: bytes) -> None:
        self.places, self.seconds, self.reply = places, seconds, reply
        self.received = bytearray()
        self.tasks: set[asyncio.Task[None]] = set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client has come."""
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        """A piece of a request, or all of it."""
        self.received += data
        head = self.received.find(HEAD_END)
        if head < 0:
            return
        length = LENGTH.search(self.received, 0, head)
        size = head + len(HEAD_END) + (int(length[1]) if length else 0)
        if len(self.received) >= size:
            del self.received[:size]
            task = asyncio.create_task(self.judge())
            self.tasks.add(task)
            task.add_done_callback(self.tasks.discard)

    async def judge(self) -> None:
        """Wait for a place, think, and answer."""
        async with self.places:
            await asyncio.sleep(self.seconds)
        self.transport.write(self.reply)


async def serve(limit: int, seconds: float, content: str, tell: Connection) -> None:
    """Answer until the process is ended."""
    places, reply = asyncio.Semaphore(limit), answer(content)
    server = await asyncio.get_running_loop().create_server(lambda: Talk(places, seconds, reply), "127.0.0.1", 0)
    tell.send(server.sockets[0].getsockname()[1])
    await server.serve_forever()


def run(limit: int, seconds: float, content: str, tell: Connection) -> None:
    """Serve in this process."""
    asyncio.run(serve(limit, seconds, content, tell))


@contextmanager
def serving(limit: int, seconds: float, content: str) -> Iterator[str]:
    """The URL of a server that answers everything with this reply, until the block ends."""
    spawning = multiprocessing.get_context("spawn")
    hear, tell = spawning.Pipe(duplex=False)
    process = spawning.Process(target=run, args=(limit, seconds, content, tell), daemon=True)
    process.start()
    try:
        yield f"http://127.0.0.1:{hear.recv()}/v1"
    finally:
        process.terminate()
        process.join()


async def bare(url: str, body: bytes, calls: int, at_once: int) -> float:
    """Seconds of a client that does no more than write requests with this body and read the answers."""
    host, _, port = url.removeprefix("http://").removesuffix("/v1").partition(":")
    request = b"POST /v1/chat/completions HTTP/1.1\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)
    left = iter(range(calls))

    async def work() -> None:
        reader, writer = await asyncio.open_connection(host, int(port))
        for _ in left:
            writer.write(request)
            head = await reader.readuntil(HEAD_END)
            length = LENGTH.search(head)
            assert length is not None
            await reader.readexactly(int(length[1]))
        writer.close()

    begun = time.perf_counter()
    async with asyncio.TaskGroup() as workers:
        for _ in range(at_once):
            workers.create_task(work())
    return time.perf_counter() - begun
