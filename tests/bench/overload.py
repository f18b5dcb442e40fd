"""The same overload for every broker that is installed here: who was told what.

A publisher publishes COUNT messages of SIZE bytes while the one receiver that is subscribed stands still; then the
receiver goes on and takes what it gets. Every server runs with its own defaults unless its name says otherwise, on a
socket of its own in a folder that goes at the end. Standard library only.
"""

import argparse
import json
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time

PATIENCE = 60  # seconds until something that ought to happen is given up


class Run:
    """One server in a folder of its own; ends with everything that it started."""

    def __init__(self, count, size):
        self.count, self.size = count, size
        self.folder = tempfile.mkdtemp(prefix="overload-")
        self.processes = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for process in self.processes:
            process.kill()
            process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, text):
        with open(self.path(name), "w", encoding="ascii") as file:
            file.write(text)
        return self.path(name)

    def read(self, name):
        with open(self.path(name), encoding="utf-8", errors="replace") as file:
            return file.read()

    def start(self, name, *command, ready=None):
        """Its output goes to the file `name`; returns once `ready` is true."""
        with open(self.path(name), "wb") as out:
            process = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
        self.processes.append(process)
        self.wait_until(ready or (lambda: True), name)
        return process

    def wait_until(self, ready, what):
        end = time.monotonic() + PATIENCE
        while not ready():
            if time.monotonic() > end:
                raise TimeoutError(f"{what}: {self.read(what) if os.path.exists(self.path(what)) else ''}")
            time.sleep(0.01)

    @staticmethod
    def lines(file):
        """The lines of a file that is still being written, until nothing has come for a while."""
        line, end = b"", time.monotonic() + PATIENCE
        while time.monotonic() < end:
            if more := file.readline():
                line, end = line + more, time.monotonic() + PATIENCE
            else:
                time.sleep(0.01)
            if line.endswith(b"\n"):
                yield line
                line = b""

    def connect(self, address=None):
        peer = socket.socket(socket.AF_INET if isinstance(address, tuple) else socket.AF_UNIX)
        peer.connect(address or self.path("socket"))
        peer.settimeout(PATIENCE)
        return peer

    def told(self, server, pattern):
        return "a line in the server's log" if re.search(pattern, self.read(server)) else "nobody"


def alertbroker(programs, config=""):
    """Received: one line of JSON for each alert, and one for each gap with its range."""

    def publish_to(run):
        brokerd, alertctl = os.path.join(programs, "brokerd"), os.path.join(programs, "alertctl")
        run.start("server", brokerd, "--socket", run.path("socket"), "--journal", run.path("journal"), "--config",
                  run.write("config", config), ready=lambda: "listening" in run.read("server"))
        ctl = [alertctl, "--socket", run.path("socket")]
        subprocess.run([*ctl, "make", "box"], check=True)
        subprocess.run([*ctl, "start", "LOAD", "box"], check=True)
        reader = run.start("got", *ctl, "read", "box", "--follow", "--json")
        run.wait_until(lambda: json.loads(subprocess.check_output([*ctl, "mailslots", "--json"]))["consumer"], "got")
        reader.send_signal(signal.SIGSTOP)
        alert = {"class": "custom", "fields": {"alrt_eventname": "LOAD", "alrt_servicename": "BENCH",
                                              "payload_hex": "78" * run.size}}
        line = json.dumps(alert).encode() + b"\n"
        publisher = subprocess.Popen([*ctl, "raise", "--stdin", "--json"], stdin=subprocess.PIPE,
                                     stdout=open(run.path("receipts"), "wb"))
        for _ in range(run.count):
            publisher.stdin.write(line)
        publisher.stdin.close()
        publisher.wait()
        acknowledged = sum(json.loads(receipt)["written"] for receipt in run.read("receipts").splitlines())
        reader.send_signal(signal.SIGCONT)

        delivered = gone = 0
        with open(run.path("got"), "rb") as got:
            for record in run.lines(got):
                if record.startswith(b'{"gap"'):
                    gone += json.loads(record)["gap"]["count"]
                else:
                    delivered += 1
                if delivered + gone >= acknowledged:
                    break
        return acknowledged, delivered, f"the receiver: which {gone}" if gone else "nobody"

    return publish_to


def mosquitto(run):
    """QoS 1, its own programs. A last message, sent until it arrives, tells that nothing more comes."""
    run.start("server", "mosquitto", "-c",
              run.write("config", f"listener 0 {run.path('socket')}\nallow_anonymous true\nuser root\n"),
              ready=lambda: os.path.exists(run.path("socket")))
    here = ["--unix", run.path("socket"), "-t", "load", "-q", "1"]
    reader = run.start("got", "stdbuf", "-oL", "mosquitto_sub", "-d", *here, ready=lambda: "Subscribed" in run.read("got"))
    reader.send_signal(signal.SIGSTOP)
    text = b"x" * run.size + b"\n"
    said = subprocess.run(["mosquitto_pub", "-d", "-l", *here], input=text * run.count, check=True,
                          stdout=subprocess.PIPE).stdout
    reader.send_signal(signal.SIGCONT)

    def is_over():
        subprocess.run(["mosquitto_pub", *here, "-m", "END"], check=True)
        return "\nEND\n" in run.read("got")

    run.wait_until(is_over, "got")
    delivered = sum(line == "x" * run.size for line in run.read("got").splitlines())
    return said.count(b"received PUBACK"), delivered, run.told("server", "dropped")


def redis_stream(limit=""):
    """A consumer group; the entries' ids are the publisher's acknowledgement."""

    def publish_to(run):
        run.start("server", "redis-server", "--port", "0", "--unixsocket", run.path("socket"), "--save", "", "--dir",
                  run.folder, ready=lambda: os.path.exists(run.path("socket")))
        cli = ["redis-cli", "-s", run.path("socket")]
        subprocess.run([*cli, "XGROUP", "CREATE", "load", "group", "$", "MKSTREAM"], check=True,
                       stdout=subprocess.DEVNULL)
        command = f"XADD load {limit} * text {'x' * run.size}\n".encode()
        said = subprocess.run(cli, input=command * run.count, check=True, stdout=subprocess.PIPE).stdout
        acknowledged = sum(bool(re.fullmatch(rb"\d+-\d+", line)) for line in said.splitlines())
        got = subprocess.check_output([*cli, "XREADGROUP", "GROUP", "group", "reader", "COUNT", str(2 * run.count),
                                       "STREAMS", "load", ">"])
        delivered = sum(line == b"text" for line in got.splitlines())
        return acknowledged, delivered, run.told("server", "trimmed")

    return publish_to


class Bus:
    """As much of the D-Bus protocol as a signal needs."""

    CALL, REPLY, ERROR, SIGNAL = 1, 2, 3, 4

    def __init__(self, run):
        self.socket = run.connect()
        self.socket.sendall(b"\0AUTH EXTERNAL " + str(os.geteuid()).encode().hex().encode() + b"\r\nBEGIN\r\n")
        while not self.socket.recv(1) == b"\n":
            continue
        self.stream = self.socket.makefile("rb")
        self.serial = 0
        self.call("Hello")

    def send(self, kind, fields, text=None):
        self.serial += 1
        if text is not None:
            fields = [*fields, (8, b"g", b"s")]
        head = b""
        for code, type_, value in fields:
            head += b"\0" * (-len(head) % 8) + struct.pack("<BB1sx", code, 1, type_)
            head += struct.pack("<B" if type_ == b"g" else "<I", len(value)) + value + b"\0"
        body = b"" if text is None else struct.pack("<I", len(text)) + text + b"\0"
        packed = struct.pack("<cBBBIII", b"l", kind, 0, 1, len(body), self.serial, len(head)) + head
        self.socket.sendall(packed + b"\0" * (-len(packed) % 8) + body)

    def receive(self):
        """(kind, bytes of the body); kind 0 at the end."""
        head = self.stream.read(16)
        if len(head) < 16:
            return 0, 0
        _, kind, _, _, body, _, fields = struct.unpack("<cBBBIII", head)
        self.stream.read(fields + -fields % 8 + body)
        return kind, body

    def call(self, member, text=None):
        name = b"org.freedesktop.DBus"
        self.send(self.CALL, [(1, b"o", b"/org/freedesktop/DBus"), (2, b"s", name), (3, b"s", member.encode()),
                              (6, b"s", name)], text)
        while self.receive()[0] not in (0, self.REPLY, self.ERROR):
            continue

    def signals(self, size):
        """How many of at least so many bytes come until it is quiet."""
        self.socket.settimeout(3)
        count = 0
        try:
            while (got := self.receive())[0] != 0:
                count += got[1] >= size
        except TimeoutError:
            pass
        return count


def dbus_daemon(run):
    """Broadcast signals, which have no acknowledgement: what the bus took without an error counts as one."""
    run.start("server", "dbus-daemon", "--nofork", "--config-file", run.write("config", f"""<busconfig>
        <listen>unix:path={run.path('socket')}</listen><policy context="default"><allow send_destination="*"/>
        <allow send_type="signal"/><allow receive_type="method_return"/><allow receive_type="signal"/><allow own="*"/>
        </policy></busconfig>"""), ready=lambda: os.path.exists(run.path("socket")))
    receiver, publisher = Bus(run), Bus(run)
    receiver.call("AddMatch", b"type='signal',interface='io.load'")
    publisher.socket.settimeout(10)
    taken, text = 0, b"x" * run.size
    try:
        for _ in range(run.count):
            publisher.send(Bus.SIGNAL, [(1, b"o", b"/load"), (2, b"s", b"io.load"), (3, b"s", b"Load")], text)
            taken += 1
        publisher.call("GetId")
    except TimeoutError:
        pass
    told = run.told("server", "exceed|dropp")
    return taken, receiver.signals(run.size), "the publisher stands still too" if taken < run.count else told


def nats(run):
    """Core NATS: a PONG behind the messages tells that the server took them."""
    run.start("server", "nats-server", "-a", "127.0.0.1", "-p", "-1", "--ports_file_dir", run.folder,
              ready=lambda: "Server is ready" in run.read("server"))
    run.wait_until(lambda: any(name.endswith(".ports") for name in os.listdir(run.folder)), "server")
    ports = json.loads(run.read(next(name for name in os.listdir(run.folder) if name.endswith(".ports"))))
    host, port = re.fullmatch(r"nats://(.*):(\d+)", ports["nats"][0]).groups()

    def session(*lines):
        peer = run.connect((host, int(port)))
        stream = peer.makefile("rb")
        stream.readline()
        peer.sendall(b"\r\n".join([b'CONNECT {"verbose":false}', *lines, b"PING", b""]))
        while stream.readline() != b"PONG\r\n":
            continue
        return peer, stream

    receiver, got = session(b"SUB load 1")
    publisher, answers = session()
    message = b"PUB load %d\r\n%s\r\n" % (run.size, b"x" * run.size)
    for _ in range(run.count):
        publisher.sendall(message)
    publisher.sendall(b"PING\r\n")
    while answers.readline() != b"PONG\r\n":
        continue
    delivered, told = 0, run.told("server", "Slow Consumer")
    try:
        receiver.sendall(b"PING\r\n")
    except OSError:
        pass
    try:
        while line := got.readline():
            if line.startswith(b"MSG"):
                delivered += len(got.read(run.size + 2)) == run.size + 2
            elif line == b"PONG\r\n":
                return run.count, delivered, told
    except ConnectionError:
        pass
    return run.count, delivered, "the receiver is disconnected"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("programs", help="folder of brokerd and alertctl")
    parser.add_argument("--count", type=int, default=20_000, help="messages [20000]")
    parser.add_argument("--size", type=int, default=8_000, help="bytes of each [8000]")
    parser.add_argument("--journal", type=int, default=8_192, help="KiB that our second row keeps [8192]")
    parser.add_argument("--peers", choices=["yes", "no"], default="yes", help="the others too [yes]")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # and end what was started
    kept = options.journal
    small = (f"[journal]\nsegment_bytes = \"{kept // 8}KiB\"\nretain_bytes = \"{kept}KiB\"\n"
             f"retain_unread = \"{kept}KiB\"\n")
    rows = [("alertbroker", "brokerd", alertbroker(options.programs)),
            (f"alertbroker, a journal of {kept} KiB", "brokerd", alertbroker(options.programs, small))]
    if options.peers == "yes":
        rows += [("mosquitto, QoS 1", "mosquitto", mosquitto), ("dbus-daemon, signals", "dbus-daemon", dbus_daemon),
                 ("Redis stream", "redis-server", redis_stream()),
                 ("Redis stream, MAXLEN 1000", "redis-server", redis_stream("MAXLEN 1000")),
                 ("nats-server", "nats-server", nats)]
    print(f"| {options.count} of {options.size} bytes to a receiver that stands still | acknowledged | delivered |"
          " lost | who was told |")
    print("|---|--:|--:|--:|---|")
    os.environ["PATH"] += ":/usr/sbin:/usr/local/sbin"
    for name, program, publish_to in rows:
        if not shutil.which(program, path=options.programs + ":" + os.environ["PATH"]):
            print(f"{program} is not installed", file=sys.stderr)
            continue
        with Run(options.count, options.size) as run:
            acknowledged, delivered, told = publish_to(run)
        lost = acknowledged - delivered
        told = told if lost > 0 or acknowledged < options.count else ""
        print(f"| {name} | {acknowledged} | {delivered} | {lost} | {told} |", flush=True)


if __name__ == "__main__":
    main()
