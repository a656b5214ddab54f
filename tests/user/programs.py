# SPDX-License-Identifier: MIT
"""programs.py - real programs with fixed work and known answers, for tests and the benchmark.

A job is a command line of a program in a tree of user-programs.sh. What it must print is
computed here by the host (hashlib, sqlite3, lzma, re), or is None: then emulators are compared
with each other. Inputs are made anew, the same each time.
"""
import hashlib
import json
import os
import random
import re
import shutil
import sqlite3
import subprocess

SEED = 20240229
LIBTOOL = "/usr/share/libtool"  # has a configure script, which wants a folder of tools beside it


class Job:
    """argv[0] is a path in the tree; expect is all of the output, check looks at it. starts: it
    starts other programs of the tree."""

    def __init__(self, name, argv, expect=None, stdin="", check=None, starts=False):
        self.name, self.argv, self.check, self.starts = name, argv, check, starts
        self.expect = expect.encode() if isinstance(expect, str) else expect
        self.stdin = stdin.encode() if isinstance(stdin, str) else stdin

    def wrong(self, out):
        """None, or what is wrong with the output `out`."""
        if self.expect is not None and out != self.expect:
            return f"printed {out[-300:]!r}, not {self.expect[-300:]!r}"
        if self.check and not self.check(out):
            return f"its output of {len(out)} bytes is not what it ought to be"
        return None


def words(n, rng):
    syllables = "ka to mi re su na lo be di ga fe po".split()
    vocabulary = ["".join(rng.choices(syllables, k=rng.randint(1, 4))) for _ in range(3000)]
    return [" ".join(rng.choices(vocabulary, k=10)) for _ in range(n)]


def c_source(lines):
    """About that many lines: loops, switches, floats and calls for each pass of a compiler."""
    out = ["typedef unsigned long u64; typedef unsigned u32;"]
    i = 0
    while len(out) < lines:
        out += f"""
static u64 mix{i}(u64 a, u64 b) {{
    for (u32 i = 0; i < {i % 61 + 3}; i++)
        a = (a << {i % 13 + 1} ^ b >> {i % 7 + 1}) * {2 * i + 1}u + i;
    return a % {i % 97 + 3} ? a : b;
}}
double step{i}(double x, const double *v, u32 n) {{
    for (u32 i = 0; i < n; i++)
        x += v[i] * {i % 17}.25 - x / ({i % 5} + 2.5);
    return x;
}}
u64 pick{i}(u64 k, u64 *t) {{
    switch (k & 7) {{
    case 0: return mix{i}(k, t[0]);
    case 3: return t[k & 15] + {i};
    case 5: t[k & 3] ^= k * {i + 3}; return t[1];
    default: return {f'pick{i - 1}(k >> 1, t)' if i else 'k'};
    }}
}}""".split("\n")
        i += 1
    return "\n".join(out) + "\n"


def sql_script(rows):
    return f"""
create table t(id integer primary key, k integer, v text, w real);
with recursive n(i) as (values(1) union all select i + 1 from n where i < {rows})
  insert into t select i, (i * 7919) % 10007, 'row' || (i * 31 % 1009), i * 0.5 from n;
create index by_k on t(k);
select count(*), sum(k), sum(length(v)), sum(w) from t;
select k % 10, count(*), max(v) from t group by k % 10 order by 1;
update t set v = upper(v) || k where k between 100 and 2000;
delete from t where id % 7 = 0;
select count(*), sum(length(v)), max(v), min(v) from t where k < 5000;
select a.v, count(*) from t a join t b on a.k = b.k and a.id < b.id
  group by a.v order by 2 desc, 1 limit 5;
"""


def sql_answer(script):
    db = sqlite3.connect(":memory:")
    out = []
    for statement in script.split(";\n"):
        for row in db.execute(statement):
            out.append("|".join(str(x) for x in row))
    return "\n".join(out) + "\n"


PYTHON = """
import hashlib, json, re, sys, zlib, decimal, collections
text = open(sys.argv[1]).read()
n = collections.Counter(re.findall(r'[a-z]+', text))
data = json.loads(json.dumps(n.most_common(40)))
print(hashlib.sha256(json.dumps(data).encode()).hexdigest())
print(zlib.crc32(text.encode()), len(zlib.compress(text.encode())) > 0)
decimal.getcontext().prec = 60
print(decimal.Decimal(2).sqrt(), 7 ** 300 % 10 ** 40)
print(sum(i * i % 7 for i in range(int(sys.argv[2]))))
print(sorted(range(300), key=lambda x: x * 37 % 101)[:9])
print(round(sum(1 / (k * k) for k in range(1, 2000)), 12))
"""

PERL = r"""
use Digest::MD5 'md5_hex'; my %n; my $t = '';
while (<>) { $n{$_}++ for /\b(\w+)\b/g; s/(\w)(\w*)/\U$1\E$2/g; $t .= $_ if $. % 50 == 0; }
my @top = (sort { $n{$b} <=> $n{$a} || $a cmp $b } keys %n)[0..9];
print join(' ', map { "$_=$n{$_}" } @top), "\n", md5_hex($t), "\n";
"""

NODE = """
const c = require('crypto'), t = require('fs').readFileSync(process.argv[1], 'utf8');
const n = new Map();
for (const m of t.matchAll(/[a-z]+/g)) n.set(m[0], (n.get(m[0]) || 0) + 1);
const top = [...n].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1)).slice(0, 10);
console.log(top.map(x => x.join('=')).join(' '));
console.log(c.createHash('sha256').update(t).digest('hex'));
let s = 0; for (let i = 0; i < 3e6; i++) s = (s * 31 + i) % 1000003;
console.log(s, (2n ** 200n % 1000000007n).toString());
"""


def top_words(text, pattern):
    n = {}
    for w in re.findall(pattern, text):
        n[w] = n.get(w, 0) + 1
    return " ".join(f"{w}={c}" for w, c in sorted(n.items(), key=lambda x: (-x[1], x[0]))[:10])


def perl_answer(lines):
    tenth = "".join(re.sub(r"(\w)(\w*)", lambda m: m[1].upper() + m[2], x) + "\n"
                    for x in lines[49::50])
    return (top_words("\n".join(lines), r"\w+") + "\n" +
            hashlib.md5(tenth.encode()).hexdigest() + "\n")


def node_answer(text):
    s = 0
    for i in range(3000000):
        s = (s * 31 + i) % 1000003
    return "\n".join([top_words(text, "[a-z]+"), hashlib.sha256(text.encode()).hexdigest(),
                      f"{s} {2 ** 200 % 1000000007}", ""])


def run_host(argv, stdin=None):
    """What the host's own program prints."""
    return subprocess.run(argv, input=stdin, stdout=subprocess.PIPE, check=True).stdout


def unpacks(tool, text):
    return lambda out: run_host([tool, "-dc"], out) == text.encode()


# $0: sed, $1: how many turns
LOOP = """
s=0; for ((i = 0; i < $1; i++)); do (( s = (s * 31 + i) % 65537 )); done; echo $s
for i in {1..10}; do echo $i | $0 s/1/x/; done
"""


def loop_answer(turns):
    s = 0
    for i in range(turns):
        s = (s * 31 + i) % 65537
    return "\n".join([str(s), *(str(i).replace("1", "x", 1) for i in range(1, 11)), ""])


# $0: the script, $1: where it builds, $2: the folder of the commands, $3: what another run left in
# config.cache, if anything
CONFIGURE = """
PATH=$2 LC_ALL=C CONFIG_SHELL=$2/sh; export PATH LC_ALL CONFIG_SHELL
rm -rf "$1" && mkdir "$1" && cd "$1" && { [ ! -f "$3" ] || cp "$3" config.cache; } &&
set -- -C && . "$0" && cat config.h
"""


def configure(tree, work):
    """A configure script of autoconf's in the tree's bash. The commands it calls are the tree's,
    where that has them. The host's compiler would be most of the time: what it said to the host's
    bash is in a cache."""
    place = {k: os.path.join(work, k) for k in ("source", "built", "tools", "cache")}
    shutil.copytree(LIBTOOL, place["source"])
    os.symlink(os.path.join(LIBTOOL, "build-aux"), os.path.join(work, "build-aux"))
    argv = ["/bin/bash", "-c", CONFIGURE, os.path.join(place["source"], "configure"),
            place["built"], place["tools"], place["cache"]]
    os.symlink("/usr/bin", place["tools"])
    run_host(argv)
    shutil.copy(os.path.join(place["built"], "config.cache"), place["cache"])
    expect = run_host(argv)
    os.unlink(place["tools"])
    os.mkdir(place["tools"])
    for name in os.listdir("/usr/bin"):
        its = os.path.join(tree, "usr/bin", {"awk": "mawk"}.get(name, name))
        os.symlink(its if os.path.isfile(its) else f"/usr/bin/{name}",
                   os.path.join(place["tools"], name))
    return Job("configure", argv, expect, starts=True)


def make(tree, work, long=False):
    """The jobs, with their inputs in folder `work`."""
    rng = random.Random(SEED)
    scale = 10 if long else 1
    lines = words(6000 * scale, rng)
    text = "\n".join(lines) + "\n"
    name = {k: os.path.join(work, k) for k in ("text", "in.c", "in.json", "sql", "noise")}
    for key, data in (("text", text), ("in.c", c_source(1000 * scale))):
        with open(name[key], "w", encoding="ascii") as f:
            f.write(data)
    noise = rng.randbytes(300000) + text.encode()
    with open(name["noise"], "wb") as f:
        f.write(noise)
    tree_data = [{"id": i, "name": x, "tags": x.split()[:3]}
                 for i, x in enumerate(lines[:800 * scale])]
    with open(name["in.json"], "w", encoding="ascii") as f:
        json.dump(tree_data, f)
    sql = sql_script(10000 * scale)
    cc1 = [os.path.join(d, "cc1") for d, _, files in os.walk(f"{tree}/usr/libexec/gcc")
           if "cc1" in files][0]
    py = ["/usr/bin/python3", "-c", PYTHON, name["text"], str(200000 * scale)]
    key, iv = "00112233445566778899aabbccddeeff", "0f0e0d0c0b0a09080706050403020100"
    digest = hashlib.sha256(noise).hexdigest()
    found = [f"{i + 1}:{x}" for i, x in enumerate(lines) if re.search(r"kato.*(mi|re)su\b", x)]
    jobs = [
        Job("python-start", ["/usr/bin/python3", "-c", "print('started')"], "started\n"),
        Job("python", py, run_host(["python3", *py[1:]])),
        Job("openssl-sha256", ["/usr/bin/openssl", "dgst", "-r", "-sha256", name["noise"]],
            f"{digest} *{name['noise']}\n"),
        Job("openssl-aes", ["/usr/bin/openssl", "enc", "-aes-128-ctr", "-K", key, "-iv", iv, "-in",
                            name["noise"]]),
        Job("openssl-fips197", ["/usr/bin/openssl", "enc", "-aes-128-ecb", "-nopad", "-K",
                                bytes(range(16)).hex()],
            bytes.fromhex("69c4e0d86a7b0430d8cdb78070b4c55a"),
            stdin=bytes.fromhex("00112233445566778899aabbccddeeff")),
        Job("sqlite3", ["/usr/bin/sqlite3", ":memory:"], sql_answer(sql), stdin=sql),
        Job("xz", ["/usr/bin/xz", "-4", "-c", name["text"]], check=unpacks("xz", text)),
        Job("zstd", ["/usr/bin/zstd", "-q", "-9", "--single-thread", "-c", name["text"]],
            check=unpacks("zstd", text)),
        Job("perl", ["/usr/bin/perl", "-w", "-e", PERL, name["text"]], perl_answer(lines)),
        Job("cc1", [cc1[len(tree):], "-quiet", "-O2", name["in.c"], "-o", "-"]),
        Job("bash-loop", ["/bin/bash", "-c", LOOP, tree + "/usr/bin/sed", str(20000 * scale)],
            loop_answer(20000 * scale), starts=True),
        Job("gron-go", ["/usr/bin/gron", name["in.json"]],
            check=lambda out: out.count(b"\n") == 1 + 7 * len(tree_data)),
        Job("ripgrep-rust", ["/usr/bin/rg", "-n", "-j1", r"kato.*(mi|re)su\b", name["text"]],
            "".join(x + "\n" for x in found)),
        Job("node", ["/usr/bin/node", "-e", NODE, name["text"]], node_answer(text)),
    ]
    return jobs

