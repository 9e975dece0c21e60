# a panel in Python: each command by subprocess, lines by their code, an exception where the status is not 0
exec python3 - <<'END'
import re
import subprocess


def auto(*words, **more):
    return subprocess.run(["ipsec", "auto", *words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **more)


def codes(done):
    return sorted({line[:3] for line in done.stdout.splitlines() if line[:3].isdigit()})


subprocess.check_call(["ipsec", "auto", "--add", "site-1"])
try:
    subprocess.check_output(["ipsec", "auto", "--add", "nosuch"], stderr=subprocess.DEVNULL)
except subprocess.CalledProcessError as error:
    print("nosuch cannot be added:", error.returncode != 0, error.output)
try:
    done = auto("--up", "site-1", timeout=1)
except subprocess.TimeoutExpired:
    print("it takes longer than a second")
status = auto("--status").stdout
fields = re.search(r'^000 "site-1":\s+conn_prio: (\S+); interface: (\S+); metric: (\d+)', status, re.M)
print(fields.groups() if fields else "no such line")
print(re.findall(r'^000 "site-1": +policy: (\S+?);', status, re.M))
print(bool(re.search(r'^000 #\d+: "site-1":500 STATE_V2_PARENT_I1 ', status, re.M)))
for words in (["--route", "site-1"], ["--unroute", "site-1"], ["--down", "site-1"], ["--delete", "site-1"], ["--rereadsecrets"]):
    done = auto(*words)
    print(words, done.returncode, codes(done))
END
