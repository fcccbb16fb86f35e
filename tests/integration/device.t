#!/usr/bin/python3
"""xanh device write: only what the allow-list names, in its range and at its rate; judged by what reaches the wire."""
import os
import pathlib
import socket
import struct
import subprocess
import sys
import tempfile
import threading

here = pathlib.Path(__file__).resolve().parents[2]
xanh = os.path.join(os.environ.get("XANH_BUILD", here / "build/release"), "xanh")
count = failed = 0
registers = {1010: 200}
seen = []          # function codes that arrived
stubborn = False   # takes a write and keeps the old value


def ok(good, name, why=""):
    global count, failed
    count += 1
    print(f"{'ok' if good else 'not ok'} {count} - {name}", flush=True)
    if not good:
        failed += 1
        print("#", str(why).replace("\n", "\n# "), flush=True)


def answer(request):
    transaction, _, _, unit, function = struct.unpack(">HHHBB", request[:8])
    address, value = struct.unpack(">HH", request[8:12])
    seen.append(function)
    if function == 3:
        pdu = struct.pack(">BB", 3, 2 * value) + b"".join(
            struct.pack(">H", registers.get(address + i, 0)) for i in range(value))
    elif function == 6:
        if not stubborn:
            registers[address] = value
        pdu = struct.pack(">BHH", 6, address, value)
    else:
        pdu = struct.pack(">BB", function | 0x80, 1)
    return struct.pack(">HHHB", transaction, 0, len(pdu) + 1, unit) + pdu


def serve(listener):
    while True:
        peer, _ = listener.accept()
        threading.Thread(target=talk, args=(peer,), daemon=True).start()


def talk(peer):
    while True:
        request = peer.recv(260)
        if len(request) < 12:
            return
        peer.sendall(answer(request))


def write(work, port, device, name, value, *options):
    run = subprocess.run([xanh, "device", "write", f"modbus://127.0.0.1:{port}?unit=3", device, name, str(value),
                          "--allow", f"{work}/allow.yaml", "--journal", f"{work}/journal", *options],
                         capture_output=True, text=True, timeout=15)
    return run.returncode, run.stdout, run.stderr


def main():
    global stubborn
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    threading.Thread(target=serve, args=(listener,), daemon=True).start()
    with tempfile.TemporaryDirectory(prefix="xanh-device-") as work:
        with open(f"{work}/allow.yaml", "w") as out:
            out.write("kind: allow-list\nallow:\n  - {device: crac-2, name: supply.setpoint, holding: 1010, type: i16, "
                      "least: 180, most: 270, per_hour: 3, apart: 1 s}\n")
        for device, name, value, what in (("crac-2", "supply.setpoint", 300, "beyond its range"),
                                          ("crac-2", "bms.stop", 0, "not on the list"),
                                          ("crac-3", "supply.setpoint", 200, "of another device")):
            code, _, text = write(work, port, device, name, value, "--yes")
            ok(code == 77 and text.count("\n") == 1 and seen == [], f"{what}: exit 77, and nothing reached the wire",
               (code, text, seen))
        code, text, _ = write(work, port, "crac-2", "supply.setpoint", 220)
        ok(code == 2 and "--yes" in text and seen == [], "without --yes it only says what it would do", (code, text))
        code, text, _ = write(work, port, "crac-2", "supply.setpoint", 220, "--yes")
        ok(code == 0 and registers[1010] == 220 and seen == [6, 3] and "read back" in text,
           "what is permitted is written once and read back", (code, text, seen))
        seen.clear()
        code, _, text = write(work, port, "crac-2", "supply.setpoint", 230, "--yes")
        ok(code == 77 and seen == [], "a second write too soon is refused: exit 77", (code, text, seen))
        subprocess.run(["sleep", "1.2"], check=True)
        stubborn = True
        code, _, text = write(work, port, "crac-2", "supply.setpoint", 240, "--yes")
        ok(code != 0 and registers[1010] == 220 and seen.count(6) == 1, "a device that keeps its value is told of",
           (code, text, seen))
        journal = open(f"{work}/journal").read()
        ok(journal.count("permitted") == 2 and journal.count(" done") == 1, "the journal has both, and what came of them",
           journal)
        with open(f"{work}/wrong.yaml", "w") as out:
            out.write("kind: allow-list\nallow:\n  - {device: a, name: b, holding: 1, least: 9, most: 3}\n")
        run = subprocess.run([xanh, "device", "check", f"{work}/wrong.yaml"], capture_output=True, text=True)
        ok(run.returncode == 65 and "wrong.yaml:3:" in run.stderr, "a wrong list is said with line and column: exit 65",
           run.stderr)
    print(f"1..{count}")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
