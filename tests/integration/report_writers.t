#!/usr/bin/python3
"""Reports read with other people's tools: a number is the same in CSV, JSON, XLSX and PDF and in both languages; bytes
do not depend on the clock, the time zone or the locale; hostile texts stay texts; the fonts of a PDF are in it."""
import csv
import decimal
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import unicodedata
import xml.dom.minidom
import zipfile

BUILD = os.environ.get('XANH_BUILD', os.path.join(os.path.dirname(__file__), '..', '..', 'build', 'release'))
MAKER = os.path.join(BUILD, 'tests', 'unit', 'report_papers_test')
LANGUAGES = ('vi', 'en')
count = 0
failed = 0


def ok(good, text, why=''):
    global count, failed
    count += 1
    failed += not good
    print(f'{"ok" if good else "not ok"} {count} - {text}', flush=True)
    if not good and why:
        print(f'# {why}')


def skip_without(*tools):
    missing = [tool for tool in tools if not shutil.which(tool)]
    try:
        import openpyxl
    except ImportError:
        missing.append('python3-openpyxl')
    if missing or not os.path.exists(MAKER):
        print(f'1..0 # SKIP needs {", ".join(missing) or MAKER}')
        sys.exit(0)


def make(folder, **environment):
    os.makedirs(folder)
    subprocess.run([MAKER], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                   env={**os.environ, 'XANH_PAPERS': folder, **environment})
    return folder


def run(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def number(text, language):
    if language == 'vi':
        text = text.replace('.', '').replace(',', '.')
    return decimal.Decimal(text.replace(',', ''))


def rows_of_csv(path):
    with open(path, newline='', encoding='utf-8') as file:
        return list(csv.reader(file, strict=True))


def numbers_of_csv(path):
    return {row[0]: [decimal.Decimal(cell) if cell else None for cell in row[1:]] for row in rows_of_csv(path)[1:]}


def numbers_of_json(path):
    with open(path, encoding='utf-8') as file:
        table = json.load(file, parse_float=decimal.Decimal, parse_int=decimal.Decimal)['tables'][0]
    return {row['key']: [row[field['name']] for field in table['fields'][1:]] for row in table['rows']}


def numbers_of_xlsx(path, language):
    import openpyxl
    sheet = openpyxl.load_workbook(path)['numbers']
    decimals = (0, 1, 3, 6, 18)
    found = {}
    for row in sheet.iter_rows(min_row=3):
        values = []
        for cell, places in zip(row[1:], decimals):
            value = cell.value
            if isinstance(value, str):  # more digits than Excel keeps
                value = number(value, language)
            elif value is not None:  # 15 digits, as Excel reads it
                value = decimal.Decimal(f'{value:.15g}').quantize(decimal.Decimal(1).scaleb(-places))
            values.append(value)
        found[row[0].value] = values
    return found


def numbers_of_pdf(path, language):
    found = {}
    for line in run('pdftotext', '-layout', path, '-').splitlines():
        cells = line.split()
        if re.fullmatch(r'k\d+', cells[0] if cells else ''):
            found[cells[0]] = [None if cell == '–' else number(cell, language) for cell in cells[1:]]
    return found


def the_numbers_agree(folder):
    expected = numbers_of_csv(f'{folder}/numbers.vi.csv')
    ok(len(expected) == 400, 'the CSV file has its 400 rows')
    ok(numbers_of_json(f'{folder}/numbers.vi.json') == expected, 'numbers of JSON are those of CSV, digit by digit')
    for language in LANGUAGES:
        for kind, found in (('XLSX', numbers_of_xlsx(f'{folder}/numbers.{language}.xlsx', language)),
                            ('PDF', numbers_of_pdf(f'{folder}/numbers.{language}.pdf', language))):
            wrong = [(key, expected[key], found.get(key)) for key in expected if found.get(key) != expected[key]]
            ok(not wrong and len(found) == 400, f'numbers of {kind} are those of CSV in {language}', wrong[:3])


def with_a_comma(folder):
    """Where a locale is that writes 1,5, and its name; without locale sources the plain one stays."""
    made = shutil.which('localedef') and subprocess.run(
        ['localedef', '-i', 'de_DE', '-f', 'UTF-8', f'{folder}/de_DE.UTF-8'], capture_output=True).returncode == 0
    print('# ' + ('a locale with a decimal comma is made' if made else 'no locale sources here: only TZ is changed'))
    return {'LOCPATH': folder, 'XANH_PAPERS_LOCALE': 'de_DE.UTF-8'} if made else {}


def the_bytes_are_the_same(folder, again):
    names = sorted(os.listdir(folder))
    different = [name for name in names
                 if open(f'{folder}/{name}', 'rb').read() != open(f'{again}/{name}', 'rb').read()]
    ok(len(names) == 56 and not different, 'later, in another time zone and locale the bytes are the same', different)


def texts_stay_texts(folder):
    import openpyxl
    broken = ('broken', '\ufffd')
    rows = rows_of_csv(f'{folder}/hostile.en.csv')
    ok(len(rows) == 9 and all(len(row) == 10 for row in rows), 'hostile texts leave the rows of a CSV file as they are')
    ok(rows[1][2].startswith('=HYPERLINK'), 'a CSV file holds the text that was there')
    with open(f'{folder}/hostile.en.json', encoding='utf-8') as file:
        names = [row['rack'] for row in json.load(file)['tables'][0]['rows']]
    ok(all(word in names[3] for word in broken) and '\x07' not in names[2], 'JSON is read, bad bytes are marked')
    for language in LANGUAGES:
        path = f'{folder}/hostile.{language}.xlsx'
        with zipfile.ZipFile(path) as book:
            sheets = [book.read(name) for name in book.namelist() if name.endswith('.xml')]
        for sheet in sheets:
            xml.dom.minidom.parseString(sheet)
        ok(not any(b'<f>' in sheet or b'<hyperlink' in sheet for sheet in sheets),
           f'XLSX in {language} is XML without a formula or a link')
        values = [row[2].value for row in openpyxl.load_workbook(path)['energy'].iter_rows(min_row=3)]
        ok(values[0].startswith('=HYPERLINK') and len(values[7]) < 32767, f'and keeps the text in {language}')
        text = run('pdftotext', '-layout', f'{folder}/hostile.{language}.pdf', '-')
        ok('Điện năng' in text and unicodedata.is_normalized('NFC', text), f'marks set apart are joined in PDF, {language}')


def a_pdf_is_whole(folder):
    for name in sorted(os.listdir(folder)):
        if not name.endswith('.pdf'):
            continue
        fonts = [line.split()[-5:] for line in run('pdffonts', f'{folder}/{name}').splitlines()[2:]]
        names = run('pdffonts', f'{folder}/{name}')
        ok(fonts and all(font[0] == 'yes' for font in fonts) and 'DejaVuSans' in names, f'{name}: its fonts are in it')
        check = subprocess.run(['qpdf', '--check', f'{folder}/{name}'], capture_output=True, text=True)
        ok(check.returncode == 0, f'{name}: qpdf finds nothing wrong', check.stdout + check.stderr)


def a_page_says_what_it_is(folder):
    for language, words in (('vi', ('Trang', 'Kỳ báo cáo', 'Bản nháp', '⚠ Cảnh báo', 'Thiếu dữ liệu', 'Ước tính')),
                            ('en', ('Page', 'Period', 'Draft', '⚠ Warning', 'Missing', 'Estimated'))):
        path = f'{folder}/month.{language}.pdf'
        text = run('pdftotext', '-layout', path, '-')
        lost = [word for word in words if word not in text]
        ok(not lost, f'the frame of a PDF is in {language}', lost)
        pages = text.split('\f')[:-1]
        ok(all(f'{words[0]} {i + 1}/{len(pages)}' in page and 'hoa-lac-1/site-energy/2026-11' in page
               for i, page in enumerate(pages)), f'each page says which it is, {language}')
        heads = [page for page in pages[2:-1] if 'PUE' not in page]
        ok(not heads, f'header rows are there again, {language}')


def a_workbook_is_typed(folder):
    import datetime
    import openpyxl
    book = openpyxl.load_workbook(f'{folder}/month.vi.xlsx')
    sheet = book['energy']
    first = [cell for cell in sheet[3]]
    ok(book.sheetnames[0] == 'summary' and any('⚠ Cảnh báo' == row[0].value for row in book['summary'].iter_rows()),
       'the first sheet is the summary, with the warnings')
    ok(first[0].value == datetime.datetime(2026, 11, 1) and first[0].is_date, 'times are times of the site')
    ok(first[3].number_format == '#,##0.000' and first[6].number_format == '#,##0', 'numbers have their decimals')
    ok(sheet.freeze_panes == 'A3' and sheet.auto_filter.ref == 'A2:J202' and sheet['A2'].font.b,
       'the header is bold, stays and filters')
    ok(any(row[3].font.i for row in sheet.iter_rows(min_row=3)), 'estimated cells are in italics')


skip_without('pdftotext', 'pdffonts', 'qpdf')
with tempfile.TemporaryDirectory(prefix='xanh-papers-') as base:
    papers = make(f'{base}/a')
    time.sleep(2.1)  # a ZIP file's clock has steps of two seconds
    repeated = make(f'{base}/b', TZ='America/St_Johns', **with_a_comma(base))
    the_numbers_agree(papers)
    the_bytes_are_the_same(papers, repeated)
    texts_stay_texts(papers)
    a_pdf_is_whole(papers)
    a_page_says_what_it_is(papers)
    a_workbook_is_typed(papers)
print(f'1..{count}')
sys.exit(failed != 0)
