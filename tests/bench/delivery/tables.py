"""The tables of a run, in Markdown."""

from collections import namedtuple

# `figure` of `cell`, divided by `unit`. `spread`: lowest and highest round, too. `aside`: alone it makes no row.
Column = namedtuple("Column", "head cell figure unit digits spread aside", defaults=(1, 1, False, False))
Table = namedtuple("Table", "title columns ascending", defaults=(True,))

US, KILO, MEGA = 1e3, 1e3, 1e6

NAMES = {  # what a subject is called where whole processes are compared
    "alertbroker": "alertctl raise", "dbus_daemon": "dbus-send", "dbus_broker": "dbus-send to dbus-broker",
    "mosquitto_q0": "mosquitto_pub", "mosquitto_q1": "mosquitto_pub -q 1", "redis": "redis-cli publish",
    "nats": "a C publisher of NATS", "true": "/bin/true",
}

TABLES = [
    Table("Latency, raise to read, 128 bytes, one reader, µs", [
        Column("one CPU p50", "w1_onecpu", "p50", US, 1, True), Column("one CPU p99", "w1_onecpu", "p99", US),
        Column("ping p50", "w1_ping", "p50", US, 1, True), Column("ping p99", "w1_ping", "p99", US),
        Column("spinning p50", "w1_spin", "p50", US), Column("spinning p99", "w1_spin", "p99", US),
        Column("1 kHz p50", "w1_paced", "p50", US, 1, True), Column("1 kHz p99", "w1_paced", "p99", US)]),
    Table("One reader, at most 256 unread", [
        Column("128 B, thousand/s", "w2_128", "msgs_per_s", KILO, 0, True),
        Column("400 B, thousand/s", "w2_400", "msgs_per_s", KILO, 0),
        Column("128 B, CPU ns, all", "w2_128", "all_cpu_ns", 1, 0),
        Column("broker", "w2_128", "broker_cpu_ns", 1, 0), Column("raiser", "w2_128", "raiser_cpu_ns", 1, 0),
        Column("reader", "w2_128", "reader_cpu_ns", 1, 0), Column("lost", "w2_128", "lost", 1, 0)], False),
    Table("Fan-out, 128 bytes, million deliveries/s", [
        Column("64 readers", "w3_n64", "deliveries_per_s", MEGA, 2, True),
        Column("1", "w2_128", "deliveries_per_s", MEGA, 2, aside=True),
        Column("8", "w3_n8", "deliveries_per_s", MEGA, 2), Column("500", "w3_n500", "deliveries_per_s", MEGA, 2),
        Column("at 64: CPU ns, all", "w3_n64", "all_cpu_ns", 1, 0),
        Column("at 64: broker", "w3_n64", "broker_cpu_ns", 1, 0), Column("at 64: lost", "w3_n64", "lost", 1, 0),
        Column("at 500: CPU ns, all", "w3_n500", "all_cpu_ns", 1, 0),
        Column("at 500: broker", "w3_n500", "broker_cpu_ns", 1, 0), Column("at 500: lost", "w3_n500", "lost", 1, 0)],
          False),
    Table("Cold fan-out: 100 alerts/s to 64 sleeping readers, CPU ns per delivery", [
        Column("all", "w3_n64_paced", "all_cpu_ns", 1, 0, True),
        Column("broker", "w3_n64_paced", "broker_cpu_ns", 1, 0),
        Column("raiser", "w3_n64_paced", "raiser_cpu_ns", 1, 0),
        Column("reader", "w3_n64_paced", "reader_cpu_ns", 1, 0),
        Column("p50 µs", "w3_n64_paced", "p50", US), Column("p99 µs", "w3_n64_paced", "p99", US)]),
    Table("One whole process, µs", [
        Column("wall", "command", "wall_ns", US, 0, True), Column("CPU", "command", "cpu_ns", US, 0),
        Column("failed", "command", "failed", 1, 0)]),
    Table("Broker's memory, kB", [
        Column("idle RSS", "w2_128", "idle_rss_kb", 1, 0), Column("idle PSS", "w2_128", "idle_pss_kb", 1, 0),
        Column("heap per reader, of 64", "w3_n64", "mailbox_heap_kb"),
        Column("heap per reader, of 500", "w3_n500", "mailbox_heap_kb"),
        Column("RSS per reader, of 64", "w3_n64", "mailbox_rss_kb"),
        Column("RSS per reader, of 500", "w3_n500", "mailbox_rss_kb")]),
    Table("Journaling alone, ns per alert", [
        Column("64 alerts a turn", "journal", "ns", 1, 1, True), Column("one by one", "journal_1", "ns", 1, 0, True)]),
    Table("On disk before the receipt, 64 in flight", [
        Column("thousand/s", "disk", "records_per_s", KILO, 1, True)], False),
]


def rows(head, lines):
    """A table; the first column is text."""
    return "\n".join(["| " + " | ".join(line) + " |" for line in
                      [head, ["---"] + ["--:"] * (len(head) - 1), *lines]]) + "\n"


def number(value, digits=1):
    text = f"{value:.{digits}f}"
    return text.removeprefix("-") if float(text) == 0 else text


def shown(medians, subject, column):
    spread = medians.get(column.cell, subject, column.figure)
    if spread is None:
        return "-"
    median, low, high = (number(value / column.unit, column.digits) for value in spread)
    return f"{median} ({low}..{high})" if column.spread and low != high else median


def table(medians, wanted):
    """Whoever has something to show, the best first; columns that nobody has left out. Empty: nobody has."""
    def measured(column):
        return [s for s in medians.subjects() if medians.get(column.cell, s, column.figure) is not None]

    columns = [column for column in wanted.columns if measured(column)]
    main = next((column for column in columns if not column.aside), None)
    if main is None:
        return ""

    def place(subject):
        spread = medians.get(main.cell, subject, main.figure)
        return (spread is None, 0 if spread is None else spread.median if wanted.ascending else -spread.median)

    taking_part = {subject for column in columns if not column.aside for subject in measured(column)}
    subjects = sorted(taking_part, key=lambda s: (place(s), s))
    of_command = main.cell == "command"
    lines = [[NAMES.get(s, s) if of_command else s, *(shown(medians, s, c) for c in columns)] for s in subjects]
    return f"### {wanted.title}\n\n" + rows(["", *(column.head for column in columns)], lines)


def all_tables(medians):
    return [text for text in (table(medians, wanted) for wanted in TABLES) if text]
