"""What `learning_large.py` trains and measures on: local text, families of rules with their arguments, rows."""

import argparse
import random
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from importlib.util import find_spec
from itertools import combinations, pairwise, permutations, product
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from verif_dsl import Verifier
from verif_dsl.trainer.data import MOST_CONSTRAINTS, Row, as_column, write_prompt
from verif_dsl.trainer.text import SENTENCE, SENTENCE_WORDS, Topics, made_sentences, split_topics, topics_in
from verif_dsl.trainer.tiny import Example

DOCUMENTED_PACKAGES = ("accelerate", "datasets", "matplotlib", "numpy", "pandas", "torch", "transformers")
DOCSTRING = re.compile(r'"""(.*?)"""', re.DOTALL)

LINE_MARKS = ("-", "*", "+", ">", "#", "=", "~", "|", "%", "@", "&", "$")
INNER_MARKS = (",", ";", "!", "&", "%", "@", "~", "|", "?", "^", "$", "/")
LETTERS = "aehilnorst"
CLASHES = [
    {"marked_lines", "opening"},
    *({"without_letters", other} for other in ("mention", "opening", "ending")),
]
"""Families that one prompt does not ask for together, because most of their arguments contradict each other."""
HELD_OUT_SHARE = 0.2
WORDS_OF_PAIRS = 12
"""How many words can stand in each place of a pair to say: all are often asked for, and so are learnt soon."""
EXAMPLES_AT_A_TIME = 2_000
BARE_SHARE = 0.4
"""Of the other examples, those that say what is asked for and hardly more."""
COMMON_TOPIC = 40
"""How many sentences have to name a word that is a topic, or is to be mentioned."""
SEEN, UNSEEN = "seen", "unseen"

Arguments = dict[str, Any]
Uses = list[tuple[str, Arguments]]


def local_sentences(most: int) -> list[str]:
    """Plain sentences of the documentation of Python and of the packages that training needs, each once, no commas."""
    found = dict.fromkeys(one.replace(",", "") for one in made_sentences())
    for name in DOCUMENTED_PACKAGES:
        spec = find_spec(name)
        for folder in (spec and spec.submodule_search_locations) or ():
            for path in sorted(Path(folder).rglob("*.py")):
                for text in DOCSTRING.findall(path.read_text(encoding="utf-8", errors="replace")):
                    for sentence in SENTENCE.findall(re.sub(r"\s+", " ", text)):
                        if len(sentence.split()) in SENTENCE_WORDS:
                            found[sentence.replace(",", "")] = None
                if len(found) >= most:
                    return list(found)
    return list(found)


def common_topics(sentences: Sequence[str], rng: random.Random) -> Topics:
    """Words of many sentences to write about, some of them held out."""
    topics = split_topics(sentences, rng, HELD_OUT_SHARE)
    counts = Counter(word for sentence in sentences for word in set(topics_in(sentence)))
    train, held_out = (
        tuple(word for word in some if counts[word] >= COMMON_TOPIC) for some in (topics.train, topics.held_out)
    )
    return Topics(train, held_out)


def argument_pools(
    sentences: Sequence[str], topics: Topics, rng: random.Random
) -> dict[str, dict[str, list[Arguments]]]:
    """For arguments seen in training and for unseen ones, what each family may be asked with."""
    pools: dict[str, dict[str, list[Arguments]]] = {SEEN: {"lowercase": [{}]}, UNSEEN: {}}
    openings, endings = (
        list(product(*(commonest(one.split()[place] for one in sentences) for place in places)))
        for places in ((0, 1), (-2, -1))
    )
    mentioned = commonest(word for one in sentences for word in topics_in(one) if word in topics.train)
    pairs: dict[str, tuple[Callable[[Any, Any], Arguments], list[tuple[Any, Any]]]] = {
        "word_range": (
            lambda least, most: {"min": least, "max": most},
            [(least, least + more) for least in range(2, 11) for more in range(1, 6)],
        ),
        "marked_lines": (lambda n, mark: {"n": n, "mark": mark}, list(product(range(2, 5), LINE_MARKS))),
        "marks": (lambda n, mark: {"n": n, "mark": mark}, list(product(range(1, 4), INNER_MARKS))),
        "without_letters": (lambda one, other: {"one": one, "other": other}, list(combinations(LETTERS, 2))),
        "mention": (lambda one, other: {"one": one, "other": other}, list(permutations(mentioned, 2))),
        "opening": (lambda one, other: {"phrase": f"{one} {other}"}, openings),
        "ending": (lambda one, other: {"phrase": f"{one} {other}"}, endings),
    }
    for name, (arguments, every) in pairs.items():
        held_out = some_pairs(every, rng)
        for pair in every:
            pools[UNSEEN if pair in held_out else SEEN].setdefault(name, []).append(arguments(*pair))
    return pools


def commonest(words: Iterable[str]) -> list[str]:
    """The words that are used most, for pairs of them."""
    return [word for word, _ in Counter(words).most_common(WORDS_OF_PAIRS)]


def some_pairs(pairs: Sequence[tuple[Any, Any]], rng: random.Random) -> set[tuple[Any, Any]]:
    """Pairs to hold out; the two halves of each remain in others, in their places."""
    rest, held_out = set(pairs), set()
    for pair in rng.sample(pairs, len(pairs)):
        others = rest - {pair}
        if all(pair[place] in {other[place] for other in others} for place in (0, 1)):
            rest = others
            held_out.add(pair)
        if len(held_out) >= HELD_OUT_SHARE * len(pairs):
            break
    return held_out


def draw(pool: Mapping[str, Sequence[Arguments]], rng: random.Random) -> Uses:
    """One to three families that do not clash, with arguments."""
    wanted = rng.randint(1, MOST_CONSTRAINTS)
    chosen: Uses = []
    for name in rng.sample(sorted(pool), len(pool)):
        if len(chosen) < wanted and not any({name, other} in CLASHES for other, _ in chosen):
            chosen.append((name, rng.choice(pool[name])))
    return chosen


def made_rows(
    verifier: Verifier, topics: Sequence[str], pool: Mapping[str, Sequence[Arguments]], count: int, rng: random.Random
) -> list[Row]:
    """`count` rows about the topics in turn."""
    order = rng.sample(topics, len(topics))
    rows = []
    for number in range(count):
        constraints = as_column(draw(pool, rng))
        rows.append(Row(write_prompt(order[number % len(order)], verifier.instruct(constraints)), constraints))
    return rows


def warm_examples(
    verifier: Verifier,
    sentences: Sequence[str],
    topics: Sequence[str],
    pool: Mapping[str, Sequence[Arguments]],
    options: argparse.Namespace,
    rng: random.Random,
) -> list[Example]:
    """Prompts with arguments from the pool, and sentences as answers, made by a few processes."""
    known = frozenset(topics)
    able = [(one, found) for one in sentences if (found := sorted(known.intersection(topics_in(one))))]
    make = partial(some_examples, verifier, able, pool, options.obedient)
    seeds = [rng.getrandbits(32) for _ in range(0, options.examples, EXAMPLES_AT_A_TIME)]
    # Forked, which has to be before anything touches the GPU.
    with ProcessPoolExecutor(options.workers, mp_context=get_context("fork")) as workers:
        return [example for some in workers.map(make, seeds) for example in some][: options.examples]


def some_examples(
    verifier: Verifier,
    able: Sequence[tuple[str, list[str]]],
    pool: Mapping[str, Sequence[Arguments]],
    obedient: float,
    seed: int,
) -> list[Example]:
    """Answers that obey now and then, and now and then do what some other rule asks for: what a model never does by
    chance, no reward can teach it. `able` has sentences with the topics in them."""
    rng = random.Random(seed)
    examples = []
    for _ in range(EXAMPLES_AT_A_TIME):
        sentence, about = rng.choice(able)
        asked = draw(pool, rng)
        done: dict[str, Arguments] = {}
        for name, arguments in asked:
            luck = rng.random()
            if luck < obedient:
                done[name] = arguments
            elif luck < obedient + 0.2:
                done[name] = rng.choice(pool[name])
        if rng.random() < 0.2:
            name = rng.choice(sorted(pool))
            done.setdefault(name, rng.choice(pool[name]))
        words = [*sentence.split(), *rng.choice(able)[0].split()]
        if rng.random() < BARE_SHARE and "word_range" not in done:
            words = words[: rng.randint(1, 3)]
        prompt = write_prompt(rng.choice(about), verifier.instruct(as_column(asked)))
        examples.append(Example(prompt, answer(words, done, rng)))
    return examples


def answer(words: list[str], done: Mapping[str, Arguments], rng: random.Random) -> str:
    """The words cut to a length, and changed so that they do what these families ask, as far as they fit together."""
    if letters := set(done.get("without_letters", {}).values()):
        words = [word for word in words if not letters.intersection(word.lower())] or words
    opening, ending = (str(done.get(name, {}).get("phrase", "")).split() for name in ("opening", "ending"))
    inner = list(done.get("mention", {}).values())
    limits = done.get("word_range", {"min": 2, "max": 14})
    room = rng.randint(limits["min"], limits["max"]) - len(opening) - len(ending) - len(inner)
    words = words[: max(room, 0)]
    for word in inner:
        words.insert(rng.randint(0, len(words)), word)
    words = [*opening, *words, *ending]
    if "marks" in done:
        places = range(max(len(opening) - 1, 0), max(len(words) - len(ending), len(opening), 1))
        for _ in range(done["marks"]["n"]):
            words[rng.choice(places)] += done["marks"]["mark"]
    text = " ".join(words)
    if "marked_lines" in done:
        count, mark = done["marked_lines"]["n"], done["marked_lines"]["mark"]
        cuts = [0, *sorted(rng.sample(range(1, max(len(words), count)), count - 1)), len(words)]
        text = "\n".join(f"{mark} {' '.join(words[one:other])}" for one, other in pairwise(cuts))
    return text.lower() if "lowercase" in done else text
