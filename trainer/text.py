"""Made text: sentences and topics from what every Python installation carries, so that nothing is downloaded."""

import ast
import importlib.util
import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.abc import InspectLoader

DOCUMENTED_MODULES = (
    "_pydecimal", "argparse", "ast", "asyncio.base_events", "asyncio.events", "asyncio.streams",
    "asyncio.tasks", "bdb", "calendar", "cmd", "collections", "concurrent.futures", "configparser",
    "contextlib", "csv", "dataclasses", "datetime", "difflib", "doctest", "email.generator", "email.message",
    "email.policy", "enum", "fileinput", "fractions", "ftplib", "functools", "getpass", "gettext", "glob",
    "gzip", "heapq", "html.parser", "http.client", "http.cookiejar", "http.cookies", "imaplib", "inspect",
    "ipaddress", "json", "json.decoder", "linecache", "locale", "logging", "logging.config", "logging.handlers",
    "lzma", "mailbox", "mimetypes", "optparse", "pathlib", "pdb", "pickle", "pkgutil", "plistlib", "poplib",
    "pprint", "pstats", "pydoc", "queue", "random", "sched", "selectors", "shelve", "shlex", "shutil",
    "smtplib", "socket", "socketserver", "ssl", "statistics", "string", "subprocess", "sysconfig", "tarfile",
    "tempfile", "textwrap", "threading", "timeit", "tokenize", "trace", "traceback", "types", "unittest.case",
    "unittest.loader", "unittest.mock", "urllib.parse", "urllib.request", "uuid", "warnings", "wave", "weakref",
    "webbrowser", "xml.dom.minidom", "xml.etree.ElementTree", "xmlrpc.client", "zipfile",
)  # fmt: skip
"""Modules of the standard library that are on every system and have much to say for themselves."""

SENTENCE = re.compile(r"[A-Z][a-z]*(?:,? [A-Za-z'-]+)+[.!?]")
SENTENCE_WORDS = range(4, 17)
TOPIC_LETTERS = range(5, 13)
TOPIC = re.compile(r"(?<![\w'-])[a-z]+(?![\w'-])")


@dataclass(frozen=True, slots=True)
class Topics:
    """Words to write about. No prompt of training or of the warm start names a held-out one."""

    train: tuple[str, ...]
    held_out: tuple[str, ...]


def made_sentences() -> list[str]:
    """Every plain sentence of 4 to 16 words in Python's own documentation, in a fixed order, each once.

    The sentences depend on the version of Python, so runs on two versions differ in detail.
    """
    found: dict[str, None] = {}
    for text in _documents():
        for sentence in SENTENCE.findall(re.sub(r"\s+", " ", text)):
            if len(sentence.split()) in SENTENCE_WORDS:
                found[sentence] = None
    return list(found)


def split_topics(sentences: Sequence[str], rng: random.Random, held_out_share: float = 0.25) -> Topics:
    """Draw which words of the sentences are topics of training, and which are kept for the held-out prompts."""
    words = sorted({word for sentence in sentences for word in topics_in(sentence)})
    rng.shuffle(words)
    cut = int(len(words) * held_out_share)
    return Topics(train=tuple(words[cut:]), held_out=tuple(words[:cut]))


def topics_in(sentence: str) -> list[str]:
    """The words of a sentence that can stand as its topic.

    >>> topics_in("Return the absolute path of a file.")
    ['absolute']
    """
    return [word for word in TOPIC.findall(sentence) if len(word) in TOPIC_LETTERS]


def _documents() -> Iterator[str]:
    from pydoc_data.topics import topics

    yield from (topics[name] for name in sorted(topics))
    for name in DOCUMENTED_MODULES:
        yield from _docstrings(_source(name))


def _source(name: str) -> str:
    """The source of a module. It is read and not imported, because libraries patch the modules of others."""
    loader = getattr(importlib.util.find_spec(name), "loader", None)
    source = loader.get_source(name) if isinstance(loader, InspectLoader) else None
    return source or ""


def _docstrings(source: str) -> Iterator[str]:
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, documented):
            yield ast.get_docstring(node) or ""
