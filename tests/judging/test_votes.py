"""What several votes on one question come to."""

import pytest

from tests.judging.asking import NO_USE, in_turn, one, said, scripted
from verif_dsl.judging import Judgement, Undecided
from verif_dsl.judging.requests import Failure

LOST = Failure("lost", final=True)
VOTES: dict[str, tuple[str, str, list[int | None], bool | str]] = {
    # The scale of `kind` is 1 to 5, and 4 passes.
    "one": ("kind", "majority", [4], True),
    "most pass": ("kind", "majority", [4, 5, 1], True),
    "most fail": ("kind", "majority", [3, 5, 1], False),
    "a tie": ("kind", "majority", [5, 1], "1 of 2 votes pass"),
    "a tie of four": ("kind", "majority", [5, 4, 1, 1], "2 of 4 votes pass"),
    "enough pass without the lost one": ("kind", "majority", [4, 4, None], True),
    "enough fail without the lost one": ("kind", "majority", [1, 1, None], False),
    "the lost one would decide": ("kind", "majority", [1, 4, None], "lost"),
    "the lost one could make a tie": ("kind", "majority", [4, 4, 1, None], "lost"),
    "too many are lost": ("kind", "majority", [4, None, None], "lost"),
    "all are lost": ("kind", "majority", [None, None], "lost"),
    "the mean passes": ("kind", "mean", [5, 3], True),
    "the mean fails": ("kind", "mean", [5, 2], False),
    "the mean passes and most do not": ("formal", "mean", [2, 2, 2, 2], True),
    "the mean fails and most do not": ("kind", "mean", [4, 4, 1], False),
    "the mean passes whatever the lost one": ("kind", "mean", [5, 5, 5, 5, 5, None], True),
    "the mean fails whatever the lost one": ("kind", "mean", [1, 1, None], False),
    "the mean depends on the lost one": ("kind", "mean", [4, 4, None], "lost"),
    "no mean": ("kind", "mean", [None], "lost"),
}


@pytest.mark.parametrize(("name", "combine", "votes", "expected"), VOTES.values(), ids=VOTES)
def test_votes(name: str, combine: str, votes: list[int | None], expected: bool | str) -> None:
    replies = [LOST if score is None else said(score) for score in votes]
    judge, engine = scripted(
        in_turn(*replies), votes=len(votes), combine=combine, temperature=1.0, max_unknown=1.0, tries=1
    )
    found = one(judge, name=name)
    assert len({request.seed for request in engine.requests}) == len(votes)
    if isinstance(expected, str):
        assert found == Undecided(expected)
    else:
        assert isinstance(found, Judgement)
        given = [score for score in votes if score is not None]
        low, high = {"kind": (1, 5), "formal": (0, 2)}[name]
        assert found.passes is expected
        assert found.score == pytest.approx((sum(given) / len(given) - low) / (high - low))


@pytest.mark.parametrize(
    ("name", "score", "passes", "mapped"),
    [
        ("kind", 1, False, 0.0),
        ("kind", 3, False, 0.5),
        ("kind", 4, True, 0.75),
        ("kind", 5, True, 1.0),
        ("formal", 0, False, 0.0),
        ("formal", 1, False, 0.5),
        ("formal", 2, True, 1.0),
    ],
)
def test_scores_are_mapped_from_the_scale_to_0_to_1(name: str, score: int, passes: bool, mapped: float) -> None:
    assert one(scripted(lambda request: said(score))[0], name=name) == Judgement(passes, mapped, "", True)


def test_the_evidence_is_of_a_vote_that_says_what_was_decided() -> None:
    replies = [said(1, "bad"), said(5, "good"), said(5, "better")]
    judge, _ = scripted(in_turn(*replies), votes=3, temperature=1.0)
    found = one(judge, "good, better, bad")
    assert isinstance(found, Judgement)
    assert found.evidence == "good"
    assert found.found


def test_a_vote_that_is_no_use_is_asked_for_anew_by_itself() -> None:
    judge, engine = scripted(in_turn(said(5), NO_USE, said(5), said(4)), votes=3, temperature=1.0)
    found = one(judge)
    assert isinstance(found, Judgement)
    assert found.score == pytest.approx((5 + 5 + 4 - 3) / 12)
    assert len(engine.requests) == len({request.seed for request in engine.requests}) == 4
