#!/usr/bin/python3
"""The evidence of a report, with stock tools and with `xanh report verify`: what is in order, and whatever was altered."""
import os
import random
import shutil
import subprocess
import sys
import tempfile

TOP = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..')
BUILD = os.path.abspath(os.environ.get('XANH_BUILD', os.path.join(TOP, 'build/release')))
XANH = os.path.join(BUILD, 'xanh')
folder = tempfile.TemporaryDirectory(prefix='xanh-verify-')
os.chdir(folder.name)
number = 0
failed = 0


def ok(good, story, *why):
    global number, failed
    number += 1
    print(('ok' if good else 'not ok') + f' {number} - {story}', flush=True)
    if not good:
        failed += 1
        for line in why:
            print('# ' + str(line).replace('\n', '\n# '))


def run(*words):
    return subprocess.run([XANH, *words], capture_output=True, text=True, check=False)


def tool(*words):
    return subprocess.run(words, capture_output=True, text=True, check=False).returncode


def read(name):
    with open(name, 'rb') as file:
        return file.read()


def write(name, data):
    with open(name, 'wb') as file:
        file.write(data)


loader = os.path.join(BUILD, 'tests/bench/year_load')
if not os.path.exists(loader):
    subprocess.run(['make', '-s', '-C', TOP, os.path.relpath(loader, TOP)], check=True)
os.makedirs('state')
subprocess.run([loader, 'state', '4', '40', '4'], check=True)
subprocess.run([XANH, 'ca', 'init', '--dir', 'pki', '--site', 'dc-test'], check=True, capture_output=True)
KEY = ('--report-key', 'pki/report.key', '--report-cert', 'pki/report.crt', '--state', 'state')
made = run('report', 'export', 'ghg', '--period', '2026-03', '--format', 'csv', '--out', 'g.csv', *KEY)
ok(made.returncode == 0, 'an export with its evidence', made.stderr)
ok(sorted(n for n in os.listdir('.') if n.startswith('g.csv')) ==
   ['g.csv', 'g.csv-metadata.json', 'g.csv.SHA256SUMS', 'g.csv.manifest.json', 'g.csv.manifest.p7s'],
   'the file, CSVW, sums, manifest and signature', os.listdir('.'))
CMS = ('openssl', 'cms', '-verify', '-binary', '-inform', 'DER', '-in', 'g.csv.manifest.p7s', '-content',
       'g.csv.manifest.json', '-CAfile', 'pki/ca.crt', '-purpose', 'any', '-out', '/dev/null')
ok(tool('sha256sum', '-c', '--quiet', 'g.csv.SHA256SUMS') == 0, 'sha256sum finds it in order')
ok(tool(*CMS) == 0, 'openssl finds it in order')
ok(run('report', 'verify', 'g.csv', '--ca', 'pki/ca.crt').returncode == 0, 'and so do we')
first = [read(n) for n in ('g.csv', 'g.csv.manifest.json', 'g.csv.manifest.p7s')]
run('report', 'export', 'ghg', '--period', '2026-03', '--format', 'csv', '--out', 'g.csv', *KEY)
ok(first == [read(n) for n in ('g.csv', 'g.csv.manifest.json', 'g.csv.manifest.p7s')],
   'made again, report, manifest and signature are the same bytes')

seed = int(os.environ.get('SEED', '4'))
dice = random.Random(seed)
missed = []
for name in ('g.csv', 'g.csv.manifest.json', 'g.csv.manifest.p7s', 'g.csv-metadata.json'):
    good = read(name)
    for _ in range(12):
        at = dice.randrange(len(good))
        write(name, good[:at] + bytes([good[at] ^ 1 << dice.randrange(8)]) + good[at + 1:])
        if run('report', 'verify', 'g.csv').returncode != 65:
            missed.append((name, at))
    write(name, good)
ok(not missed, 'one changed bit is found wherever it is', f'seed {seed}', missed)

good = read('g.csv')
write('g.csv', good + b'\n')
told = run('report', 'verify', 'g.csv')
ok(told.returncode == 65 and f'has {len(good) + 1} bytes, {len(good)} were reported' in told.stdout, 'which count differs is told',
   told.stdout)
ok(tool('sha256sum', '-c', '--quiet', 'g.csv.SHA256SUMS') != 0, 'sha256sum sees it, too')
write('g.csv', good)
manifest = read('g.csv.manifest.json')
write('g.csv.manifest.json', manifest.replace(b'"revision": 0', b'"revision": 1'))
ok(tool(*CMS) != 0 and run('report', 'verify', 'g.csv').returncode == 65, 'a manifest that was edited: openssl and we')
write('g.csv.manifest.json', manifest)

subprocess.run([XANH, 'ca', 'init', '--dir', 'other', '--site', 'dc-test'], check=True, capture_output=True)
told = run('report', 'verify', 'g.csv', '--ca', 'other/ca.crt')
ok(told.returncode == 65 and 'not by the authority' in told.stdout, 'another authority does not vouch for it', told.stdout)
ok(run('report', 'verify', 'g.csv', '--ca', 'none.crt').returncode == 66, 'an authority that cannot be read: 66')
os.rename('g.csv.manifest.p7s', 'p7s')
ok(run('report', 'verify', 'g.csv').returncode == 66, 'a signature that was taken away: 66')
os.rename('p7s', 'g.csv.manifest.p7s')
ok(run('report', 'verify', 'nothing.csv').returncode == 66, 'a file that is not there: 66')

ok(run('report', 'freeze', 'ghg', '--period', '2026-02', *KEY).returncode == 0, 'a period is frozen')
ok(run('report', 'freeze', 'kpi', '--period', '2026-02', *KEY).returncode == 0, 'and another')
ROOT = 'state/reports/kpi/kpi-2026-02/r1'
told = run('report', 'verify', ROOT, '--ca', 'pki/ca.crt')
ok(told.returncode == 0 and 'the manifest before it is not beside' in told.stdout, 'its folder is in order', told.stdout)
shutil.copy('state/reports/ghg/ghg-2026-02/r1/manifest.json', f'{ROOT}/before.manifest.json')
told = run('report', 'verify', ROOT)
ok('it follows before.manifest.json' in told.stdout, 'the chain is followed when the one before is beside', told.stdout)
ok(subprocess.run(['sha256sum', '-c', '--quiet', 'SHA256SUMS'], cwd=ROOT, check=False).returncode == 0,
   'sha256sum reads the folder, too')
run('report', 'export', 'kpi', '--period', '2026-02', '--format', 'pdf', '--language', 'en', '--out', 'renamed.pdf', '--state',
    'state')
told = run('report', 'verify', 'renamed.pdf', '--ca', 'pki/ca.crt')
ok(told.returncode == 0 and 'renamed.pdf is kpi-2026-02-en.pdf' in told.stdout, 'a copy under another name is known by content',
   told.stdout + told.stderr)
ok(tool('sha256sum', '-c', '--quiet', 'renamed.pdf.SHA256SUMS') == 0, 'with sums of its own name')
for name in ('report.crt', 'report.key'):
    os.unlink(f'other/{name}')
again = run('ca', 'report', '--dir', 'other')
ok(again.returncode == 0 and run('ca', 'report', '--dir', 'other').returncode == 77,
   'an authority without a key for reports gets one, once', again.stderr)
ok(run('report', 'freeze', 'kpi', '--window', '7d', *KEY).returncode == 65, 'a window is not frozen: it moves')
print(f'1..{number}')
sys.exit(failed != 0)
