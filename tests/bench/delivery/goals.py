"""What is aimed at, as ratios inside one run, and what came of it."""

from collections import namedtuple

from tables import KILO, MEGA, NAMES, US, number, rows

OURS, ONE_MAILBOX = "alertbroker", "alertbroker_one_mailbox"
FEW_ROWS, MANY_ROWS = "alertbroker_10_rows", "alertbroker_100000_rows"
UNWRITTEN, DISK = "alertbroker_unwritten", "alertbroker_disk"

# `beside`: {subject: factor}, at least or at most so much of its figure; None: a number itself. A factor of None is
# no goal.
Goal = namedtuple("Goal", "work subject cell figure unit digits at_least beside")


def at_most(work, cell, figure, unit, digits, beside, subject=OURS):
    return Goal(work, subject, cell, figure, unit, digits, False, beside)


def at_least(work, cell, figure, unit, digits, beside, subject=OURS):
    return Goal(work, subject, cell, figure, unit, digits, True, beside)


GOALS = [
    at_most("all on one CPU, p50 µs", "w1_onecpu", "p50", US, 1,
            {"shm_broker": 1.15, "redis": 0.6, "dbus_broker": 0.6, "nats": 0.35, "zeromq": 0.25}),
    at_most("one CPU without the journal's write, p50 µs", "w1_onecpu", "p50", US, 1, {"shm_broker": None}, UNWRITTEN),
    at_most("ping, p50 µs", "w1_ping", "p50", US, 1, {"shm_broker_ad20": 1.5, "redis": 0.15}),
    at_most("1 kHz, cold, p50 µs", "w1_paced", "p50", US, 1, {"shm_broker": 1.15, "redis": 0.8, "dbus_broker": 0.55}),
    at_most("1 kHz without the journal's write, p50 µs", "w1_paced", "p50", US, 1, {"shm_broker": None}, UNWRITTEN),
    at_least("one reader, thousand/s", "w2_128", "msgs_per_s", KILO, 0,
             {"shm_broker": 0.7, "redis": 4, "zeromq": 3, "nats": 5, "dbus_broker": 20, "mosquitto_q0": 25}),
    at_least("64 mailboxes, million deliveries/s", "w3_n64", "deliveries_per_s", MEGA, 2,
             {"shm_b256": 0.6, "redis": 4, "zeromq": 6, "dbus_broker": 60, "mosquitto_q0": 150}),
    at_least("500 mailboxes, million deliveries/s", "w3_n500", "deliveries_per_s", MEGA, 2,
             {"shm_b256": 0.6, "redis": 4}),
    at_least("64 readers of one mailbox, million deliveries/s", "w3_n64", "deliveries_per_s", MEGA, 2,
             {"shm_bcast": 0.6}, ONE_MAILBOX),
    at_most("CPU ns per delivery at 64, all", "w3_n64", "all_cpu_ns", 1, 0, {"shm_b256": 1.7, "redis": 0.2}),
    at_most("CPU ns per delivery at 64, broker", "w3_n64", "broker_cpu_ns", 1, 0, {"shm_b256": 1.7, "redis": 0.2}),
    at_most("64 sleeping readers, CPU ns per delivery", "w3_n64_paced", "all_cpu_ns", 1, 0,
            {"shm_broker": 1.1, "redis": 0.7, "dbus_broker": 0.45}),
    at_most("a whole `alertctl raise`, µs", "command", "wall_ns", US, 0,
            {"true": 1.7, "dbus_daemon": 0.75, "logger": 0.75, "mosquitto_q0": 0.6}),
    at_most("broker idle, RSS MB", "w2_128", "idle_rss_kb", 1024, 1, {None: 5}),
    at_most("heap per mailbox, kB", "w3_n500", "mailbox_heap_kb", 1, 1, {None: 4}),
    at_most("one of 100,000 registrations matches, one CPU, p50 µs", "w1_onecpu", "p50", US, 1, {FEW_ROWS: 1.2},
            MANY_ROWS),
    at_most("one of 100,000 registrations matches, broker's CPU ns", "w2_rows", "broker_cpu_ns", 1, 0, {FEW_ROWS: 1.2},
            MANY_ROWS),
    at_least("on disk before the receipt, thousand/s", "disk", "records_per_s", KILO, 1, {"journal_floor": 0.8}, DISK),
    at_most("journaling alone, ns per alert", "journal", "ns", 1, 1, {"journal_floor": None}, "journal"),
    at_most("journaling one by one, ns per alert", "journal_1", "ns", 1, 0, {"journal_floor": None}, "journal"),
]


def line(medians, goal, peer, factor):
    """Our figure beside one other; None where we have none."""
    ours = medians.get(goal.cell, goal.subject, goal.figure)
    if ours is None:
        return None
    limit = "" if factor is None else f"{'at least' if goal.at_least else 'at most'} {factor}"
    figure = number(ours.median / goal.unit, goal.digits)
    if peer is None:
        met = ours.median / goal.unit <= factor
        return [goal.work, figure, "", "", "", limit, "yes" if met else "**no**"]
    theirs = medians.get(goal.cell, peer, goal.figure)
    name = NAMES.get(peer, peer) if goal.cell == "command" else peer
    if theirs is None:
        return [goal.work, figure, name, "-", "-", limit, "not measured"]
    ratio = ours.median / theirs.median if theirs.median else float("inf")
    met = factor is None or (ratio >= factor if goal.at_least else ratio <= factor)
    return [goal.work, figure, name, number(theirs.median / goal.unit, goal.digits), number(ratio, 2), limit,
            "" if factor is None else "yes" if met else "**no**"]


def lines(medians):
    found = [line(medians, goal, peer, factor) for goal in GOALS for peer, factor in goal.beside.items()]
    return [row for row in found if row]


def table(medians):
    """Empty where nothing of ours was measured."""
    found = lines(medians)
    if not found:
        return ""
    met = [row[-1] for row in found]
    return ("### What is aimed at\n\n"
            + rows(["work", "ours", "beside", "its", "ratio", "goal", "met"], found)
            + f"\n{met.count('yes')} met, {met.count('**no**')} missed, {met.count('not measured')} not measured.\n")
