"""The CPU time and memory of a process and of all that it started."""

from dataclasses import dataclass

import psutil


@dataclass(frozen=True)
class Usage:
    process: psutil.Process

    def cpu_ms(self) -> float:
        """Return the CPU time so far, of processes that have ended too."""
        return sum(self._cpu_ms(each) for each in self._tree())

    def memory_mb(self) -> float:
        """Return the resident memory. What processes share is counted for each."""
        return sum(each.memory_info().rss for each in self._tree()) / 2**20

    def _tree(self) -> list[psutil.Process]:
        return [self.process, *self.process.children(recursive=True)]

    @staticmethod
    def _cpu_ms(process: psutil.Process) -> float:
        try:
            return sum(process.cpu_times()[:4]) * 1000  # user, system, and those of children that have ended
        except psutil.NoSuchProcess:
            return 0
