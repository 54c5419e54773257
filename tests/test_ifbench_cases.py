"""Ports in stdlib/ifbench.vif decide as plain Python does, on texts made of the signs that matter to each of them."""

import csv
import io
import json
import re
import string
import unicodedata
from collections import Counter
from collections.abc import Callable, Mapping
from itertools import pairwise
from pathlib import Path
from random import Random

import pytest

import verif_dsl

MODULE = Path(__file__).resolve().parents[1] / "stdlib" / "ifbench.vif"
SIGNS = string.punctuation
TEXTS = 3000


@pytest.fixture(scope="module")
def verifier() -> verif_dsl.Verifier:
    return verif_dsl.load(MODULE)


def assert_decided(
    verifier: verif_dsl.Verifier,
    name: str,
    expected: Callable[[str], bool],
    texts: list[str],
    arguments: Mapping[str, object] | None = None,
) -> None:
    texts = [text for text in (unicodedata.normalize("NFC", one) for one in texts) if text.strip()]
    uses = json.dumps([{"use": name, "with": arguments or {}, "as": name}])
    column = verifier.check(texts, constraints=uses).column(name)
    wrong = [text for text, one in zip(texts, column, strict=True) if (one == "pass") is not expected(text)]
    assert not wrong
    assert set(column) == {"pass", "fail"}


def drawn(random: Random, pieces: list[str], most: int = 16) -> str:
    return "".join(random.choices(pieces, k=random.randint(1, most)))


def deleted(text: str) -> str:
    return text.translate(str.maketrans("", "", SIGNS))


def in_ascii(text: str) -> str:
    return unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()


@pytest.mark.parametrize("percentage", [0, 24, 40, 100])
def test_overlap(verifier: verif_dsl.Verifier, percentage: int) -> None:
    reference = "a river, a rivér"

    def follows(text: str) -> bool:
        runs, known = ({one[at : at + 3] for at in range(len(one) - 2)} for one in (text, reference))
        return bool(runs) and percentage - 2 <= len(runs & known) / len(runs) * 100 <= percentage + 2

    random = Random(0)
    texts = [drawn(random, ["a", " ", "r", "iv", "er", "é", "ri", "x", "👍"], 12) for _ in range(TEXTS)]
    arguments = {"reference_text": reference, "percentage": percentage}
    assert_decided(verifier, "ratio_overlap", follows, [*texts, reference], arguments)


@pytest.mark.parametrize("most", [1, 2, 3])
def test_repeats(verifier: verif_dsl.Verifier, most: int) -> None:
    def follows(text: str) -> bool:
        return max(Counter(deleted(text.lower()).split()).values(), default=0) <= most

    random = Random(1)
    texts = [drawn(random, ["a", "B", "b", "-", "'", " ", " ", "\n", "É", "é", "."]) for _ in range(TEXTS)]
    assert_decided(verifier, "words_repeats", follows, texts, {"small_n": most})


@pytest.mark.parametrize("n", [1, 2, 3.0])
def test_words_in_japanese(verifier: verif_dsl.Verifier, n: float) -> None:
    def follows(text: str) -> bool:
        words = [word.strip(SIGNS + " ") for word in text.split()][int(n) - 1 :: int(n)]
        return all(not word or word.isdigit() or re.search("[\u3040-\u30ff\u4e00-\u9fff]", word) for word in words)

    random = Random(2)
    pieces = ["a", "川", "冷たい", "カ", "한", "4", "²", "①", "½", "٣", "-", "。", " ", " ", "\n"]
    texts = [drawn(random, pieces, 9) for _ in range(TEXTS)]
    assert_decided(verifier, "count_words_japanese", follows, texts, {"n": n})


def test_a_part_of_a_word_is_no_place(verifier: verif_dsl.Verifier) -> None:
    with pytest.raises(verif_dsl.VerifError, match="floor"):
        verifier.check(["a"], constraints='[{"use": "count_words_japanese", "with": {"n": 2.5}}]')


def test_countries_in_reverse(verifier: verif_dsl.Verifier) -> None:
    def follows(text: str) -> bool:
        lines = [line.strip(SIGNS + " ") for line in text.split("\n")]
        lines = [line for line in lines if line]
        at = next((index for index, line in enumerate(lines) if "Zimbabwe" in line), None)
        names = [] if at is None else list(map(in_ascii, lines[at:]))
        return len(names) >= 52 and names == sorted(names, reverse=True)

    random = Random(3)
    names = ["Zimbabwe", "* Zimbabwe.", "Ⅻ", "XII", "É", "E.", "- E", "D", "Ḋ ", "C\t", "1", "…", "--", "", " "]
    texts = []
    for _ in range(TEXTS):
        lines = sorted(
            random.choices(names, k=random.randint(50, 70)), key=lambda one: in_ascii(one.strip(SIGNS + " "))
        )
        before = random.choices([*names, "a Zimbabwe"], k=random.randint(0, 2))
        texts.append("\n".join([*before, "Zimbabwe", *reversed(lines[:-1])]))
    assert_decided(verifier, "custom_reverse_newline", follows, texts)


def test_capitals(verifier: verif_dsl.Verifier) -> None:
    capitals = re.findall(
        "[A-Z][a-z]+",
        "Reykjavik Helsinki Oslo Tallinn Stockholm Riga Moscow Copenhagen Vilnius Minsk Dublin Berlin Amsterdam Warsaw "
        "London Brussels Prague Luxembourg Paris Vienna Bratislava Budapest Vaduz Chisinau Bern Ljubljana Zagreb",
    )

    def follows(text: str) -> bool:
        return [piece.strip() for piece in in_ascii(text).split(",") if piece.strip()] == capitals

    random = Random(4)
    texts = []
    for _ in range(TEXTS):
        names = list(capitals)
        for _ in range(random.randint(0, 2)):
            at = random.randrange(len(names))
            names[at] = random.choice(
                [f" {names[at]}\n", names[at].replace("a", "á"), f"{names[at]}…", names[at] + "."]
            )
        if random.random() < 0.3:
            names.insert(random.randrange(len(names)), random.choice([" ", "", "—", "x"]))
        texts.append(random.choice([", ", ",", ",\n"]).join(names))
    assert_decided(verifier, "custom_european_capitals_sort", follows, texts)


def test_questions_that_get_longer(verifier: verif_dsl.Verifier) -> None:
    option = re.compile(r"[A-Ea-e][.|)]\s*\w")

    def length(question: str) -> int | None:
        """How long what is asked is; None without five options."""
        lines = [line.strip() for line in question.split("\n")]
        options = [index for index, line in enumerate(lines) if option.match(line)]
        return len(" ".join(lines[: options[0]]).strip()) if len(options) == 5 else None

    def follows(text: str) -> bool:
        parts = re.split(r"\n*Question \d+[.|):;]?\s*", text)
        lengths = [length(part.strip()) for part in parts if part.strip()]
        known = [one for one in lengths if one is not None]
        rising = all(one < other for one, other in pairwise(known))
        return text.startswith("Question") and len(lengths) == len(known) == 4 and rising

    random = Random(5)
    labels = [
        "Question {}: ",
        "Question {}.\n",
        "\n\nQuestion {} ",
        "Question {}|",
        "Question {})\n\n",
        "Question {}:: ",
    ]
    gaps = ["\n", "\n", "\n\n", " \n ", "\n \n", "\r\n", " "]
    options = ["A. a", "b) b", "C| c", "  D. d ", "E.e", "F. f", "A.", "a. ½", "B .b", "-"]
    texts = []
    for _ in range(TEXTS):
        text = random.choice(["", "", "", "Question", "So: "])
        for number in range(1, random.choice([4, 5, 5, 5, 5, 5, 6])):
            asked = random.choice(gaps).join(
                "Who?"[: random.randint(1, 4)] for _ in range(random.choice([number, number, 1]))
            )
            chosen = options[:5] if random.random() < 0.9 else random.choices(options, k=random.randint(4, 6))
            text += random.choice(labels).format(number) + asked + random.choice(gaps[:4])
            text += random.choice(["\n", "\n", "\n\n"]).join(chosen) + random.choice(["\n", "", "\nSo."])
        texts.append(text + random.choice(["", "", "\n", "Question 9"]))
    assert_decided(verifier, "custom_mcq_count_length", follows, texts)


def test_csv_with_a_field_in_quotes(verifier: verif_dsl.Verifier) -> None:
    def follows(text: str) -> bool:
        if text.split("\n")[0].strip() != "ProductID,Category,Brand,Price,Stock":
            return False
        rows = list(csv.reader(io.StringIO(text.replace('"', '"""'))))
        five = [index for index, row in enumerate(rows) if index and len(row) != 5]
        upto = rows[1 : five[0]] if five else rows[1:]
        return len(rows) == 15 and any(re.match(r'".*[^\w\s].*"', field) for row in upto for field in row)

    random = Random(6)
    plain = ["a", "1", "", " b", 'c"d', "-", '"e"', '"f g"', '""']
    special = [
        '"a, b"',
        '"a!"',
        '"é"',
        '"a""b"',
        '"a"b"',
        '"a"b',
        '"a\n-"',
        '"-\nb"',
        '"-\n-"',
        '"""',
        '"-',
        '"½"',
        '"²-"',
    ]
    texts = []
    for _ in range(TEXTS):
        rows = [
            [
                random.choice(special if random.random() < 0.06 else plain)
                for _ in range(5 if random.random() < 0.95 else 4)
            ]
            for _ in range(random.choice([13, 14, 14, 14, 14, 15]))
        ]
        end = random.choice(["\n", "\n", "\r\n"])
        head = random.choice(["ProductID,Category,Brand,Price,Stock"] * 9 + ["ProductID, Category"])
        texts.append(end.join([head, *map(",".join, rows)]) + random.choice(["", end]))
    assert_decided(verifier, "custom_csv_special_character", follows, texts)
