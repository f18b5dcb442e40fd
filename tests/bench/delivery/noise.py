"""What else the machine did during a round, to judge its figures by."""

import hashlib
import os
import resource
import statistics
import time

BLOCK = bytes(4_000_000)


def ticks():
    """Of all processors since the start: stolen, all, busy."""
    with open("/proc/stat", encoding="ascii") as file:
        user, nice, system, idle, waiting, interrupt, soft, stolen = map(int, file.readline().split()[1:9])
    busy = user + nice + system + interrupt + soft
    return stolen, busy + idle + waiting + stolen, busy


def own_ticks():
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages) * os.sysconf("SC_CLK_TCK")


class Noise:
    """Of one round; look() between the cells."""

    def __init__(self):
        self.before, self.own_before = ticks(), own_ticks()
        self.milliseconds = []

    def look(self):
        """A fixed piece of work, which takes longer where somebody else computes."""
        start = time.perf_counter()
        hashlib.sha256(BLOCK).digest()
        self.milliseconds.append((time.perf_counter() - start) * 1e3)

    def result(self):
        stolen, all_, busy = (after - before for after, before in zip(ticks(), self.before))
        others = max(0, busy - (own_ticks() - self.own_before))
        return {"load": os.getloadavg()[0], "stolen_percent": 100 * stolen / max(all_, 1),
                "others_percent": 100 * others / max(all_, 1),
                "sha256_ms": [round(f(self.milliseconds), 2) for f in (min, statistics.median, max)]}
