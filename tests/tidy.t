#!/usr/bin/python3
"""Size and tidiness as tests: functions fit a screen, files fit a head, words are finished, scripts are clean."""
import os
import re
import subprocess
import sys

os.chdir(os.path.join(os.path.dirname(os.path.abspath(__file__)), '..'))
FUNCTION_LINES = 70
FILE_LINES = 1000
found = []


def tracked(*patterns):
    out = subprocess.run(['git', 'ls-files', *patterns], capture_output=True, text=True)
    if out.returncode != 0:  # a tarball: what is there
        out = subprocess.run(['find', '.', '-name', 'build', '-prune', '-o', '-name', '*.[ch]', '-print'],
                             capture_output=True, text=True)
        return [name[2:] for name in out.stdout.split() if any(name.endswith(p[1:]) for p in patterns)]
    return [name for name in out.stdout.split() if os.path.exists(name)]


def long_functions(name, lines):
    """A definition's body opens with '{' in the first column and closes with '}' there."""
    start = None
    for number, line in enumerate(lines, 1):
        if line.startswith('{'):
            start = number
        elif line.startswith('}') and start is not None:
            if number - start - 1 > FUNCTION_LINES:
                found.append(f'{name}:{start}: function of {number - start - 1} lines (at most {FUNCTION_LINES})')
            start = None


for name in tracked('*.c', '*.h', '*.js'):
    lines = open(name, encoding='utf-8').read().split('\n')
    if len(lines) > FILE_LINES:
        found.append(f'{name}: {len(lines)} lines (at most {FILE_LINES})')
    if name.endswith('.c'):
        long_functions(name, lines)
    for number, line in enumerate(lines, 1):
        if re.search(r'\b(TODO|FIXME|XXX)\b', line):
            found.append(f'{name}:{number}: unfinished: {line.strip()}')
        if len(line.expandtabs(8)) > (140 if name.endswith('.js') else 110):
            found.append(f'{name}:{number}: {len(line.expandtabs(8))} columns')

for name in tracked('*.h'):
    text = open(name, encoding='utf-8').read()
    if not text.lstrip().startswith('/*'):
        found.append(f'{name}: a header begins with what it is')

words = {language: set(re.findall(r'^  "([^"]+)":', open(f'dashboards/web/locale/{language}.json', encoding='utf-8').read(), re.M))
         for language in ('vi', 'en')}
for key in sorted(words['vi'] ^ words['en']):
    found.append(f'dashboards/web/locale: "{key}" is in one language only')

scripts = [name for name in tracked('deploy/*', 'tests/*', '.ci/*')
           if os.path.isfile(name) and open(name, 'rb').read(11).startswith(b'#!/bin/sh')]
shellcheck = subprocess.run(['shellcheck', '-S', 'warning', *scripts], capture_output=True, text=True)
if shellcheck.returncode != 0:
    found.extend(line for line in shellcheck.stdout.split('\n') if line.strip())

print('1..1')
for line in found:
    print(f'# {line}')
print(('not ok' if found else 'ok') + ' 1 - functions, files, words and scripts are tidy')
sys.exit(1 if found else 0)
