#!/usr/bin/python3
"""`xanh metric check`: vectors by their fields; `xanh metric` of a state folder."""
import copy
import json
import os
import subprocess
import tempfile

here = os.path.dirname(os.path.abspath(__file__))
xanh = os.path.join(os.environ['XANH_BUILD'], 'xanh')
shared = os.environ.get('XANH_SHARED', os.path.join(here, '../../../shared'))
folder = tempfile.TemporaryDirectory(prefix='xanh-metric-')
os.chdir(folder.name)
number = 0
failed = 0


def ok(good, story, *why):
    global number, failed
    number += 1
    print(('ok' if good else 'not ok') + f' {number} - {story}')
    if not good:
        failed += 1
        for line in why:
            print('# ' + str(line).replace('\n', '\n# '))


def run(*words):
    return subprocess.run([xanh, *words], capture_output=True, text=True)


def check(text):
    with open('v.yaml', 'w', encoding='utf-8') as file:
        file.write(text)
    result = run('metric', 'check', 'v.yaml')
    return result, [json.loads(line) for line in result.stdout.splitlines()]


def case(story, fields, good=True, got=None):
    """One case of a section, as flow YAML."""
    result, lines = check('kpi:\n  - ' + json.dumps({'case': 'x', **fields}) + '\n')
    right = len(lines) == 1 and lines[0]['ok'] is good and result.returncode == (0 if good else 65)
    if got is not None:
        right = right and lines[0]['got'] == got
    ok(right, story, result.stdout, result.stderr)


# ---- the shared vectors, then the same with every expectation wrong ----

vectors = os.path.join(shared, 'facts/kpi-test-vectors.yaml')
try:
    import yaml
except ImportError:
    yaml = None
if not os.path.exists(vectors) or yaml is None:
    print('# SKIPPED: no shared vectors (or no python3-yaml): only the cases below are checked')
else:
    result = run('metric', 'check', vectors)
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    with open(vectors, encoding='utf-8') as file:
        whole = yaml.safe_load(file)
    cases = [one for section in whole.values() if isinstance(section, list) for one in section]
    ok([line['case'] for line in lines] == [one['case'] for one in cases], 'one line per case, in the order of the file',
       result.stdout)
    ok(result.returncode == 0 and all(line['ok'] for line in lines), 'every shared vector is met',
       *[line for line in lines if not line['ok']])

    def spoil(value):
        if isinstance(value, dict):
            return {key: spoil(part) for key, part in value.items()}
        if isinstance(value, list):
            return [spoil(part) for part in value]
        if isinstance(value, (int, float)):
            return value * 3 + 17.125
        return value + '_not'

    wrong = copy.deepcopy(whole)
    for section in wrong.values():
        for one in section if isinstance(section, list) else []:
            for key in one:
                if key.startswith('expect'):
                    one[key] = spoil(one[key])
    result, lines = check(yaml.safe_dump(wrong, sort_keys=False))
    ok(result.returncode == 65 and len(lines) == len(cases) and not any(line['ok'] for line in lines),
       'every planted wrong expectation is found', *[line for line in lines if line['ok']])

    renamed = copy.deepcopy(whole)
    for section in renamed.values():
        for index, one in enumerate(section if isinstance(section, list) else []):
            one['case'] = f'n{index}'
    result, lines = check(yaml.safe_dump(renamed, sort_keys=True))
    ok(result.returncode == 0 and all(line['ok'] for line in lines), 'names and the order of fields do not matter',
       *[line for line in lines if not line['ok']])

# ---- other fields than the shared ones ----

case('several sites are summed first', {'sites': [{'e_dc': 3, 'e_it': 2}, {'e_dc_mwh': 0.005, 'e_it': 4}],
                                        'expect': {'pue': 1.333333, 'dcie': 75.0}})
case('a wrong expectation', {'e_dc': 3, 'e_it': 2, 'expect': {'pue': 1.52}}, False, {'pue': 1.5})
case('half a unit of the last digit agrees', {'e_dc': 4, 'e_it': 3, 'expect': 1.33}, True)
case('more does not', {'e_dc': 4, 'e_it': 3, 'expect': 1.34}, False)
case('what is known to be wrong may not come out', {'e_dc': 3, 'e_it': 2, 'expect': 1.5, 'wrong_x': 1.5}, False)
case('a share above one is refused', {'e_ren': 11, 'e_dc': 10, 'expect': 'reject:ref_gt_1'})
case('carbon by a factor', {'e_dc': 1400, 'e_it': 1000, 'ef': 0.5, 'expect': {'cue': 0.7}})
case('cooling', {'q_heat_removed_kwh': 40, 'e_cool_kwh': 10, 'expect': 4.0})
case('parts of PUE', {'e_dc': 1400, 'e_it': 1000, 'e_cool': 300, 'e_loss_elec': 80,
                      'expect': {'cooling': 0.3, 'losses': 0.08, 'other': 0.02}})
case('no sensor is no data', {'class': 'A2', 'intake_c': [], 'expect': 'no_data'})
case('classes of both sides', {'pue': 1.4, 'meter_class_pct': 0.5, 'ct_class_pct': 0.5, 'expect_U_k2': 0.01617})
case('a least value', {'value': 0.33, 'target_min': 0.3, 'U': 0.02, 'expect': 'met'})
case('software', {'e_kwh': 2, 'i_g_per_kwh': 600, 'm_g': 28, 'r': 4, 'expect_g': 307})
case('servers', {'smpe': [10, 20], 'smpo_w': [1000, 2000], 'expect': {'iteesv': 10.0}})
case('missing time', {'period_h': 720, 'missing_h': 72, 'expect': {'coverage': 0.9}})
case('load', {'e_dc': 120, 'p_max_kw': 10, 'hours': 24, 'expect': {'load_factor': 0.5}})
case('a span of a schedule in another zone', {'schedule': 'qd963', 'start': '2026-11-20T10:00:00Z', 'end': '2026-11-20T11:00:00Z',
                                              'power_kw': 100, 'expect_kwh': {'peak': 50, 'normal': 50, 'offpeak': 0}})
case('fields that make nothing known', {'a': 1, 'expect': 1}, False)

# ---- form ----


def wrong(story, text, *parts):
    result, lines = check(text)
    ok(result.returncode == 65 and lines == [] and all(part in result.stderr for part in parts), story, result.stdout, result.stderr)


wrong('a number that is none', 'kpi:\n  - case: a\n    e_dc: many\n    e_it: 1\n    expect: 1\n', "v.yaml:3:11: error: 'many' is no decimal")
wrong('every mistake at once', 'kpi:\n  - case: a\n    e_dc: x\n    expect: 1\n  - e_dc: 1\n    expect: 1\n', 'v.yaml:3:11', 'v.yaml:5:5')
wrong('a case that expects nothing', 'kpi:\n  - case: a\n    e_dc: 1\n', 'v.yaml:2:5', 'expects something')
wrong('a schedule that is not there', 'tou:\n  - {case: a, schedule: mars, start: "2026-11-20T17:00:00+07:00", end: "2026-11-20T18:00:00+07:00", '
      'power_kw: 1, expect_kwh: {peak: 1}}\n', "'mars' is no schedule")
wrong('an end before its start', 'tou:\n  - {case: a, schedule: legacy, start: "2026-11-20T17:00:00+07:00", end: "2026-11-19T18:00:00+07:00", '
      'power_kw: 1, expect_kwh: {peak: 1}}\n', 'not after the start')
wrong('a section that is no list', 'kpi: {a: 1}\n', 'v.yaml:1:')
wrong('another schema', 'schema: other/1\nkpi:\n  - {case: a, e_dc: 2, e_it: 1, expect: 2}\n', 'v.yaml:1:9')
wrong('no case at all', 'note: nothing\n', 'no cases')
wrong('a syntax error', 'kpi: [\n', 'v.yaml:')
ok(run('metric', 'check', 'none.yaml').returncode == 66, 'a file that cannot be read')
ok(run('metric', 'check').returncode == 64, 'no file at all')

# ---- what there is, and a folder without books ----

listed = json.loads(run('metric', 'list', '-o', 'json').stdout)
ok({'pue', 'ref', 'cue', 'wue', 'erf', 'cer', 'iteesv', 'iteusv', 'rci-hi', 'sci'} <= {one['metric'] for one in listed},
   'the indicators are listed', listed)
result = run('metric', 'pue', '--state', folder.name)
ok(result.returncode != 0 and 'state.db' in result.stderr, 'a folder without books', result.returncode, result.stderr)

print(f'1..{number}')
raise SystemExit(1 if failed else 0)
