#!/usr/bin/python3
"""Every recorded device of ../shared/devices/snmp, read as a file and over the wire from snmpsim.

A reading counts as equal within 0.1 % or 0.01. What differs from a trusted row must not be shown as good; what
the recordings mark as a mistake of the vendor or of the software that wrote them down must not come out at all."""
import collections
import concurrent.futures
import csv
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

here = pathlib.Path(__file__).resolve().parents[2]
xanh = os.path.join(os.environ.get("XANH_BUILD", here / "build/release"), "xanh")
shared = pathlib.Path(os.environ.get("XANH_SHARED", here / "../shared")) / "devices/snmp"
os.environ["XANH_PROFILES"] = str(here / "drivers/profiles")

count = failed = 0

# Their class, and what one of their units is in ours. Counts and percentages have no class.
CLASSES = {"power": 1, "power_consumed": 1000, "current": 1, "voltage": 1, "frequency": 1, "temperature": 1,
           "humidity": 1, "charge": 1, "load": 1, "cooling": 1, "runtime": 60, "power_factor": 1, "waterflow": 1,
           "fanspeed": 1, "pressure": 1000, "delay": 1, "airflow": 1.699010796}

# What the trusted rows call by a class it is not, or cannot be told from the row: left out on purpose.
NO_CLASS = {
    "runtime": lambda row: row["user_func"] == "dateToRuntime",           # the date of a battery's replacement
    "current": lambda row: "(ah)" in row["description"].lower(),
    "power_consumed": lambda row: "kVAh" in row["description"],
    "pressure": lambda row: "dewpoint" in row["description"].lower(),      # a temperature
}


def ok(good, name, why=""):
    global count, failed
    count += 1
    print(f"{'ok' if good else 'not ok'} {count} - {name}", flush=True)
    if not good:
        failed += 1
        print("#", str(why).replace("\n", "\n# "), flush=True)


def probe(url):
    run = subprocess.run([xanh, "probe", url, "-o", "json"], capture_output=True, text=True, timeout=30)
    return json.loads(run.stdout) if run.returncode == 0 else {"points": [], "profile": "", "fault": run.stderr}


def wanted(row):
    return float(row["value"]) * CLASSES[row["class"]]


def equals(row, point):
    value = point["value"]
    return value is not None and abs(value - wanted(row)) <= max(0.0101, abs(wanted(row)) * 0.001)


def judge(rows, seen):
    """Of one device: values equal, of how many, good but different, states, of how many, traps shown."""
    sources = collections.defaultdict(list)
    for point in seen["points"]:
        sources[point["source"]].append(point)
    tally = collections.Counter()
    words = []
    for row in rows:
        points = sources[row["oid"]]
        if row["class"] == "state" and row["trust"] == "ok":
            number = re.fullmatch(r"-?\d+", row["raw"])
            tally["states"] += 1
            tally["states right"] += any(
                point["class"] == "state" and point.get("text") and (not number or point["value"] == int(row["raw"]))
                for point in points)
        elif row["class"] not in CLASSES:
            continue
        elif row["trust"] == "ok":
            tally["values"] += 1
            if any(equals(row, point) for point in points):
                tally["values equal"] += 1
            elif NO_CLASS.get(row["class"], lambda row: False)(row):
                tally["no class"] += 1
            else:
                words.append(f"{row['device']} {row['class']} {row['description']}: {row['value']} {row['unit']}, "
                             f"here {[(point['name'], point['value'], point['quality']) for point in points]}")
                tally["wrong"] += any(point["quality"] == "good" and point["class"] != "state" for point in points)
        elif not row["trust"].startswith(("differs", "oid-not")) and any(
                point["quality"] == "good" and equals(row, point) and wanted(row) != 0 for point in points):
            tally["traps"] += 1
            words.append(f"{row['device']}: {row['trust']} is shown as good: {row['oid']}")
        elif row["trust"] in ("sentinel", "zero-maybe-unplugged"):
            bad = [point for point in points if point["quality"] == "good"]
            tally["traps"] += len(bad) > 0
            words += [f"{row['device']}: {row['trust']} is shown as good: {bad}"] if bad else []
    return tally, words


def print_table(devices, tallies):
    kinds = collections.defaultdict(collections.Counter)
    for device in devices:
        kinds[device["kind"]].update(tallies[device["device"]])
        kinds[device["kind"]]["devices"] += 1
    total = sum(kinds.values(), collections.Counter())
    print(f"# {'kind':10} {'devices':>7} {'values':>12} {'no class':>8} {'states':>12} {'wrong':>5} {'traps':>5}")
    for kind, tally in [*sorted(kinds.items()), ("all", total)]:
        print(f"# {kind:10} {tally['devices']:7} {tally['values equal']:6}/{tally['values']:<5} {tally['no class']:8} "
              f"{tally['states right']:6}/{tally['states']:<5} {tally['wrong']:5} {tally['traps']:5}", flush=True)
    return total


def start_snmpsim(work):
    data = work / "data"
    shutil.copytree(shared / "recordings", data)
    for path in [work, data, *data.iterdir()]:
        path.chmod(0o755)
    (work / "cache").mkdir()
    (work / "cache").chmod(0o777)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.bind(("127.0.0.1", 0))
        port = one.getsockname()[1]
    words = ["snmpsimd", f"--data-dir={data}", f"--cache-dir={work}/cache", "--logging-method=null",
             f"--agent-udpv4-endpoint=127.0.0.1:{port}", "--v3-user=xanh", "--v3-auth-key=authpass12",
             "--v3-auth-proto=SHA", "--v3-priv-key=privpass12", "--v3-priv-proto=AES"]
    if os.geteuid() == 0:
        words += ["--process-user=nobody", "--process-group=nogroup"]
    child = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    for _ in range(60):
        if probe(f"snmp://127.0.0.1:{port}?community=tpdin")["profile"]:
            break
        time.sleep(0.5)
    return child, port


def wire_tests(devices, files):
    if shutil.which("snmpsimd") is None:
        ok(True, "over the wire # SKIP snmpsimd is not there")
        return
    work = pathlib.Path(tempfile.mkdtemp(prefix="xanh-recordings-"))
    child, port = start_snmpsim(work)
    v3 = "version=3&user=xanh&auth=SHA&authpass=authpass12&priv=AES&privpass=privpass12&context="
    try:
        other, slow, longest = [], [], 0
        for device in devices:
            name = device["device"]
            began = time.monotonic()
            if probe(f"snmp://127.0.0.1:{port}?community={name}") != files[name]:
                other.append(name)
            spent = time.monotonic() - began
            longest = max(longest, spent)
            slow += [f"{name} {spent:.1f} s"] if spent > 5 else []
        ok(not other, f"v2c: all {len(devices)} devices read as their files do, to the last point", other)
        ok(not slow, f"v2c: each within 5 s (the longest took {longest:.1f} s)", slow)
        some = [device["device"] for device in devices if int(device["expected_sensors"]) > 0][::12]
        for version, query in (("v1", "version=1&community="), ("v3 authPriv", v3)):
            other = [name for name in some if probe(f"snmp://127.0.0.1:{port}?{query}{name}") != files[name]]
            ok(not other, f"{version}: {len(some)} devices read the same", other)
    finally:
        child.send_signal(signal.SIGTERM)
        child.wait()
        shutil.rmtree(work, ignore_errors=True)


def main():
    if not shared.is_dir():
        ok(True, "recordings # SKIP ../shared/devices is not there")
        print("1..1")
        return 0
    devices = list(csv.DictReader(open(shared / "devices.csv")))
    rows = collections.defaultdict(list)
    for row in csv.DictReader(open(shared / "expected.csv")):
        rows[row["device"]].append(row)
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        names = [device["device"] for device in devices]
        files = dict(zip(names, pool.map(lambda name: probe(f"replay:{shared}/recordings/{name}.snmprec"), names)))
    tallies, words = {}, []
    for name in names:
        tallies[name], more = judge(rows[name], files[name])
        words += more
    total = print_table(devices, tallies)
    for word in words:
        print("#", word)
    ok(total["values equal"] >= 0.99 * (total["values"] - total["no class"]),
       f"{total['values equal']} of {total['values']} trusted values are equal "
       f"({total['no class']} more have no class)")
    ok(total["wrong"] == 0, "what differs from a trusted value is never shown as good", total["wrong"])
    ok(total["traps"] == 0, "no mistake of a vendor and no sentinel is shown as good", total["traps"])
    ok(total["states right"] >= 0.9 * total["states"],
       f"{total['states right']} of {total['states']} states have their number and a word")
    unread = [name for name in names if rows[name] and not files[name]["profile"]]
    ok(not unread, f"all {sum(1 for name in names if rows[name])} devices with values are recognised", unread)
    unnamed = [name for name in names if rows[name] and files[name].get("match") == "standard"]
    ok(not unnamed, "and each by a profile of its own", unnamed)
    wire_tests(devices, files)
    print(f"1..{count}")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
