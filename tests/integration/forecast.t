#!/usr/bin/python3
"""`xanh forecast show` and `check` of a state folder, without a daemon."""
import csv
import io
import json
import os
import subprocess
import tempfile

build = os.environ['XANH_BUILD']
xanh = os.path.join(build, 'xanh')
folder = tempfile.TemporaryDirectory(prefix='xanh-forecast-')
number = 0
failed = 0
KINDS = ['load', 'it', 'pv', 'temperature', 'demand']


def ok(good, story, *why):
    global number, failed
    number += 1
    print(('ok' if good else 'not ok') + f' {number} - {story}')
    if not good:
        failed += 1
        for line in why:
            print('# ' + str(line).replace('\n', '\n# '))


def run(*words):
    return subprocess.run([xanh, 'forecast', *words, '--state', folder.name], capture_output=True, text=True)


def ask(*words):
    result = run(*words, '-o', 'json')
    return json.loads(result.stdout) if result.returncode == 0 else {'failed': result.stderr}


def rows(*words):
    return list(csv.DictReader(io.StringIO(run(*words, '-o', 'csv').stdout)))


subprocess.run([os.path.join(build, 'tests/bench/year_load'), folder.name, '4', '20', '2'], check=True)

# ---- show ----

for kind in KINDS:
    unit = 'c' if kind == 'temperature' else 'kw'
    answer = ask('show', kind)
    slots = answer.get('rows', [])
    ok(len(slots) == 96 and answer['from'] == '2027-01-01T00:00:00+07:00' and answer['to'] == '2027-01-03T00:00:00+07:00'
       and answer['kind'] == kind and not answer['naive'] and answer['history']['gaps'] == 0,
       f'{kind}: two days behind the end of the books', answer)
    bands = [[slot[f'{part}_{unit}'] for part in ('low95', 'low80', 'mean', 'high80', 'high95')] for slot in slots]
    ok(all(band == sorted(band) for band in bands) and all(slot[f'last_week_{unit}'] is not None for slot in slots),
       f'{kind}: each slot in its bands, with last week beside', bands)
    table = rows('show', kind)
    ok([float(row[f'mean_{unit}']) for row in table] == [slot[f'mean_{unit}'] for slot in slots],
       f'{kind}: CSV and JSON agree', table[:2])

ok(ask('show')['kind'] == 'load', 'the load when no kind is named')
short = ask('show', 'it', '--hours', '3')
ok(short['rows'] == ask('show', 'it')['rows'][:6], 'three hours are the first of the two days', short)

shown = run('show', 'demand')
ok(shown.returncode == 0 and 'LAST WEEK' in shown.stdout and 'HIGHEST' in shown.stdout and '2027-01' in shown.stdout
   and '\u2588' not in shown.stdout, 'a table, without bars when it is no terminal', shown.stdout)
ok('smoothing' in shown.stderr and 'over the last 7 days' in shown.stderr, 'which says its method and its past errors',
   shown.stderr)

# ---- check ----

for kind in KINDS:
    unit = 'c' if kind == 'temperature' else 'kw'
    answer = ask('check', kind)
    days = answer.get('rows', [])
    score = answer.get('score', {})
    ok([row['day'] for row in days] == [f'2026-12-{day}' for day in range(18, 32)], f'{kind}: the last 14 days are scored',
       answer)
    mae = sum(row[f'mae_{unit}'] * row['slots'] for row in days) / sum(row['slots'] for row in days)
    ok(abs(mae - score[f'mae_{unit}']) < 1e-9, f'{kind}: the whole is the mean of its days', mae, score)
    ok(answer['better'] == (score['skill'] > 0) and score[f'mae_{unit}'] <= score[f'last_week_mae_{unit}'] * 1.02,
       f'{kind}: no worse than last week', score)
    ok(score['coverage80'] > 0.6 and score['coverage95'] > 0.85, f'{kind}: the bands hold', score)

last = ask('check', 'load', '--days', '1')['rows']
ok(last == ask('check', 'load', '--days', '28')['rows'][-1:], 'a day has the same score whatever is asked beside it', last)
ok([row['day'] for row in rows('check', '--days', '2')] == ['2026-12-30', '2026-12-31'], 'as CSV')
shown = run('check', 'load')
ok('14 days: error' in shown.stdout and 'better than last week' in shown.stdout, 'as a table with its sum', shown.stdout)

# ---- what cannot be ----

for words, code, said in [
        (['show', 'wind'], 65, "there is no forecast of 'wind'"), (['check', 'wind'], 65, "there is no forecast of 'wind'"),
        (['show', 'load', '--hours', '0'], 65, 'from 1 to 48'), (['show', 'load', '--hours', '100'], 65, 'from 1 to 48'),
        (['show', 'load', '--hours', 'x'], 65, 'from 1 to 48'), (['check', '--days', '61'], 65, 'from 1 to 60'),
        (['show', 'load', 'it'], 64, ''), (['show', '-o', 'xml'], 64, 'table, json or csv')]:
    result = run(*words)
    ok(result.returncode == code and said in result.stderr and result.stdout == '', ' '.join(words) + ' is refused',
       result.returncode, result.stderr)

print(f'1..{number}')
raise SystemExit(failed > 0)
