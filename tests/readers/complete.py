"""Presses Tab in real shells: bash, zsh and Elvish on a terminal of their own, fish by its own question.

    complete.py FOLDER_OF_THE_BINARY SHELL...

Each shell starts without anybody's settings, loads what `rdpscan completions SHELL` prints, and gets the lines below typed in.
What the line has become after Tab is written to a file by a key of the test, so that nothing is read off the screen.
"""

import os
import pty
import select
import shutil
import subprocess
import sys
import tempfile
import time

# What is typed, and what the line is after Tab. A blank at the end means that the word is finished.
LINES = [
    ("rdpscan repo", "rdpscan report "),
    ("rdpscan report a", "rdpscan report a.json "),
    ("rdpscan report sub", "rdpscan report subfolder/"),
    ("rdpscan open b", "rdpscan open b.json "),
    ("rdpscan fix a.json --rem", "rdpscan fix a.json --remedy "),
    ("rdpscan explain --no-p", "rdpscan explain --no-pager "),
    ("rdpscan completions zs", "rdpscan completions zsh "),
    ("rdpscan --format m", "rdpscan --format markdown "),
    ("rdpscan --format=ma", "rdpscan --format=markdown "),
    ("rdpscan --fail-on cr", "rdpscan --fail-on critical"),
    ("rdpscan --fail-on high,unr", "rdpscan --fail-on high,unreachable"),
    ("rdpscan 127.0.0.1 --no-t", "rdpscan 127.0.0.1 --no-tui "),
    ("rdpscan 127.0.0.1 --profile g", "rdpscan 127.0.0.1 --profile gentle "),
    ("rdpscan 127.0.0.1:3390 --profile g", "rdpscan 127.0.0.1:3390 --profile gentle "),
    ("rdpscan open b.json --sort=-not_a", "rdpscan open b.json --sort=-not_after "),
    ("rdpscan open b.json --columns state,not_a", "rdpscan open b.json --columns state,not_after"),
    ("rdpscan explain rdp-cert-expir", "rdpscan explain rdp-cert-expir"),
    ("rdpscan explain RDP-CERT-MD", "rdpscan explain RDP-CERT-MD5 "),
    ("rdpscan --filter state:brok", "rdpscan --filter state:broken"),
    ("rdpscan -f b", "rdpscan -f b.json "),
    ("rdpscan --file=b", "rdpscan --file=b.json "),
    ("rdpscan @b", "rdpscan @b.json "),
    ("rdpscan @sub", "rdpscan @subfolder/"),
    ("rdpscan -f ~/wor", "rdpscan -f ~/work/"),
    ("rdpscan --format 'ma", "rdpscan --format 'markdown' "),
    ("rdpscan fix a.json -o sub", "rdpscan fix a.json -o subfolder/"),
    ("rdpscan 127.0.0.1 repo", "rdpscan 127.0.0.1 repo"),
    ("rdpscan --f", "rdpscan --f"),
    ("rdpscan open ", "rdpscan open "),
    ("rdpscan completions ", "rdpscan completions "),
    ("rdpscan 127.0.0.1 --format ", "rdpscan 127.0.0.1 --format "),
]

# What is listed where more than one word fits.
LISTED = {
    "rdpscan --f": ["--fail-on", "--file", "--filter", "--format"],
    "rdpscan open ": ["a.json", "b.json", "subfolder"],
    "rdpscan completions ": ["bash", "elvish", "fish", "powershell", "zsh"],
    "rdpscan 127.0.0.1 --format ": ["markdown", "prometheus", "xlsx"],
}

# Lines that a shell takes in a way of its own.
NOT_IN = {
    "elvish": {
        # It puts quotes around words with = and , and lets the user look at them first.
        "rdpscan --format=ma",
        "rdpscan open b.json --sort=-not_a",
        "rdpscan open b.json --columns state,not_a",
        "rdpscan --fail-on high,unr",
        "rdpscan --format 'ma",
        # Its own files come without words in front of them.
        "rdpscan --file=b",
        "rdpscan @b",
        "rdpscan @sub",
        # It has put the home folder in before it asks.
        "rdpscan -f ~/wor",
        # It puts the first one in while the user chooses.
        *LISTED,
    },
    # Its question knows no open quote.
    "fish": {"rdpscan --format 'ma"},
}

SETUP = {
    "bash": (
        ["bash", "--noprofile", "--rcfile", "{rc}", "-i"],
        """PS1='> '
bind 'set bell-style none'
bind 'set show-all-if-ambiguous on'
eval "$(rdpscan completions bash)"
note() { printf '%s\\n' "$READLINE_LINE" >>"$TOLD"; READLINE_LINE=''; READLINE_POINT=0; }
bind -x '"\\C-xp": note'
echo ready >>"$TOLD"
""",
        "\x18p",
    ),
    "zsh": (
        ["zsh", "-i"],
        """PS1='> '
unsetopt beep
autoload -Uz compinit && compinit -u -D
source <(rdpscan completions zsh)
note() { print -r -- "$BUFFER" >>"$TOLD"; BUFFER=''; zle redisplay }
zle -N note
bindkey '^Xp' note
zle-line-init() { echo ready >>"$TOLD"; zle -D zle-line-init }
zle -N zle-line-init
""",
        "\x18p",
    ),
    "elvish": (
        ["elvish", "-rc", "{rc}"],
        """eval (rdpscan completions elvish | slurp)
var note = { print $edit:current-command"\\n" >>$E:TOLD; edit:replace-input '' }
set edit:insert:binding[Ctrl-X] = $note
set edit:completion:binding[Ctrl-X] = { edit:close-mode; $note }
set edit:after-readline = []
set edit:prompt = { put '> ' }
print "ready\\n" >>$E:TOLD
""",
        "\x18",
    ),
}


def told(path):
    with open(path, encoding="utf-8") as file:
        return file.read().split("\n")[:-1]


def typed_in(shell, folder, environment, lines):
    """What each line has become, and what the screen showed meanwhile."""
    command, setup, note = SETUP[shell]
    path = os.path.join(folder, "." + shell + "rc")
    with open(path, "w", encoding="utf-8") as file:
        file.write(setup)
    notes = os.path.join(folder, "told." + shell)
    open(notes, "w").close()
    environment = dict(environment, TOLD=notes, ZDOTDIR=folder)
    if shell == "zsh":
        os.replace(path, os.path.join(folder, ".zshrc"))
    arguments = [word.replace("{rc}", path) for word in command]
    work = os.path.join(folder, "work")
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(work)
        os.execvpe(arguments[0], arguments, environment)
    screen = b""
    results = []
    try:
        # One line after the other: the shell has to have taken the last before the next is typed.
        waiting = [None, *lines]
        screens = []
        for number, line in enumerate(waiting):
            screen = b""
            if line is not None:
                os.write(terminal, (line + "\t" + note).encode())
            deadline = time.monotonic() + 20
            while len(told(notes)) <= number:
                if time.monotonic() > deadline:
                    raise SystemExit(f"FAILED: {shell} says nothing to {line!r}; its screen:\n{screen.decode(errors='replace')}")
                readable, _, _ = select.select([terminal], [], [], 0.02)
                if readable:
                    screen += os.read(terminal, 65536)
            # What the shell has drawn before it took the note is on its way already.
            while select.select([terminal], [], [], 0)[0]:
                screen += os.read(terminal, 65536)
            screens.append(screen.decode(errors="replace"))
        results = list(zip(told(notes)[1:], screens[1:], strict=True))
    finally:
        os.close(terminal)
        os.kill(pid, 9)
        os.waitpid(pid, 0)
    return results


def asked(folder, environment, lines):
    """The same of fish, which answers without a terminal; its first answer stands in place of the last word."""
    results = []
    for line in lines:
        script = 'rdpscan completions fish | source; complete -C "$argv[1]"'
        answer = subprocess.run(
            ["fish", "--no-config", "-c", script, line],
            env=environment, cwd=os.path.join(folder, "work"), capture_output=True, text=True, check=True,
        ).stdout.splitlines()
        values = [found.split("\t")[0] for found in answer]
        if len(values) != 1:
            results.append((line, " ".join(values)))
            continue
        # Fish puts a blank behind what does not end in one of these.
        blank = "" if values[0].endswith(tuple("/=@:.,-")) else " "
        results.append((line[: line.rindex(" ") + 1] + values[0] + blank, ""))
    return results


def main():
    binary, shells = sys.argv[1], sys.argv[2:]
    folder = tempfile.mkdtemp()
    try:
        os.makedirs(os.path.join(folder, "work", "subfolder"))
        for name in ("a.json", "b.json"):
            open(os.path.join(folder, "work", name), "w").close()
        environment = {"PATH": binary + ":/usr/bin:/bin", "HOME": folder, "TERM": "xterm", "LC_ALL": "C.UTF-8"}
        wrong = 0
        for shell in shells:
            lines = [line for line, _ in LINES if line not in NOT_IN.get(shell, ())]
            results = (asked if shell == "fish" else lambda *a: typed_in(shell, *a))(folder, environment, lines)
            expected = dict(LINES)
            for line, (result, shown) in zip(lines, results, strict=True):
                for word in LISTED.get(line, ()):
                    if word not in shown:
                        wrong += 1
                        print(f"FAILED: {shell}: {line!r} does not list {word}: {shown!r}", file=sys.stderr)
                # Whether a blank follows a list is the shell's own matter where it cannot be told.
                matches = result == expected[line] or (shell == "fish" and result.rstrip() == expected[line].rstrip())
                if not matches:
                    wrong += 1
                    print(f"FAILED: {shell}: {line!r} became {result!r}, not {expected[line]!r}", file=sys.stderr)
            print(f"ok: {shell} completes {len(lines)} lines" if not wrong else f"{shell}: see above")
        sys.exit(1 if wrong else 0)
    finally:
        shutil.rmtree(folder)


main()
