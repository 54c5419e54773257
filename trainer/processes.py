"""The processes of a run, as `torchrun` and `accelerate launch` start them: all run the same command.

Each trains on its own part of every batch. What may happen only once is done by the main process, the one with number
0; the others wait for what comes of it. A process of its own is the only one, and everything here does nothing more.
"""

import os
from collections.abc import Callable, Sequence
from typing import TypeVar

from verif_dsl import VerifError

Made = TypeVar("Made")
Item = TypeVar("Item")


def count() -> int:
    """How many processes there are."""
    # Clusters set WORLD_SIZE for jobs of all kinds, and only a launcher says which process of its machine this is.
    return int(os.environ.get("WORLD_SIZE", "1")) if "LOCAL_RANK" in os.environ else 1


def number() -> int:
    """Which of them this is, from 0 on."""
    return int(os.environ.get("RANK", "0")) if count() > 1 else 0


def is_main() -> bool:
    """Whether this is the process that tells and writes."""
    return number() == 0


def check_launch(*, adapter: bool) -> None:
    """Raise `VerifError` for a way of spreading the model's weights over the processes that this trainer does not know.

    `adapter` says that an adapter is trained.
    """
    fsdp, deepspeed = _is_set("ACCELERATE_USE_FSDP"), _is_set("ACCELERATE_USE_DEEPSPEED")
    if fsdp and os.environ.get("FSDP_VERSION") != "2":
        raise VerifError("FSDP is used in its second version here: write `fsdp_version: 2` in the launch file")
    if fsdp and _is_set("FSDP_CPU_RAM_EFFICIENT_LOADING"):
        raise VerifError(
            "every process measures with the whole model before it is spread: write "
            "`fsdp_cpu_ram_efficient_loading: false` in the launch file"
        )
    if adapter and (fsdp or deepspeed):
        raise VerifError(
            f"`lora` needs the whole model on every GPU, and {'FSDP' if fsdp else 'DeepSpeed'} spreads it over them; "
            "start with torchrun"
        )


def _is_set(variable: str) -> bool:
    return os.environ.get(variable, "").lower() in ("1", "true", "yes")


def wait() -> None:
    """Wait until every process is here."""
    if count() > 1:
        from accelerate import PartialState

        PartialState().wait_for_everyone()


def leave() -> None:
    """Part from the others, when all have come to their end; nothing is done together after that."""
    if count() > 1:
        from torch import distributed

        if distributed.is_initialized():
            distributed.barrier()
            distributed.destroy_process_group()


def once(make: Callable[[], Made]) -> Made:
    """What `make` returns in the main process, for all of them; a `VerifError` is raised in all of them, too.

    It is sent as a pickle. Every process has to come here, once TRL's arguments are made, which connects them.
    """
    if count() == 1:
        return make()
    from accelerate.utils import broadcast_object_list

    told: list[tuple[Made | None, VerifError | None]] = [(None, None)]
    if is_main():
        try:
            told = [(make(), None)]
        except VerifError as error:
            told = [(None, error)]
    broadcast_object_list(told)
    made, problem = told[0]
    if problem is not None:
        raise problem
    return made  # type: ignore[return-value] # what `make` returned


def dealt_out(items: Sequence[Item], work: Callable[[Sequence[Item]], list[Made]]) -> list[Made]:
    """What `work` makes of the items, one each, of which every process takes a part; all of them get the whole.

    The parts are of one size, for which the last item may be taken more than once: a model whose weights are spread
    over the processes computes only where all of them compute.
    """
    if count() == 1:
        return work(items)
    from accelerate.utils import gather_object

    each = -(-len(items) // count())
    first = number() * each
    part = [items[min(place, len(items) - 1)] for place in range(first, first + each)]
    made: list[Made] = gather_object(work(part))
    return made[: len(items)]
