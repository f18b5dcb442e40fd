"""One subject at one cell: a folder, a broker and readers of its own, and what it took."""

import ctypes
import os
import shutil
import socket
import statistics
import tempfile
import threading
import time

from process import Process
from subjects import filled_in, found

PATIENCE = 60  # seconds until something that ought to happen is given up
TEXT = "x" * 104  # with a Stamp 128 bytes
AT_ONCE = 32  # readers that are started before one is waited for


def cpu_ns(pid):
    """What a process of ours or anybody's has used: the clock that clock_getcpuclockid() gives."""
    return time.clock_gettime_ns(~pid << 3 | 2)


def memory_kb(pid):
    """Of a process: all of it, its share of it, and what it has for itself without a file behind."""
    wanted = {"Rss": "rss", "Pss": "pss", "Pss_Anon": "heap"}
    sizes = {}
    with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as file:
        for line in file:
            name, _, rest = line.partition(":")
            if name in wanted:
                sizes[wanted[name]] = int(rest.split()[0])
    return sizes


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class Run:
    """Leaves nothing behind."""

    count = 0

    def __init__(self, subject, disk):
        Run.count += 1
        self.subject = subject
        self.folder = tempfile.mkdtemp(prefix="bench.", dir="/dev/shm")
        self.disk = tempfile.mkdtemp(prefix="bench.", dir=disk)
        self.tag = f"{os.getpid()}.{Run.count}"
        self.places = {"run": self.folder, "disk": self.disk, "tag": self.tag, "port": free_port(), "text": TEXT}
        self.processes = []
        self.broker_pids = []
        self.sink = None
        self.cpu = None
        self.errors = open(os.path.join(self.folder, "errors"), "wb")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for process in reversed(self.processes):
            process.stop()
        if self.sink:
            self.sink.shutdown(socket.SHUT_RDWR)  # which ends the thread
            self.sink.close()
        self.errors.close()
        for i in range(1 + sum(p.command[0] == self._command("reader")[0] for p in self.processes)):
            name = f"bench.{self.tag}.{i}"
            ctypes.CDLL("librt.so.1").mq_unlink(b"/" + name.encode())
            if os.path.exists(f"/dev/shm/{name}"):
                os.unlink(f"/dev/shm/{name}")
        shutil.rmtree(self.folder, ignore_errors=True)
        shutil.rmtree(self.disk, ignore_errors=True)

    def said(self):
        """The end of what its processes have complained about."""
        with open(os.path.join(self.folder, "errors"), errors="replace", encoding="utf-8") as file:
            return file.read()[-400:]

    def deliver(self, cell):
        """Raiser, broker and readers: rates, times and processor time of each."""
        self.cpu = max(os.sched_getaffinity(0)) if cell.get("one_cpu") else None
        self._start_broker()
        idle = self._memory()
        words = self._words(cell)
        readers = []
        for i in range(cell["n"]):
            readers.append(self._start([*self._command("reader"), *words, "--id", str(i)]))
            if i % AT_ONCE == AT_ONCE - 1:
                readers[-1].expect("READY", PATIENCE)
        for i, reader in enumerate(readers):
            if i % AT_ONCE != AT_ONCE - 1:
                reader.expect("READY", PATIENCE)
        registered = self._memory()
        raiser = self._start([*self._command("raiser"), *words, "--id", "9999"])
        raiser.expect("READY", PATIENCE)
        before = sum(cpu_ns(pid) for pid in self.broker_pids)
        raiser.tell("GO")
        sent = raiser.result(cell["secs"] * 3 + PATIENCE)
        broker_ns = sum(cpu_ns(pid) for pid in self.broker_pids) - before
        got = [reader.result(PATIENCE) for reader in readers]
        return {**figures(cell["n"], sent, got, broker_ns), **per_mailbox(cell["n"], idle, registered)}

    def command(self, cell):
        """One whole process after the other."""
        self._start_broker()
        return self._measure(["whole_process", str(cell["runs"]), *found(filled_in(self.subject["cli"], self.places))])

    def program(self, name, cell):
        """A program that measures itself."""
        self._start_broker()
        command = filled_in(self.subject["programs"][name], self.places)
        return self._measure([*command, *(word for key in cell for word in (f"--{key}", str(cell[key])))])

    def _measure(self, command):
        return self._start(found(command)).result(PATIENCE)

    def _command(self, role):
        return found(filled_in(self.subject.get(role, [""]), self.places))

    def _words(self, cell):
        words = ["--run", self.folder, "--tag", self.tag, "--port", str(self.places["port"])]
        for key in ("n", "size", "mode", "secs", "count", "rate", "spin"):
            if key in cell:
                words += [f"--{key}", str(cell[key])]
        return words

    def _start(self, command):
        self.processes.append(Process(command, self.errors, self.cpu))
        return self.processes[-1]

    def _start_broker(self):
        for name, text in self.subject.get("files", {}).items():
            with open(os.path.join(self.folder, name), "w", encoding="utf-8") as file:
                file.write(filled_in(text, self.places))
        if "socket" in self.subject:
            self._sink(filled_in(self.subject["socket"], self.places))
        if "broker" not in self.subject:
            return
        broker = self._start(self._command("broker"))
        self.broker_pids = [broker.pid]
        how, _, what = self.subject.get("ready", "line").partition(":")
        if how == "line":
            pid = broker.expect("READY", PATIENCE)
            self.broker_pids += [int(pid)] if pid else []  # it has started the broker proper
        elif how == "stdout":
            broker.expect_in(what, PATIENCE)
        else:
            self._wait_for(broker, how, filled_in(what, self.places))
        time.sleep(0.02)

    def _wait_for(self, broker, how, path):
        end = time.monotonic() + PATIENCE
        while not (os.path.exists(path) if how == "path" else self._accepts()):
            if broker.has_ended() or time.monotonic() > end:
                raise ChildProcessError(f"{broker.command[0]} does not serve")
            time.sleep(0.005)

    def _accepts(self):
        try:
            socket.create_connection(("127.0.0.1", self.places["port"]), 0.2).close()
            return True
        except OSError:
            return False

    def _sink(self, where):
        """A datagram socket for those who write to the system's log."""
        self.sink = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.sink.bind(where.removeprefix("dgram:"))

        def take(sink):
            try:
                while sink.recv(4096):
                    continue
            except OSError:
                pass

        threading.Thread(target=take, args=(self.sink,), daemon=True).start()

    def _memory(self):
        return memory_kb(self.broker_pids[-1]) if self.broker_pids else None


def figures(n, sent, got, broker_ns):
    delivered = sum(reader["received"] for reader in got)
    seconds = sent["elapsed_ns"] / 1e9
    each = max(delivered, 1)
    of_raiser = (sent["cpu_user_ns"] + sent["cpu_sys_ns"]) / each
    of_readers = sum(reader["cpu_user_ns"] + reader["cpu_sys_ns"] for reader in got) / each
    result = {"msgs_per_s": sent["sent"] / seconds, "deliveries_per_s": delivered / seconds,
              "lost": sent["sent"] * n - delivered, "gaps": sum(reader["gaps"] for reader in got),
              "broker_cpu_ns": broker_ns / each, "raiser_cpu_ns": of_raiser, "reader_cpu_ns": of_readers,
              "all_cpu_ns": broker_ns / each + of_raiser + of_readers}
    timed = [reader for reader in got if "p50" in reader]
    for key in ("p50", "p99", "p999") if timed else ():
        result[key] = statistics.median(reader[key] for reader in timed)
    return result


def per_mailbox(n, idle, registered):
    if idle is None:
        return {}
    return {"idle_rss_kb": idle["rss"], "idle_pss_kb": idle["pss"],
            "mailbox_heap_kb": (registered["heap"] - idle["heap"]) / n,
            "mailbox_rss_kb": (registered["rss"] - idle["rss"]) / n}
