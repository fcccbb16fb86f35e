#!/usr/bin/python3
"""The daemon-facing commands against a small stand-in for xanhd on a unix socket: tables, JSON, CSV, exit codes,
following a plan to its end, and what a person is told when something is wrong."""
import http.server
import json
import os
import re
import socketserver
import subprocess
import sys
import tempfile
import threading

BUILD = os.environ.get('XANH_BUILD', os.path.join(os.path.dirname(__file__), '..', '..', 'build', 'release'))
XANH = os.path.join(BUILD, 'xanh')
NOW = '2020-11-23T09:00:00+07:00'
count = 0
failed = 0


def ok(good, what, detail=''):
    global count, failed
    count += 1
    failed += not good
    print(f"{'ok' if good else 'not ok'} {count} - {what}", flush=True)
    if not good:
        for line in str(detail).split('\n')[-20:]:
            print('#   ' + line, flush=True)


class Site:
    """What the stand-in answers; tests change it."""

    def __init__(self):
        self.calls = []
        self.state = 'proposed'
        self.looks = 0
        self.moves = [{'step': 1, 'vm': 'portal-1', 'from': 'h2', 'to': 'h1', 'saves_w': 12.44, 'reason': 'greener',
                       'state': 'waiting', 'after': []}]
        self.end = 'done'
        self.refuse = None

    def plan(self):
        if self.state == 'running':
            self.looks += 1
            self.moves[0]['state'] = 'started'
            if self.looks > 1:
                self.state = self.end
                self.moves[0]['state'] = 'done' if self.end == 'done' else 'failed'
        return {'id': 'P7', 'state': self.state, 'verdict': f'{len(self.moves)} moves', 'why': '', 'moves': self.moves,
                'before': {'it_w': 512.0}, 'after': {'it_w': 499.56}, 'bound': {'it_w': 480}}

    def answer(self, method, path, body):
        self.calls.append(f'{method} {path}')
        if self.refuse:
            return self.refuse, {'error': {'code': 'refused', 'text': 'the guard says no:\x1b[2J rack A01 is on hold'}}
        verb = re.fullmatch(r'/plans/P7/(approve|apply|abort)', path)
        if method == 'POST' and verb:
            self.state = {'approve': 'approved', 'apply': 'running', 'abort': 'aborted'}[verb[1]]
            return 200, {'id': 'P7'}
        answers = {
            'GET /status': {'site': 'demo', 'now': NOW, 'automation': {'state': 'running', 'why': ''}, 'racks': 1,
                            'racks_fresh': 1, 'hosts': 1, 'hosts_up': 1, 'vms': 1, 'alarms': 1,
                            'power': {'grid_w': 12345.6, 'pv_w': 0, 'it_w': 512.25, 'cooling_w': None, 'complete': True,
                                      'power_ratio_now': 1.4049},
                            'plan': {'id': 'P7', 'state': 'proposed'}},
            'GET /racks': [{'name': 'A01', 'room': 'hall-1', 'it_w': 512.25, 'hold': False, 'inlet_c': 24.1, 'why': None,
                            'feeds': [{'name': 'A', 'w': 256, 'rating_w': 3680}, {'name': 'B', 'w': None, 'rating_w': 3680}]}],
            'GET /metrics': {'period': '24h', 'from': NOW, 'to': NOW, 'rows': [
                {'metric': 'pue', 'unit': 'ratio', 'value': 1.40149999, 'u_k2': 0.0323316, 'target': 1.46289, 'span': 'interim'},
                {'metric': 'pue-other', 'unit': 'ratio', 'value': -0.0004, 'u_k2': None},
                {'metric': 'dcie', 'unit': '%', 'value': 71.3526}]},
            'GET /devices': [{'name': 'pdu-a', 'agent': 'A01', 'enabled': True, 'agent_heard': None}],
            'GET /hosts': [{'name': 'h1', 'rack': 'A01', 'state': 'on', 'power_w': 170.5, 'vms': 1}],
            'GET /vms': [{'name': 'phường,1', 'host': 'h1', 'power_w': 12.34, 'agency': '\x1b[31mred'}],
            'GET /vms/a%20b/why': {'vm': 'a b', 'host': 'h1', 'text': 'it was there', 'notes': [{'at': NOW, 'text': 'moved'}]},
            'GET /plans': [{'id': 'P7', 'state': self.state, 'made': NOW}],
            'POST /plans': {'id': 'P7'},
            'GET /policy': {'name': 'green', 'yaml': 'kind: policy\n'},
            'GET /alarms': [{'id': 3, 'severity': 'warning', 'subject': 'pdu-a', 'text': 'stale', 'raised': NOW}],
            'POST /alarms/3/ack': {}, 'POST /hosts/h1/drain': {}, 'POST /pause': {}, 'POST /resume': {},
            'POST /login-codes': {'url': 'http://127.0.0.1:1/login?code=x'},
        }
        if path == '/plans/P7':
            return 200, self.plan()
        if f'{method} {path}' not in answers:
            return 404, {'error': {'code': 'not_found', 'text': f'there is no {path}'}}
        return 200, answers[f'{method} {path}']


site = Site()


class Handler(http.server.BaseHTTPRequestHandler):
    def handle_any(self):
        body = self.rfile.read(int(self.headers.get('Content-Length') or 0))
        status, answer = site.answer(self.command, self.path.removeprefix('/api/v1'), body)
        data = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header('Content-Type', 'application/json')
        self.send_header('Content-Length', str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_POST = do_PUT = handle_any

    def log_message(self, *arguments):
        pass

    def address_string(self):
        return 'unix'


class Server(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True


def main():
    global site
    if not os.path.exists(XANH):
        print(f'1..0 # SKIP cli: {XANH} is not built')
        return 0
    with tempfile.TemporaryDirectory() as folder:
        path = f'{folder}/api.sock'
        env = dict(os.environ, XANH_SERVER=f'unix:{path}', TERM='dumb', LC_ALL='C.UTF-8')

        def xanh(*arguments):
            return subprocess.run([XANH, *arguments], env=env, capture_output=True, text=True, timeout=60)

        gone = xanh('status')
        ok(gone.returncode == 69 and 'xanh doctor' in gone.stderr and gone.stdout == '', 'nobody there: 69 and what to do next', gone)
        doctor = xanh('doctor')
        ok(doctor.returncode == 69 and 'do: start xanhd' in doctor.stdout, 'doctor says how to mend that', doctor)

        server = Server(path, Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()

        out = xanh('status')
        ok(out.returncode == 0 and '12.35 kW' in out.stdout and '512.2 W' in out.stdout and '24.1 °C' in out.stdout,
           'status has watts and degrees', out)
        ok('power ratio now 1.40' in out.stdout and 'PUE' not in out.stdout, 'the ratio of a moment is not called PUE', out.stdout)
        out = xanh('metric')
        ok(re.search(r'pue +- +1\.401  ratio +0\.032 .* 1\.463 ', out.stdout) and re.search(r'pue-other +- +0\.000 ', out.stdout) and
           re.search(r'dcie +- +71\.4 ', out.stdout), 'indicators have the digits that say something', out)
        ok(json.loads(xanh('metric', '-o', 'json').stdout)['rows'][1]['value'] == -0.0004, 'their JSON is exact')
        ok('pue-other,,-0.0004,' in xanh('metric', '-o', 'csv').stdout, 'and their CSV')
        ok(json.loads(xanh('status', '-o', 'json').stdout)['racks_fresh'] == 1, 'status as JSON is what xanhd said')
        out = xanh('rack', 'list', '-o', 'csv')
        ok(out.stdout.split('\n')[0].startswith('name,room,it_w,feed_a_w,') and ',256,3680,,3680,' in out.stdout,
           'CSV has units in its field names and an empty cell for what is not known', out.stdout)
        out = xanh('vm', 'list')
        ok('phường,1' in out.stdout and '\x1b' not in out.stdout and '\\x1b[31mred' in out.stdout,
           'no name can drive the terminal', out.stdout)
        ok('"phường,1"' in xanh('vm', 'list', '-o', 'csv').stdout, 'CSV quotes a comma')
        out = xanh('vm', 'why', 'a b')
        ok(out.returncode == 0 and 'moved' in out.stdout, 'vm why tells the story', out)
        ok(xanh('vm', 'why', 'nobody').returncode == 65, 'a VM that is not there: 65')
        ok(xanh('vm', 'why').returncode == 64, 'no VM named: 64')
        ok(xanh('host', 'list', '-o', 'yaml').returncode == 64, 'a format that does not exist: 64')
        ok(xanh('host', 'drain', 'h1').returncode == 0 and 'POST /hosts/h1/drain' in site.calls, 'a host can be drained')
        ok(xanh('alarm', 'ack', '3', '--note', 'seen').returncode == 0, 'an alarm can be acknowledged')
        ok(xanh('dashboard').stdout == 'http://127.0.0.1:1/login?code=x\n', 'dashboard prints one address and nothing else')
        ok(xanh('policy', 'show').stdout == 'kind: policy\n', 'policy show prints the text as it was written')

        out = xanh('plan')
        ok(out.returncode == 2 and 'portal-1' in out.stdout and '12.4 W' in out.stdout and 'plan apply --yes' in out.stderr,
           'a plan with moves: what, why, what it saves, what next; exit 2', out)
        out = xanh('plan', 'apply')
        ok(out.returncode == 77 and 'not approved' in out.stderr, 'a plan that nobody approved is not applied', out)
        out = xanh('plan', 'apply', '--yes')
        ok(out.returncode == 0 and '1/1 portal-1 h2 -> h1: started' in out.stderr and ': done' in out.stderr,
           'apply follows each move to the end', out)
        ok(site.calls.index('POST /plans/P7/approve') < site.calls.index('POST /plans/P7/apply'), 'it was approved first')
        out = xanh('plan', 'apply')
        ok(out.returncode == 77 and "'xanh plan'" in out.stderr, 'a plan that is done is not applied again', out)

        site = Site()
        site.end = 'stopped'
        out = xanh('plan', 'apply', '--yes', '-o', 'json')
        ok(out.returncode == 77 and json.loads(out.stdout)['state'] == 'stopped', 'a plan that the guard stops: 77', out)
        site = Site()
        site.moves = []
        out = xanh('plan')
        ok(out.returncode == 0 and '0 moves' in out.stdout, 'a plan without moves: exit 0', out)
        ok('nothing to do' in xanh('plan', 'apply', '--yes').stderr, 'and there is nothing to apply')
        out = xanh('plan', 'list')
        ok(out.returncode == 0 and 'P7' in out.stdout, 'plans are listed', out)

        site.refuse = 403
        out = xanh('plan')
        ok(out.returncode == 77 and 'rack A01 is on hold' in out.stderr and '\x1b' not in out.stderr,
           'a refusal: 77 with its reason, escaped', out)
        site.refuse = 500
        ok(xanh('rack', 'list').returncode == 70, 'a fault inside xanhd: 70')
        site = Site()
        out = xanh('doctor')
        ok('ok    policy      green' in out.stdout and 'FAIL  clock' in out.stdout and 'do: set both by NTP' in out.stdout
           and 'agent A01 has sent nothing' in out.stdout,
           'doctor goes through its list', out)
        server.shutdown()
    print(f'1..{count}')
    return failed > 0


sys.exit(main())
