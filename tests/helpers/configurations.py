"""Hypothesis strategies for configurations: several sections, several keywords, their values by kind, and faults.

Drawn from the keyword tables of a release. Names that a resolver would be asked for are not drawn: they would make
the real addconn wait for name servers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import strategies as st

from autod.protocol.connection.keywords import table

if TYPE_CHECKING:
    from hypothesis.strategies import DrawFn, SearchStrategy

    from autod.protocol.connection.keywords import Key

HOSTS = [
    "192.1.2.45",
    "192.1.2.23",
    "%any",
    "%defaultroute",
    "%eth1",
    "%any6",
    "%oppogroup",
    "%group",
    "10.0.0.1",
    "2001:db8:1:2::45",
    "2001:db8:1:2::23",
    "1.2.3",
    "0x7f000001",
    "%opportunistic",
    "01.02.03.04",
]
SUBNETS = [
    "10.0.1.0/24",
    "10.0.2.0/255.255.255.0",
    "10.1/16",
    "2001:db8:1::/48",
    "10.0.1.77/24",
    "0.0.0.0/0",
    "10.0.1.0",
    "10.0.0.0/33",
    "10.0.0.0/255.0.255.0",
    "vhost:%priv",
    "2001:db8::1/64",
]
BY_SLOT = {
    "": HOSTS,
    "subnet": SUBNETS,
    "subnets": [*SUBNETS, "10.0.3.0/24,10.0.4.0/24", "10.0.5.0/24 10.0.6.0/24", ""],
    "sourceip": ["10.0.1.1", "2001:db8:1::1", "0x0a000001"],
    "nexthop": ["192.1.2.254", "%defaultroute", "2001:db8:1:2::254", "10.9.8.7"],
    "vti": ["10.0.0.1/24", "2001:db8::7/64", "0.0.0.0/0", "10.0.0.1", "x/1"],
    "interface-ip": ["10.0.0.1/24", "10.0.0.1"],
    "addresspool": [
        "10.0.9.1-10.0.9.9",
        "10.0.9.0/28",
        "2001:db8:9::/120",
        "10.0.9.9-10.0.9.1",
        "10.0.9.1",
        "2001:db8:9::1-2001:db8:9::9",
    ],
    "protoport": [
        "17/1701",
        "udp/%any",
        "tcp",
        "6/http",
        "%any",
        "0/0",
        "256/1",
        "udp/",
        "esp",
        "ospf",
        "17/x",
    ],
    "id": [
        "@west",
        '@"quoted"',
        "C=US,, O=x",
        "%fromcert",
        "192.1.2.45",
        "west.example",
        "@[key]",
        "CN=a, O=b",
    ],
    "rsasigkey": ["%cert", "0sAwEAAbbbbbbbbbbbbbbb", "0x0103abcd", "%dnsondemand", "0sAw", "garbage", "0x01"],
    "ecdsakey": ["0sMFkwEwYHKoZI", "%cert", "0x00"],
    "pubkey": ["MFkwEwYHKoZI", "%cert", "MFk=", "MF"],
    "authby": [
        "secret",
        "rsasig",
        "never",
        "null",
        "rsa-sha2_512,ecdsa",
        "ecdsa-sha1",
        "rsa rsasig",
        "secret,",
        "x",
    ],
    "also": ["base", "other", "p", "nowhere", "base other", "base,other"],
    "connalias": ["alias", "one two", "alias"],
    "ckaid": ["0123abcd", "zz", "01_02"],
    "ike": ["aes256-sha2_256;modp2048", "aes_gcm256", "1"],
    "reqid": ["1", "16383", "16384", "0", "x"],
    "ipsec-interface": ["yes", "no", "0", "7", "x"],
    "auto": ["add", "start", "up", "route", "ondemand", "keep", "ignore", "add", "add"],
    "hostaddrfamily": ["ipv4", "ipv6", "inet6"],
    "plutodebug": ["all", "none", "base", "all,no-crypt", "x"],
}
WORDS = [
    "foo",
    "10",
    "yes",
    "a b",
    "x=y",
    "%forever",
    "{a}",
    "#c",
    "",
    "0",
    "1.5h",
    "ü",
    "a\\b",
    "5%",
    "2Ki",
    "300",
]
TIMES = ["10", "1h", "500ms", "2d", "1.5s", "10x", "1w", "7200", "0", "%forever", "3us", "60m"]
NUMBERS = ["0", "1", "65535", "4294967295", "4294967296", "18446744073709551616", "abc", "12x", "-1", "1400"]
SCALED = ["1", "1Ki", "2MiB", "1.5Ki", "10KB", "9223372036854775808", "x", "3GiB", "7Ei"]


def _values(key: Key) -> SearchStrategy[str]:
    keyword = key.keyword
    if keyword.slot in BY_SLOT:
        return st.sampled_from(BY_SLOT[keyword.slot])
    kinds = {
        "bool": ["yes", "no", "on", "off", "true", "false", "y", "n", "YES", "1", "maybe"],
        "number": NUMBERS,
        "time": TIMES,
        "milliseconds": TIMES,
        "percent": ["50%", "100%", "0%", "x%", "50", "5000000000%", "+7%"],
        "bytes": SCALED,
        "binary": SCALED,
    }
    if keyword.kind in kinds:
        return st.sampled_from(kinds[keyword.kind])
    if keyword.values:
        words = list(keyword.values)
        return st.sampled_from([*words, *words, *words, words[0].upper(), "nonsense"])
    return st.sampled_from(WORDS)


@st.composite
def _line(draw: DrawFn, keys: list[tuple[str, Key]]) -> str:
    word, key = draw(st.sampled_from(keys))
    value = draw(_values(key))
    if draw(st.integers(0, 9)) == 0:
        word = word.upper()
    if value == "" or " " in value or draw(st.integers(0, 7)) == 0:
        value = draw(st.sampled_from(['"{}"', "{{{}}}"])).format(value)
    equal = draw(st.sampled_from(["=", "=", "=", " = ", "\t="]))
    end = draw(st.sampled_from(["", "", "", "", " # why", "  ", "#x"]))
    indent = draw(st.sampled_from(["\t", "\t", "    ", " \t"]))
    return f"{indent}{word}{equal}{value}{end}\n"


_NOISE = [
    "\n",
    "# a comment\n",
    "   \n",
    "\t# another\n",
    "\tx-note=anything at all\n",
    "\tbogus=1\n",
    "junk\n",
]


@st.composite
def configurations(draw: DrawFn, rules: str) -> str:
    """A file with a connection `p`, and perhaps `conn %default`, `base`, `other` and `config setup`."""
    found = table(rules)
    conn = [(word, key) for word, key in found.conn.items() if key.keyword.conn]
    setup = [(word, key) for word, key in found.setup.items() if key.keyword.setup]
    common = [(word, key) for word, key in conn if key.keyword.slot in BY_SLOT]
    line = st.one_of(_line(common), _line(conn))
    parts = []
    if draw(st.booleans()):
        parts.append("config setup\n" + "".join(draw(st.lists(_line(setup), max_size=2))))
    if draw(st.integers(0, 2)) == 0:
        parts.append("conn %default\n" + "".join(draw(st.lists(line, max_size=3))))
    others = draw(st.lists(st.sampled_from(["base", "other"]), max_size=2))
    parts += [f"conn {name}\n" + "".join(draw(st.lists(line, max_size=4))) for name in others]
    ends = [f"\tleft={draw(st.sampled_from(HOSTS))}\n", f"\tright={draw(st.sampled_from(HOSTS))}\n"]
    body = draw(st.lists(line, max_size=6))
    if draw(st.integers(0, 14)) == 0:
        body.append(draw(st.sampled_from(_NOISE)))
    parts.append("conn p\n" + "".join(draw(st.permutations([*ends, *body]))))
    return "\n".join(draw(st.permutations(parts)))
