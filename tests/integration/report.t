#!/usr/bin/python3
"""Reports of a made state folder: every kind, format and language, twice the same bytes and one number in all of them;
frozen periods; open data; schedules; and the same from a running xanhd. report_verify.t is about their evidence."""
import atexit
import csv
import importlib.util
import io
import itertools
import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time

TOP = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..')
BUILD = os.path.abspath(os.environ.get('XANH_BUILD', os.path.join(TOP, 'build/release')))
XANH = os.path.join(BUILD, 'xanh')
BASE = tempfile.mkdtemp(prefix='xanh-report-')
STATE, PKI = f'{BASE}/state', f'{BASE}/pki'
PLANNED = 1769878800000  # 2026-02-01: the plan begins then
KINDS = 'site-energy kpi eu-2024-1364 vn-annual ghg statement placement quality invoice'.split()
FORMATS = ('csv', 'json', 'xlsx', 'pdf')
count = failed = 0
started = []
os.chdir(BASE)


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
        process.kill()
        process.wait()
    shutil.rmtree(BASE, ignore_errors=True)


atexit.register(finish)


def run(*words, **more):
    return subprocess.run([XANH, 'report', *words], capture_output=True, check=False, **more)


def export(kind, form, language='vi', period='2026-03', *words):
    return run('export', kind, '--period', period, '--format', form, '--language', language, '--state', STATE, *words)


def made():
    loader = os.path.join(BUILD, 'tests/bench/year_load')
    if not os.path.exists(loader):
        subprocess.run(['make', '-s', '-C', TOP, os.path.relpath(loader, TOP)], check=True)
    os.makedirs(STATE)
    subprocess.run([loader, STATE, '20', '400', '10'], check=True)
    with open(os.path.join(TOP, 'deploy/examples/energy-plan.yaml'), encoding='utf-8') as file:
        plan = re.sub(r'(?m)^(from|to): .*\n', '', file.read())
    with sqlite3.connect(f'{STATE}/state.db') as db:
        db.execute("INSERT INTO energy_plan VALUES(1, 0, 'p', 'test', ?, ?, ?)", (PLANNED, 2**63 - 1, plan))
    subprocess.run([XANH, 'ca', 'init', '--dir', PKI, '--site', 'dc-test'], check=True, capture_output=True)


def everything_twice():
    bad, same = [], []
    files = {}
    for kind, form, language in itertools.product(KINDS, FORMATS, ('vi', 'en')):
        first, second = export(kind, form, language), export(kind, form, language)
        files[kind, form, language] = first.stdout
        if first.returncode or not first.stdout:
            bad.append((kind, form, language, first.stderr))
        if first.stdout != second.stdout:
            same.append((kind, form, language))
    ok(not bad, 'every kind in every format and language', bad)
    ok(not same, 'is made twice with the same bytes', same)
    return files


def numbers(files):
    """Each table of the JSON beside what CSV and XLSX say, as text of the field's decimals."""
    wrong = []
    for kind in KINDS:
        document = json.loads(files[kind, 'json', 'vi'])
        table = document['tables'][0]
        kinds = {f['name']: f for f in table['fields']}
        lines = list(csv.DictReader(io.StringIO(files[kind, 'csv', 'vi'].decode(), newline='')))
        if len(lines) != len(table['rows']):
            wrong.append((kind, len(lines), len(table['rows'])))
        for line, row in zip(lines, table['rows']):
            for name, field in kinds.items():
                value = row[name]
                text = '' if value is None else f"{value:.{field['decimals']}f}" if field['kind'] == 'number' else value
                if line[name] != text:
                    wrong.append((kind, name, line[name], value))
    ok(not wrong, 'CSV and JSON say the same numbers', wrong[:5])
    if importlib.util.find_spec('openpyxl') is None:
        print(f'ok {count + 1} # SKIP XLSX: python3-openpyxl is not there')
        return 1
    import openpyxl
    wrong = []
    for kind in KINDS:
        table = json.loads(files[kind, 'json', 'en'])['tables'][0]
        book = openpyxl.load_workbook(io.BytesIO(files[kind, 'xlsx', 'en']))
        cells = [c.value for sheet in book for line in sheet for c in line if isinstance(c.value, (int, float))]
        found = {round(c, 6) for c in cells}
        for row in table['rows']:
            for field in table['fields']:
                value = row[field['name']]
                if field['kind'] == 'number' and value is not None and round(value, 6) not in found:
                    wrong.append((kind, field['name'], value))
    ok(not wrong, 'and XLSX, which opens', wrong[:5])
    return 0


def commands(files):
    """The same numbers from the commands that ask the books."""
    def asked(*words):
        out = subprocess.run([XANH, *words, '--period', '2026-03', '-o', 'json', '--state', STATE], capture_output=True,
                             check=True).stdout
        return json.loads(out)

    rows = {(r['id'], r['of']): r for r in json.loads(files['kpi', 'json', 'en'])['tables'][0]['rows']}
    wrong = [(m['metric'], m['value'], rows[m['metric'], m['of']]['value']) for m in asked('metric')['rows']
             if (m['value'] is None) != (rows[m['metric'], m['of']]['value'] is None) or
             m['value'] is not None and abs(m['value'] - rows[m['metric'], m['of']]['value']) > 6e-7]
    ok(not wrong, "the KPI sheet says what 'xanh metric' says", wrong)
    energy = {r['account']: r['energy_kwh'] for r in asked('energy', 'show')['rows']}
    steps = json.loads(files['site-energy', 'json', 'en'])['tables'][1]['rows']
    wrong = [(a, energy[a], sum(r[f'{a}_kwh'] for r in steps)) for a in ('grid', 'pv', 'battery', 'generator')
             if abs(energy[a] - sum(r[f'{a}_kwh'] for r in steps)) > 0.0006 * len(steps)]
    ok(not wrong, "and site energy what 'xanh energy show' says", wrong)
    bands = {b['band']: b for b in asked('energy-plan', 'cost')['cost']['bands']}
    table = json.loads(files['site-energy', 'json', 'en'])['tables'][0]['rows']
    wrong = [(name, b['cost_vnd']) for name, b in bands.items()
             if abs(sum(r['cost_vnd'] for r in table if r['band'] == name) - b['cost_vnd']) > 0.6 * 31]
    ok(bands and not wrong, "and its bands what 'xanh energy-plan cost' says", wrong)


def pdf(files):
    if not shutil.which('qpdf'):
        print(f'ok {count + 1} # SKIP qpdf is not there')
        return 1
    wrong = []
    for (kind, form, language), data in files.items():
        if form == 'pdf':
            with open('a.pdf', 'wb') as file:
                file.write(data)
            check = subprocess.run(['qpdf', '--check', 'a.pdf'], capture_output=True, check=False)
            if check.returncode:
                wrong.append((kind, language, check.stdout))
    ok(not wrong, 'qpdf finds nothing wrong in any PDF', wrong)
    return 0


def said(files):
    annual = json.loads(files['eu-2024-1364', 'json', 'en'])
    texts = ' '.join(r['text']['en'] for r in annual['remarks'] if r['warning'])
    ok(not annual['complete'] and 'calendar year' in texts and 'nobody gave' in texts,
       'a set with fields that nobody gave says so on its face', texts)
    running = json.loads(export('site-energy', 'json', 'en', '2026-01').stdout)
    ok(any('tariff' in r['text']['en'] for r in running['remarks']), 'energy without a tariff is not priced in silence',
       running['remarks'])
    ok(export('site-energy', 'json', 'en', '2031-01').returncode == 65, 'a period without any entry is refused')
    ok(export('kpis', 'json').returncode == 65 and b'site-energy' in export('kpis', 'json').stderr,
       'a kind there is not is answered with those there are')
    ok(run('export', 'kpi', '--period', '2026-13', '--format', 'csv', '--state', STATE).returncode == 65, 'nor a month 13')
    with open('facts.yaml', 'w', encoding='utf-8') as file:
        file.write('xanh: 1\nkind: report-facts\nfields: {s_dc_m2: 1200.5}\nmeasures:\n  - {name: x, saved: 3}\n')
    result = export('eu-2024-1364', 'csv', 'vi', '2026', '--facts', 'facts.yaml')
    ok(result.returncode == 65 and b'line 5' in result.stderr, 'facts with a mistake are refused with its line',
       result.stderr)


def frozen():
    key = ['--report-key', f'{PKI}/report.key', '--report-cert', f'{PKI}/report.crt', '--state', STATE]
    first = run('freeze', 'kpi', '--period', '2026-02', *key)
    second = run('freeze', 'ghg', '--period', '2026-02', *key)
    again = run('freeze', 'kpi', '--period', '2026-02', *key)
    ok(first.returncode == 0 and again.returncode == 0 and json.loads(again.stdout)['new'] is False,
       'freezing again what has not changed makes no revision', first.stderr + again.stderr)
    rows = json.loads(run('list', '-o', 'json', '--state', STATE).stdout)
    ok([r['id'] for r in rows] == ['dc-test/kpi/2026-02/r1', 'dc-test/ghg/2026-02/r1'], 'the list has both', rows)
    with open(f'{STATE}/reports/ghg/ghg-2026-02/r1/manifest.json', encoding='utf-8') as file:
        manifest = json.load(file)
    ok(manifest['previous'] == rows[0]['sha256'], 'each manifest names the one before it', second.stderr)
    kept = f'{STATE}/reports/kpi/kpi-2026-02/r1/kpi-2026-02-en.pdf'
    with open(kept, 'rb') as file:
        ok(export('kpi', 'pdf', 'en', '2026-02').stdout == file.read(), 'an export of a frozen period is its frozen file')
    ok(json.loads(export('kpi', 'json', 'en', '2026-02', '--draft').stdout)['state'] == 'draft', 'unless a draft is asked for')
    ok(run('freeze', 'kpi', '--period', '2027-01', '--state', STATE).returncode in (65, 77), 'what is not over is not frozen')
    filed = run('file', 'dc-test/kpi/2026-02/r1', '--reference', 'SCT 112/BC', '--state', STATE)
    twice = run('file', 'dc-test/kpi/2026-02/r1', '--reference', 'other', '--state', STATE)
    ok(filed.returncode == 0 and twice.returncode == 77, 'a report is filed once', twice.stderr)


def bundle():
    result = run('bundle', '--period', '2026-03', '--out', 'open', '--state', STATE)
    with open('open/dataset.jsonld', encoding='utf-8') as file:
        record = json.load(file)
    names = [d['dcat:downloadURL'] for d in record['dcat:distribution']]
    sizes = [os.path.getsize(f'open/{n}') for n in names]
    ok(result.returncode == 0 and sizes == [d['dcat:byteSize'] for d in record['dcat:distribution']],
       'the DCAT record has every CSV with its size', result.stderr)
    text = ''.join(open(f'open/{n}', encoding='utf-8').read() for n in names)
    ok(not re.search(r'rack-\d|vm-\d|host-\d|pdu-', text) and 'platform-' not in text, 'no rack, host, VM or tenant is named')
    with open('open/statement-statement.csv', encoding='utf-8', newline='') as file:
        ok(all(int(r['vms']) >= 3 for r in csv.DictReader(file)), 'classes of fewer than three are left out')
    ok(all(os.path.exists(f'open/{n}-metadata.json') for n in names), 'each CSV has its CSVW metadata')


def schedules():
    os.makedirs('made')
    added = run('schedule', 'add', 'ghg', '--folder', f'{BASE}/made', '--format', 'csv,json', '--state', STATE)
    ok(added.returncode == 0, 'a schedule is added', added.stderr)
    ok(run('schedule', 'add', 'ghg', '--folder', f'{BASE}/made', '--day', '31', '--state', STATE).returncode == 65,
       'not for a day that some months have not')
    run('schedule', 'run', '--state', STATE)
    ok(not os.listdir('made'), 'it begins with the next time, not with what is past')
    with sqlite3.connect(f'{STATE}/state.db') as db:
        db.execute("UPDATE report_schedule SET done = ''")
    result = run('schedule', 'run', '--state', STATE)
    row = json.loads(run('schedule', 'list', '-o', 'json', '--state', STATE).stdout)[0]
    found = sorted(name for _, _, names in os.walk('made') for name in names)
    ok((row['problem'] and not found) or any(n.endswith('.csv') for n in found),
       'when due it makes its files, or its problem stands in the list', (result.stderr, row, found))
    ok(run('schedule', 'remove', '1', '--state', STATE).returncode == 0 and
       json.loads(run('schedule', '-o', 'json', '--state', STATE).stdout) == [], 'and it can be taken away')


SITE = f"""version: 1
site: {{name: dc-test, title: {{vi: "Trung tâm dữ liệu thử", en: "Test data centre"}}, timezone: Asia/Ho_Chi_Minh}}
api: {{listen: ["unix:{BASE}/api.sock"]}}
store: {{kind: rrd, raw: {{every: 1 s, keep: 1 d}}, hour: {{every: 1 h, keep: 30 d}}}}
control: {{tick: 2 s}}
clusters:
  prod: {{hosts: {{uri: "qemu+tls://{{host}}/system", names: [h1]}}}}
racks:
  A01:
    room: hall-1
    feeds: {{A: {{breaker: 16 A, phases: 1, voltage: 230 V}}}}
    units: {{U1: {{host: h1}}}}
"""


def daemon():
    os.makedirs('credentials', mode=0o700)
    os.makedirs('sim')
    for name, source in (('report-key', 'report.key'), ('report-cert', 'report.crt')):
        shutil.copy(f'{PKI}/{source}', f'credentials/{name}')
        os.chmod(f'credentials/{name}', 0o400)
    with open('xanh.yaml', 'w', encoding='utf-8') as file:
        file.write(SITE)
    expected = {f: export('statement', f, 'en', '2026-04').stdout for f in FORMATS}
    process = subprocess.Popen([os.path.join(BUILD, 'xanhd'), '--config', 'xanh.yaml', '--state', STATE, '--credentials',
                                'credentials', '--hypervisor', 'simulated'],
                               env={**os.environ, 'XANH_SIM_STATE': f'{BASE}/sim'}, stderr=open('xanhd.log', 'w', encoding='utf-8'))
    started.append(process)
    end = time.monotonic() + 20
    while not os.path.exists(f'{BASE}/api.sock') and time.monotonic() < end and process.poll() is None:
        time.sleep(0.1)
    here = ['--server', f'unix:{BASE}/api.sock']
    if not ok(process.poll() is None, 'xanhd runs on that state', open('xanhd.log', encoding='utf-8').read()):
        return
    wrong = []
    for form in FORMATS:
        result = run('export', 'statement', '--period', '2026-04', '--format', form, '--language', 'en', *here)
        strip = (lambda b: re.sub(rb'"as_of": \d+', b'', b))
        if result.returncode or (form in ('csv', 'json') and strip(result.stdout) != strip(expected[form])):
            wrong.append((form, result.stderr))
    ok(not wrong, 'xanhd makes the same report', wrong)
    result = run('export', 'ghg', '--period', '2026-04', '--format', 'csv', '--out', 'd.csv', *here)
    check = run('verify', 'd.csv', '--ca', f'{PKI}/ca.crt')
    ok(result.returncode == 0 and check.returncode == 0 and b'authority' in check.stdout,
       'with its evidence, signed by its key', result.stderr + check.stdout + check.stderr)
    result = run('freeze', 'invoice', '--period', '2026-04', *here)
    rows = json.loads(run('list', '-o', 'json', *here).stdout)
    ok(result.returncode == 0 and rows[-1]['id'] == 'dc-test/invoice/2026-04/r1', 'and freezes', result.stderr)
    result = run('file', 'dc-test/invoice/2026-04/r1', '--reference', 'EVN 0042', *here)
    ok(result.returncode == 0, 'and files', result.stderr)
    added = run('schedule', 'add', 'all', '--folder', f'{BASE}/made', *here)
    ok(added.returncode == 0 and len(json.loads(run('schedule', '-o', 'json', *here).stdout)) == 1, 'and schedules',
       added.stderr)
    ok(run('schedule', 'remove', '1', *here).returncode == 0, 'and takes a schedule away')
    ok(run('export', 'kpi', '--period', 'x', '--format', 'csv', *here).returncode == 65, 'a mistake is told the same way')
    process.send_signal(signal.SIGTERM)
    ok(process.wait(20) == 0, 'xanhd ends', open('xanhd.log', encoding='utf-8').read())


made()
files = everything_twice()
skipped = numbers(files) + pdf(files)
commands(files)
said(files)
frozen()
bundle()
schedules()
daemon()
print(f'1..{count + skipped}')
sys.exit(failed != 0)
