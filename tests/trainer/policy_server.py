"""vLLM behind a port of this machine, with the flags of the recipe for serving a policy."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

import pytest
import yaml

RECIPE = Path(__file__).parents[2] / "trainer" / "recipes" / "serve-policy.yaml"
STARTING = 600.0
"""Seconds after which a server that does not answer is given up."""


@contextmanager
def policy_server(folder: Path, model: Path) -> Iterator[str]:
    """Where `vllm serve` has the model, under the name `policy`; its files go to the folder."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    ours = {
        "model": str(model),
        "served-model-name": "policy",
        "host": "127.0.0.1",
        "port": port,
        "tensor-parallel-size": 1,
        "gpu-memory-utilization": 0.3,
        "max-model-len": 256,
        "dtype": "float32",
        "enforce-eager": True,  # compiling so small a model takes longer than running it
    }
    served = {**yaml.safe_load(RECIPE.read_text("utf-8")), **ours}
    (folder / "serve.yaml").write_text(yaml.safe_dump(served), encoding="utf-8")
    with (folder / "serve.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "vllm.entrypoints.cli.main", "serve", "--config", "serve.yaml"],
            cwd=folder,
            env={**os.environ, "VLLM_SERVER_DEV_MODE": "1", "VLLM_CPU_KVCACHE_SPACE": "1"},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        url, begun = f"http://127.0.0.1:{port}", time.monotonic()
        while not _answers(url):
            if process.poll() is not None or time.monotonic() > begun + STARTING:
                pytest.fail(f"`vllm serve` did not start: {(folder / 'serve.log').read_text('utf-8')[-4000:]}")
            time.sleep(0.5)
        yield url
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(60)


def _answers(url: str) -> bool:
    try:
        with urlopen(f"{url}/health", timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False
