"""A process of a subject, and the lines it says."""

import ctypes
import json
import os
import select
import signal
import subprocess
import time

PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None)


class Process:
    """Ends when it is told to, and dies with the harness."""

    def __init__(self, command, errors, cpu=None):
        def prepare():
            LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
            if cpu is not None:
                os.sched_setaffinity(0, {cpu})

        self.command = command
        self.said = b""
        self.process = subprocess.Popen(command, bufsize=0, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=errors, preexec_fn=prepare)
        self.pid = self.process.pid

    def tell(self, line):
        self.process.stdin.write(line.encode() + b"\n")

    def expect(self, start, patience):
        """The rest of the next line that begins so."""
        return self._until(lambda line: line[len(start):].strip() if line.startswith(start) else None, patience)

    def expect_in(self, words, patience):
        """The next line that has these words in it."""
        return self._until(lambda line: line if words in line else None, patience)

    def result(self, patience):
        return json.loads(self.expect("RESULT", patience))

    def _until(self, wanted, patience):
        end = time.monotonic() + patience
        poll = select.poll()
        poll.register(self.process.stdout.fileno(), select.POLLIN | select.POLLHUP)
        while True:
            while b"\n" in self.said:
                line, self.said = self.said.split(b"\n", 1)
                found = wanted(line.decode(errors="replace"))
                if found is not None:
                    return found
            left = end - time.monotonic()
            if left <= 0:
                raise TimeoutError(f"{self.command[0]} is silent")
            if poll.poll(left * 1000):
                more = os.read(self.process.stdout.fileno(), 65_536)
                if not more:
                    raise ChildProcessError(f"{self.command[0]} ended with {self.process.wait(2)}")
                self.said += more

    def has_ended(self):
        return self.process.poll() is not None

    def stop(self):
        if not self.has_ended():
            self.process.terminate()
            try:
                self.process.wait(3)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()
