"""A contender's process, which runs steps on request (protocol.py)."""
import json
import os
import queue
import subprocess
import tempfile
import threading
import time


class Failed(Exception):
    """Why a contender is left out, in a sentence."""


class Worker:
    def __init__(self, command, threads):
        environment = dict(os.environ)
        # A framework that takes all of a GPU's memory leaves none to the others.
        environment["XLA_PYTHON_CLIENT_PREALLOCATE"] = "false"
        if threads:
            environment["OMP_NUM_THREADS"] = str(threads)
        self.times = []
        self.step_ms = 0  # as the warm-up measured it
        self.steps = 0  # of a turn
        self.answers = queue.Queue()
        self.chatter = tempfile.TemporaryFile()
        self.process = None
        try:
            self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                            stderr=self.chatter, text=True, env=environment)
        except OSError as error:
            self.answers.put(f"failed {error}")
            return
        threading.Thread(target=self.listen, daemon=True).start()

    def listen(self):
        with self.process.stdout as lines:
            for line in lines:
                self.answers.put(line.strip())
        self.answers.put(None)

    def say(self, line):
        try:
            if self.process:
                self.process.stdin.write(line + "\n")
                self.process.stdin.flush()
        except OSError:
            pass  # it has ended, which its answer says

    def answer(self, end):
        """The next line, if it comes before `end` on time.monotonic()."""
        asked = time.monotonic()
        try:
            line = self.answers.get(timeout=max(0, end - asked))
        except queue.Empty:
            raise Failed(f"no answer within {end - asked:.0f} s") from None
        if line is None:
            raise Failed(self.last_words())
        if line.startswith("failed "):
            raise Failed(line[7:])
        return line

    def last_words(self):
        status = self.process.wait()
        self.chatter.seek(0)
        lines = self.chatter.read().decode(errors="replace").strip().splitlines()
        how = f"ended by signal {-status}" if status < 0 else f"ended with status {status}"
        return f"{lines[-1][:300]} ({how})" if lines else how

    def start(self, seconds):
        """Sets it up; returns its name and version."""
        end = time.monotonic() + seconds
        self.say("0")
        ready = self.answer(end)
        if not ready.startswith("ready "):
            raise Failed(f"said '{ready[:100]}' in place of 'ready'")
        self.answer(end)
        return ready[6:]

    def run(self, steps, seconds):
        self.say(str(steps))
        line = self.answer(time.monotonic() + seconds)
        try:
            return json.loads(line)
        except ValueError:
            raise Failed(f"said '{line[:100]}' in place of its times") from None

    def peak_mib(self):
        try:
            with open(f"/proc/{self.process.pid}/status") as status:
                for line in status:
                    if line.startswith("VmHWM:"):
                        return int(line.split()[1]) / 1024
        except OSError:
            pass
        return 0

    def end(self, grace_seconds=5):
        if self.process is None:
            return
        try:
            self.process.stdin.close()
            self.process.wait(timeout=grace_seconds)
        except (OSError, subprocess.TimeoutExpired):
            self.process.kill()
            self.process.wait()
        self.chatter.close()
