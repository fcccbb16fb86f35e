#!/usr/bin/python3
"""xanh probe against independent devices: snmpsim and pymodbus on recordings of real equipment, and rogues."""
import csv
import json
import math
import os
import pathlib
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import tty

here = pathlib.Path(__file__).resolve().parents[2]
xanh = os.path.join(os.environ.get("XANH_BUILD", here / "build/release"), "xanh")
shared = pathlib.Path(os.environ.get("XANH_SHARED", here / "../shared")) / "devices"
os.environ["XANH_PROFILES"] = str(here / "drivers/profiles")

count = failed = 0
children = []


def ok(good, name, why=""):
    global count, failed
    count += 1
    print(f"{'ok' if good else 'not ok'} {count} - {name}", flush=True)
    if not good:
        failed += 1
        print("#", str(why).replace("\n", "\n# "), flush=True)


def probe(url, *options, limit=10.5, profiles=None):
    """Exit code, parsed JSON (None if there is none), standard error, seconds."""
    start = time.monotonic()
    env = dict(os.environ, **({"XANH_PROFILES": profiles} if profiles else {}))
    run = subprocess.run([xanh, "probe", url, "-o", "json", *options], capture_output=True,
                         text=True, timeout=limit + 5, env=env)
    try:
        seen = json.loads(run.stdout, parse_constant=lambda word: 1 / 0) if run.stdout else None
    except (ValueError, ZeroDivisionError) as error:
        seen = None
        ok(False, f"{url}: standard output is one JSON document", f"{error}: {run.stdout[:200]}")
    return run.returncode, seen, run.stderr, time.monotonic() - start


def free_port(kind):
    with socket.socket(socket.AF_INET, kind) as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def start(*words):
    child = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    children.append(child)
    return child


def points(seen):
    return {row["name"]: row for row in seen["points"]} if seen else {}


def well_formed(seen):
    """What DESIGN.md section 8.1 promises of every document; the first broken promise."""
    units = {"power": "W", "apparent_power": "VA", "reactive_power": "var", "energy": "Wh", "current": "A",
             "voltage": "V", "frequency": "Hz", "power_factor": "1", "load": "%", "charge": "%",
             "runtime": "s", "temperature": "degC", "humidity": "%", "airflow": "m3/h", "flow": "l/min",
             "pressure": "Pa", "fan": "rpm", "cooling": "W", "state": ""}
    if seen["match"] not in ("sysObjectID", "sysDescr", "probe", "sunspec", "named", "standard", "none"):
        return f"match {seen['match']}"
    names = [row["name"] for row in seen["points"]]
    if len(set(names)) != len(names):
        return "a name is there twice"
    for row in seen["points"]:
        absent = row["quality"] == "absent"
        if units.get(row["class"]) != row["unit"]:
            return f"unit of {row}"
        if absent != (row["value"] is None) or (absent and not row.get("why")):
            return f"absence of {row}"
        if row["class"] == "power_factor" and not absent and not -1 <= row["value"] <= 1:
            return f"range of {row}"
        if not row["source"] or row["source"].startswith("."):
            return f"source of {row}"
    return ""


# ---- SNMP, judged by snmpsim ----

CLASSES = {"power": ("power", 1), "power_consumed": ("energy", 1000), "current": ("current", 1),
           "voltage": ("voltage", 1), "frequency": ("frequency", 1), "temperature": ("temperature", 1),
           "humidity": ("humidity", 1), "charge": ("charge", 1), "load": ("load", 1), "state": ("state", 1),
           "cooling": ("cooling", 1), "runtime": ("runtime", 60), "power_factor": ("power_factor", 1),
           "waterflow": ("flow", 1)}


def agrees(row, point):
    """Whether a reading is what the recording's expected value says."""
    if row["unit"] == "cfm":
        return math.isclose(point["value"], float(row["value"]) * 1.699010796, rel_tol=1e-6)
    factor = CLASSES[row["class"]][1] if row["class"] in CLASSES else 1
    # Time on battery is seconds in the MIB; the source of the expected values shows minutes of it.
    if row["oid"].startswith("1.3.6.1.2.1.33.1.2.2."):
        return point["value"] == float(row["raw"])
    return math.isclose(point["value"], float(row["value"]) * factor, rel_tol=1e-6, abs_tol=1e-9)


def check_recording(device, seen, least):
    """Every expected value we print, by OID, agrees; and we print at least `least` of them."""
    rows = [row for row in csv.DictReader(open(shared / "snmp/expected.csv"))
            if row["device"] == device and row["trust"] == "ok"]
    by_source = {row["source"]: row for row in seen["points"]}
    wrong, hit = [], 0
    for row in rows:
        point = by_source.get(row["oid"])
        if point is None:
            continue
        hit += 1
        # A value outside its window is said to be suspect; it is never silently taken.
        if point["value"] is None or (not agrees(row, point) and point["quality"] == "good"):
            wrong.append(f"{row['oid']} {row['class']} {row['value']}: {point}")
    ok(not wrong and hit >= least, f"{device}: {hit} of {len(rows)} expected values agree", "\n".join(wrong[:8]))


def snmp_tests():
    if shutil.which("snmpsimd") is None or not (shared / "snmp").is_dir():
        ok(True, "SNMP # SKIP snmpsimd or ../shared/devices is not there")
        return
    port = free_port(socket.SOCK_DGRAM)
    work = tempfile.mkdtemp(prefix="xanh-probe-")
    data = os.path.join(work, "data")
    os.mkdir(data)
    wanted = ["apc_ap8959eu3", "apc_ap8853", "apc-inrow", "apc_inrow-dx", "abbups_abbups",
              "generex-ups_cs141-v22036", "deltaups_rfc1628string", "akcp"]
    for name in wanted:
        shutil.copy(shared / f"snmp/recordings/{name}.snmprec", data)
    with open(os.path.join(data, "unknown.snmprec"), "w") as out:
        out.write("1.3.6.1.2.1.1.1.0|4|Acme Clock\n1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.99999.1\n")
    os.chmod(work, 0o755)
    os.mkdir(os.path.join(work, "cache"))
    os.chmod(os.path.join(work, "cache"), 0o777)
    words = ["snmpsimd", f"--data-dir={data}", f"--cache-dir={work}/cache", "--logging-method=null",
             f"--agent-udpv4-endpoint=127.0.0.1:{port}", "--v3-user=xanh", "--v3-auth-key=authpass12",
             "--v3-auth-proto=SHA", "--v3-priv-key=privpass12", "--v3-priv-proto=AES"]
    if os.geteuid() == 0:
        words += ["--process-user=nobody", "--process-group=nogroup"]
        subprocess.run(["chmod", "-R", "a+rX", data], check=True)
    start(*words)
    v2 = f"snmp://127.0.0.1:{port}?community="
    v3 = (f"snmp://127.0.0.1:{port}?version=3&user=xanh&auth=SHA&authpass=authpass12&priv=AES"
          "&privpass=privpass12&context=")
    for _ in range(20):
        if probe(v2 + "apc-inrow")[0] == 0:
            break

    code, pdu, _, _ = probe(v2 + "apc_ap8959eu3")
    ok(code == 0 and pdu["profile"] == "apc-rpdu2" and pdu["match"] == "sysObjectID"
       and pdu["vendor"] == "APC" and pdu["model"].startswith("AP8959"), "v2c: the PDU is recognised", pdu)
    ok(well_formed(pdu) == "", "v2c: the document keeps its promises", well_formed(pdu))
    current = points(pdu).get("input.L1.current", {})
    ok(current.get("value") == 1.3 and current["source"] == "1.3.6.1.4.1.318.1.1.26.6.3.1.5.1",
       "v2c: tenths of an ampere, with their OID", current)
    probe_row = points(pdu).get("ambient.temperature", {})
    ok(probe_row.get("quality") == "absent" and probe_row["value"] is None and probe_row["why"] != "",
       "v2c: a probe that is not there is absent", probe_row)
    check_recording("apc_ap8959eu3", pdu, 29)

    code, same, _, _ = probe(v3 + "apc_ap8959eu3")
    ok(code == 0 and same == pdu, "v3 authPriv reads the same as v2c", code)
    code, same, _, _ = probe(v2 + "apc_ap8959eu3&version=1")
    ok(code == 0 and same == pdu, "v1 reads the same, though one absent object fails a whole GET", code)

    for device, profile, least in (("apc_ap8853", "apc-rpdu2", 5), ("apc-inrow", "apc-inrow", 15),
                                   ("apc_inrow-dx", "apc-inrow-dx", 20), ("abbups_abbups", "abb-ups", 30),
                                   ("generex-ups_cs141-v22036", "generex-ups", 30),
                                   ("deltaups_rfc1628string", "delta-ups", 10)):
        code, seen, _, _ = probe(v2 + device)
        good = code == 0 and seen["profile"] == profile and well_formed(seen) == ""
        ok(good, f"{device}: read by {profile}", seen and (seen["profile"], well_formed(seen)))
        if good:
            check_recording(device, seen, least)

    # The same cards as if nobody had written a profile for their maker.
    alone = os.path.join(work, "profiles")
    os.mkdir(alone)
    for name in ("ups-mib", "entity-sensor"):
        shutil.copy(here / f"drivers/profiles/{name}.yaml", alone)
    for device in ("abbups_abbups", "generex-ups_cs141-v22036", "deltaups_rfc1628string"):
        code, seen, text, _ = probe(v2 + device, profiles=alone)
        ok(code == 0 and seen["match"] == "standard" and seen["profile"] == "ups-mib" and "standard" in text,
           f"{device}: without profile of its own it is read by the standard, and that is said", text)
        check_recording(device, seen, 5)
    volts = points(seen)["input.L1.voltage"]
    ok(volts["quality"] == "suspect" and "scale" in volts["why"], "2360 V on a 230 V input is suspect", volts)

    code, seen, _, _ = probe(v2 + "apc_inrow-dx")
    rows = points(seen)
    ok(rows["cooling.output"]["value"] == 10800, "kilowatts are kilowatts (10.8 kW, not W)", rows["cooling.output"])
    ok(rows["rack.inlet.1.temperature"]["quality"] == "absent", "an unplugged probe is absent, not 0 degC",
       rows["rack.inlet.1.temperature"])
    ok("input.realpower" not in rows, "computed points are not printed")

    code, seen, text, _ = probe(v2 + "unknown")
    ok(code == 0 and seen["match"] == "none" and seen["points"] == [] and "no profile" in text,
       "a device nobody knows is said to be one", (code, seen, text))
    code, seen, _, _ = probe(v2 + "generex-ups_cs141-v22036", "--profile", "ups-mib")
    ok(code == 0 and seen["match"] == "named", "a named profile is not second-guessed", seen and seen["match"])
    for name, url in (("community", v2 + "nobody"), ("user", v3.replace("user=xanh", "user=who") + "akcp"),
                      ("key", v3.replace("authpass12", "authpass13") + "akcp")):
        code, seen, text, spent = probe(url)
        ok(code == 69 and seen is None and text.count("\n") == 1 and f"127.0.0.1:{port}" in text and spent < 10,
           f"a wrong {name}: exit 69 and one line", (code, text, spent))
    secret = os.path.join(work, "community")
    open(secret, "w").write("apc-inrow\n")
    code, seen, _, _ = probe(f"snmp://127.0.0.1:{port}?community=@{secret}")
    ok(code == 0 and seen["profile"] == "apc-inrow", "a secret comes from a file", code)
    shutil.rmtree(work, ignore_errors=True)


# ---- Modbus, judged by pymodbus ----

SERVER = """
import csv, sys
from pymodbus.server import StartTcpServer
from pymodbus.datastore import ModbusSparseDataBlock, ModbusSlaveContext, ModbusServerContext
registers = {int(row["register"]): int(row["value"], 16) for row in csv.DictReader(open(sys.argv[1]))}
block = ModbusSparseDataBlock(registers)
slaves = {1: ModbusSlaveContext(hr=block, zero_mode=True)}
StartTcpServer(context=ModbusServerContext(slaves=slaves, single=False), address=("127.0.0.1", int(sys.argv[2])))
"""


def serve_registers(recording):
    port = free_port(socket.SOCK_STREAM)
    start("/usr/bin/python3", "-c", SERVER, str(shared / f"modbus/recorded/{recording}.csv"), str(port))
    for _ in range(100):
        with socket.socket() as one:
            if one.connect_ex(("127.0.0.1", port)) == 0:
                break
        time.sleep(0.1)
    return f"modbus://127.0.0.1:{port}?unit=1"


def check_modbus(name, url, profile, match, wanted, *options):
    code, seen, text, _ = probe(url, *options)
    ok(code == 0 and seen["profile"] == profile and seen["match"] == match and well_formed(seen) == "",
       f"{name}: read by {profile} ({match})", (code, text, seen and well_formed(seen)))
    rows = points(seen)
    wrong = []
    for point, value in wanted.items():
        row = rows.get(point, {"value": "not there"})
        same = row["value"] is None if value is None else (
            isinstance(row["value"], (int, float)) and math.isclose(row["value"], value, rel_tol=2e-5, abs_tol=6e-3))
        if not same:
            wrong.append(f"{point}: wanted {value}, got {row}")
    ok(not wrong, f"{name}: {len(wanted)} values as its makers' tests expect them", "\n".join(wrong))
    return seen


def modbus_tests():
    try:
        subprocess.run(["/usr/bin/python3", "-c", "import pymodbus.server"], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        ok(True, "Modbus # SKIP python3-pymodbus is not there")
        return
    if not (shared / "modbus").is_dir():
        ok(True, "Modbus # SKIP ../shared/devices is not there")
        return
    meter = serve_registers("schneider-pm5330")
    seen = check_modbus("PM5330", meter, "schneider-pm5000", "probe", {
        "input.frequency": 60.00688, "input.voltage": 285.52228, "input.current": 109.707275,
        "input.realpower": 93797.19, "input.powerfactor": 0.9981315, "input.L1.realpower": 30689.18,
        "input.L2.realpower": 31397.58, "input.L3.realpower": 31710.43, "input.energy": 74347498,
        "input.energy.export": 91265, "input.L1.current": 109.71, "input.N.current": None})
    ok(seen["model"] == "PM5330" and points(seen)["input.realpower"]["source"] == "holding:3059",
       "PM5330: model and wire address", seen["model"])
    ok(probe(meter.replace("unit=1", "unit=7"))[0] == 69, "a unit that is not there: exit 69")
    check_modbus("PM5330, named", meter, "schneider-pm5000", "named", {"input.energy": 74347498},
                 "--profile", "schneider-pm5000")
    check_modbus("iEM3255", serve_registers("schneider-pm3200-01b"), "schneider-iem3000", "probe", {
        "input.realpower": -606.96, "input.energy": 82872323, "input.energy.export": 1043100,
        "input.L3.realpower": -1714.80, "input.voltage": 241.9366, "input.line.voltage": 419.00528,
        "input.L2.current": 3.6124866, "input.powerfactor": -0.514518, "input.frequency": 50.065586})
    seen = check_modbus("inverter 103 at 0", serve_registers("sunspec-inverter-103-01"), "sunspec", "sunspec", {
        "output.realpower": 0, "output.energy": 17129352, "output.frequency": 59.99, "output.current": 0,
        "output.L1.voltage": 283.1, "output.L2.voltage": 283.4, "output.L3.voltage": 279.6,
        "output.powerfactor": 0, "output.reactivepower": 0, "cabinet.temperature": None,
        "heatsink.temperature": 0, "transformer.temperature": None, "input.dc.realpower": 0})
    ok(seen["vendor"] == "SolarEdge" and seen["model"] == "SE33.3K"
       and points(seen)["output.status"]["text"] == "sleeping", "inverter 103: maker, model, state", seen["model"])
    check_modbus("inverter 101 at 40000", serve_registers("sunspec-inverter-101-01"), "sunspec", "sunspec", {
        "output.powerfactor": 0.642, "output.reactivepower": 53, "output.energy": 76476022})
    check_modbus("inverter 113 (float)", serve_registers("sunspec-inverter-113-01b"), "sunspec", "sunspec", {
        "output.current": 0.7, "output.realpower": 70, "output.frequency": 50.05, "output.energy": 11937020,
        "output.L1-L2.voltage": 431.0, "output.L1.voltage": 247.4, "input.dc.voltage": 406.9})
    check_modbus("meter 203", serve_registers("sunspec-meter-203-01"), "sunspec", "sunspec", {
        "input.current": 53.48, "input.L1.current": 26.81, "input.realpower": 6540, "input.powerfactor": 0.9925})
    check_modbus("meter 204 at 50000", serve_registers("sunspec-meter-204-01"), "sunspec", "sunspec",
                 {"input.realpower": 0})
    check_modbus("meter 203 at base=4096", serve_registers("sunspec-meter-203-03") + "&base=4096", "sunspec",
                 "sunspec", {"input.realpower": 132, "input.L1.realpower": 6323, "input.L2.realpower": -1052,
                             "input.L3.realpower": -5139, "input.power": 19847, "input.reactivepower": 93})


# ---- a serial bus, played on a pseudo-terminal ----

def crc16(data):
    crc = 0xFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0xA001 if crc & 1 else 0)
    return crc.to_bytes(2, "little")


def serve_bus(registers, unit, spoil=lambda reply: reply):
    """A slave on a pty; its name. Its answers come in pieces, as on a slow line."""
    master, slave = os.openpty()
    tty.setraw(slave)

    def run():
        while True:
            request = os.read(master, 256)
            while len(request) < 8:
                request += os.read(master, 256)
            if request[0] != unit or crc16(request[:6]) != request[6:8]:
                continue
            at, many = int.from_bytes(request[2:4], "big"), int.from_bytes(request[4:6], "big")
            if all(a in registers for a in range(at, at + many)):
                body = bytes([unit, request[1], 2 * many]) + b"".join(
                    registers[a].to_bytes(2, "big") for a in range(at, at + many))
            else:
                body = bytes([unit, request[1] | 0x80, 2])
            reply = spoil(body + crc16(body))
            os.write(master, reply[:5])
            time.sleep(0.02)
            os.write(master, reply[5:])

    threading.Thread(target=run, daemon=True).start()
    return os.ttyname(slave)


def serial_tests():
    if not (shared / "modbus").is_dir():
        ok(True, "serial # SKIP ../shared/devices is not there")
        return
    registers = {int(row["register"]): int(row["value"], 16)
                 for row in csv.DictReader(open(shared / "modbus/recorded/schneider-pm5330.csv"))}
    url = f"modbus-rtu:{serve_bus(registers, 3)}?baud=19200&parity=none&unit=3"
    check_modbus("PM5330 on a serial line", url, "schneider-pm5000", "probe",
                 {"input.energy": 74347498, "input.frequency": 60.00688, "input.powerfactor": 0.9981315})
    expect_69("serial, another unit", url.replace("unit=3", "unit=4"))
    spoilt = serve_bus(registers, 3, lambda reply: reply[:-1] + bytes([reply[-1] ^ 1]))
    expect_69("serial, wrong checksum", f"modbus-rtu:{spoilt}?baud=19200&unit=3")


def many_files_test():
    """libmodbus aborts the process on a descriptor of 1024 or more; we refuse it with a sentence."""
    line = tcp_rogue(lambda line, request: line.sendall(frame(request)))

    def take_all_low():
        resource.setrlimit(resource.RLIMIT_NOFILE, (2048, 2048))
        for number in range(3, 1100):
            os.dup2(2, number)

    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if hard != resource.RLIM_INFINITY and hard < 2048:
        ok(True, "descriptors from 1024 on # SKIP the limit of open files is lower")
        return
    run = subprocess.run([xanh, "probe", line], capture_output=True, text=True, timeout=15,
                         preexec_fn=take_all_low, close_fds=False)
    ok(run.returncode == 69 and "too many open files" in run.stderr,
       "a descriptor of 1024 or more is refused, not aborted on", (run.returncode, run.stderr))


# ---- rogues ----

def tcp_rogue(answer):
    """A server that gives every request to answer(connection, request)."""
    door = socket.create_server(("127.0.0.1", 0))

    def talk(line):
        try:
            while request := line.recv(260):
                answer(line, request)
        except OSError:
            pass

    def run():
        while True:
            line, _ = door.accept()
            threading.Thread(target=talk, args=(line,), daemon=True).start()

    threading.Thread(target=run, daemon=True).start()
    return f"modbus://127.0.0.1:{door.getsockname()[1]}?unit=1"


def frame(request, unit=None, transaction=None, extra=b"", cut=0):
    body = bytes([2 * request[11]]) + bytes(2 * request[11])
    pdu = (request[6:7] if unit is None else bytes([unit])) + request[7:8] + body + extra
    whole = (transaction or request[:2]) + b"\0\0" + len(pdu).to_bytes(2, "big") + pdu
    return whole[:len(whole) - cut]


def dribble(line, request):
    for byte in frame(request):
        line.sendall(bytes([byte]))
        time.sleep(0.3)


def flood(line, _):
    while True:
        line.sendall(b"\xff" * 4096)


def udp_rogue(answer):
    door = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    door.bind(("127.0.0.1", 0))

    def run():
        while True:
            request, peer = door.recvfrom(65535)
            answer(door, request, peer)

    threading.Thread(target=run, daemon=True).start()
    return f"snmp://127.0.0.1:{door.getsockname()[1]}?"


def udp_flood(door, _, peer):
    for _ in range(200000):
        door.sendto(b"\x30\x82\xff\xff junk", peer)


def expect_69(name, url):
    code, seen, text, spent = probe(url)
    place = url.split("?")[0].replace("snmp://", "").replace("modbus://", "").replace("modbus-rtu:", "")
    place = place.replace("\x1b", "\\x1b")
    ok(code == 69 and seen is None and spent <= 10 and text.count("\n") == 1 and place in text
       and all(c.isprintable() for c in text.rstrip("\n")), f"{name}: exit 69 in time, one printable line",
       (code, seen, text, spent))


def rogue_tests():
    ends = {
        "silence": lambda line, request: None,
        "garbage": lambda line, request: line.sendall(b"HTTP/1.1 400 \x1b[31mBad\r\n\r\n" * 4),
        "wrong unit": lambda line, request: line.sendall(frame(request, unit=9)),
        "wrong transaction": lambda line, request: line.sendall(frame(request, transaction=b"\x7f\x7f")),
        "frame longer than its byte count": lambda line, request: line.sendall(frame(request, extra=b"xx")),
        "cut short": lambda line, request: line.sendall(frame(request, cut=1)),
        "close": lambda line, request: line.close(),
        "exceptions only": lambda line, request: line.sendall(request[:5] + b"\x03\x01\x83\x0b"),
        "dribble": dribble,
        "flood": flood,
    }
    for name, answer in ends.items():
        expect_69(f"Modbus, {name}", tcp_rogue(answer))
    expect_69("Modbus, nobody listens", f"modbus://127.0.0.1:{free_port(socket.SOCK_STREAM)}?unit=1")
    expect_69("a serial port that is none", "modbus-rtu:/dev/xanh\x1b-none?unit=1")
    junk = lambda door, request, peer: door.sendto(b"\x1b[2Jnot snmp", peer)
    v3 = "version=3&user=u&auth=SHA&authpass=12345678&priv=AES&privpass=12345678"
    expect_69("SNMP, silence", udp_rogue(lambda door, request, peer: None) + "community=c")
    expect_69("SNMP, junk", udp_rogue(junk) + "community=c")
    expect_69("SNMPv3, junk", udp_rogue(junk) + v3)
    expect_69("SNMP, flood", udp_rogue(udp_flood) + "community=c")
    expect_69("SNMPv3, flood", udp_rogue(udp_flood) + v3)
    # The answer to another question: the request's own bytes with its identifier changed.
    expect_69("SNMP, echo", udp_rogue(lambda door, request, peer: door.sendto(request, peer)) + "community=c")
    run = subprocess.run([xanh, "profile", "check", *map(str, (here / "drivers/profiles").glob("*.yaml"))],
                         capture_output=True, text=True, timeout=15)
    ok(run.returncode == 0 and run.stdout + run.stderr == "", "the shipped profiles are right", run.stderr)
    for url, wanted in (("ftp://x", 65), ("snmp://h", 65), ("snmp://h?community=@/no/such/file", 66)):
        run = subprocess.run([xanh, "probe", url], capture_output=True, text=True, timeout=15)
        ok(run.returncode == wanted and run.stdout == "", f"{url}: exit {wanted}", (run.returncode, run.stderr))


def main():
    try:
        for part in (snmp_tests, modbus_tests, serial_tests, many_files_test, rogue_tests):
            part()
    finally:
        for child in children:
            child.send_signal(signal.SIGTERM)
            child.wait(10)
    print(f"1..{count}")
    sys.exit(1 if failed else 0)


main()
