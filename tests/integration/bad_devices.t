#!/usr/bin/python3
"""Bad devices: what the field does to a poller, one simdev fault after the other, against `xanh probe` and an agent.

What must hold for every one: probe ends within 10 s; no wrong number is shown, what cannot be had is absent with a
reason, or nothing is read at all and one line says where and why; and a good device beside the bad one is late by no
more than its own period. The table below says what else each device still gives.
"""
import concurrent.futures
import glob
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

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.abspath(os.environ.get("XANH_BUILD", os.path.join(ROOT, "build/release")))
SIMDEV, XANH, AGENT = (os.path.join(BUILD, name) for name in ("simdev", "xanh", "xanh-agent"))
PROFILES = os.path.join(ROOT, "drivers/profiles")
os.environ["XANH_PROFILES"] = PROFILES

# What is still had of a device. SAFE: nothing or something, and nothing wrong.
NOTHING, ALL, SOME, SAFE, NONE_MOVING = "nothing", "all", "some", "safe", "no moving value"
ALL_BUT = "all but %s"  # points whose names begin so, and that may be missing


# Fault (and its number), kinds of devices, what a probe of such a device gives, what an agent goes on getting from it.
STORIES = [
    ("none", "pdu pdu-v1 pdu-v3 crac grid pv", ALL, ALL),
    ("silent", "pdu pdu-v3 grid pv", NOTHING, NOTHING),
    ("garbage", "pdu pdu-v3 grid", NOTHING, NOTHING),
    ("truncated", "pdu pdu-v3 grid", NOTHING, NOTHING),
    ("wrong-id", "pdu pdu-v3 grid", NOTHING, NOTHING),
    ("off", "pdu grid", NOTHING, NOTHING),
    ("slow 100", "pdu grid", ALL, ALL),
    ("slow 3000", "pdu grid", SAFE, SAFE),
    ("late", "pdu pdu-v3 grid", SAFE, SAFE),
    ("loss 3", "pdu grid", SAFE, SAFE),
    ("sentinel", "pdu grid pv", NONE_MOVING, NONE_MOVING),
    ("nan", "pdu grid", NONE_MOVING, NONE_MOVING),
    ("frozen", "pdu grid", ALL, ALL),
    ("reset-energy", "pdu grid", ALL, ALL),
    ("wrap-energy 4", "pdu", ALL, ALL),
    ("reset-energy", "pv", ALL_BUT % "output.energy", ALL_BUT % "output.energy"),  # an accumulator of 0 is none
    ("wrap-energy 4", "pv", ALL_BUT % "output.energy", ALL_BUT % "output.energy"),
    ("text", "pdu crac", ALL, ALL),
    ("not-available", "pdu crac", NONE_MOVING, NONE_MOVING),
    ("unplugged", "pdu", ALL_BUT % "ambient", ALL_BUT % "ambient"),
    ("unplugged", "crac", ALL_BUT % "rack.inlet", ALL_BUT % "rack.inlet"),
    ("loop", "pdu crac", ALL, ALL),
    ("stuck", "pdu", SOME, SAFE),
    ("refusing", "pdu", ALL_BUT % "ambient.humidity", ALL_BUT % "ambient.humidity"),
    ("refusing-blindly", "pdu", ALL_BUT % "ambient.humidity", ALL_BUT % "ambient.humidity"),
    ("too-big", "pdu", ALL, ALL),
    ("no-bulk", "pdu", ALL, ALL),
    ("dribble 1", "grid", ALL, ALL),
    ("dribble 300", "grid", NOTHING, NOTHING),
    ("wrong-unit", "grid", NOTHING, NOTHING),
    ("short", "grid", NOTHING, NOTHING),
    ("long", "grid", NOTHING, NOTHING),
    ("exception-0a", "grid", NOTHING, NOTHING),
    ("exception-0b", "grid", NOTHING, NOTHING),
    ("half-open", "grid", NOTHING, NOTHING),
]

KINDS = {  # of simdev, its URL's query, how a site's file says the same
    "pdu": ("pdu community=c", "community=c", "snmp: {version: 2c, community: {credential: community}}"),
    "pdu-v1": ("pdu community=c", "version=1&community=c", "snmp: {version: 1, community: {credential: community}}"),
    "pdu-v3": ("pdu user=xanh", "version=3&user=xanh&auth=SHA&authpass=authpass12&priv=AES&privpass=privpass12",
               "snmp: {version: 3, user: xanh, auth: {sha: {credential: auth}}, priv: {aes: {credential: priv}}}"),
    "crac": ("inrow-dx community=c", "community=c", "snmp: {version: 2c, community: {credential: community}}"),
    "grid": ("pm5000", "unit=1", ""),
    "pv": ("sunspec", "unit=1", ""),
}
# What points are held at: a part of the name, the first value, and a step of at least a count of the register.
STILL = [("output.powerfactor", 0.8, 0.001), ("powerfactor", 0.5, 0.01), ("power", 0, 10), ("frequency", 50, 0.01),
         ("temperature", 15, 0.5), ("humidity", 30, 1), ("voltage", 200, 1),
         ("current", 0, 0.1), ("", 0, 1)]
ENERGY_STEP_WH = 100  # of the coarsest register; more than runs through a device in this test
PERIOD_MS = 1000
GOOD, ABSENT = 4, 0
tests = failures = 0


def ok(problem, name):
    global tests, failures
    tests += 1
    failures += bool(problem)
    print("%s %d - %s" % ("not ok" if problem else "ok", tests, name), flush=True)
    if problem:
        print("# " + str(problem)[:1500].replace("\n", "\n# "), flush=True)


class Bench:
    """simdev with a bad device for each story and, beside it, a good one of the same kind; their values stand still."""

    def __init__(self):
        self.dir = tempfile.mkdtemp(prefix="xanh-bad.")
        self.names = [(number, kind) for number, story in enumerate(STORIES) for kind in story[1].split()]
        with open(self.dir + "/conf", "w") as out:
            out.write("control %s/ctl\nrecordings %s/tests/simdev/recordings\nsun 12:00\npv peak=1.5kW\n"
                      "user xanh auth=sha authpass=authpass12 priv=aes privpass=privpass12\n" % (self.dir, ROOT))
            for number, kind in self.names:
                for side in ("bad", "good"):
                    out.write("device %s %s at=127.0.0.1:0\n" % (self.name(side, number, kind),
                              KINDS[kind][0]))
        self.log = open(self.dir + "/log", "w+")
        self.process = subprocess.Popen([SIMDEV, self.dir + "/conf"], stderr=self.log)
        wait(lambda: os.path.exists(self.dir + "/ctl"), 10)
        self.ports = {}
        for line in self.ctl("list").splitlines():
            words = line.split()
            self.ports[words[0]] = int(words[2].rsplit(":", 1)[1])
        for name in self.ports:
            self.hold_still(name)

    @staticmethod
    def name(side, number, kind):
        return "%s-%d-%s" % (side, number, kind)

    def ctl(self, *words):
        with socket.socket(socket.AF_UNIX) as line:
            line.connect(self.dir + "/ctl")
            line.sendall(" ".join(words).encode() + b"\n")
            answer = b""
            while piece := line.recv(65536):
                answer += piece
        if answer.startswith(b"error"):
            raise AssertionError("%s: %s" % (words, answer.decode()))
        return answer.decode()

    def hold_still(self, name):
        """Each point a value of its own, so that one read in another's place is seen."""
        for number, line in enumerate(self.ctl("points", name).splitlines()):
            point = line.split()[0]
            if "energy" in point or point.endswith(("status", ".f")):
                continue
            first, step = next(pair for part, *pair in STILL if part in point)
            value = first + step * (number + 1)
            if point + ".f" in self.ctl("points", name):
                self.ctl("set", name, point + ".f", "%.1f" % (value * 1.8 + 32))
            self.ctl("set", name, point, "%.6g" % value)

    def moving(self, kind):
        """{place: value} of the points of such a device."""
        name = next(self.name("good", number, k) for number, k in self.names if k == kind)
        return {words[2]: float(words[1]) for words in map(str.split, self.ctl("points", name).splitlines())}

    def url(self, name, kind):
        scheme = "modbus" if kind in ("grid", "pv") else "snmp"
        return "%s://127.0.0.1:%d" % (scheme, self.ports[name])

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(10)
        self.log.close()
        shutil.rmtree(self.dir)


def wait(what, seconds):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if what():
            return True
        time.sleep(0.1)
    return False


def probe(bench, name, kind):
    """Exit code, the document (None if there is none), standard error, seconds."""
    begin = time.monotonic()
    run = subprocess.run([XANH, "probe", bench.url(name, kind) + "?" + KINDS[kind][1], "-o", "json"],
                         capture_output=True, text=True, timeout=30)
    return run.returncode, json.loads(run.stdout) if run.stdout else None, run.stderr, time.monotonic() - begin


# ---- what is right ----

class Truth:
    """What a device of this kind shows: readings of a healthy one, checked against simdev's own values by place."""

    def __init__(self, bench, kind):
        name = next(bench.name("good", number, k) for number, k in bench.names if k == kind)
        code, seen, text, _ = probe(bench, name, kind)
        moving = bench.moving(kind)
        self.wrong = [text] if code else []
        self.profile = seen["profile"] if seen else ""
        self.values, self.moving = {}, set()
        for row in seen["points"] if seen else []:
            place = row["source"].split(":")[-1]
            if row["value"] is not None:
                self.values[row["name"]] = row["value"]
            if place not in moving:
                continue
            self.moving.add(row["name"])
            scale = {"airflow.l_s": 3.6}.get(row["name"], 1)
            if row["class"] != "airflow" and not self.near(row["name"], row["value"], moving[place] * scale):
                self.wrong.append("%s, which is %s" % (row, moving[place]))
        if len(self.moving) < 12:
            self.wrong.append("only %d points of simdev are read" % len(self.moving))

    @staticmethod
    def near(name, value, wanted):
        if value is None:
            return False
        step = ENERGY_STEP_WH if "energy" in name else 0.06 if "temperature" in name else max(abs(wanted), 1) * 1e-5
        return abs(value - wanted) <= step

    def right(self, name, value, fault):
        """Whether this number may be shown under this name."""
        if name not in self.values:
            return False
        if "energy" in name and fault.startswith(("reset", "wrap")):
            # A register that was set to 0, or that is at its end or begins again.
            return value <= ENERGY_STEP_WH or self.near(name, value, self.values[name]) or any(
                0 <= end * unit - value <= 3 * unit for end, unit in ((2**31, 100), (2**32, 1)))
        return self.near(name, value, self.values[name])

    def judge(self, had, shown, fault):
        """`shown`: {point: value, None when absent}; the first thing that is not as `had` says, or None."""
        for name, value in shown.items():
            if value is not None and not self.right(name, value, fault):
                return "wrong: %s is %r, not %r" % (name, value, self.values.get(name))
        there = {name for name, value in shown.items() if value is not None}
        missing = sorted(set(self.values) - there)
        if had == NOTHING and there:
            return "read all the same: %s" % sorted(there)
        if had.startswith("all"):
            missing = [name for name in missing if had == ALL or not name.startswith(had.split()[-1])]
            return "missing: %s" % missing if missing else None
        if had == SOME and len(there) < 3:
            return "only there: %s" % sorted(there)
        if had == NONE_MOVING and there & self.moving:
            return "there: %s" % sorted(there & self.moving)
        return None


# ---- probe ----

def tell_probe(bench, truth, number, kind):
    """Why this probe was wrong, or None."""
    fault, _, had, _ = STORIES[number]
    name = bench.name("bad", number, kind)
    bench.ctl("fault", name, *fault.split())
    code, seen, text, seconds = probe(bench, name, kind)
    bench.ctl("clear", name)
    if seconds > 10:
        return "took %.1f s" % seconds
    if code == 69:
        place = "127.0.0.1:%d" % bench.ports[name]
        if seen is not None or text.count("\n") != 1 or place not in text or not text.strip().isprintable():
            return "exit 69, but not one line with the place: %r %r" % (seen, text)
        return None if had in (NOTHING, SAFE) else "exit 69: " + text
    if code != 0:
        return "exit %d: %s" % (code, text)
    for row in seen["points"]:
        if row["value"] is None and not row.get("why"):
            return "absent without a reason: %s" % row
    if had == NOTHING:
        return "exit 0: %s" % str(seen)[:300]
    return truth[kind].judge(had, {row["name"]: row["value"] for row in seen["points"]}, fault)


# ---- agent ----

class Agent:
    """xanh-agent with devices {name: kind}; what it measures is read from its spool, nobody takes it."""

    def __init__(self, bench, work, devices, truth, period="1 s"):
        self.dir = tempfile.mkdtemp(dir=work)
        self.devices = devices
        with open(self.dir + "/site.yaml", "w") as out:
            out.write("version: 1\nsite: {name: test, timezone: Asia/Ho_Chi_Minh}\nracks:\n  r1: {room: hall}\n"
                      "defaults: {poll: %s}\ndevices:\n" % period)
            for name, kind in devices.items():
                query = "?unit=1" if KINDS[kind][2] == "" else ""
                more = ", " + KINDS[kind][2] if KINDS[kind][2] else ""
                out.write('  %s: {profile: %s, agent: r1, address: "%s%s"%s}\n'
                          % (name, truth[kind].profile, bench.url(name, kind), query, more))
        self.log = open(self.dir + "/log", "w+")
        self.child = subprocess.Popen(
            [AGENT, "--config", "site.yaml", "--name", "r1", "--server", "https://127.0.0.1:1", "--spool", "spool",
             "--ca", work + "/pki/ca.crt", "--cert", work + "/pki/agent-r1.crt", "--key", work + "/pki/agent-r1.key",
             "--credentials", work + "/credentials", "--profiles", PROFILES], cwd=self.dir, stderr=self.log)

    def rows(self):
        """(instant, device, point, quality, value in thousandths) of all frames so far."""
        slots = {}
        for path in glob.glob(self.dir + "/spool/hello-*.json"):
            with open(path) as text:
                hello = json.load(text)
            slots[hello["schema"]] = hello["points"]
        for path in sorted(glob.glob(self.dir + "/spool/*")):
            with open(path, "rb") as file:
                data = file.read()
            while data[:4] == b"XNF1" and len(data) >= struct.unpack(">I", data[4:8])[0]:
                frame, data = data[:struct.unpack(">I", data[4:8])[0]], data[struct.unpack(">I", data[4:8])[0]:]
                schema, at, count = struct.unpack(">IqH", frame[24:38])
                ids = struct.unpack(">%dH" % count, frame[38:38 + 2 * count])
                values = struct.unpack(">%dq" % count, frame[38 + 3 * count:38 + 11 * count])
                for i in range(count):
                    point = slots[schema][ids[i]]
                    yield at, point["device"], point["point"], frame[38 + 2 * count + i], values[i]

    def devices_read(self, since_ms=0):
        return {device for at, device, _, quality, _ in self.rows() if quality == GOOD and at > since_ms}

    def said(self):
        self.log.seek(0)
        return self.log.read()[-600:]

    def end(self):
        self.child.send_signal(signal.SIGTERM)
        self.child.wait(20)
        self.log.close()
        shutil.rmtree(self.dir)


def now_ms():
    return int(time.time() * 1000)


def longest_gap(rows, device, begin_ms, end_ms):
    """Without a good reading of the device, in the time."""
    times = sorted({at for at, name, _, quality, _ in rows if name == device and quality == GOOD})
    times = [at for at in times if begin_ms - PERIOD_MS <= at <= end_ms] + [end_ms]
    return max((b - a for a, b in zip(times, times[1:])), default=end_ms - begin_ms)


def judge_bad(truth, had, rows, device, fault, begin_ms, end_ms):
    # Sums that a profile makes of other points are known from before the fault.
    sums = {point: value / 1000 for at, name, point, quality, value in rows
            if name == device and at < begin_ms - PERIOD_MS and quality == GOOD and point not in truth.values}
    last = {}
    for at, name, point, quality, value in rows:
        if name != device or at < begin_ms or at > end_ms:
            continue
        if quality == GOOD and not (truth.near(point, value / 1000, sums[point]) if point in sums
                                    else truth.right(point, value / 1000, fault)):
            return "wrong: %s is %r, not %r" % (point, value / 1000, truth.values.get(point, sums.get(point)))
        if point not in sums:
            last[point] = value / 1000 if quality == GOOD and at > end_ms - 3 * PERIOD_MS else None
    if had == NOTHING:
        return None if not any(value is not None for value in last.values()) else "still good: %s" % last
    return truth.judge(had, last, fault)


def tell_agent(bench, work, truth, number, kind):
    """Why (the bad device's readings, the good one's time) were wrong; (None, None) if they were right."""
    fault, _, _, had = STORIES[number]
    bad, good = bench.name("bad", number, kind), bench.name("good", number, kind)
    agent = Agent(bench, work, {bad: kind, good: kind}, truth)
    try:
        if not wait(lambda: agent.devices_read() >= {bad, good}, 15):
            return "not read while it was well: " + agent.said(), "not measured"
        time.sleep(2)
        bench.ctl("fault", bad, *fault.split())
        begin_ms = now_ms()
        time.sleep(8)
        end_ms = now_ms()
        rows = list(agent.rows())  # as they are before a reading under way ends well
        bench.ctl("clear", bad)
        gap = longest_gap(rows, good, begin_ms, end_ms)
        # A first answer may have been on its way when the fault began.
        why = judge_bad(truth[kind], had, rows, bad, fault, begin_ms + PERIOD_MS, end_ms)
        if why is None and not wait(lambda: bad in agent.devices_read(end_ms), 25):
            why = "not read again after it is well: " + agent.said()
        return why, "%d ms without the good one" % gap if gap > 2 * PERIOD_MS + 300 else None
    finally:
        agent.end()


def tell_all(bench, work, truth):
    """Every bad device of the table and two good ones behind one agent."""
    devices = {bench.name("bad", number, kind): kind for number, kind in bench.names if STORIES[number][0] != "none"}
    goods = {bench.name("good", 0, "pdu"): "pdu", bench.name("good", 0, "grid"): "grid"}
    agent = Agent(bench, work, {**devices, **goods}, truth)
    try:
        if not wait(lambda: agent.devices_read() >= set(devices) | set(goods), 60):
            return "not read while they were well: %s" % sorted(set(devices) - agent.devices_read())
        for number, kind in bench.names:
            bench.ctl("fault", bench.name("bad", number, kind), *STORIES[number][0].split())
        begin_ms = now_ms()
        time.sleep(15)
        end_ms = now_ms()
        rows = list(agent.rows())
        gaps = {good: longest_gap(rows, good, begin_ms, end_ms) for good in goods}
        return None if max(gaps.values()) <= 2 * PERIOD_MS + 300 else "without a reading: %s ms" % gaps
    finally:
        agent.end()


def prepare(work):
    for words in (["ca", "init", "--dir", work + "/pki", "--site", "test"],
                  ["agent", "enrol", "r1", "--dir", work + "/pki"]):
        subprocess.run([XANH] + words, check=True, stderr=subprocess.DEVNULL)
    os.mkdir(work + "/credentials", 0o700)
    for name, value in (("community", "c"), ("auth", "authpass12"), ("priv", "privpass12")):
        with open(work + "/credentials/" + name, "w") as out:
            out.write(value)
        os.chmod(work + "/credentials/" + name, 0o600)


def main():
    if not all(os.access(program, os.X_OK) for program in (SIMDEV, XANH, AGENT)):
        print("1..0 # SKIP simdev, xanh and xanh-agent are not built")
        return
    only = re.compile(os.environ.get("ONLY", ""))
    bench = Bench()
    work = tempfile.mkdtemp(prefix="xanh-bad-agents.")
    try:
        prepare(work)
        truth = {kind: Truth(bench, kind) for kind in KINDS}
        for kind in KINDS:
            ok("\n".join(truth[kind].wrong), "%s, well: read as simdev shows it (%s)" % (kind, truth[kind].profile))
        if failures:
            print("Bail out! what is read of good devices is wrong already")
            sys.exit(1)
        told = [(n, kind) for n, kind in bench.names if only.search("%s %s" % (STORIES[n][0], kind))]
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            for (n, kind), why in zip(told, pool.map(lambda each: tell_probe(bench, truth, *each), told)):
                ok(why, "probe, %s %s: %s" % (kind, STORIES[n][0], STORIES[n][2]))
        with concurrent.futures.ThreadPoolExecutor(12) as pool:
            for (n, kind), (why, late) in zip(
                    told, pool.map(lambda each: tell_agent(bench, work, truth, *each), told)):
                ok(why, "agent, %s %s: %s" % (kind, STORIES[n][0], STORIES[n][3]))
                ok(late, "agent, a good device beside %s %s is read in time" % (kind, STORIES[n][0]))
        if only.search("all at once"):
            ok(tell_all(bench, work, truth), "agent, all bad devices at once: good ones are read in time")
    finally:
        bench.end()
        shutil.rmtree(work, ignore_errors=True)
    print("1..%d" % tests)
    sys.exit(1 if failures else 0)


main()
