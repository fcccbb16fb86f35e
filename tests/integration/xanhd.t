#!/usr/bin/python3
"""xanhd by itself: doors, intake, kill -9, policies, the page's session, a full disk; the hypervisor is simulated."""
import atexit
import glob
import json
import os
import random
import re
import shutil
import signal
import socket
import sqlite3
import ssl
import struct
import subprocess
import sys
import tempfile
import time
import http.client

TOP = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..')
BUILD = os.environ.get('XANH_BUILD', os.path.join(TOP, 'build/release'))
BASE = tempfile.mkdtemp(prefix='xanhd-test-')
KILLS = int(os.environ.get('XANH_KILLS', '5'))
count = failed = 0
started = []
mounted = []


def ok(good, what, detail=''):
    global count, failed
    count += 1
    failed += not good
    print(f"{'ok' if good else 'not ok'} {count} - {what}", flush=True)
    if not good:
        for line in str(detail).split('\n')[-20:]:
            print('#   ' + line, flush=True)
    return good


def finish():
    for process in started:
        if process.poll() is None:
            process.kill()
            process.wait()
    for path in mounted:
        subprocess.run(['umount', '-l', path], check=False)
    shutil.rmtree(BASE, ignore_errors=True)


atexit.register(finish)


def free_port():
    with socket.socket() as s:
        s.bind(('127.0.0.1', 0))
        return s.getsockname()[1]


TLS, PAGE = free_port(), free_port()
SITE = f"""version: 1
site: {{name: t1, title: {{vi: "Thử", en: "Test"}}, timezone: Asia/Ho_Chi_Minh}}
api:
  listen: ["unix:{BASE}/api.sock", "tls://127.0.0.1:{TLS}", "http://127.0.0.1:{PAGE}"]
  certificate: {BASE}/pki/server.crt
  private_key: {{credential: api-key}}
store: {{kind: rrd, raw: {{every: 1 s, keep: 1 d}}, hour: {{every: 1 h, keep: 30 d}}}}
control: {{tick: 2 s}}
defaults: {{poll: 10 s, snmp: {{version: 2c, community: {{credential: c}}}}}}
clusters:
  prod: {{hosts: {{uri: "qemu+tls://{{host}}/system", names: [h1, h2]}}}}
racks:
  A01:
    room: hall-1
    feeds: {{A: {{breaker: 16 A, phases: 1, voltage: 230 V}}, B: {{breaker: 16 A, phases: 1, voltage: 230 V}}}}
    units:
      U1: {{host: h1, outlets: [pdu-a/1, pdu-b/1]}}
      U2: {{host: h2, outlets: [pdu-a/2, pdu-b/2]}}
devices:
  pdu-a: {{profile: apc-rpdu2, address: "snmp://127.0.0.1:1", feeds: A01/A}}
  pdu-b: {{profile: apc-rpdu2, address: "snmp://127.0.0.1:2", feeds: A01/B}}
  main: {{profile: schneider-pm5000, address: "modbus://127.0.0.1:3?unit=1", measures: site/grid}}
"""
POINTS = [(device, point, kind) for device in ('pdu-a', 'pdu-b') for point, kind in (
    ('input.realpower', 'power'), ('input.energy', 'energy'), ('outlet.1.realpower', 'power'),
    ('outlet.2.realpower', 'power'), ('ambient.temperature', 'temperature'))]


def crc32c(data, crc=0):
    crc ^= 0xffffffff
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xffffffff


SCHEMA = crc32c(''.join(f'{d}\n{p}\n{k}\n' for d, p, k in POINTS).encode())
VALUES = [200000, 5000000, 100000, 90000, 21500]  # thousandths: W, Wh, W, W, degC


def frame(sequence, at=None, boot=0xfeedfacecafe0001, schema=SCHEMA):
    values = [v + (sequence * 1000 if i % 5 == 1 else 0) for i, v in enumerate(VALUES * 2)]
    n = len(values)
    body = struct.pack('>IIQQIqH', 0x584E4631, 42 + 11 * n, sequence, boot, schema,
                       int((at or time.time()) * 1000), n)
    body += struct.pack(f'>{n}H', *range(n)) + bytes([4] * n) + struct.pack(f'>{n}q', *values)
    return body + struct.pack('>I', crc32c(body))


def hello(agent='A01', points=None):
    return json.dumps({'agent': agent, 'boot': 'feedfacecafe0001', 'schema': SCHEMA, 'version': 'test',
                       'points': [{'device': d, 'point': p, 'class': k} for d, p, k in points or POINTS]})


class Unix(http.client.HTTPConnection):
    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(10)
        self.sock.connect(f'{BASE}/api.sock')


def ask(method, path, body=None, headers=None, connection=None):
    """Status and answer (JSON where it is); (0, None) when nobody answers."""
    connection = connection or Unix('x')
    try:
        connection.request(method, path, body, headers or {})
        reply = connection.getresponse()
        data = reply.read()
    except (OSError, http.client.HTTPException) as error:
        return 0, str(error)
    finally:
        connection.close()
    try:
        return reply.status, json.loads(data)
    except ValueError:
        return reply.status, data


def get(path):
    return ask('GET', '/api/v1' + path)[1]


def tls(who=None, folder='pki'):
    context = ssl.create_default_context(cafile=f'{BASE}/pki/ca.crt')
    if who:
        context.load_cert_chain(f'{BASE}/{folder}/{who}.crt', f'{BASE}/{folder}/{who}.key')
    return http.client.HTTPSConnection('127.0.0.1', TLS, context=context, timeout=10)


def page(method, path, headers=None):
    return ask(method, path, None, headers, http.client.HTTPConnection('127.0.0.1', PAGE, timeout=10))


def send(body, path='frames'):
    return ask('POST', f'/agent/v1/{path}', body, None, tls('agent-A01'))


def command(*more, state='state'):
    return [f'{BUILD}/xanhd', '--config', f'{BASE}/xanh.yaml', '--state', f'{BASE}/{state}', '--credentials',
            f'{BASE}/credentials', '--ca', f'{BASE}/pki/ca.crt', '--hypervisor', 'simulated', *more]


def start(state='state'):
    log = open(f'{BASE}/log', 'a')
    process = subprocess.Popen(command(state=state), stderr=log, stdin=subprocess.DEVNULL,
                               env=dict(os.environ, XANH_SIM_STATE=f'{BASE}/sim'))
    started.append(process)
    begun = time.monotonic()
    while time.monotonic() - begun < 15 and process.poll() is None:
        if ask('GET', '/healthz')[0] in (200, 503):
            break
        time.sleep(0.02)
    return process, time.monotonic() - begun


def stop(process):
    process.send_signal(signal.SIGTERM)
    try:
        return process.wait(15)
    except subprocess.TimeoutExpired:
        return None


def until(seconds, check):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        answer = check()
        if answer:
            return answer
        time.sleep(0.1)
    return None


def log():
    return open(f'{BASE}/log').read()


def prepare():
    os.makedirs(f'{BASE}/credentials')
    os.makedirs(f'{BASE}/sim')
    for folder in ('pki', 'rogue'):
        subprocess.run([f'{BUILD}/xanh', 'ca', 'init', '--dir', f'{BASE}/{folder}', '--site', 't1', '--host',
                        '127.0.0.1'], check=True, capture_output=True)
        for agent in ('A01', 'nobody'):
            subprocess.run([f'{BUILD}/xanh', 'agent', 'enrol', agent, '--dir', f'{BASE}/{folder}'], check=True,
                           capture_output=True)
    for name, text in (('api-key', open(f'{BASE}/pki/server.key').read()), ('c', 'x')):
        with open(os.open(f'{BASE}/credentials/{name}', os.O_WRONLY | os.O_CREAT, 0o600), 'w') as file:
            file.write(text)
    open(f'{BASE}/xanh.yaml', 'w').write(SITE)


def wrong_configuration():
    bad = f'{BASE}/bad.yaml'
    open(bad, 'w').write(SITE.replace('room:', 'rom:').replace('feeds: A01/B', 'feeds: A09/B'))
    out = subprocess.run([f'{BUILD}/xanhd', '--config', bad, '--state', f'{BASE}/none'], capture_output=True, text=True,
                         timeout=20)
    ok(out.returncode == 65 and out.stderr.count('error:') >= 2 and '^' in out.stderr,
       'a wrong configuration: every problem with a caret, exit 65', out.stderr)
    ok(not os.path.exists(f'{BASE}/none'), 'and nothing was started')
    out = subprocess.run(command('--check'), capture_output=True, text=True, timeout=20)
    ok(out.returncode == 0 and out.stderr == '', '--check of a right one is silent', out.stderr)


def doors():
    status, answer = ask('GET', '/api/v1/status')
    ok(status == 200 and answer['site'] == 't1' and answer['racks'] == 1, 'the unix socket serves its own user', answer)
    ok(answer['automation']['state'] in ('running', 'hold') and answer['power']['grid_w'] is None,
       'what was not measured is null, not 0', answer)
    ok(ask('GET', '/api/v1/status', connection=tls('operator'))[0] == 200, 'an operator enters by certificate')
    ok(ask('GET', '/api/v1/status', connection=tls())[0] == 401, 'nobody enters without')
    ok(ask('POST', '/agent/v1/frames', frame(1), connection=tls())[0] == 401, 'an agent without certificate: 401')
    ok(ask('POST', '/agent/v1/frames', frame(1), connection=tls('operator'))[0] == 403, 'an operator is no agent: 403')
    ok(ask('GET', '/api/v1/status', connection=tls('agent-A01'))[0] == 403, 'an agent is no operator: 403')
    ok(ask('POST', '/agent/v1/hello', hello(), connection=tls('agent-A01', 'rogue'))[0] in (0, 403),
       'a certificate of another authority is refused')
    ok(send(hello('site'), 'hello')[0] == 403, 'an agent cannot speak for another')
    ok(ask('POST', '/agent/v1/hello', hello('nobody'), connection=tls('agent-nobody'))[0] == 403,
       'an agent the site does not have is refused')
    ok(len(re.findall('refused=', log())) >= 7, 'every refusal is in the log', log())
    ok(ask('GET', '/healthz')[0] == 200 and ask('GET', '/api/v1/nothing')[0] == 404 and
       ask('DELETE', '/api/v1/status')[0] == 405, '404 and 405 are told apart')


def intake():
    ok(send(frame(1))[0] == 409, 'frames before a hello: 409')
    ok(send(hello(), 'hello') == (200, {'durable': 0}), 'a hello is answered with what is durable')
    begun = time.monotonic()
    ok(send(frame(1) + frame(2) + frame(3)) == (200, {'durable': 3}), 'frames become durable')
    ok(time.monotonic() - begun < 2, 'and are answered at once')
    ok(send(frame(2) + frame(3)) == (200, {'durable': 3}), 'the same frames again change nothing')
    status, answer = send(frame(4)[:-1] + b'x')
    ok(status == 400 and answer['durable'] in (0, 3), 'a frame with a wrong checksum is refused', answer)
    status, answer = send(frame(4, at=time.time() + 120))
    ok(status == 200 and get('/devices')[0]['refused_frames'] == 1, 'a frame of the future is passed over', answer)
    until(10, lambda: get('/racks')[0]['fresh'])
    racks = get('/racks')
    ok(racks[0]['it_w'] == 400 and racks[0]['fresh'] and racks[0]['inlet_c'] == 21.5, 'the rack shows them', racks)
    meters = {row['name']: row for row in get('/meters')}
    ok(meters['pdu-a/1']['power_w'] == 100 and meters['A01/inlet']['temperature_c'] == 21.5, 'so do its meters', meters)
    points = {p['name']: p for p in get('/devices')[0]['points']}
    ok(points['input.energy']['value'] == 5003 and points['input.energy']['unit'] == 'Wh', 'so do its devices', points)
    text = ask('GET', '/metrics')[1].decode()
    ok('xanh_power_watts{meter="pdu-a",role="feed"} 200.000' in text and text.endswith('# EOF\n'),
       'so do the metrics', text)


def kills(process):
    """What was acknowledged is in the journal exactly once, whenever the daemon dies."""
    sequence, slowest, acked = 5, 0, []
    for _ in range(KILLS):
        end = time.monotonic() + random.uniform(0.1, 0.6)
        killer = subprocess.Popen(['sh', '-c', f'sleep {random.uniform(0.05, 0.5)}; kill -9 {process.pid}'])
        while time.monotonic() < end:
            status, answer = send(frame(sequence) + frame(sequence + 1))
            if status == 200:
                acked += [sequence, sequence + 1]
                sequence += 2
        killer.wait()
        process.wait()
        process, took = start()
        slowest = max(slowest, took)
        send(hello(), 'hello')
        durable = send(frame(1))[1]['durable']
        sequence = max(sequence, durable + 1)
    send(frame(sequence))
    rows = sqlite3.connect(f'file:{BASE}/state/state.db?mode=ro', uri=True).execute(
        "SELECT frame, count(*) FROM journal WHERE agent = 'A01' AND frame > 4 GROUP BY frame").fetchall()
    lost = set(acked) - {row[0] for row in rows}
    ok(not lost and len(acked) > KILLS, f'{KILLS} kills: none of {len(acked)} acknowledged frames is lost', lost)
    ok(all(row[1] == rows[0][1] for row in rows) and [r[0] for r in rows] == list(range(5, rows[-1][0] + 1)),
       'each is there once, with all its readings', rows)
    ok(slowest < 5, f'it serves again within 5 s (slowest {slowest:.2f} s)')
    return process, sequence + 1


def policies():
    good = open(os.path.join(TOP, 'deploy/examples/policies/consolidate.yaml')).read()
    status, answer = ask('PUT', '/api/v1/policy', good.replace('objectives:', 'objektives:'))
    ok(status == 422 and answer['problems'][0]['line'] > 1 and answer['problems'][0]['advice'],
       'a wrong policy: its problems with their places', answer)
    ok(ask('GET', '/api/v1/policy')[0] == 404, 'and nothing was applied')
    ok(ask('POST', '/api/v1/policy/check', good) == (200, {'problems': []}), 'a right one checks')
    status, answer = ask('PUT', '/api/v1/policy', good)
    ok(status == 200 and get('/policy')['yaml'] == good, 'and applies, byte for byte', answer)
    until(10, lambda: get('/status')['hosts_up'] == 2)
    status, plan = ask('POST', '/api/v1/plans')
    ok(status == 201 and plan['state'] in ('proposed', 'done') and get(f"/plans/{plan['id']}")['id'] == plan['id'],
       'a plan is made', plan)
    ask('POST', '/api/v1/hosts/h1/drain')
    plan = get(f"/plans/{get('/plans')[0]['id']}")
    ok(plan['before']['violation_count'] >= 1 and plan['before']['violations'][0]['about'] == ['h1'],
       'a host that is to be emptied is what its plan cures', plan)
    ask('POST', '/api/v1/hosts/h1/undrain')
    status, answer = ask('POST', '/api/v1/plans/p-9999/apply')
    ok(status in (404, 409) and answer['error']['text'], 'a plan there is not cannot be applied', answer)
    vm = get('/vms')[0]['name']
    ok(get(f'/vms/{vm}/why')['vm'] == vm and ask('GET', '/api/v1/vms/none/why')[0] == 404, 'a VM says why it is there')
    ask('POST', '/api/v1/pause')
    ok(get('/status')['automation']['state'] == 'paused', 'a person pauses it')
    ask('POST', '/api/v1/resume')
    ok(get('/status')['automation']['state'] != 'paused', 'and lets it go on')
    ok(ask('POST', '/api/v1/alarms/99/ack')[0] == 404, 'an alarm there is not cannot be acknowledged')
    ok({'pue', 'ref', 'cue'} <= {row['metric'] for row in get('/metrics?window=24h')['rows']} and
       all((row['value'] is None) != (row['why'] is None) for row in get('/metrics/pue?window=24h')['rows']),
       'an indicator has a value or the reason why not', get('/metrics/pue?window=24h'))
    ok(ask('GET', '/api/v1/metrics/none')[0] == 404 and ask('GET', '/api/v1/metrics/pue?window=soon')[0] == 422,
       'a metric and a window there are not')
    ok(ask('GET', '/api/v1/forecast/wind')[0] == 404 and ask('GET', '/api/v1/forecast/it/score?days=0')[0] == 422,
       'a forecast and a number of days there are not')
    status, answer = ask('GET', '/api/v1/forecast/load?hours=1')
    ok('needs a past' in answer['error']['text'] if status == 404 else answer['naive'] and len(answer['rows']) == 2,
       'a site without a past has no forecast but yesterday', answer)
    ok(ask('GET', '/api/v1/ledger?from=x&to=y')[0] == 422 and isinstance(get('/ledger'), list), 'the ledger is read')


def energy_plans():
    ok(ask('GET', '/api/v1/energy-plan')[0] == 404, 'no energy plan yet')
    wrong = 'kind: energy-plan\nname: e\nsources: {grid: {limit: 0 kW}}\n'
    status, answer = ask('PUT', '/api/v1/energy-plan', wrong)
    ok(status == 422 and [(p['line'], p['column']) for p in answer['problems']] == [(3, 25)],
       'a wrong energy plan: its problems with their places', answer)
    bands = '[{name: a, hours: [00:00-17:15], price: 1 VND/kWh}, {name: b, hours: [17:15-24:00], price: 2 VND/kWh}]'
    status, answer = ask('PUT', '/api/v1/energy-plan',
                         'kind: energy-plan\nname: e\nsources: {grid: {tariff: {bands: %s}}}\n' % bands)
    ok(status == 409 and '17:15 does not lie on the interval of 30 min' in answer['error']['text'],
       'bands that no interval ends with are refused', answer)
    ok(get('/energy-plans') == {'rows': []}, 'and nothing was applied')

    # With its files, from the command line.
    folder = f'{BASE}/energy-plan'
    os.makedirs(folder)
    for name in ('deploy/demo/site/energy-plan.yaml', 'policies/library/vn-tariff.yaml', 'policies/library/vn-emission-factors.csv'):
        shutil.copy(os.path.join(TOP, name), folder)
    xanh = [f'{BUILD}/xanh', 'energy-plan']
    environment = dict(os.environ, XANH_SERVER=f'unix:{BASE}/api.sock')
    out = subprocess.run([*xanh, 'apply', f'{folder}/energy-plan.yaml'], capture_output=True, text=True, check=False, env=environment)
    ok(out.returncode == 0, 'a right one applies', out.stderr)
    plan = get('/energy-plan')
    ok(plan['name'] == 'demo' and plan['carbon']['location']['id'] == 'vn-dcc-2023' and plan['carbon']['location']['year'] == 2023 and
       {b['band']: b['price_vnd_kwh'] for b in plan['bands']} == {'peak': 5422, 'normal': 3152, 'off-peak': 1918},
       'and says with its files what holds', plan)
    ok([row['name'] for row in get('/energy-plans')['rows']] == ['demo'], 'it is listed')
    ok(get('/energy-plan/cost')['cost']['unpriced_kwh'] >= 0 and 'rows' in get('/energy-plan/gap?window=24h&by=hour'),
       'cost and gap are answered')
    ok(ask('GET', '/api/v1/energy-plan/gap?by=week')[0] == 422, 'a step there is not is refused')
    out = subprocess.run([*xanh, 'diff', f'{folder}/energy-plan.yaml'], capture_output=True, text=True, check=False, env=environment)
    ok((out.returncode, out.stdout) == (0, 'no difference\n'), 'what is in force does not differ from its file', out.stdout + out.stderr)
    out = subprocess.run([*xanh, 'show', '--state', f'{BASE}/state'], capture_output=True, text=True, check=False)
    ok(out.returncode == 0 and '17:30-22:30  peak' in out.stdout, 'the state folder tells it without xanhd', out.stdout + out.stderr)


def sessions():
    status, answer = ask('POST', '/api/v1/login-codes')
    path = answer['url'].split(str(PAGE))[1]
    ok(status == 201 and page('GET', '/api/v1/status')[0] == 401, 'the page wants a session', answer)
    connection = http.client.HTTPConnection('127.0.0.1', PAGE, timeout=10)
    connection.request('GET', path)
    reply = connection.getresponse()
    reply.read()
    cookie = reply.getheader('Set-Cookie') or ''
    ok(reply.status == 303 and 'HttpOnly' in cookie and 'SameSite=Strict' in cookie, 'a code gives a cookie', cookie)
    ok(page('GET', path)[0] == 401, 'the same code does not serve twice')
    session = {'Cookie': cookie.split(';')[0]}
    status, answer = page('GET', '/api/v1/session', session)
    ok(status == 200 and len(answer['csrf']) == 64, 'the session has its token', answer)
    ok(page('POST', '/api/v1/pause', session)[0] == 403, 'without the token nothing changes')
    ok(page('POST', '/api/v1/resume', {**session, 'X-Xanh-Csrf': answer['csrf']})[0] == 200, 'with it, it does')
    connection = http.client.HTTPConnection('127.0.0.1', PAGE, timeout=10)
    connection.request('GET', '/')
    reply = connection.getresponse()
    reply.read()
    tag = reply.getheader('ETag')
    ok(reply.status == 200 and "default-src 'none'" in reply.getheader('Content-Security-Policy'), 'the page is strict')
    ok(page('GET', '/', {'If-None-Match': tag})[0] == 304, 'and not sent twice')


def events(sequence):
    connection = Unix('x')
    connection.request('GET', '/api/v1/events', headers={'Last-Event-ID': '0'})
    reply = connection.getresponse()
    send(frame(sequence))
    seen = {}
    end = time.monotonic() + 10
    last = None
    while time.monotonic() < end and 'status' not in seen:
        line = reply.readline().decode().rstrip()
        if line.startswith('event: '):
            last = line[7:]
        elif line.startswith('data: ') and last:
            seen[last] = json.loads(line[6:])
    connection.close()
    ok('status' in seen and seen['status']['site'] == 't1', 'who follows is told', seen.keys())
    ok('note' in seen, 'and what was missed is told again', seen.keys())
    history = until(10, lambda: any(get('/history?series=rack:A01&points=100')['series']['it_w']) and
                    get('/history?series=rack:A01&points=100'))
    ok(history and len(history['times']) <= 100, 'the graph has points, at most those asked for', history)
    ok(ask('GET', '/api/v1/history?series=rack:none')[0] == 404, 'a series there is not: 404')


def document():
    api = get('/openapi.json')
    unknown = []
    for path, methods in api['paths'].items():
        for method in methods:
            concrete = re.sub(r'\{\w+\}', 'none', path)
            if method == 'get' and path == '/api/v1/events':
                continue
            status, answer = ask('OPTIONS' if method == 'get' else 'GET' if 'get' not in methods else 'DELETE', concrete)
            if status != 405:
                unknown.append((path, status, answer))
    ok(not unknown, 'every path of the document is served', unknown)
    source = open(os.path.join(TOP, 'orchestrator/shell/api.c')).read()
    routes = {(m.lower(), re.sub(r'\*', '{}', p)) for m, p in re.findall(r'\{"(GET|POST|PUT|DELETE)", "(/[^"]*)"', source)}
    described = {(m, re.sub(r'\{\w+\}', '{}', p)) for p, ms in api['paths'].items() for m in ms}
    ok(routes == described, 'and every path that is served is in it', routes ^ described)


def full_disk():
    if os.geteuid() != 0 or not shutil.which('mount'):
        print(f'ok {count + 1} # SKIP a full disk: needs root for a small file system')
        return 1
    path = f'{BASE}/small'
    os.makedirs(path)
    if subprocess.run(['mount', '-t', 'tmpfs', '-o', 'size=16m', 'tmpfs', path], capture_output=True, check=False).returncode:
        print(f'ok {count + 1} # SKIP a full disk: mount is not permitted')
        return 1
    mounted.append(path)
    process, _ = start('small/state')
    send(hello(), 'hello')
    ok(send(frame(1))[0] == 200, 'on a small disk all is well')
    with open(f'{path}/filler', 'wb', buffering=0) as filler:
        try:
            while True:
                filler.write(b'x' * 65536)
        except OSError:
            pass
    held = until(15, lambda: 'disk' in (get('/status')['automation']['why'] or ''))
    ok(held, 'a full disk: it holds and says so', get('/status'))
    ok(ask('GET', '/healthz')[0] == 503, 'so does its health')
    status, answer = ask('POST', '/api/v1/plans')
    ok(status in (409, 503), 'no plan is made', answer)
    last = 2
    for last in range(2, 400):
        if send(b''.join(frame(last * 100 + i) for i in range(100)))[0] != 200:
            break
    ok(send(frame(last * 100 + 200))[0] == 503, 'agents are told to keep their frames')
    ok(process.poll() is None and get('/racks')[0]['it_w'] == 400, 'values are still shown')
    os.unlink(f'{path}/filler')
    ok(until(15, lambda: ask('GET', '/healthz')[0] == 200), 'with room again it goes on', log()[-2000:])
    ok(send(frame(last * 100 + 201))[0] == 200, 'and takes frames again')
    ok(stop(process) == 0, 'and ends cleanly')
    return 0


def main():
    if not os.path.exists(f'{BUILD}/xanhd') or not os.path.exists(f'{BUILD}/xanh'):
        print(f'1..0 # SKIP xanhd: {BUILD}/xanhd is not built')
        return 0
    prepare()
    wrong_configuration()
    process, took = start()
    if not ok(process.poll() is None and took < 5, f'it starts ({took:.2f} s)', log()):
        print(f'1..{count}')
        return 1
    second = subprocess.run(command(), capture_output=True, text=True, timeout=20)
    ok(second.returncode != 0 and 'another xanhd' in second.stderr, 'a second one on the same state is refused',
       second.stderr)
    doors()
    intake()
    process, sequence = kills(process)
    policies()
    energy_plans()
    sessions()
    events(sequence)
    document()
    ok(stop(process) == 0, 'SIGTERM ends it cleanly', log()[-2000:])
    ok(glob.glob(f'{BASE}/state/history/*.rrd'), 'the history is on disk')
    process, _ = start()
    ok('events=0 ' in log().split('state=restored')[-1], 'after a clean end nothing is replayed', log()[-1500:])
    ok(get('/policy')['name'] == 'consolidate', 'and the policy is in force')
    ok(stop(process) == 0, 'again')
    skipped = full_disk()
    print(f'1..{count + skipped}')
    return 1 if failed else 0


sys.exit(main())
