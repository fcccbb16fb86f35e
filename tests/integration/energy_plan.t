#!/usr/bin/python3
"""`xanh energy-plan`: what is printed where, exit codes, and the bound of 2 s and 200 MB."""
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile

xanh = os.path.join(os.environ['XANH_BUILD'], 'xanh')
root = os.path.join(os.path.dirname(os.path.abspath(__file__)), '../..')
library = os.path.join(root, 'policies/library')
example = os.path.join(root, 'deploy/examples/energy-plan.yaml')
demo = os.path.join(root, 'deploy/demo/site/energy-plan.yaml')
folder = tempfile.TemporaryDirectory(prefix='xanh-energy-plan-')
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


def run(*words, text=True):
    return subprocess.run([xanh, *words], capture_output=True, text=text, cwd=folder.name)


def write(name, text):
    with open(os.path.join(folder.name, name), 'wb') as file:
        file.write(text if isinstance(text, bytes) else text.encode())
    return name


def places(text):
    """The file:line:col of every problem."""
    return [line.split(': error:')[0] for line in text.split('\n') if ': error:' in line]


def check(story, text, *expected):
    result = run('energy-plan', 'check', write('e.yaml', text))
    ok((result.returncode, places(result.stderr)) == (65 if expected else 0, [f'e.yaml:{place}' for place in expected]),
       story, result.returncode, result.stderr)


HEAD = 'kind: energy-plan\nname: x\n'
good = open(example, encoding='utf-8').read()
result = run('energy-plan', 'check', example, os.path.join(library, 'vn-tariff.yaml'))
ok((result.returncode, result.stdout, result.stderr) == (0, '', ''), 'the shipped example and tariff are right', result.stderr)
check('two keys are all a plan needs', HEAD)
result = run('energy-plan', 'check', write('e.yaml', HEAD + 'sources: {grid: {limit: 5}}\n'))
ok(result.stderr == "e.yaml:3:25: error: '5' has no unit: a power is expected\n"
   "    3 | sources: {grid: {limit: 5}}\n"
   "      |                         ^\n"
   "      = write it like '60 W', '5 kW' or '1.2 MW'\n", 'a mistake has its place, its line and advice', result.stderr)
result = run('energy-plan', 'check', 'none.yaml')
ok(result.returncode == 66 and result.stderr == 'xanh: cannot read none.yaml: No such file or directory\n',
   'a file that cannot be read is exit 66', result)
ok(run('energy-plan', 'check').returncode == 64, 'no file at all is exit 64')

# Every mistake in one run, in the order of the file.
check('a dozen mistakes at once', '''kind: energy-plan
name: hl1 q4
from: 2026-10-01T00:00+07:00
to: 2026-09-01T00:00+07:00
sources:
  grid:
    limit: 0 kW
    carbon: {}
    tariff:
      bands:
        - {name: peak, hours: [17:30-22:30], days: mon-sat, price: 3398}
        - {name: off-peak, hours: [00:00-06:00, 05:00-06:00], price: 1190 VND/kWh}
        - {name: peak, hours: [06:00-17:30, 22:00-24:00], days: mon-sat, price: 1833 VND/kWh}
  pv: {capacity: 900 kWp, forcast: {file: pv.csv}}
  battery: {capacity: 1200 kW, floor: 130 %}
  generator: {limit: 2000 kW, use: never}
targets:
  pue: [{hours: 00:00-09:00, max: 1.42}, {hours: 08:00-15:00, max: 0.9}]
  ref: {over: month}
  cue: {max: 0.90 kg/kWh, over: fortnight}
events:
  - {name: a, from: 2026-11-30T17:00+07:00, to: 2026-11-30T16:00+07:00, grid_max: 1800 kW}
  - {name: a, from: 2026-11-30T17:00, to: 2026-11-30T20:00+07:00}
''', '2:7', '4:5', '7:12', '8:5', '10:7', '11:68', '12:49', '13:18', '13:45', '14:27', '15:23', '15:39', '16:36',
      '18:50', '18:68', '19:3', '20:33', '22:49', '23:5', '23:12', '23:21')
check('what hours leave out is said once', HEAD + 'sources: {grid: {tariff: {bands: [{name: a, hours: [00:00-23:59], price: 1 VND/kWh}]}}}\n',
      '3:27')

# Files beside the plan, wherever the command runs.
os.mkdir(os.path.join(folder.name, 'site'))
shutil.copy(demo, os.path.join(folder.name, 'site'))
result = run('energy-plan', 'check', 'site/energy-plan.yaml')
ok((result.returncode, places(result.stderr)) == (65, ['site/energy-plan.yaml:8:20', 'site/energy-plan.yaml:9:20']),
   'a file that a plan names has to be there', result.stderr)
for name in ('vn-tariff.yaml', 'vn-emission-factors.csv'):
    shutil.copy(os.path.join(library, name), os.path.join(folder.name, 'site'))
result = run('energy-plan', 'check', 'site/energy-plan.yaml')
ok((result.returncode, result.stderr) == (0, ''), 'beside the plan it is found', result.stderr)
tariff = open(os.path.join(library, 'vn-tariff.yaml'), encoding='utf-8').read()
write('site/vn-tariff.yaml', tariff.replace('3640 VND/kWh', '3640 VND'))
result = run('energy-plan', 'check', 'site/energy-plan.yaml')
line = [i for i, text in enumerate(tariff.split('\n'), 1) if '3640' in text][0]
ok(result.returncode == 65 and places(result.stderr)[0].startswith(f'site/vn-tariff.yaml:{line}:'),
   'a mistake in a file that is named is told in that file', result.stderr)
write('site/vn-tariff.yaml', tariff)
for name in sorted(set(os.listdir(library)) - {'eu-2024-1364-fields.csv'}):  # that one is a list of fields, as they were read
    text = open(os.path.join(library, name), encoding='utf-8').read()
    ok('remembered' in text or 'second hand' in text, f'{name} says what is remembered or second hand')

# Read, compared, and planned with.
result = run('energy-plan', 'show', example)
ok(result.returncode == 0 and '17:30-22:30  peak      peak' in result.stdout and 'vn-dcc-2023 of 2023' in result.stdout,
   'a week is a table', result.stdout, result.stderr)
write('old.yaml', good)
result = run('energy-plan', 'diff', 'old.yaml', 'old.yaml')
ok((result.returncode, result.stdout) == (0, 'no difference\n'), 'a plan does not differ from itself', result.stdout)
write('new.yaml', good.replace('17:30-22:30', '17:30-22:00').replace('22:30-24:00', '22:00-24:00'))
result = run('energy-plan', 'diff', 'old.yaml', 'new.yaml')
ok(result.returncode == 2 and '- hours mon-sat 17:30-22:30 peak\n' in result.stdout and
   '+ hours mon-sat 17:30-22:00 peak\n' in result.stdout and '1951.7 -> 1923.8 VND/kWh (-1.4 %)' in result.stdout,
   'what differs is told with what it costs', result.stdout, result.stderr)
result = run('energy-plan', 'show', 'e.yaml')
ok(result.returncode == 65 and result.stdout == '', 'of a wrong plan nothing is shown')
write('site/mine.yaml', 'bands:\n  - {name: day, hours: [06:00-22:00], price: 2 VND/kWh}\n  - {name: night, hours: [22:00-06:00], price: 1 VND/kWh}\n')
write('site/own.yaml', HEAD + 'sources: {grid: {tariff: {file: mine.yaml}}}\n')
result = run('energy-plan', 'show', 'site/own.yaml')
ok(result.returncode == 0 and '22:00-24:00  night' in result.stdout, 'a file may hold nothing but the bands', result.stdout, result.stderr)
write('site/empty.yaml', '')
write('site/junk.csv', 'a,b\n1,2\n')
write('site/junk.yaml', HEAD + 'sources: {grid: {carbon: {file: junk.csv}, tariff: {file: empty.yaml}}}\n')
ok(run('energy-plan', 'check', 'site/junk.yaml').returncode == 0 and
   places(run('energy-plan', 'show', 'site/junk.yaml').stderr) == ['site/junk.yaml:3:33', 'site/junk.yaml:3:59', 'site/empty.yaml:1:1'],
   'a table of a form that is not known here is refused once it is used')

fleet = {'version': 1, 'now': '2026-11-23T18:00:00+07:00', 'feeds': [{'id': 'f', 'rating_w': 22080}],
         'racks': [{'id': 'r', 'room': 'a', 'site': 's', 'feeds': ['f'], 'cooling_w_per_w': 0.25, 'other_load_w': 600}],
         'hosts': [{'id': 'h', 'rack': 'r', 'cpu': 4, 'memory_mib': 1024, 'network_mbps': 1000, 'power_w': [200] * 11}], 'vms': []}
write('fleet.json', json.dumps(fleet))
write('policy.yaml', 'kind: policy\nname: p\n')
for at, cost in (('2026-11-23T18:00:00+07:00', 3398), ('2026-11-23T03:00:00+07:00', 1190), ('2027-02-01T03:00:00+07:00', None)):
    result = run('plan', '--fleet', 'fleet.json', '--policy', 'policy.yaml', '--energy-plan', 'old.yaml', '--now', at, '-o', 'json')
    before = json.loads(result.stdout)['before'] if result.stdout else {}
    carbon = None if cost is None else 659.2
    ok((before.get('facility_w'), before.get('cost_vnd_h'), before.get('carbon_g_h')) == (1000.0, cost, carbon),
       f'a kilowatt at {at} costs and emits what the plan says', before, result.stderr)
result = run('plan', '--fleet', 'fleet.json', '--policy', 'policy.yaml', '-o', 'json')
before = json.loads(result.stdout)['before']
ok(before['cost_vnd_h'] is None and before['carbon_g_h'] is None, 'without an energy plan neither is made up')
result = run('plan', '--fleet', 'fleet.json', '--policy', 'policy.yaml', '--energy-plan', 'e.yaml', '-o', 'json')
ok(result.returncode == 65 and places(result.stderr) != [] and result.stdout == '', 'a wrong one is told and nothing planned')

# Whatever is in it: 2 s and 200 MB.
MIB4 = 4 << 20
hostile = {
    'brackets': HEAD + 'sources: ' + '[' * (MIB4 - 100),
    'bands upon bands': HEAD + 'sources: {grid: {tariff: {bands: [' +
    ''.join(f'{{name: b{i}, hours: [00:00-24:00], price: 1 VND/kWh}},' for i in range(20000)) + ']}}}\n',
    'one band, every minute again and again': HEAD + 'sources: {grid: {tariff: {bands: [{name: b, price: 1 VND/kWh, hours: [' +
    '00:00-24:00,' * 190000 + ']}]}}}\n',
    'hours of a PUE': HEAD + 'targets: {pue: [' + '{hours: 00:00-24:00, max: 1.2},' * 30000 + ']}\n',
    'events of one name': HEAD + 'events: [' +
    '{name: a, from: 2026-01-01T00:00Z, to: 2026-01-02T00:00Z, grid_max: 1 kW},' * 18000 + ']\n',
    'plans upon plans': ('---\n' + HEAD + 'targets: {pue: []}\nsources: {grid: {tariff: {bands: []}}}\n') * 12000,
    'a plan that names itself': HEAD + 'sources: {grid: {tariff: {file: hostile.yaml}, carbon: {file: hostile.yaml}}}\n',
    'a plan that names a device': HEAD + 'sources: {grid: {tariff: {file: /dev/zero}, carbon: {file: /dev/zero}}}\n',
    'bytes that are no text': bytes(range(256)) * (MIB4 // 256),
}
write('factors.csv', 'factor_id,year,value_tco2e_per_mwh\n' + 'a,,\n' * (MIB4 // 5))
hostile['a table of mistakes'] = HEAD + 'sources: {grid: {carbon: {file: factors.csv}}}\n'
for story, text in hostile.items():
    write('hostile.yaml', text)
    begun = resource.getrusage(resource.RUSAGE_CHILDREN)
    result = run('energy-plan', 'check', 'hostile.yaml', text=False)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = used.ru_utime + used.ru_stime - begun.ru_utime - begun.ru_stime
    ok(result.returncode in (0, 65) and seconds < 2 and used.ru_maxrss < 200 * 1000,
       f'within bounds: {story}', result.returncode, f'{seconds:.2f} s, {used.ru_maxrss} KB')

print(f'1..{number}')
sys.exit(1 if failed else 0)
