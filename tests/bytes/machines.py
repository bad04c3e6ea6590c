"""Machines that this one can pass for, as far as last bits are concerned.

What a machine's arithmetic depends on is chosen at run time by four libraries, each of which takes
orders from the environment: NumPy (instruction sets of its own loops), Numba (the processor that
kernels are compiled for), OpenBLAS (kernels by processor) and the C library (functions with and
without fused multiply-add).
"""

import os
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy._core._multiarray_umath import __cpu_dispatch__, __cpu_features__

WRONG_LIBM = Path(__file__).with_name("wrong_libm.c")
COMPILER = os.environ.get("CC", "cc")


@dataclass(frozen=True)
class Machine:
    """One machine to pass for.

    Attributes
    ----------
    name : str
    needs : str
        NumPy's name of an instruction set that must really be there, empty if none.
    numpy : tuple of str, optional
        Of the instruction sets that NumPy dispatches to, those it may use; by default all.
    environment : dict
        More orders.
    jobs : int
        Threads.
    wrong_libm : int
        Which of the wrong mathematical libraries is preloaded; 0 for none.
    """

    name: str
    needs: str = ""
    numpy: tuple[str, ...] | None = None
    environment: dict[str, str] = field(default_factory=dict)
    jobs: int = 1
    wrong_libm: int = 0

    def missing(self) -> str:
        """Return what this machine lacks to pass for the other, empty if nothing."""
        if self.needs and not __cpu_features__.get(self.needs):
            return f"needs {self.needs}"
        if self.wrong_libm and not library():
            return f"needs a C compiler ({COMPILER})"
        return ""

    def variables(self) -> dict[str, str]:
        """Return the environment in which a process believes to run there."""
        orders = dict(self.environment)
        if self.numpy is not None:
            there = [x for x in __cpu_dispatch__ if __cpu_features__.get(x)]
            orders["NPY_DISABLE_CPU_FEATURES"] = " ".join(x for x in there if x not in self.numpy)
        if self.wrong_libm:
            orders |= {"LD_PRELOAD": str(library()), "WRONG_LIBM": str(self.wrong_libm)}
        return {**os.environ, **orders}


def processor(numba: str, openblas: str) -> dict[str, str]:
    """Return the orders to compile kernels, and to choose those of BLAS, for a processor."""
    return {"NUMBA_CPU_NAME": numba, "NUMBA_CPU_FEATURES": "", "OPENBLAS_CORETYPE": openblas}


def library() -> Path | None:
    """Compile the wrong mathematical library, once; None where there is no compiler."""
    path = Path("build/bytes/wrong_libm.so").resolve()
    if not path.exists() or path.stat().st_mtime < WRONG_LIBM.stat().st_mtime:
        path.parent.mkdir(parents=True, exist_ok=True)
        command = [COMPILER, "-O1", "-fno-builtin", "-shared", "-fPIC", "-o", str(path)]
        try:
            subprocess.run([*command, str(WRONG_LIBM), "-ldl", "-lm"], check=True)
        except (OSError, subprocess.CalledProcessError):
            return None
    return path


NO_FMA = "glibc.cpu.hwcaps=-AVX2,-AVX2_Usable,-FMA,-FMA_Usable,-FMA4"

MACHINES = (
    Machine("this machine", jobs=2),
    Machine(
        "x86-64-v2, no FMA",
        numpy=(),
        environment={
            **processor("generic", "Nehalem"),
            "GLIBC_TUNABLES": NO_FMA,
            "OPENBLAS_NUM_THREADS": "1",
        },
    ),
    Machine("znver1", "X86_V3", ("X86_V3",), processor("znver1", "Zen"), jobs=2),
    Machine("haswell", "X86_V3", ("X86_V3",), processor("haswell", "Haswell")),
    Machine(
        *("skylake-avx512", "X86_V4", ("X86_V3", "X86_V4")),
        processor("skylake-avx512", "SkylakeX"),
    ),
    Machine("icelake", "AVX512_ICL", None, processor("icelake-server", "SkylakeX"), jobs=2),
    Machine("wrong libm 1", wrong_libm=1),
    Machine("wrong libm 2", wrong_libm=2, numpy=(), jobs=2),
)


def described() -> str:
    """Return NumPy's version and the instruction sets that this machine has."""
    there = [x for x in __cpu_dispatch__ if __cpu_features__.get(x)]
    return f"NumPy {np.__version__} with {', '.join(there) or 'its baseline only'}"
