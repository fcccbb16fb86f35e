#!/usr/bin/python3
"""`xanh config check` and `config show`: what is printed where, exit codes, and the bound of 2 s and 200 MB."""
import os
import resource
import subprocess
import sys
import tempfile
import time

xanh = os.path.join(os.environ['XANH_BUILD'], 'xanh')
example = os.path.join(os.path.dirname(os.path.abspath(__file__)), '../../deploy/examples/xanh.yaml')
folder = tempfile.TemporaryDirectory(prefix='xanh-config-')
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


def run(*words, text=True):
    return subprocess.run([xanh, *words], capture_output=True, text=text)


def write(name, text):
    with open(name, 'wb') as file:
        file.write(text if isinstance(text, bytes) else text.encode())
    return name


def check(story, text, code, expected):
    result = run('config', 'check', write('a.yaml', text))
    ok((result.returncode, result.stdout, result.stderr) == (code, '', expected), story,
       result.returncode, result.stderr)


HEAD = 'version: 1\nsite: {name: x}\n'
check('a right file is met with silence', HEAD, 0, '')
check('a wrong one with the place, the line, a caret and advice', HEAD + 'racks:\n  A07:\n    room: r\n    heigth: 42U\n', 65,
      "a.yaml:6:5: error: unknown key 'heigth'\n"
      "    6 |     heigth: 42U\n"
      "      |     ^~~~~~\n"
      "      = did you mean 'height'?\n")

result = run('config', 'check', 'none.yaml')
ok(result.returncode == 66 and result.stderr == 'xanh: cannot read none.yaml: No such file or directory\n',
   'a file that cannot be read is exit 66', result)
ok(run('config', 'check').returncode == 64, 'no file at all is exit 64')
ok(run('config', 'chekc', 'a.yaml').stderr == "xanh: unknown verb 'chekc'; did you mean 'check'?\n",
   'a slip of the pen is answered')

# The shipped example, and what it shows.
result = run('config', 'check', example)
ok((result.returncode, result.stderr) == (0, ''), 'the shipped example is right', result.stderr)
first = run('config', 'show', example)
second = run('config', 'show', write('shown.yaml', first.stdout))
ok(first.returncode == 0 and second.returncode == 0 and first.stdout == second.stdout and first.stdout != '',
   'what is shown reads back the same', second.stderr)
result = run('config', 'show', 'a.yaml')
ok((result.returncode, result.stdout) == (65, ''), 'of a wrong configuration nothing is shown')

# Through a pipe.
piped = subprocess.run(f'cat shown.yaml | {xanh} config check /dev/stdin', shell=True, capture_output=True, text=True)
ok((piped.returncode, piped.stderr) == (0, ''), 'a file may come through a pipe', piped.stderr)

# Whatever is in it: 2 s and 200 MB.
MIB4 = 4 << 20
hostile = {
    'a billion opening brackets, as many as fit': '[' * MIB4,
    'block lists in lists': '- ' * (MIB4 // 2),
    'maps in maps': '{a: ' * (MIB4 // 4),
    'broken documents without end': '--- [}\n' * (MIB4 // 7),
    'tag directives': ''.join(f'%TAG !a{i}! b\n' for i in range(200000)),
    'one key, set again and again': 'a: 1\n' * (MIB4 // 5),
    'unknown keys of 63 letters': HEAD + 'racks: {A: {' + ', '.join(f'units{i:058d}: 1' for i in range(60000)) + '}}\n',
    'one line of mistakes': HEAD + 'racks: {' + ', '.join(f'A{i}: {{}}' for i in range(60000)) + '}\n',
    'hosts of hosts': HEAD + 'clusters: {c: {hosts: {uri: "{host}", names: [' + '"h[0-8191]",' * 90000 + ']}}}\n',
    'a range of ranges': HEAD + 'clusters: {c: {hosts: {uri: "{host}", names: ["' + '[1-999999]' * 20 + '"]}}}\n',
    'includes that walk the disk': HEAD + 'include: [' + '/*/*/*/*,' * 20000 + ']\n',
    'includes of nothing': HEAD + 'include: [' + ''.join(f'n{i},' for i in range(190000)) + ']\n',
    'the largest site': HEAD + 'devices:\n' + ''.join(
        f'  d{i}: {{profile: x, address: "snmp://10.0.0.1", poll: 10 s}}\n' for i in range(8192)),
    'bytes that are no text': bytes(range(256)) * (MIB4 // 256),
    'a file one byte too large': b'#' * (MIB4 + 1),
}
for story, text in hostile.items():
    write('hostile.yaml', text)
    begun = resource.getrusage(resource.RUSAGE_CHILDREN)
    result = run('config', 'check', 'hostile.yaml', text=False)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    # Processor time: the machine may be busy with other tests.
    seconds = used.ru_utime + used.ru_stime - begun.ru_utime - begun.ru_stime
    ok(result.returncode in (0, 65) and seconds < 2 and used.ru_maxrss < 200 * 1000,
       f'within bounds: {story}', result.returncode, f'{seconds:.2f} s, {used.ru_maxrss} KB')

print(f'1..{number}')
sys.exit(1 if failed else 0)
