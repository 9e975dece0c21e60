"""The package of Debian on a Debian 13 that runs its systemd: installed, upgraded, removed, purged, nothing left.

    ./dev deb                                              # on Debian 13
    python -m tests.lab.package dist/autod_0.1.0_all.deb

Boots the root `package` of the lab, which has all that the package depends on. The version before is the same package
under a lower number. What docs/ says about units is typed there as well, with curl and varlinkctl. Prints a line for
each thing that was seen; the exit status is 0 if all of them were as they should be.
"""

from __future__ import annotations

import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.helpers.documents import commands
from tests.lab import roots, uml

__all__ = ["main"]

UNITS = ("systemctl", "varlinkctl", "journalctl", "curl")
ENDLESS = "timeout 5 sh {}; test $? = 124"
"""What goes on until it is ended."""

SCRIPT = r"""
bad=0
is() {
	if sh -c "$2" >/tmp/said 2>&1 </dev/null; then echo "ok: $1"; return; fi
	bad=$((bad + 1))
	echo "BAD: $1: $2"
	cat /tmp/said
}
files() { find / -xdev \( -path /proc -o -path /sys -o -path /run -o -path /tmp -o -path /mnt -o -path /srv \
	-o -path /host -o -path /dev -o -path /var/lib/dpkg -o -path /var/log -o -path /var/cache \
	-o -path /var/lib/systemd -o -path /opt -o -path /root \) -prune -o -print | sort; }
soon() { for _ in $(seq 300); do sh -c "$1" >/dev/null 2>&1 </dev/null && return 0; sleep 0.5; done; return 1; }
cat >/etc/ipsec.conf <<END
config setup

conn branch-17
	left=127.0.0.1
	right=127.0.0.2
	authby=secret
	auto=add
END
systemctl start ipsec
files >/tmp/before

is 'the version before installs' 'dpkg -i /mnt/before.deb'
is 'it is enabled' 'systemctl is-enabled autod.service && systemctl is-enabled autod.socket'
soon 'systemctl is-active autod.service'
is 'it is started' 'systemctl is-active autod.service autod.socket'
is 'the page is left to the administrator' '! systemctl is-enabled autod-page.socket'
is 'so are the metrics' '! systemctl is-active autod-metrics.socket'
is 'its groups are there' 'getent group autod autod-view'
soon 'autod --service --status branch-17'
is 'the supervisor answers' 'autod --service --status branch-17 | grep -q branch-17'
is 'ipsec autod is the program' 'test "$(ipsec autod --version)" = "$(autod --version)"'
# As docs/howto/move-scripts.md has it.
page=/srv/autod/docs/howto/move-scripts.md
sed -n '/^cat >.usr.local.sbin.ipsec/,/^chmod/p' $page >/tmp/ipsec-auto
is 'ipsec auto can be had back on 5.2' '. /tmp/ipsec-auto && /usr/local/sbin/ipsec auto --status | grep -q "^000 "'
is 'and the rest of ipsec is as it was' '/usr/local/sbin/ipsec --version | grep -q 5.2'
rm /usr/local/sbin/ipsec
is 'its manual pages are found' 'man -w autod && man -w autod-auto && man -w 5 autod.toml && man -w 3 autod'
is 'bash completes' 'bash -c ". /usr/share/bash-completion/bash_completion; _comp_load autod; complete -p autod"'
completed() { cat >/tmp/complete <<END
. /usr/share/bash-completion/bash_completion
COMP_LINE='$1' COMP_POINT=\${#COMP_LINE} COMP_WORDS=($1)
COMP_CWORD=\$((\${#COMP_WORDS[@]} - 1))
_autod_behind_ipsec ipsec "\${COMP_WORDS[COMP_CWORD]}" x
echo " \${COMPREPLY[*]} "
END
bash /tmp/complete >/tmp/completed; }
completed 'ipsec autod doctor --conf'
is 'also behind ipsec, from the first key on' 'grep " --config " /tmp/completed'
completed 'ipsec whac'
is 'beside what bash-completion knows of ipsec' 'grep " whack" /tmp/completed'
is 'autod doctor finds all in place' 'autod doctor'

pid=$(systemctl show -P MainPID autod)
is 'the next version installs' 'dpkg -i /mnt/autod.deb'
soon 'systemctl is-active autod.service'
is 'it was restarted' "test \"\$(systemctl show -P MainPID autod)\" != $pid && systemctl is-active autod"
is 'it is enabled as before' 'systemctl is-enabled autod.service autod.socket'

DOCUMENTED

is 'it is removed' 'dpkg -r autod'
is 'nothing of it runs' '! pgrep -f "[a]utod supervise" && ! systemctl is-active autod.service'
is 'nothing of it listens' '! systemctl is-active autod.socket && test ! -e /run/autod/autod.sock'
is 'its state is kept' 'test -d /var/lib/autod'
is 'it is purged' 'dpkg -P autod'
is 'its state is gone' 'test ! -e /var/lib/autod'
systemctl daemon-reload
files >/tmp/after
is 'nothing is left' 'diff /tmp/before /tmp/after'
is 'no unit is left' '! systemctl list-unit-files --no-legend "autod*" | grep .'
echo "package: $bad were not as they should be"
exit $bad
"""


def main(arguments: list[str]) -> int:
    """Boot, and say what was seen."""
    if len(arguments) != 1:
        print(__doc__, file=sys.stderr)
        return 2
    roots.build(["forky", "package"])
    lines = dict.fromkeys(command.line for command in commands() if command.words[0] in UNITS)
    typed = {f"documented-{at}": line for at, line in enumerate(lines)}
    documented = "\n".join(
        f"is {shlex.quote(f'documented: {line}')} "
        f"'{(ENDLESS if '.Watch' in line else 'sh {}').format(f'/mnt/{file}')}'"
        for file, line in typed.items()
    )
    script = SCRIPT.replace("DOCUMENTED", documented)
    packages = {"autod.deb": Path(arguments[0]).read_bytes(), "before.deb": _before(Path(arguments[0]))}
    with uml.system(
        "bash -c '. /mnt/script' 2>&1",
        timeout=1400,
        root="package",
        files={
            **packages,
            **{file: line.encode() for file, line in typed.items()},
            "script": script.encode(),
        },
        echo=True,
    ) as boot:
        boot.wait()
    return 1 if boot.status is None else boot.status


def _before(package: Path) -> bytes:
    """The same package with a lower number."""
    with tempfile.TemporaryDirectory() as folder:
        tree, made = Path(folder) / "tree", Path(folder) / "before.deb"
        subprocess.run(["dpkg-deb", "-R", package, tree], check=True)
        control = tree / "DEBIAN" / "control"
        lines = control.read_text().splitlines(keepends=True)
        control.write_text(
            "".join("Version: 0.0.1\n" if line.startswith("Version:") else line for line in lines)
        )
        subprocess.run(
            ["dpkg-deb", "--root-owner-group", "-b", tree, made], check=True, stdout=subprocess.DEVNULL
        )
        return made.read_bytes()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
