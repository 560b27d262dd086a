#!/usr/bin/env python3
"""The prompt on a terminal, as TAP: completion, history, and Ctrl-C.

    prompt.py TERRACE LIBRARY
"""
import os, pty, re, select, signal, sys, tempfile, termios, time

terrace, library = sys.argv[1:3]
state = tempfile.TemporaryDirectory()
number = 0


class Prompt:
    def __enter__(self):
        environment = dict(os.environ, XDG_STATE_HOME=state.name, TERM="xterm", LC_ALL="C.UTF-8")
        self.process, self.terminal = pty.fork()
        if self.process == 0:
            os.execve(terrace, ["terrace", "--library", library, "repl"], environment)
        self.wait_for("> ")
        return self

    def __exit__(self, *_):
        # The editor shows its prompt before it switches the terminal: an end of input that comes in between is the old mode's and lost.
        for _ in range(10):
            self.write("\x04")
            if self.has_ended(3):
                break
        else:
            os.kill(self.process, signal.SIGKILL)
            os.waitpid(self.process, 0)
        os.close(self.terminal)

    def has_ended(self, seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            pid, self.status = os.waitpid(self.process, os.WNOHANG)
            if pid:
                return True
            time.sleep(0.01)
        self.status = "still running"
        return False

    def write(self, text):
        os.write(self.terminal, text.encode())

    def wait_for(self, text, seconds=30):
        """What came until `text` did, without the terminal's control sequences."""
        came, end = "", time.monotonic() + seconds
        while time.monotonic() < end:
            if select.select([self.terminal], [], [], 0.2)[0]:
                came += os.read(self.terminal, 65536).decode(errors="replace")
            if text in re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", came):
                self.wait_for_editor()
                return True
        return False

    def wait_for_editor(self):
        """The prompt is shown before the terminal is switched; what is typed in between is taken in another way."""
        end = time.monotonic() + 2
        while time.monotonic() < end and termios.tcgetattr(self.terminal)[3] & termios.ICANON:
            time.sleep(0.005)

    def ask(self, text, wanted):
        self.write(text)
        return self.wait_for(wanted)


def check(name, good):
    global number
    number += 1
    print(("ok" if good else "not ok"), number, "-", name)


try:
    for descriptor in pty.openpty():
        os.close(descriptor)
except OSError as error:
    print(f"1..0 # SKIPPED: no terminal can be made here: {error}")
    sys.exit(0)

with Prompt() as prompt:
    check("a form and its value", prompt.ask("(* 6 7)\n", "\n42\r\n> "))
    check("a form over two lines", prompt.ask("(* 6\n", "\n. ") and prompt.ask("8)\n", "\n48\r\n> "))
    check("Tab completes a primitive", prompt.ask('(string-app\t"a" "b")\n', '"ab"\r\n'))
    check("Tab shows the choices", prompt.ask("(vector-\t", "vector-ref") and prompt.ask("\x15", "> "))
    check("Tab completes a definition", prompt.ask("(define terrace-answer 43)\n", "> ") and
          prompt.ask("terrace-ans\t\n", "\n43\r\n"))
    check("an error has a place", prompt.ask("(car 1)\n", "repl:1:1: type-error"))
    prompt.wait_for("> ", 1)
    prompt.write("(let loop () (loop))\n")
    time.sleep(0.5)
    check("Ctrl-C asks", prompt.ask("\x03", "go on?"))
    prompt.write("y\n")
    time.sleep(0.5)
    check("and asks again after going on", prompt.ask("\x03", "go on?"))
    check("and cancels", prompt.ask("n\n", "cancelled"))
    check("and the prompt is usable", prompt.ask("(+ 40 4)\n", "\n44\r\n> "))
    check("Ctrl-C abandons a line", prompt.ask("(+ 1 \x03", "> ") and prompt.ask("(+ 40 5)\n", "\n45\r\n> "))
check("the end of input ends it", prompt.status == 0)

with Prompt() as prompt:
    check("history is kept between runs", prompt.ask("\x1b[A\n", "\n45\r\n> "))
print(f"1..{number}")
