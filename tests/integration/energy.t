#!/usr/bin/python3
"""The ledger of a running site: the demo with a simulated hypervisor books some minutes; every interval balances, every face
shows the same number, corrections leave what they correct, and a report stands up to stock tools."""
import csv
import datetime
import io
import json
import os
import re
import subprocess
import sys
import tempfile
import time

TOP = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..')
BUILD = os.environ.get('XANH_BUILD', os.path.join(TOP, 'build/release'))
BASE = '/tmp/xanh-energy-test'
ENV = {'XANH_PORT': '27', **os.environ, 'XANH_SERVER': f'unix:{BASE}/api.sock', 'XANH_BUILD': BUILD}
MEMO = ('meter', 'rack', 'platform', 'agency')
count = failed = 0
folder = tempfile.TemporaryDirectory(prefix='xanh-energy-')


def ok(good, what, detail=''):
    global count, failed
    count += 1
    failed += not good
    print(f"{'ok' if good else 'not ok'} {count} - {what}", flush=True)
    if not good:
        print('\n'.join('#   ' + line[:300] for line in str(detail).splitlines()[:20]), flush=True)
    return good


def demo(*words):
    return subprocess.run([os.path.join(TOP, 'deploy/demo/run'), '--base', BASE, *words], env=ENV, capture_output=True, text=True, timeout=240, check=False)


def xanh(*words):
    return subprocess.run([os.path.join(BUILD, 'xanh'), *words], env=ENV, capture_output=True, text=True, timeout=120, check=False)


def ask(*words):
    out = xanh(*words, '-o', 'json')
    try:
        return json.loads(out.stdout)
    except ValueError:
        return {'rows': [], 'failed': out.stdout + out.stderr}


def api(path):
    out = subprocess.run(['curl', '-s', '--unix-socket', f'{BASE}/api.sock', f'http://xanh/api/v1{path}'], capture_output=True, text=True, timeout=30, check=False)
    return json.loads(out.stdout)


def entries():
    return api('/ledger?window=24h')


def last_day():
    """Of site time; the test may run over a midnight."""
    return max(row['start'] for row in entries())[:10]


def sums(rows):
    by_interval = {}
    for row in rows:
        if row['account'] not in MEMO:
            by_interval[row['start']] = by_interval.get(row['start'], 0) + row['energy_mj']
    return by_interval


def wait_for_intervals(wanted):
    end = time.monotonic() + 300
    while time.monotonic() < end:
        rows = entries()
        if len(sums(rows)) >= wanted:
            return rows
        time.sleep(3)
    return []


def kwh(mj):
    return mj / 3.6e9


def close(a, b, slack=1e-9):
    return abs(a - b) <= slack + 1e-9 * abs(b)


def balances(rows):
    by_interval = sums(rows)
    ok(by_interval and not any(by_interval.values()), f'each of {len(by_interval)} intervals sums to zero', by_interval)
    first = sorted(by_interval)[0]
    energy = lambda account: sum(row['energy_mj'] for row in rows if row['account'] == account)
    ok(-energy('vm') == energy('platform') == energy('agency') != 0, 'platforms and agencies sum to the VMs exactly', rows[:5])
    carried = sum(row['overhead_mj'] for row in rows if row['account'] in ('vm', 'host'))
    told = sum(row['overhead_mj'] for row in rows if row['account'] == 'agency')
    ok(carried > told > 0, 'cooling and losses are carried to VMs, agencies have those of theirs', (carried, told))
    verdict = ask('energy', 'balance', '--window', '24h', '--by', 'interval')
    ok(verdict['rows'] and all(row['balanced'] for row in verdict['rows']), 'xanh energy balance says so', verdict)
    shown = xanh('energy', 'flow', '--window', '24h').stdout
    ok(re.search(r'from\n +grid .* kWh', shown) and 'cooling' in shown and 'mst' in shown, 'xanh energy flow shows where from and to', shown)
    return first


def one_number():
    """The grid's energy of a day, as each face shows it. The books stand still between two intervals only: tried thrice."""
    day = last_day()
    seen = {}
    for _ in range(3):
        before = entries()
        grid = sum(row['energy_mj'] for row in before if row['account'] == 'grid' and row['start'].startswith(day))
        seen = {'ledger': kwh(grid)}
        seen['command'] = next(row['energy_kwh'] for row in ask('energy', 'show', '--period', day)['rows'] if row['account'] == 'grid')
        seen['api'] = next(row['energy_kwh'] for row in api(f'/energy?period={day}')['rows'] if row['account'] == 'grid')
        text = xanh('report', 'export', 'site-energy', '--period', day, '--format', 'json').stdout
        report = json.loads(text)
        tables = {table['name']: table['rows'] for table in report['tables']}
        first = report['tables'][0]['rows']
        seen['report json'] = sum(row['energy_kwh'] if 'energy_kwh' in row else row['kwh'] for row in first if row.get('supply_id', row.get('supply')) == 'grid')
        rows = list(csv.DictReader(io.StringIO(xanh('report', 'export', 'site-energy', '--period', day, '--format', 'csv').stdout)))
        seen['report csv'] = sum(float(row.get('energy_kwh') or row.get('kwh')) for row in rows if row.get('supply_id', row.get('supply')) == 'grid')
        if entries() == before:
            break
    ok(close(seen['command'], seen['ledger']) and close(seen['api'], seen['ledger']) and
       all(abs(seen[face] - seen['ledger']) < 0.002 for face in ('report json', 'report csv')), 'every face shows the same number', f'{seen} {tables.keys()}')


def indicators():
    sheet = {row['metric']: row for row in ask('metric', '--window', '24h')['rows']}
    flow = ask('energy', 'flow', '--window', '24h')
    pue = sheet['pue']
    ok(pue['value'] and abs(pue['value'] - flow['sources_kwh'] / flow['it_kwh']) < 0.02, 'PUE is the sources over IT', (pue, flow['sources_kwh'], flow['it_kwh']))
    ok(pue['span'] != 'annual' and pue['u_k2'] and pue['status'] in ('met', 'not_met', 'not_proven') and pue['coverage'] < 0.5,
       'it is no annual one, has its uncertainty, and its verdict', pue)
    words = xanh('metric', 'explain', 'pue', '--window', '24h').stdout
    ok('E_DC / E_IT' in words and 'meter-main' in words, 'xanh metric explain names formula and meters', words)
    ok(sheet['wue']['value'] is None and sheet['wue']['why'], 'where there is no value, there is a reason', sheet['wue'])


def corrections(first):
    start = datetime.datetime.fromisoformat(first)
    end = start + datetime.timedelta(minutes=1)
    span = ('--from', first, '--to', end.isoformat())
    fixed = xanh('energy', 'fix', 'meter-main', *span, '--energy', '0.009 kWh', '--reason', 'a worn meter', '--evidence', 'protocol 17')
    ok(fixed.returncode == 0, 'a person says what a meter truly counted', fixed.stdout + fixed.stderr)
    meter = lambda: sum(row['energy_mj'] for row in api(f'/ledger?from={int(start.timestamp())}&to={int(end.timestamp())}')
                        if row['account'] == 'meter' and row['name'] == 'meter-main')
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline and meter() != 32400000:
        time.sleep(0.5)
    ok(meter() == 32400000, 'the books then say so', meter())
    ok(not any(sums(entries()).values()), 'and every interval still sums to zero', sums(entries()))
    listed = ask('energy', 'corrections')
    ok(any(row['reason'] == 'a worn meter' and row['evidence'] == 'protocol 17' for row in listed), 'who corrected what, and why, is kept', listed)
    for words, why in ((('nobody', *span), 'no such meter'), (('meter-main', '--from', first, '--to', (end + datetime.timedelta(seconds=7)).isoformat()), 'half an interval'),
                       (('meter-main', '--from', '2030-01-01T00:00+07:00', '--to', '2030-01-01T00:01+07:00'), 'the future')):
        refused = xanh('energy', 'fix', words[0], *words[1:], '--energy', '1 Wh', '--reason', 'x')
        ok(refused.returncode == 65 and refused.stderr.startswith('xanh: '), f'{why} is refused: {refused.stderr.strip()}', refused)


def imports():
    path = os.path.join(folder.name, 'bills.csv')
    today = datetime.datetime.fromisoformat(last_day() + 'T00:00:00+07:00')
    tomorrow = today + datetime.timedelta(days=1)
    with open(path, 'w', encoding='utf-8') as out:
        out.write(f'kind,start,end,amount,about,evidence\nwater,{today.isoformat()},{tomorrow.isoformat()},0.002,,bill 11\n')
    done = xanh('energy', 'import', path)
    ok(done.returncode == 0, 'water is imported', done.stderr)
    wue = {row['metric']: row for row in ask('metric', '--period', today.strftime('%Y-%m-%d'))['rows']}['wue']
    ok(wue['value'] and wue['value'] > 0, 'and WUE has a value', wue)
    with open(path, 'w', encoding='utf-8') as out:
        out.write(f'kind,start,end,amount,about,evidence\nwater,yesterday,{tomorrow.isoformat()},1,,\nwater,{today.isoformat()},{tomorrow.isoformat()},much,,\n')
    bad = xanh('energy', 'import', path)
    ok(bad.returncode == 65 and f'{path}:2:7: error:' in bad.stderr and ':3:' in bad.stderr, 'what is wrong with a file is told by line and column', bad.stderr)
    readings = os.path.join(folder.name, 'readings.csv')
    rules = os.path.join(folder.name, 'meter.yaml')
    long_ago = int(today.timestamp()) - 86400 * 3
    with open(rules, 'w', encoding='utf-8') as out:
        out.write('kind: meter\nregister: {bits: 32, unit: 1 Wh}\nmax_power: 20 kW\ninterval: 1 min\n')
    with open(readings, 'w', encoding='utf-8') as out:
        out.write('time,register_wh\n' + ''.join(f'{long_ago + i * 60},{1000 + i * 5}\n' for i in range(11)))
    done = xanh('energy', 'import', readings, '--meter', 'meter-main', '--rules', rules)
    past = ask('energy', 'show', '--account', 'grid', '--from', str(long_ago), '--to', str(long_ago + 600))
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline and not (past['rows'] and close(past['rows'][0]['energy_kwh'], 0.05)):
        time.sleep(0.5)
        past = ask('energy', 'show', '--account', 'grid', '--from', str(long_ago), '--to', str(long_ago + 600))
    ok(done.returncode == 0 and past['rows'] and close(past['rows'][0]['energy_kwh'], 0.05), 'history is imported from readings', (done.stderr, past))


def evidence():
    day = last_day()
    path = os.path.join(folder.name, 'kpi.pdf')
    done = xanh('report', 'export', 'kpi', '--period', day, '--format', 'pdf', '--language', 'vi', '--out', path)
    ok(done.returncode == 0 and open(path, 'rb').read(5) == b'%PDF-', 'a report is exported as PDF', done.stderr)
    checked = xanh('report', 'verify', path, '--ca', f'{BASE}/pki/ca.crt')
    ok(checked.returncode == 0, 'xanh report verify finds it whole', checked.stdout + checked.stderr)
    stock = subprocess.run(['openssl', 'cms', '-verify', '-binary', '-inform', 'DER', '-in', path + '.manifest.p7s', '-content', path + '.manifest.json',
                            '-CAfile', f'{BASE}/pki/ca.crt', '-purpose', 'any', '-out', '/dev/null'], capture_output=True, text=True, check=False)
    ok(stock.returncode == 0, 'so does stock openssl', stock.stderr)
    with open(path, 'r+b') as out:
        out.seek(1000)
        byte = out.read(1)
        out.seek(1000)
        out.write(bytes([byte[0] ^ 1]))
    ok(xanh('report', 'verify', path).returncode == 65, 'one changed bit is found')


def main():
    demo('--stop')
    try:
        started = demo('--simulated', '--detach')
        if ok(started.returncode == 0, 'the demo starts with the simulated hypervisor', started.stderr):
            rows = wait_for_intervals(2)
            if ok(rows, 'two intervals are booked', demo('--stop').stderr if not rows else ''):
                first = balances(rows)
                one_number()
                indicators()
                corrections(first)
                imports()
                evidence()
    finally:
        demo('--stop')
    print(f'1..{count}')
    sys.exit(failed > 0)


main()
