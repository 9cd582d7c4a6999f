"""Which of the processes this is that torchrun, srun or mpirun has started together, as their variables say."""

from __future__ import annotations

import os
from typing import Final, NamedTuple

from gitml.repo.journal.process import launcher

APART: Final = "apart"
_OPEN_MPI: Final = "OMPI_MCA_ess_base_jobid"


class Rank(NamedTuple):
    """A process of a launch: what tells that from any other, and the process's number; 0 begins and ends their run."""

    launch: str
    number: int


def rank() -> Rank | None:
    """Of which launch this process is; None for one alone, and where GITML_RANKS says that each is a run (`apart`)."""
    if os.environ.get("GITML_RANKS") == APART:
        return None
    return _torchrun() or _slurm() or _mpi()


def _torchrun() -> Rank | None:
    """By torchrun's; workers that it has started anew are another launch."""
    told = os.environ.get("TORCHELASTIC_RUN_ID")
    count, number = _number("WORLD_SIZE"), _number("RANK")
    if told is None or count is None or number is None or count < 2:  # noqa: PLR2004
        return None
    again = os.environ.get("TORCHELASTIC_RESTART_COUNT", "0")
    if told == "none" and _number("LOCAL_WORLD_SIZE") != count:  # several nodes, and nobody has named their launch
        told = os.environ.get("GITML_LAUNCH") or _step() or told
    if _number("LOCAL_WORLD_SIZE") == count or told == "none":  # the name is often that of the last launch
        return Rank(f"torchrun {launcher()} {again}", number)
    where = f"{os.environ.get('MASTER_ADDR')}:{os.environ.get('MASTER_PORT')}"
    return Rank(f"torchrun {told} {where} {again}", number)


def _slurm() -> Rank | None:
    """By srun's: a step of a job; a batch script is none."""
    step = _step()
    count = _number("SLURM_STEP_NUM_TASKS") or _number("SLURM_NTASKS")
    number = _number("SLURM_PROCID")
    if step is None or number is None or count is None or count < 2:  # noqa: PLR2004
        return None
    return Rank(f"srun {step}", number)


def _step() -> str | None:
    """What tells a step of a job of Slurm's from any other; None outside of one."""
    job, step = os.environ.get("SLURM_JOB_ID"), _number("SLURM_STEP_ID")
    cluster, again = (os.environ.get(f"SLURM_{name}", "") for name in ("CLUSTER_NAME", "RESTART_COUNT"))
    return f"{cluster} {job}.{step} {again}" if job and step is not None else None


def _mpi() -> Rank | None:
    """By Open MPI's, and by what others name as it does."""
    for start in ("OMPI_COMM_WORLD_", "PMI_", "MV2_COMM_WORLD_"):
        count, number = _number(f"{start}SIZE"), _number(f"{start}RANK")
        if count is not None and number is not None and count > 1:
            named = os.environ.get("PMIX_NAMESPACE") or os.environ.get(_OPEN_MPI)
            return Rank(f"mpirun {named or launcher()}", number)
    return None


def _number(name: str) -> int | None:
    text = os.environ.get(name, "")
    return int(text) if text.isdecimal() else None
