"""The work: what each cell has every subject do. Sizes in bytes, rates per second."""


def ping(secs, **more):
    """One message in flight: the next is raised when the reader has it."""
    return {"mode": "ping", "n": 1, "size": 128, "secs": secs, "count": 20_000, **more}


def paced(n, rate, count):
    """So seldom that everybody has gone to sleep before each."""
    return {"mode": "paced", "n": n, "size": 128, "secs": count / rate, "rate": rate, "count": count}


def flood(n, secs, size=128):
    """At most 256 unread, flushed every 16."""
    return {"mode": "flood", "n": n, "size": size, "secs": secs}


DELIVERY = {
    "w1_ping": ping(2.0),
    "w1_onecpu": ping(0.6, one_cpu=True),  # no luck with placement, no interrupts between processors
    "w1_spin": ping(2.0, spin=1),
    "w1_paced": paced(1, 1_000, 1_600),
    "w2_128": flood(1, 0.8),
    "w2_400": flood(1, 0.8, 400),
    "w2_rows": flood(1, 8.0),  # so long that a large table is journaled several times
    "w3_n8": flood(8, 0.8),
    "w3_n64": flood(64, 1.0),
    "w3_n500": flood(500, 1.5),
    "w3_n64_paced": paced(64, 100, 150),
}
ASKED_FOR = {"w2_rows"}  # what only those do that name it
COMMAND = {"command": {"runs": 30}}  # whole processes, one after the other
PROGRAMS = {  # each a program of the subject, which measures itself
    "journal": {"turn": 64, "size": 128, "secs": 0.5},
    "journal_1": {"turn": 1, "size": 128, "secs": 0.5},
    "disk": {"turn": 64, "size": 128, "secs": 2.0},
}
CELLS = {**DELIVERY, **COMMAND, **PROGRAMS}


def scaled(cell, scale):
    """The same work for a shorter or longer time."""
    kinds = {"secs": float, "count": int, "runs": int}
    return {key: kinds[key](max(value * scale, 1 if kinds[key] is int else 0)) if key in kinds else value
            for key, value in cell.items()}


def does(name, subject, cell):
    """Whether a subject has this cell."""
    if name not in subject.get("cells", CELLS.keys() - ASKED_FOR):
        return False
    if name in COMMAND:
        return "cli" in subject
    if name in PROGRAMS:
        return name in subject.get("programs", {})
    return "raiser" in subject and cell["n"] <= subject.get("max_n", 1_000) and (
        not cell.get("spin") or subject.get("spin", False))
