#!/usr/bin/python3
"""The page in a real browser: it logs in by the one-time address, shows what is measured, in both languages,
keeps to its own host and loads without an error. Leaves a screenshot in build/page.png."""
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

TOP = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..')
BUILD = os.environ.get('XANH_BUILD', os.path.join(TOP, 'build/release'))
RUN = os.path.join(TOP, 'deploy/demo/run')
BASE = '/tmp/xanh-page-test'
ENV = dict(os.environ, XANH_SERVER=f'unix:{BASE}/api.sock', XANH_BUILD=BUILD, XANH_PORT='28')
count = 0
failed = 0


def ok(good, what, detail=''):
    global count, failed
    count += 1
    failed += not good
    print(f"{'ok' if good else 'not ok'} {count} - {what}", flush=True)
    if not good and detail:
        for line in str(detail).split('\n')[-15:]:
            print('#   ' + line[:300], flush=True)
    return good


def chromium(profile, *arguments):
    return subprocess.run(['chromium', '--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
                           '--disable-background-networking', '--disable-component-update', '--disable-sync',
                           f'--user-data-dir={profile}', '--enable-logging=stderr', *arguments],
                          capture_output=True, text=True, timeout=90)


def xanh(*arguments):
    return subprocess.run([os.path.join(BUILD, 'xanh'), *arguments], env=ENV, capture_output=True, text=True, timeout=60)


def main():
    if shutil.which('chromium') is None:
        print('1..0 # SKIP chromium is not installed (deploy/install-deps)')
        return 0
    subprocess.run([RUN, '--base', BASE, '--stop'], env=ENV, capture_output=True)
    started = subprocess.run([RUN, '--base', BASE, '--simulated', '--detach'], env=ENV, capture_output=True, text=True, timeout=200)
    try:
        if not ok(started.returncode == 0, 'the demo starts with the simulated hypervisor', started.stderr):
            return 1
        xanh('plan')
        time.sleep(15)
        with tempfile.TemporaryDirectory() as profile:
            address = xanh('dashboard').stdout.strip()
            ok(re.fullmatch(r'http://127\.0\.0\.1:\d+/login\?code=\w+', address), 'xanh dashboard prints a one-time address', address)
            page = chromium(profile, '--timeout=9000', '--dump-dom', address)
            dom = page.stdout
            ok('Dòng năng lượng' in dom and 'lang="vi"' in dom, 'it opens in Vietnamese', dom[:2000])
            ok(all(f'>{rack} <' in dom for rack in ('A01', 'A02')), 'both racks have a tile', dom)
            ok(all(vm in dom for vm in ('portal-1', 'batch-2')), 'the VM table names the guests', dom)
            ok(re.search(r'Lưới điện.{1,200}?[\d.,]+ k?W', dom, re.S), 'the flow shows the watts of the grid', dom)
            ok('<canvas' in dom, 'the graph is drawn', dom)
            errors = [line for line in page.stderr.split('\n') if 'CONSOLE' in line and ('rror' in line or 'Refused' in line)]
            ok(not errors, 'the console holds no error and no blocked style or script', '\n'.join(errors))
            again = chromium(profile, '--timeout=3000', '--dump-dom', address)
            ok('HTTP ERROR 401' in again.stdout or 'login' in again.stdout.lower() or 'code' in again.stdout,
               'the one-time address works once', again.stdout[:600])
            os.makedirs(os.path.join(TOP, 'build'), exist_ok=True)
            shot = os.path.join(TOP, 'build/page.png')
            chromium(profile, '--timeout=9000', '--window-size=1440,1250', '--hide-scrollbars', f'--screenshot={shot}',
                     xanh('dashboard').stdout.strip())
            ok(os.path.exists(shot) and os.path.getsize(shot) > 20000, 'a screenshot lies in build/page.png')
    finally:
        subprocess.run([RUN, '--base', BASE, '--stop'], env=ENV, capture_output=True)
        print(f'1..{count}')
    return failed > 0


sys.exit(main())
