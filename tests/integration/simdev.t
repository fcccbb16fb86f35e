#!/usr/bin/python3
"""simdev, judged by others: net-snmp's tools ask it by SNMP v1, v2c and v3, pymodbus by Modbus TCP."""
import logging
import os, re, shutil, signal, socket, struct, subprocess, sys, tempfile, time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
BUILD = os.environ.get("XANH_BUILD", os.path.join(ROOT, "build/release"))
SHARED = os.environ.get("XANH_SHARED", os.path.join(os.path.dirname(ROOT), "shared"))
SIMDEV = os.path.join(BUILD, "simdev")
RPDU = "1.3.6.1.4.1.318.1.1.26."


def skip(why):
    print("1..0 # SKIP simdev: " + why)
    sys.exit(0)


if not os.access(SIMDEV, os.X_OK):
    skip("%s is not built" % SIMDEV)
if not shutil.which("snmpget"):
    skip("snmpget is not installed (deploy/install-deps)")
try:
    from pymodbus.client import ModbusTcpClient
except ImportError as missing:
    skip("pymodbus: %s (deploy/install-deps)" % missing)

logging.disable(logging.CRITICAL)  # what pymodbus says of faults that are meant
STORIES = []


def story(name):
    def keep(function):
        STORIES.append((name, function))
        return function
    return keep


def expect(what, seen, wanted):
    if seen != wanted:
        raise AssertionError("%s: %r, not %r" % (what, seen, wanted))


def expect_near(what, seen, wanted, within):
    if abs(seen - wanted) > within:
        raise AssertionError("%s: %r, not %r +- %r" % (what, seen, wanted, within))


class Bench:
    """A simdev with its folder; ports are whatever was free."""
    CONFIG = """
base {dir}
state {dir}/state
control {dir}/ctl
recordings {root}/tests/simdev/recordings
seed 7
sun 11:00
pv peak=1.5kW
losses fixed=25W share=3%
user xanh auth=sha authpass=authpass12 priv=aes privpass=privpass12
user xanh256 auth=sha256 authpass=authpass12 priv=aes privpass=@{dir}/secret
host h1 idle=60W full=180W cpus=1
rack A01 supply=20 rise=6
device pdu-a pdu at=127.0.0.1:0 rack=A01 community=s3cret slow=700ms
device pdu-b pdu at=127.0.0.1:0 rack=A01 user=xanh
device pdu-c pdu at=127.0.0.1:0 user=xanh256
outlet pdu-a 3 host=h1 share=50%
outlet pdu-b 3 host=h1 share=50%
outlet pdu-a 8 load=33W
device crac inrow-dx at=127.0.0.1:0 racks=A01 community=s3cret
device grid pm5000 at=127.0.0.1:0 slow=1.6e3
device pv sunspec at=127.0.0.1:0 unit=3
"""

    def __init__(self, more=""):
        self.dir = tempfile.mkdtemp(prefix="xanh-simdev.")
        os.mkdir(self.dir + "/h1")
        with open(self.dir + "/secret", "w") as f:
            f.write("privpass12\n")
        with open(self.dir + "/conf", "w") as f:
            f.write(self.CONFIG.format(dir=self.dir, root=ROOT) + more)
        self.start()

    def start(self):
        self.process = subprocess.Popen([SIMDEV, self.dir + "/conf"], stderr=subprocess.PIPE, text=True)
        said = []
        while not said or (said[-1] and "devices" not in said[-1]):
            said.append(self.process.stderr.readline())  # net-snmp may say that it made a directory
        if not said[-1]:
            raise AssertionError("".join(said))
        self.ports = {}
        for line in self.ctl("list").splitlines():
            name, _, where, _ = line.split()
            self.ports[name] = int(where.rsplit(":", 1)[1])

    def stop(self, how=signal.SIGTERM):
        self.process.send_signal(how)
        self.process.wait(10)
        self.process.stderr.close()

    def end(self):
        self.stop()
        shutil.rmtree(self.dir)

    def ctl(self, *words):
        done = subprocess.run([SIMDEV, "ctl", self.dir + "/ctl"] + list(words), capture_output=True, text=True,
            timeout=10)
        if done.returncode != 0:
            raise AssertionError("ctl %s: %s" % (" ".join(words), done.stderr))
        return done.stdout

    def number(self, device, point):
        return float(self.ctl("get", device, point))

    def burn(self, nanoseconds):
        with open(self.dir + "/h1/cpu_ns.new", "w") as f:
            f.write("%d\n" % nanoseconds)
        os.rename(self.dir + "/h1/cpu_ns.new", self.dir + "/h1/cpu_ns")


V3 = ["-v3", "-l", "authPriv", "-A", "authpass12", "-x", "AES", "-X", "privpass12"]
WHO = {
    "pdu-a": ["-v2c", "-c", "s3cret"],
    "crac": ["-v2c", "-c", "s3cret"],
    "pdu-b": V3 + ["-u", "xanh", "-a", "SHA"],
    "pdu-c": V3 + ["-u", "xanh256", "-a", "SHA-256"],
}


def snmp(bench, tool, device, *oids, who=None, port=None):
    """(exit code, {oid: value}, what it said)"""
    where = "127.0.0.1:%d" % (port or bench.ports[device])
    done = subprocess.run([tool, "-On", "-Oq", "-Oe", "-r", "0", "-t", "0.4"] + (who or WHO[device]) + [where] +
        list(oids), capture_output=True, timeout=30, env={"MIBS": "", "PATH": os.environ["PATH"]})
    out = done.stdout.decode("utf-8", "replace")
    values = dict(re.findall(r"^\.([0-9.]+) (.*)$", out, re.M))
    return done.returncode, values, out + done.stderr.decode("utf-8", "replace")


def get(bench, device, oid):
    code, values, said = snmp(bench, "snmpget", device, oid)
    if code != 0 or oid not in values:
        raise AssertionError("%s %s: %s" % (device, oid, said))
    return int(values[oid])


def registers(bench, device, first, count, unit=1):
    client = ModbusTcpClient("127.0.0.1", port=bench.ports[device], timeout=1, retries=0)
    try:
        client.connect()
        answer = client.read_holding_registers(first, count, unit)
        return None if answer.isError() else answer.registers
    finally:
        client.close()


def float32(words):
    return struct.unpack(">f", struct.pack(">HH", *words))[0]


@story("snmpget reads a PDU by v1, v2c, v3 SHA and v3 SHA-256")
def _(bench):
    ident = "1.3.6.1.2.1.1.2.0"
    for device, who in [("pdu-a", ["-v1", "-c", "s3cret"]), ("pdu-a", None), ("pdu-b", None), ("pdu-c", None)]:
        code, values, said = snmp(bench, "snmpget", device, ident, who=who)
        expect(said, (code, values.get(ident)), (0, ".1.3.6.1.4.1.318.1.3.4.6"))


@story("who has the wrong community, user or password gets nothing")
def _(bench):
    for device, who in [("pdu-a", ["-v2c", "-c", "public"]), ("pdu-b", ["-v2c", "-c", "s3cret"]),
                        ("pdu-a", WHO["pdu-b"]), ("pdu-b", WHO["pdu-c"]),
                        ("pdu-b", ["-v3", "-l", "authNoPriv", "-u", "xanh", "-a", "SHA", "-A", "authpass12"]),
                        ("pdu-b", V3[:4] + ["wrongpass1"] + V3[5:] + ["-u", "xanh", "-a", "SHA"])]:
        code, values, said = snmp(bench, "snmpget", device, "1.3.6.1.2.1.1.2.0", who=who)
        expect("%s %s: %s" % (device, who, said), (code != 0, values), (True, {}))


@story("a bulk walk and a walk one by one give the same rows, in order, v2c and v3 alike")
def _(bench):
    table = RPDU + "9.4.3.1.3"
    walks = [snmp(bench, tool, device, table)[1] for tool, device in
        [("snmpbulkwalk", "pdu-a"), ("snmpwalk", "pdu-a"), ("snmpbulkwalk", "pdu-b")]]
    expect("rows", list(walks[0]), ["%s.%d" % (table, n) for n in range(1, 9)])
    expect("v2c one by one", walks[1], walks[0])
    expect("v3", walks[2], walks[0])


@story("a whole bulk walk comes to the end and nothing is missed")
def _(bench):
    with open(ROOT + "/tests/simdev/recordings/apc-rpdu2.snmprec") as f:
        wanted = [line.split("|")[0] for line in f]
    requests, variables = map(int, bench.ctl("served").split())
    code, values, said = snmp(bench, "snmpbulkwalk", "pdu-a", "1.3")
    expect(said[-200:], (code, list(values)), (0, wanted))
    again = [now - then for now, then in zip(map(int, bench.ctl("served").split()), (requests, variables))]
    if not len(wanted) < again[1] < len(wanted) + 12 or not len(wanted) / 11 < again[0] < len(wanted) / 9 + 3:
        raise AssertionError("counted %d requests, %d variables" % tuple(again))


@story("a cooler's table gives labels, units and divisors, and an unplugged probe has no value")
def _(bench):
    table = "1.3.6.1.4.1.318.1.1.27.1.4.1.2.1."
    _, values, _ = snmp(bench, "snmpbulkwalk", "crac", table[:-1])
    expect("label", values[table + "2.1.17"], '"Rack Inlet Temperature 2"')
    expect("its value", values.get(table + "3.1.17"), None)
    celsius, fahrenheit = int(values[table + "3.1.1"]), int(values[table + "3.1.2"])
    expect_near("F for C", fahrenheit / 10, celsius / 10 * 1.8 + 32, 0.2)


@story("watts follow the CPU time that a host's guests use")
def _(bench):
    watts = RPDU + "9.4.3.1.7.3"
    expect("idle", get(bench, "pdu-a", watts), 30)
    begin, used = time.monotonic(), 0
    while time.monotonic() - begin < 5.5:
        used = int((time.monotonic() - begin) * 0.5e9)
        bench.burn(used)
        time.sleep(0.05)
    expect_near("half busy, half of it on this outlet", get(bench, "pdu-a", watts), 60, 4)
    expect_near("and on the other feed", get(bench, "pdu-b", watts), 60, 4)
    expect_near("the same by the control socket", bench.number("h1", "realpower"), 120, 8)
    time.sleep(4.2)
    expect("idle again", get(bench, "pdu-a", watts), 30)


@story("outlets, total, grid, cooling and PV balance in one instant")
def _(bench):
    bench.ctl("set", "h1", "use", "0.7")
    time.sleep(1.3)
    site = {name: bench.number("site", name) for name in ("grid", "pv", "cooling", "racks")}
    expect("racks", site["racks"], 60 + 0.7 * 120 + 33)
    expect_near("grid", site["grid"], site["racks"] * 1.03 + 25 + site["cooling"] - site["pv"], 0.01)
    if site["pv"] < 1000:
        raise AssertionError("no sun at eleven: %r" % site)
    bench.ctl("set", "h1", "use", "auto")


@story("an outlet's energy is the integral of the watts it showed, and a total's mean is its outlets' sum")
def _(bench):
    bench.ctl("set", "h1", "use", "0.4")
    time.sleep(1.2)
    expect("watts", bench.number("pdu-a", "outlet.3.realpower"), 54)
    names = ["outlet.3.energy", "outlet.8.energy", "input.energy"]
    begin, before = time.monotonic(), [bench.number("pdu-a", name) for name in names]
    time.sleep(8)
    after = [bench.number("pdu-a", name) for name in names]
    seconds = time.monotonic() - begin
    outlet, other, total = [(b - a) * 3600 for a, b in zip(before, after)]
    expect_near("joules", outlet, 54 * seconds, 54 * 1.5)
    expect_near("two outlets ran equally long", outlet / 54, other / 33, 1e-6)
    expect_near("total and outlets", total, outlet + other, 25)
    bench.ctl("set", "h1", "use", "auto")


@story("energy goes on after kill -9, and never runs back")
def _(bench):
    before = bench.number("pdu-a", "outlet.8.energy")
    bench.stop(signal.SIGKILL)
    bench.start()
    after = bench.number("pdu-a", "outlet.8.energy")
    expect_near("Wh", after, before, 33 * 2.5 / 3600)
    if after < before - 33 * 1.2 / 3600:
        raise AssertionError("lost more than a second: %r to %r" % (before, after))


@story("a v3 poller goes on after a restart: boots have grown")
def _(bench):
    first = snmp(bench, "snmpget", "pdu-b", RPDU + "4.3.1.5.1")[0]
    bench.stop()
    time.sleep(1.1)
    bench.start()
    expect("exit codes", (first, snmp(bench, "snmpget", "pdu-b", RPDU + "4.3.1.5.1")[0]), (0, 0))


@story("pymodbus reads the grid meter: name, watts, energy, and none where it has nothing")
def _(bench):
    expect("name", struct.pack(">6H", *registers(bench, "grid", 29, 6)), b"Power Meter\0")
    expect_near("kW", float32(registers(bench, "grid", 3059, 2)) * 1000, bench.number("site", "grid"), 15)
    expect("none", registers(bench, "grid", 2999 + 10, 2), [0x8000, 0x8000])
    words = registers(bench, "grid", 3203, 8)
    imported, exported = struct.unpack(">qq", struct.pack(">8H", *words))
    expect_near("Wh", exported, bench.number("grid", "input.energy.export"), 1.1)
    expect("import stands still while the sun feeds the grid", imported, 1000)


@story("pymodbus finds the SunSpec inverter: mark, models, end, scaled watts")
def _(bench):
    words = registers(bench, "pv", 40000, 124, unit=3)
    expect("mark", words[:4], [0x5375, 0x6e53, 1, 66])
    expect("model", words[70:72], [103, 50])
    expect("end", words[122], 0xffff)
    expect_near("W", words[84], bench.number("pv", "output.realpower"), 15)
    expect("another unit", registers(bench, "pv", 40000, 2, unit=4), None)


@story("what is not there, too much and writing are refused")
def _(bench):
    client = ModbusTcpClient("127.0.0.1", port=bench.ports["grid"], timeout=1)
    client.connect()
    expect("a hole", client.read_holding_registers(500, 2, 1).exception_code, 2)
    expect("half in a hole", client.read_holding_registers(88, 2, 1).exception_code, 2)
    expect("writing", client.write_register(29, 1, 1).exception_code, 1)
    client.close()
    code, _, said = snmp(bench, "snmpset", "pdu-a", RPDU + "4.3.1.5.1", "i", "7")
    expect("snmpset: " + said, code != 0, True)
    expect("unknown", snmp(bench, "snmpget", "pdu-a", "1.3.6.1.9")[1].get("1.3.6.1.9"),
        "No Such Instance currently exists at this OID")


@story("a stream in odd pieces, and two requests in one, are answered in order")
def _(bench):
    request = [struct.pack(">HHHBBHH", n, 0, 6, 1, 3, 29, 2) for n in (7, 8)]
    with socket.create_connection(("127.0.0.1", bench.ports["grid"]), timeout=2) as s:
        for byte in request[0][:-1]:
            s.sendall(bytes([byte]))
        s.sendall(request[0][-1:] + request[1])
        answer = b""
        while len(answer) < 26:
            answer += s.recv(64)
    expect("ids", [struct.unpack(">H", answer[i:i + 2])[0] for i in (0, 13)], [7, 8])


@story("SNMP faults: silent, garbage, truncated, wrong-id and slow are no answer; clear mends them")
def _(bench):
    for device in ("pdu-a", "pdu-b"):
        for fault in ("silent", "garbage", "truncated", "wrong-id", "slow"):
            if (device, fault) == ("pdu-b", "slow"):
                bench.ctl("set", device, "input.L1.voltage", "231")
            bench.ctl("fault", device, fault)
            code, values, said = snmp(bench, "snmpget", device, RPDU + "4.3.1.5.1")
            expect("%s %s: %s" % (device, fault, said), (code != 0, values), (True, {}))
            bench.ctl("clear", device)
            get(bench, device, RPDU + "4.3.1.5.1")


@story("a slow device does answer, late")
def _(bench):
    bench.ctl("fault", "pdu-a", "slow")
    begin = time.monotonic()
    done = subprocess.run(["snmpget", "-v2c", "-c", "s3cret", "-r", "0", "-t", "3",
        "127.0.0.1:%d" % bench.ports["pdu-a"], "1.3.6.1.2.1.1.2.0"], capture_output=True, timeout=10)
    expect("exit code", done.returncode, 0)
    expect_near("seconds", time.monotonic() - begin, 0.85, 0.25)
    bench.ctl("clear", "pdu-a")


@story("Modbus faults: silent, garbage, truncated and slow are no answer; clear mends them")
def _(bench):
    for fault in ("silent", "garbage", "truncated", "slow"):
        bench.ctl("fault", "grid", fault)
        try:
            words = registers(bench, "grid", 29, 2)
        except Exception:
            words = None
        expect(fault, words, None)
        bench.ctl("clear", "grid")
        expect(fault + " cleared", registers(bench, "grid", 29, 2), [0x506f, 0x7765])


@story("Modbus wrong-id: a whole answer, with an id that nobody asked with")
def _(bench):
    bench.ctl("fault", "grid", "wrong-id")
    with socket.create_connection(("127.0.0.1", bench.ports["grid"]), timeout=2) as s:
        s.sendall(struct.pack(">HHHBBHH", 7, 0, 6, 1, 3, 29, 2))
        answer = s.recv(64)
    expect("id", struct.unpack(">H", answer[:2])[0] != 7, True)
    expect("the rest", answer[2:], struct.pack(">HHBBBHH", 0, 7, 1, 3, 4, 0x506f, 0x7765))
    bench.ctl("clear", "grid")


@story("a raw register and a raw object can be set")
def _(bench):
    bench.ctl("set", "grid", "holding:29", "7")
    expect("register", registers(bench, "grid", 29, 1), [7])
    bench.ctl("set", "grid", "holding:29", str(0x506f))
    bench.ctl("set", "pdu-a", "oid:1.3.6.1.4.1.318.1.1.4.4.2.1.3.2", "2")
    expect("object", get(bench, "pdu-a", "1.3.6.1.4.1.318.1.1.4.4.2.1.3.2"), 2)


@story("a sentinel is the vendor's none in every moving value, and goes away")
def _(bench):
    bench.ctl("fault", "pdu-a", "sentinel")
    bench.ctl("fault", "grid", "sentinel")
    expect("power", get(bench, "pdu-a", RPDU + "4.3.1.5.1"), -1)
    expect("temperature", get(bench, "pdu-a", RPDU + "10.2.2.1.8.1"), -1)
    expect("kW", registers(bench, "grid", 3059, 2), [0x8000, 0x8000])
    bench.ctl("clear", "pdu-a")
    bench.ctl("clear", "grid")
    expect_near("power again", get(bench, "pdu-a", RPDU + "4.3.1.5.1") * 10, 63, 17)


@story("a frozen device answers what it answered; a point that is set stays set")
def _(bench):
    bench.ctl("fault", "pdu-a", "frozen")
    bench.ctl("set", "h1", "use", "1")
    time.sleep(1.3)
    expect("frozen", get(bench, "pdu-a", RPDU + "9.4.3.1.7.3"), 30)
    expect("the other feed moves", get(bench, "pdu-b", RPDU + "9.4.3.1.7.3"), 90)
    bench.ctl("clear", "pdu-a")
    expect("thawed", get(bench, "pdu-a", RPDU + "9.4.3.1.7.3"), 90)
    bench.ctl("set", "pdu-a", "ambient.temperature", "31.5")
    time.sleep(1.2)
    expect("held", get(bench, "pdu-a", RPDU + "10.2.2.1.8.1"), 315)
    bench.ctl("set", "pdu-a", "ambient.temperature", "auto")
    bench.ctl("set", "h1", "use", "auto")


@story("a device that is off is not there, and comes back at the same port")
def _(bench):
    for device in ("pdu-a", "grid"):
        bench.ctl("fault", device, "off")
    expect("snmp", snmp(bench, "snmpget", "pdu-a", "1.3.6.1.2.1.1.2.0")[0] != 0, True)
    try:
        socket.create_connection(("127.0.0.1", bench.ports["grid"]), timeout=1).close()
        raise AssertionError("the port is open")
    except ConnectionRefusedError:
        pass
    for device in ("pdu-a", "grid"):
        bench.ctl("clear", device)
    get(bench, "pdu-a", RPDU + "4.3.1.5.1")
    expect("modbus", registers(bench, "grid", 29, 1), [0x506f])


@story("reset-energy sets the registers to nothing, once")
def _(bench):
    bench.ctl("fault", "pdu-a", "reset-energy")
    if bench.number("pdu-a", "outlet.8.energy") > 0.1:
        raise AssertionError("not reset")
    expect("register", get(bench, "pdu-a", RPDU + "9.4.3.1.11.8"), 0)


def modbus_bytes(bench, device, wait=0.6, first=29, count=2, line=None, tid=7, unit=1):
    """What comes back for one request, in the time."""
    with line or socket.create_connection(("127.0.0.1", bench.ports[device]), timeout=2) as s:
        s.sendall(struct.pack(">HHHBBHH", tid, 0, 6, unit, 3, first, count))
        s.settimeout(wait)
        answer = b""
        try:
            while piece := s.recv(300):
                answer += piece
        except TimeoutError:
            pass
    return answer


RIGHT = struct.pack(">HHHBBBHH", 7, 0, 7, 1, 3, 4, 0x506f, 0x7765)


@story("Modbus faults of a frame: another unit, a register fewer, one more, gateway exceptions, bytes one by one")
def _(bench):
    for fault, wanted in [("wrong-unit", RIGHT[:6] + b"\x02" + RIGHT[7:]),
                          ("short", struct.pack(">HHHBBBH", 7, 0, 5, 1, 3, 2, 0x506f)),
                          ("long", struct.pack(">HHHBBB3H", 7, 0, 9, 1, 3, 6, 0x506f, 0x7765, 0x7220)),
                          ("exception-0a", struct.pack(">HHHBBB", 7, 0, 3, 1, 0x83, 10)),
                          ("exception-0b", struct.pack(">HHHBBB", 7, 0, 3, 1, 0x83, 11)),
                          ("truncated", RIGHT[:6]), ("none", RIGHT)]:
        bench.ctl("fault", "grid", fault)
        expect(fault, modbus_bytes(bench, "grid"), wanted)
    bench.ctl("fault", "grid", "dribble", "100")
    some = modbus_bytes(bench, "grid", wait=0.25)  # each wait is for the next byte
    expect("dribbled", some, RIGHT)
    begin = time.monotonic()
    bench.ctl("fault", "grid", "dribble", "20")
    modbus_bytes(bench, "grid", wait=0.2)
    expect_near("seconds", time.monotonic() - begin, 13 * 0.02 + 0.2, 0.15)
    bench.ctl("clear", "grid")


@story("a late device is one answer behind, by Modbus and by SNMP")
def _(bench):
    bench.ctl("fault", "grid", "late")
    with socket.create_connection(("127.0.0.1", bench.ports["grid"]), timeout=2) as s:
        s.sendall(struct.pack(">HHHBBHH", 7, 0, 6, 1, 3, 29, 2))
        s.sendall(struct.pack(">HHHBBHH", 8, 0, 6, 1, 3, 29, 2))
        expect("the first", s.recv(64), RIGHT)
    bench.ctl("clear", "grid")
    bench.ctl("fault", "pdu-a", "late")
    expect("no answer", snmp(bench, "snmpget", "pdu-a", "1.3.6.1.2.1.1.2.0")[0] != 0, True)
    again = ["-v2c", "-c", "s3cret", "-r", "1"]
    expect("one, when asked again", snmp(bench, "snmpget", "pdu-a", "1.3.6.1.2.1.1.2.0", who=again)[0], 0)
    bench.ctl("clear", "pdu-a")


@story("every n-th answer is lost")
def _(bench):
    bench.ctl("fault", "pdu-a", "loss", "3")
    codes = [snmp(bench, "snmpget", "pdu-a", "1.3.6.1.2.1.1.2.0")[0] for _ in range(6)]
    expect("lost", sum(code != 0 for code in codes), 2)
    bench.ctl("clear", "pdu-a")
    bench.ctl("fault", "grid", "loss", "2")
    expect("lost", [len(modbus_bytes(bench, "grid", wait=0.2)) for _ in range(4)].count(0), 2)
    bench.ctl("clear", "grid")


@story("a half open device keeps its connections in silence, and resets them once it is back")
def _(bench):
    with socket.create_connection(("127.0.0.1", bench.ports["grid"]), timeout=1) as s:
        bench.ctl("fault", "grid", "half-open")
        s.sendall(struct.pack(">HHHBBHH", 7, 0, 6, 1, 3, 29, 2))
        with socket.create_connection(("127.0.0.1", bench.ports["grid"]), timeout=1) as other:
            for line in (s, other):
                try:
                    raise AssertionError("said %r" % line.recv(64))
                except TimeoutError:
                    pass
        bench.ctl("clear", "grid")
        try:
            raise AssertionError("said %r" % s.recv(64))
        except ConnectionResetError:
            pass
    expect("and answers new ones", modbus_bytes(bench, "grid"), RIGHT)


@story("walks of a looping and of a stuck device do not increase")
def _(bench):
    table = RPDU + "9.4.3.1.7"
    bench.ctl("fault", "pdu-a", "loop")
    code, values, said = snmp(bench, "snmpwalk", "pdu-a", table)
    expect("loop: " + said, (code, "OID not increasing" in said, len(values)), (1, True, 8))
    expect("bulk", "OID not increasing" in snmp(bench, "snmpbulkwalk", "pdu-a", table)[2], True)
    bench.ctl("fault", "pdu-a", "stuck")
    code, values, said = snmp(bench, "snmpwalk", "pdu-a", table)
    expect("stuck: " + said, (code, "OID not increasing" in said, len(values)), (1, True, 1))
    bench.ctl("clear", "pdu-a")


@story("a refusing device fails a whole GET for one object, a too-big one a long GET, a no-bulk one GETBULK")
def _(bench):
    good, lost = RPDU + "9.4.3.1.7.8", RPDU + "10.2.2.1.10.1"
    bench.ctl("fault", "pdu-a", "refusing")
    as_it_is = WHO["pdu-a"] + ["-Cf"]  # or snmpget asks again without the one that was refused
    code, values, said = snmp(bench, "snmpget", "pdu-a", good, lost, who=as_it_is)
    expect("refusing: " + said, (code, values, "noSuchName" in said), (2, {}, True))
    expect("without it", get(bench, "pdu-a", good), 33)
    expect("a walk passes it", lost in snmp(bench, "snmpbulkwalk", "pdu-a", RPDU + "10")[1], False)
    bench.ctl("fault", "pdu-a", "refusing-blindly")
    code, values, said = snmp(bench, "snmpget", "pdu-a", good, lost, who=as_it_is)
    expect("blindly: " + said, (code, values, "genErr" in said), (2, {}, True))
    bench.ctl("fault", "pdu-a", "too-big")
    five = ["%s9.4.3.1.7.%d" % (RPDU, n) for n in range(1, 6)]
    expect("five", "tooBig" in snmp(bench, "snmpget", "pdu-a", *five)[2], True)
    expect("four", len(snmp(bench, "snmpget", "pdu-a", *five[:4])[1]), 4)
    expect("a bulk is cut", len(snmp(bench, "snmpbulkget", "pdu-a", RPDU + "9.4.3.1.7")[1]), 4)
    bench.ctl("fault", "pdu-a", "no-bulk")
    expect("bulk", "genErr" in snmp(bench, "snmpbulkget", "pdu-a", RPDU + "9.4.3.1.7")[2], True)
    expect("walk", len(snmp(bench, "snmpwalk", "pdu-a", RPDU + "9.4.3.1.7")[1]), 8)
    bench.ctl("clear", "pdu-a")


@story("numbers come as text with a unit, as N/A, as NaN, and as numbers again")
def _(bench):
    outlet, inlet, nan = RPDU + "9.4.3.1.7.8", RPDU + "10.2.2.1.8.1", struct.unpack(">2H", struct.pack(">f", float("nan")))
    bench.ctl("set", "pdu-a", "ambient.temperature", "31.5")
    for fault, wanted in [("text", {outlet: '"33 W"', inlet: '"31.5 C"'}),
                          ("not-available", {outlet: '"N/A"', inlet: '"N/A"'}),
                          ("nan", {outlet: "nan", inlet: "nan"}), ("none", {outlet: "33", inlet: "315"})]:
        bench.ctl("fault", "pdu-a", fault)
        values = snmp(bench, "snmpget", "pdu-a", outlet, inlet)[1]
        expect(fault, {oid: value.replace("Opaque: ", "").replace("Float: ", "") for oid, value in values.items()},
            wanted)
    bench.ctl("set", "pdu-a", "ambient.temperature", "auto")
    bench.ctl("fault", "grid", "nan")
    expect("kW", registers(bench, "grid", 3059, 2), list(nan))
    bench.ctl("clear", "grid")


@story("a sensor that is pulled out takes its row, those behind it move up, and all is back when it is")
def _(bench):
    table = "1.3.6.1.4.1.318.1.1.27.1.4.1.2.1"
    before = snmp(bench, "snmpbulkwalk", "crac", table)[1]
    bench.ctl("set", "crac", "return.temperature", "41.5")
    bench.ctl("fault", "crac", "unplugged")
    time.sleep(1.2)
    rows = snmp(bench, "snmpbulkwalk", "crac", table)[1]
    expect("rows", len([oid for oid in rows if oid.startswith(table + ".2.")]), 17)
    expect("what was row 5 is row 4", (rows[table + ".2.1.4"], rows[table + ".3.1.4"], rows[table + ".4.1.4"]),
        ('"Return Temperature"', "415", '"C"'))
    bench.ctl("set", "crac", "return.temperature", "auto")
    bench.ctl("clear", "crac")
    after = snmp(bench, "snmpbulkwalk", "crac", table)[1]
    expect("names", list(after), list(before))
    bench.ctl("fault", "pdu-a", "unplugged")
    expect("a probe", "No more variables" in snmp(bench, "snmpbulkwalk", "pdu-a", RPDU + "10.2.2")[2], True)
    bench.ctl("clear", "pdu-a")
    get(bench, "pdu-a", RPDU + "10.2.2.1.8.1")


@story("an energy register rolls over where its bits end")
def _(bench):
    bench.ctl("set", "pv", "output.realpower", "1200")
    for device, last in [("pdu-a", 2**31 - 1), ("pv", 2**32 - 1)]:
        read = {"pdu-a": lambda: get(bench, "pdu-a", RPDU + "9.4.3.1.11.8"),
                "pv": lambda: int.from_bytes(struct.pack(">2H", *registers(bench, "pv", 40094, 2, unit=3)), "big")}[device]
        bench.ctl("fault", device, "wrap-energy", "3")
        if read() < last - 2:
            raise AssertionError("%s: %d is far from %d" % (device, read(), last))
        time.sleep(4.5)
        if read() > 2:
            raise AssertionError("%s: %d has not rolled over" % (device, read()))
        bench.ctl("fault", device, "reset-energy")
    bench.ctl("set", "pv", "output.realpower", "auto")


@story("a fault of another protocol is refused, and help lists every fault")
def _(bench):
    for device, fault in [("grid", "loop"), ("pdu-a", "dribble"), ("grid", "unplugged")]:
        try:
            bench.ctl("fault", device, fault)
            raise ValueError("%s took %s" % (device, fault))
        except AssertionError as error:
            expect("words", "%s cannot have the fault %s" % (device, fault) in str(error), True)
    text = subprocess.run([SIMDEV, "--help"], capture_output=True, text=True)
    expect("exit code", text.returncode, 0)
    expect("the same by the control socket", bench.ctl("help"), text.stdout)
    with open(ROOT + "/tests/simdev/README.md") as f:
        written = re.findall(r"^\| `([a-z0-9-]+)( N)?` \| (?:both|SNMP|Modbus) \| ", f.read().split("| fault |")[1], re.M)
    expect("README", sorted(re.findall(r"^  ([a-z0-9-]+) +(?:both|SNMP|Modbus)", text.stdout, re.M)),
        sorted(word for word, _ in written))


@story("a crowd: many devices answer, each at its own address, what a recording holds")
def _(bench):
    recordings = [ROOT + "/tests/simdev/recordings/apc-%s.snmprec" % name for name in ("rpdu2", "inrow-dx")]
    wanted = []
    for path in recordings:
        with open(path) as f:
            wanted.append([line.split("|")[0] for line in f])
    other = Bench("device old recording at=127.0.0.1:0 community=x recording=%s\n" % recordings[0])
    crowd = subprocess.Popen([SIMDEV, "crowd", "127.77.0.250:16177", "300", "x"] + recordings,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        expect("devices", crowd.stdout.readline(), "300 devices\n")
        walks = {}
        for n, at in [(0, "127.77.0.250"), (1, "127.77.0.251"), (299, "127.77.2.37")]:
            done = subprocess.run(["snmpbulkwalk", "-v2c", "-c", "x", "-On", "-Oe", at + ":16177", "1.3"],
                capture_output=True, text=True, timeout=10, env={"MIBS": "", "PATH": os.environ["PATH"]})
            walks[n] = re.findall(r"^\.([0-9.]+) = ([^N].*)$", done.stdout, re.M)
            expect("device %d" % n, [oid for oid, _ in walks[n]], wanted[n % 2])
        done = subprocess.run(["snmpbulkwalk", "-v2c", "-c", "x", "-On", "-Oe", "127.0.0.1:%d" % other.ports["old"],
            "1.3"], capture_output=True, text=True, timeout=10, env={"MIBS": "", "PATH": os.environ["PATH"]})
        expect("the same values as from net-snmp's side", walks[0],
            re.findall(r"^\.([0-9.]+) = ([^N].*)$", done.stdout, re.M))
        crowd.stdin.write("\n")
        crowd.stdin.flush()
        requests, variables = map(int, crowd.stdout.readline().split())
        if not 300 < variables < 400 or not 30 < requests < 50:
            raise AssertionError("counted %d requests, %d variables" % (requests, variables))
    finally:
        crowd.stdin.close()
        crowd.wait(10)
        other.end()


@story("recorded devices of others are served as they are")
def _(bench):
    recording = SHARED + "/devices/snmp/recordings/apc_ap8959eu3.snmprec"
    table = SHARED + "/devices/modbus/recorded/schneider-pm5330.csv"
    if not os.path.exists(recording):
        return "SKIP no recordings at " + SHARED
    other = Bench("device old recording at=127.0.0.1:0 community=x recording=%s\n"
        "device dump registers at=127.0.0.1:0 recording=%s\n" % (recording, table))
    try:
        with open(recording) as f:
            wanted = [line.split("|")[0] for line in f]
        code, values, said = snmp(other, "snmpbulkwalk", "old", "1.3", who=["-v2c", "-c", "x"])
        expect(said[-200:], (code, list(values)), (0, wanted))
        expect("dump", registers(other, "dump", 29, 2), [0x506f, 0x7765])
    finally:
        other.end()


@story("a wrong configuration is named by file and line, and nothing is started")
def _(bench):
    for line, why in [("device x pdu at=127.0.0.1:0 colour=red\n", "not understood: colour=red"),
                      ("outlet pdu-a 3 host=h9\n", "no such host (yet): h9"),
                      ("device x toaster at=127.0.0.1:0\n", "no such kind of device: toaster")]:
        with open(bench.dir + "/wrong", "w") as f:
            f.write("host h1\ndevice pdu-a pdu at=127.0.0.1:0\n" + line)
        done = subprocess.run([SIMDEV, bench.dir + "/wrong"], capture_output=True, text=True, timeout=10)
        expect("exit code", done.returncode, 65)
        expect("words", done.stderr, "simdev: %s/wrong:3: %s\n" % (bench.dir, why))


def main():
    print("1..%d" % len(STORIES), flush=True)
    bench = Bench()
    failed = 0
    try:
        for number, (name, run) in enumerate(STORIES, 1):
            try:
                note = run(bench)
                print("ok %d - %s%s" % (number, name, " # " + note if note else ""), flush=True)
            except Exception as error:
                failed += 1
                for device in bench.ports:
                    bench.ctl("clear", device)
                print("not ok %d - %s\n# %s: %s" % (number, name, type(error).__name__,
                    str(error).replace("\n", "\n# ")), flush=True)
    finally:
        bench.end()
    sys.exit(1 if failed else 0)


main()
