#!/usr/bin/env python3
# `xanh meter book`: the rules of its contract one by one, and a campaign of faults against a known truth. XANH_CAMPAIGN=N
# makes the campaign of N readings a class of meter (a million takes some minutes).
import csv
import io
import json
import os
import random
import subprocess
import sys
import tempfile

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
XANH = os.path.join(os.environ.get('XANH_BUILD', os.path.join(TOP, 'build/release')), 'xanh')
READINGS = int(os.environ.get('XANH_CAMPAIGN', '15000'))
count = failed = 0
folder = tempfile.TemporaryDirectory()


def ok(good, what, detail=''):
    global count, failed
    count += 1
    failed += not good
    print(f"{'ok' if good else 'not ok'} {count} - {what}")
    if not good:
        print('\n'.join('#   ' + line[:300] for line in str(detail).splitlines()[:20]))


def meter(**keys):
    path = os.path.join(folder.name, 'meter.yaml')
    lines = {'kind': 'meter', 'register': '{bits: 32, unit: 1 Wh, reset: allowed}', 'max_power': '22 kW', 'interval': '30 min', **keys}
    with open(path, 'w', encoding='utf-8') as out:
        out.write(''.join(f'{key}: {value}\n' for key, value in lines.items() if value))
    return path


def run(path, text, *words):
    return subprocess.run([XANH, 'meter', 'book', '--meter', path, *words], input=text, capture_output=True, text=True, check=False)


def table(rows):
    return 'time,register_wh,power_w\n' + ''.join(
        f"{at},{'' if counted is None else counted},{'' if watts is None else watts}\n" for at, counted, watts in rows)


def book(rows, **keys):
    done = run(meter(**keys), table(rows))
    assert done.returncode == 0, done.stderr
    return [{**row, 'wh': int(row['energy_mj']) / 3.6e6, 'coverage': float(row['coverage']), 'share': float(row['estimated_share'])}
            for row in csv.DictReader(io.StringIO(done.stdout))]


def total(rows):
    return sum(row['wh'] for row in rows)


def events(rows):
    return {word for row in rows for word in row['events'].split(';') if word}


T0 = 1763600400  # 2025-11-20T08:00:00+07:00


def minutes(values, start=T0, every=60):
    return [(start + i * every, value, None) for i, value in enumerate(values)]


def contract():
    rows = book(minutes(range(1000, 1121)))
    ok([row['start'] for row in rows] == [f'2025-11-20T{h}:00+07:00' for h in ('08:00', '08:30', '09:00', '09:30', '10:00')],
       'intervals are aligned in site time, the last one holds the last reading', rows)
    ok(total(rows) == 120 and [row['wh'] for row in rows[:4]] == [30, 30, 30, 30], 'without faults it is the end minus the start', rows)
    ok(rows[0]['quality'] == 'M' and rows[4]['quality'] in '-M' and rows[1]['coverage'] == 1, 'measured, and covered', rows)
    gap = book([(T0, 1000, None), (T0 + 60, 1001, None), (T0 + 120, 1002, None), (T0 + 7320, 1202, None)] +
               minutes(range(1203, 1210), T0 + 7380))
    ok(abs(total(gap) - 209) < 1e-6 and gap[1]['quality'] == 'I' and gap[1]['coverage'] == 1 and 'gap' in gap[1]['events'],
       'a register bridges a gap: the total is measured, the split is not', gap)
    watts = book([(T0, None, 50000), (T0 + 60, None, 50000), (T0 + 7260, None, 50000)], register=None, max_power='100 kW', sample='60 s')
    ok(abs(total(watts) - 833.333) < 0.01 and abs(sum(row['coverage'] for row in watts) * 1800 - 60) < 0.1,
       'watts alone are not held over a gap', watts)
    empty = book([(T0, None, 1000), (T0 + 60, None, 1000), (T0 + 7260, None, 1000), (T0 + 7320, None, 1000)], sample='60 s')
    ok(empty[2]['quality'] == '-' and empty[2]['energy_mj'] == '0', 'an interval of nothing has the quality -', empty)
    wrap = book(minutes([65530, 65533, 1, 5]), register='{bits: 16, unit: 1 Wh, reset: allowed}')
    ok(total(wrap) == 11 and wrap[0]['quality'] == 'R' and wrap[0]['events'] == 'rollover', 'a roll-over is measured across', wrap)
    wrap = book(minutes([65530, 65534, 0, 0, 0, 0, 0, 0, 3]), register='{bits: 16, unit: 1 Wh, reset: allowed}')
    ok(total(wrap) == 9 and wrap[0]['quality'] == 'R' and wrap[0]['events'] == 'rollover', 'to zero, too', wrap)
    reset = book(minutes([50000, 50010, 2, 12, 22, 32]))
    ok(abs(total(reset) - 42) < 1e-6 and 'reset' in events(reset) and abs(reset[0]['share'] * reset[0]['wh'] - 2) < 1e-3 and
       reset[0]['coverage'] < 5 / 30, 'after a reset the first low value is a lower bound, and its window is not covered', reset)
    filled = book([(T0 + i * 60, v, 6000) for i, v in enumerate([50000, 50100, 2, 102, 202, 302])])
    ok(abs(total(filled) - 500) < 1 and abs(filled[0]['share'] * filled[0]['wh'] - 100) < 1, 'watts fill what a reset hides, as an estimate', filled)
    new = book(minutes([1000, 1010, 900000, 900010, 900020]))
    ok(total(new) == 30 and 'replaced' in events(new), 'after a replacement nothing is booked of its past', new)
    zero = book(minutes([13423, 0, 13424, 2**32 - 1, 13425]))
    ok(total(zero) == 2 and events(zero) == {'glitch', 'missing'}, 'all zeros and all ones are no values', zero)
    spike = book(minutes([100, 101, 15508, 103, 104]))
    ok(total(spike) == 4 and 'glitch' in events(spike), 'an impossible jump is held back', spike)
    stall = book([(T0 + i * 60, 1000 if i < 60 else 1000 + (i - 59) * 100 + 5900, 6000) for i in range(70)])
    ok('stall' in events(stall) and abs(total(stall) - 6900) < 1 and stall[0]['wh'] > 2500, 'a register that stood still is spread over that time', stall)
    short = [1000 + 330 * i for i in range(30)]
    short[11:13] = [short[10]] * 2
    stood = book(minutes(short), interval='1 min')
    ok(total(stood) == 29 * 330 and max(row['wh'] for row in stood) < 331, 'for a reading or two as well', stood)
    twice = book([row for row in minutes(range(1000, 1010)) for _ in range(2)])
    ok(total(twice) == 9 and events(twice) == {'duplicate'}, 'rows that repeat change nothing', twice)
    shuffled = minutes(range(1000, 1060))
    shuffled[10:14] = reversed(shuffled[10:14])
    ok(total(book(shuffled)) == 59, 'rows that come late lose nothing', book(shuffled))
    wild = minutes(range(1000, 1060))
    wild[20] = (wild[20][0] + 86400 * 30, wild[20][1], None)
    wild[30] = (wild[30][0] - 86400 * 3000, wild[30][1], None)
    ok(total(book(wild)) == 59 and len(book(wild)) == 2 and 'clock' in events(book(wild)), 'a wild stamp is passed over', book(wild))
    back = minutes(range(1000, 1060, 2)) + minutes(range(1060, 1120, 2), T0 + 900)
    ok(total(book(back)) == 118 and 'clock' in events(book(back)), 'a clock that was set back loses no counted energy', book(back))
    early = book([(3600, 1000, None)] + minutes(range(1001, 1060)))
    ok(total(early) == 58 and len(early) == 2 and events(early) == {'clock'}, 'a first stamp of 1970 prints no rows of 1970', early[:2])
    early = book([(T0 + 86400 * 30, 1000, None)] + minutes(range(1001, 1060)))
    ok(total(early) == 58 and len(early) == 2 and events(early) == {'clock'}, 'nor does one of the next month', early[:2])
    early = book([(3600, None, 6000)] + [(at, None, 6000) for at, _, _ in minutes(range(60))], register=None)
    ok(abs(total(early) - 5900) < 1 and len(early) == 2, 'nor where there are watts only', early[:2])
    late = book([(T0 + 86400 * 30, None, 6000)] + [(at, None, 6000) for at, _, _ in minutes(range(60))], register=None)
    ok(abs(total(late) - 5900) < 1 and len(late) == 2, 'of the next month, too', late[:2])
    gap = book(minutes([1000]) + minutes(range(1120, 1180), T0 + 7200))
    ok(total(gap) == 179 and gap[0]['start'] == '2025-11-20T08:00:00+07:00' and 'gap' in gap[1]['events'], 'a gap after the first reading stays one', gap)
    two = book([(T0, 1000, None), (T0 + 86400, 1500, None)])
    ok(abs(total(two) - 500) < 1e-6 and len(two) == 49, 'two readings are believed', two[:2])
    newest = book(minutes(range(1000, 1120))[::-1])
    ok(total(newest) == 119 and len(newest) == 4 and not events(newest), 'a file may have its newest row first', newest)
    newest = book([(at, None, 6000) for at, _, _ in minutes(range(120))][::-1], register=None)
    ok(abs(total(newest) - 11900) < 1 and len(newest) == 4, 'with watts only, too', newest)
    rows = minutes(range(1000, 2000))
    random.Random(1).shuffle(rows)
    ok(total(book(rows)) == 999, 'or none in its place', book(rows))
    wide = book(minutes([(2**64 - 5) * 100, (2**64 - 3) * 100, 0 * 100 + 100, 300]), register='{bits: 64, unit: 100 Wh, reset: allowed}', max_power='22 MW')
    ok(total(wide) == 800, 'a register of 64 bits and 100 Wh wraps exactly', wide)
    wide = book(minutes([(2**64 - 4 + i) % 2**64 * 10**6 for i in range(10)], every=3600), register='{bits: 64, unit: 1 MWh}', max_power='2 MW')
    ok(total(wide) == 9e6, 'one of 1 MWh, too', wide)
    down = book(minutes(range(50000, 50010)) + minutes(range(20, 40), T0 + 4140))
    ok(total(down) == 48 and {'reset', 'gap'} <= events(down) and sum(row['coverage'] for row in down) * 30 < 29, 'a reset in a gap is both', down)
    stands = [1000 + 200 * (min(i, 100) if i < 160 else i) for i in range(300)]
    set_back = book(minutes(stands[:160]) + minutes(stands[160:], T0 + 100 * 60))
    ok(total(set_back) == 299 * 200 and {'stall', 'clock'} <= events(set_back) and max(row['wh'] for row in set_back) <= 11001,
       'a clock set back as a register that stood still counts again hides nothing', set_back)


def numbers():
    few = book(minutes(['1e6', '1.00001E6', '+1000020', '1000020.5']))
    ok(abs(total(few) - 20.5) < 1e-6 and not events(few), 'decimals and exponents are numbers', few)
    huge = book(minutes(['1e30', 2**80, '9' * 40, '1e99999', 'inf', 1000, 1001]))
    ok(total(huge) == 1 and events(huge) == {'missing'}, 'what no register can show is missing', huge)
    wild = book([(T0 + i * 60, None, [6000, 1e9, -5, 'nan', 6000][i % 5]) for i in range(61)], register=None)
    ok(abs(total(wild) - 1200) < 1 and 'missing' in events(wild) and sum(row['coverage'] for row in wild) * 30 < 13, 'so are watts beyond the rating', wild)
    ok(book([]) == [] and [row['quality'] for row in book([(T0, None, None)])] == ['-'], 'no rows are no intervals, a row of nothing is one')
    for bits, unit, most, every in ((8, '1 Wh', '4 kW', 60), (16, '10 Wh', '22 kW', 300), (24, '1 kWh', '2 MW', 3600), (32, '100 Wh', '22 kW', 1), (48, '0.1 Wh', '10 kW', 10)):
        size = {'1 Wh': 1, '10 Wh': 10, '1 kWh': 1000, '100 Wh': 100, '0.1 Wh': 0.1}[unit]
        shown = [(2**bits - 4 + 2 * i) % 2**bits for i in range(1, 12)]
        rows = book(minutes([f'{count * size:.1f}' for count in shown], every=every if every > 1 else 120), register=f'{{bits: {bits}, unit: {unit}}}', max_power=most)
        ok(abs(total(rows) - 20 * size) < 1e-6 and 'R' in [row['quality'] for row in rows] and events(rows) == {'rollover'},
           f'{bits} bits of {unit} wrap', rows)
    for interval, seconds in (('1 min', 60), ('15 min', 900), ('1 h', 3600), ('1 d', 86400)):
        rows = book(minutes(range(1000, 1000 + 600 * 12, 12), T0 + 7, 600), interval=interval)
        ok(total(rows) - 599 * 12 < 1e-6 and all(one['end'] == two['start'] for one, two in zip(rows, rows[1:])) and
           all(row['coverage'] == 1 and row['quality'] == 'M' for row in rows[1:-1]) and
           abs(sum(row['coverage'] for row in rows) * seconds - 599 * 600) < seconds / 1000, f'intervals of {interval} follow each other, all covered', rows[:3])


def bad_input():
    done = run(meter(), 'time,register_wh,power_w\r\nyesterday,1,x\r\n1763600400,one,"1"\r\n1763600460,0x10,"2\r\n')
    ok(done.returncode == 65 and '-:2:1: error:' in done.stderr and "-:2:13: error: 'x'" in done.stderr and "-:3:12: error: 'one'" in done.stderr and
       "-:4:12: error: '0x10'" in done.stderr and "-:4:17: error: '\"2'" in done.stderr and done.stdout == '',
       'what is no reading is told at its line and column, all at once', done)
    done = run(meter(max_power=None, interval='7 min', reset='yes'), 'time,power_w\n')
    ok(done.returncode == 65 and done.stderr.count('error:') == 3, 'so is what is wrong with the meter', done.stderr)
    done = run(os.path.join(folder.name, 'none.yaml'), '')
    ok(done.returncode == 66, 'a file that is not there is 66', done)
    done = run(meter(), table(minutes([1000, 1001])), '-o', 'json')
    ok(done.returncode == 0 and json.loads(done.stdout)[0]['energy_mj'] == 3600000, 'JSON says the same', done)
    done = run(meter(), '\ufefftime,power_w,register_wh,note\r\n"1763600400.5","","1e3","a,b"\r\n1763600460,nan,1001,\r\n')
    ok(done.returncode == 0 and ',3600000,' in done.stdout and 'missing' in done.stdout, 'any order of columns, quotes, CRLF, a byte order mark', done)


def faulty(dice, bits, unit, with_power, with_resets):
    """Readings of a minute each with every fault there is, and the energy that truly passed."""
    most, rows, truth, power = 22000, [], 0.0, 6000.0
    counted = float(dice.randrange(0, 2**min(bits, 40)) * unit)
    silent = still = frozen = 0
    for i in range(READINGS):
        power = max(0.0, min(most * 0.95, power + dice.uniform(-1, 1) * most * 0.05))
        if i > 0:
            truth += power / 60
            counted += power / 60
        shown, watts, at, luck = int(counted / unit) * unit % (2**bits * unit), round(power, 1) if with_power else None, T0 + i * 60, dice.random()
        if still:
            still, shown = still - 1, frozen
        elif luck < 0.001 and with_resets and not silent:  # one that nobody hears leaves a plausible register
            counted, shown = 0.0, 0
        elif luck < 0.004:
            shown = 0
        elif luck < 0.006:
            shown = (2**bits - 1) * unit
        elif luck < 0.007:
            shown += dice.randrange(1, 1000) * most
        elif luck < 0.009:
            rows.append((at, shown, watts))
        elif luck < 0.011:
            at += dice.choice([86400, -86400, 3600, -3600])
        elif luck < 0.03:
            continue
        elif luck < 0.0305:
            silent = dice.randrange(2, 200)
        elif luck < 0.031 and not silent and i < READINGS - 60:
            still, frozen = dice.randrange(3, 50), shown
        elif luck < 0.0315 and with_resets and not silent:
            counted = float(dice.randrange(0, 2**min(bits, 40)) * unit)
            shown = int(counted)
        silent = max(0, silent - 1)
        if silent and 0 < i < READINGS - 1:
            continue
        rows.append((at, shown, watts))
        if dice.random() < 0.002 and len(rows) > 3:
            rows[-1], rows[-2] = rows[-2], rows[-1]
    return rows, truth


def campaign():
    seed = int(os.environ.get('XANH_SEED', '20261125'))
    for bits, unit in ((16, 100), (23, 1), (32, 1), (32, 100), (64, 100)):
        for with_power in (False, True):
            for with_resets in (False, True):
                dice = random.Random(f'{seed} {bits} {unit} {with_power} {with_resets}')
                rows, truth = faulty(dice, bits, unit, with_power, with_resets)
                booked = book(rows, register=f'{{bits: {bits}, unit: {unit} Wh, reset: allowed}}')
                measured = sum(row['coverage'] for row in booked) / len(booked)
                error = (total(booked) - truth) / truth
                what = f'{bits} bits of {unit} Wh{", watts" if with_power else ""}{", resets" if with_resets else ""}: {len(rows)} readings'
                detail = f'seed {seed}: truth {truth:.1f} Wh, booked {total(booked):.1f}, error {error:.6f}, coverage {measured:.6f}'
                slack = 0.001 + 2 * unit / truth
                # Where it was measured it is right; what is not measured may be missing, and is said to be.
                ok(-slack - (1 - measured if with_resets else 0) <= error <= slack, what, detail)
                highest = max(row['wh'] for row in booked)
                ok(highest <= 11000 + unit, '  no interval above the rating', f'{detail}, highest {highest}')


contract()
numbers()
bad_input()
campaign()
print(f'1..{count}')
sys.exit(failed > 0)
