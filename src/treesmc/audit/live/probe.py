"""Audit a live model in one call: probe it, run pilots on it, and report.

The probes are lines of a log (`walks`), and the report is the one that the log gets: writing them
down and reading them back with ``treesmc audit`` yields the same. Pilot runs of SMC (`pilot`) stand
beside it as a second opinion on v, one that needs neither rollouts nor a prediction.

Work is cut into units (a few paths, or one pilot run), each with its own random stream, named by
what it computes. So neither an interruption nor asking for more probes later changes what a unit
holds.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from treesmc.audit.live.checkpoint import Checkpoint
from treesmc.audit.live.pilot import Pilot, Run, run_smc, summarise
from treesmc.audit.live.protocol import Checked, Model
from treesmc.audit.live.walks import Design, probe_paths, root_log_value
from treesmc.audit.log.files import write_lines
from treesmc.audit.log.probes import probes_of
from treesmc.audit.report.cells import estimate, number
from treesmc.audit.report.report import Report, audit
from treesmc.audit.report.sections import Section
from treesmc.audit.report.text import render, section_text
from treesmc.sims.base.errors import BadInput
from treesmc.sims.base.streams import generator

PATHS_A_UNIT = 8  # of a unit
REFERENCE, GUIDED, PILOT = range(3)  # first key of a stream
MOST_PILOTS = 10  # in a table


@dataclass(frozen=True, eq=False)
class ModelAudit:
    """What an audit of a live model found.

    Attributes
    ----------
    report : Report
        The report of its probes.
    pilots : list of Pilot
        One per prompt; empty if no pilot was asked for.
    records : list of dict
        The probes, as lines of a log.
    """

    report: Report
    pilots: list[Pilot]
    records: list[dict[str, Any]]

    def write_log(self, path: str | Path) -> None:
        """Write the probes as JSON Lines, for ``treesmc audit``."""
        write_lines(Path(path), self.records)

    def render(self) -> str:
        """Return the report and the pilots as text for a terminal."""
        text = render(self.report)
        return f"{text}\n{section_text(_pilot_section(self))}\n" if self.pilots else text


def audit_model(
    model: Model,
    horizon: int,
    delta: float = 0.1,
    prompts: Sequence[str] = ("",),
    *,
    probes: int = 32,
    guided: int = 32,
    children: int = 4,
    rollouts: int = 8,
    pool: int = 4,
    particles: int = 128,
    replicates: int = 16,
    bootstrap: int = 400,
    seed: int = 0,
    checkpoint: str | Path | None = None,
    progress: bool = False,
) -> ModelAudit:
    """Probe a model along its own paths, run pilots, and report.

    Parameters
    ----------
    model : Model
        Four methods (`protocol`).
    horizon : int
        T: steps after which every state is finished.
    delta : float
        Total-variation tolerance in (0, 1).
    prompts : sequence of str
        Distinct; a model without prompts has the empty one.
    probes, guided : int
        Reference and guided paths probed per prompt, together at least 1.
    children, rollouts : int
        K >= 2 and R >= 0 at each prefix. Predictions need R >= 2.
    pool : int
        M, children a guided step picks from.
    particles, replicates : int
        N and runs of the pilot per prompt; 0 replicates for none.
    bootstrap, seed : int
        Replicates behind the intervals, and the root of all randomness.
    checkpoint : path, optional
        Where finished units are kept; an audit with the same parameters resumes from it.
    progress : bool
        Say on stderr how far it is.

    Returns
    -------
    ModelAudit

    Raises
    ------
    BadInput
        If an argument is out of range, or the model answers what it must not; names the method.

    Notes
    -----
    Per prompt it takes about (probes + guided) T (K + R T / 2) steps of the model for the probes,
    and replicates N T for the pilots.
    """
    design = Design(horizon, children, rollouts, pool)
    counts = {"probes": probes, "guided": guided, "particles": particles, "replicates": replicates}
    _check(design, prompts, counts, probes + guided, seed)
    checked = Checked(model)
    parameters = {
        **vars(design),
        "particles": particles,
        "seed": seed,
        "prompts": list(prompts),
        "log V(prompt)": [f"{root_log_value(checked, prompt):.6g}" for prompt in prompts],
    }
    store = Checkpoint(None if checkpoint is None else Path(checkpoint), parameters)
    probing = list(_probe_units(checked, prompts, design, probes, guided))
    piloting = list(_pilot_units(checked, prompts, particles, horizon, replicates))
    say = _Progress(len(probing) + len(piloting), progress)
    records = [line for lines in _results(probing, seed, store, say) for line in lines]
    runs = [Run(*logs) for logs in _results(piloting, seed, store, say)]
    report = audit(
        probes_of(iter(records)), delta, horizon=horizon, replicates=bootstrap, seed=seed
    )
    pilots = [
        summarise(prompt, particles, runs[i * replicates : (i + 1) * replicates], seed)
        for i, prompt in enumerate(prompts if replicates else ())
    ]
    return ModelAudit(report, pilots, records)


@dataclass(frozen=True)
class Unit:
    """Work with a name, and the key of its random stream."""

    name: str
    key: tuple[int, ...]
    compute: Callable[[np.random.Generator], Any]


def _probe_units(
    model: Checked, prompts: Sequence[str], design: Design, probes: int, guided: int
) -> Iterator[Unit]:
    """Yield the units of paths: reference paths are numbered 0, 2, 4 .., guided ones 1, 3, .."""
    for i, prompt in enumerate(prompts):
        for kind, count in ((REFERENCE, probes), (GUIDED, guided)):
            for start in range(0, count, PATHS_A_UNIT):
                stop = min(start + PATHS_A_UNIT, count)
                paths = range(2 * start + kind, 2 * stop + kind, 2)
                yield Unit(
                    f"prompt {i}, {'guided' if kind else 'reference'} paths {start} to {stop}",
                    (kind, i, start),
                    partial(probe_paths, model, prompt, paths, design, kind == GUIDED),
                )


def _pilot_units(
    model: Checked, prompts: Sequence[str], N: int, horizon: int, replicates: int
) -> Iterator[Unit]:
    for i, prompt in enumerate(prompts):
        for r in range(replicates):
            run = partial(run_smc, model, prompt, N, horizon)
            yield Unit(f"prompt {i}, pilot run {r}", (PILOT, i, r), run)


def _results(
    units: Iterable[Unit], seed: int, store: Checkpoint, say: Callable[[str], None]
) -> Iterator[Any]:
    """Yield the result of each unit, from the checkpoint where it is there."""
    for unit in units:
        yield store.result(unit.name, partial(unit.compute, generator(seed, *unit.key)))
        say(unit.name)


class _Progress:
    """Counts finished units on stderr, at most once a second."""

    def __init__(self, total: int, shown: bool) -> None:
        self.total, self.shown = total, shown
        self.done, self.last = 0, time.monotonic()

    def __call__(self, name: str) -> None:
        self.done += 1
        if self.shown and (time.monotonic() - self.last > 1 or self.done == self.total):
            self.last = time.monotonic()
            print(f"audit: {self.done} of {self.total} units: {name}", file=sys.stderr, flush=True)


def _check(
    design: Design, prompts: Sequence[str], counts: dict[str, int], paths: int, seed: int
) -> None:
    counts = {**vars(design), **counts, "seed": seed}
    least = {"horizon": 1, "children": 2, "pool": 1, "particles": 1}
    for name, count in counts.items():
        if type(count) is not int or count < least.get(name, 0):
            raise BadInput(
                f"{name}: {count!r} is not a whole number of at least {least.get(name, 0)}"
            )
    if not paths:
        raise BadInput("probes: 0, and no guided paths either; there is nothing to probe")
    if isinstance(prompts, str) or not all(isinstance(prompt, str) for prompt in prompts):
        raise BadInput(f"prompts: {str(prompts)[:40]!r} is not a list of texts")
    if len(set(prompts)) < max(len(prompts), 1):
        raise BadInput(f"prompts: {len(prompts)}, but {len(set(prompts))} distinct ones")


def _pilot_section(audit: ModelAudit) -> Section:
    """Return the pilots, beside what the probes say."""
    mean = sum(pilot.by_replicates.value for pilot in audit.pilots) / len(audit.pilots)
    v = estimate(audit.report.prediction.v)
    return Section(
        "Pilot runs",
        f"pilot runs: N Var(Zhat/Z) at N = {audit.pilots[0].particles}",
        header=("prompt", "runs", "by replicates", "by genealogy (Lee & Whiteley)"),
        rows=[
            [p.prompt[:40], str(len(p.runs)), estimate(p.by_replicates), estimate(p.by_genealogy)]
            for p in audit.pilots[:MOST_PILOTS]
        ],
        notes=(
            f"over all prompts {number(mean)}, and v from the probes {v}",
            "by genealogy cannot exceed N: near it, N is too small to tell",
        ),
    )
