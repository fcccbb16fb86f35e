#!/usr/bin/env node
// The page in a real browser: it logs in by the one-time address, shows what is measured in both languages, keeps to
// its own host, and passes the accessibility rules. Leaves its screenshot in build/page.png.
'use strict';
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');

const top = path.join(__dirname, '..', '..');
const build = process.env.XANH_BUILD ?? path.join(top, 'build/release');
const modules = path.join(top, 'dashboards/node_modules');
const base = '/tmp/xanh-page-test';
const env = { ...process.env, XANH_SERVER: `unix:${base}/api.sock`, XANH_BUILD: build, XANH_PORT: process.env.XANH_PORT ?? '28' };
let count = 0;
let failed = 0;

function ok(good, what, detail = '') {
	count++;
	failed += good ? 0 : 1;
	console.log(`${good ? 'ok' : 'not ok'} ${count} - ${what}`);
	if (!good)
		console.log(String(detail).split('\n').slice(0, 20).map((line) => `#   ${line.slice(0, 300)}`).join('\n'));
	return good;
}

const demo = (...words) => spawnSync(path.join(top, 'deploy/demo/run'), ['--base', base, ...words], { env, encoding: 'utf8' });
const xanh = (...words) => spawnSync(path.join(build, 'xanh'), words, { env, encoding: 'utf8' }).stdout.trim();
const pause = (ms) => new Promise((done) => setTimeout(done, ms));

async function axe(page) {
	await page.evaluate(fs.readFileSync(path.join(modules, 'axe-core/axe.min.js'), 'utf8'));
	const found = await page.evaluate(() => globalThis.axe.run({
		runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'],
	}));
	return found.violations.map((rule) => `${rule.id}: ${rule.nodes.map((node) => node.target).join(' ')}`).join('\n');
}

async function look(browser) {
	const context = await browser.newContext({ viewport: { width: 1440, height: 1150 }, colorScheme: 'light' });
	const page = await context.newPage();
	const problems = [];
	const hosts = new Set();
	page.on('console', (message) => message.type() === 'error' && problems.push(message.text()));
	page.on('pageerror', (error) => problems.push(String(error)));
	page.on('request', (request) => hosts.add(new URL(request.url()).host));
	const address = xanh('dashboard');
	ok(/^http:\/\/127\.0\.0\.1:\d+\/login\?code=\w+$/.test(address), 'xanh dashboard prints a one-time address', address);
	await page.goto(address);
	await page.waitForSelector('#vms tbody tr:nth-child(6)', { timeout: 20000 });
	await page.waitForSelector('#graph canvas', { timeout: 20000 });
	const text = () => page.evaluate(() => document.body.innerText);
	let shown = await text();
	ok(shown.includes('Dòng năng lượng') && shown.includes('Máy ảo'), 'it opens in Vietnamese', shown);
	ok(['A01', 'A02', 'portal-1', 'batch-2'].every((name) => shown.includes(name)), 'racks and guests are there', shown);
	ok(/Lưới điện\s*-?[\d.]+(,\d)?\sk?W/.test(await page.evaluate(() => document.querySelector('#flow').textContent)),
		'the flow shows the watts of the grid', shown);
	ok(/Nguồn A[\s\S]*Nguồn B[\s\S]*Nhiệt độ gió vào [\d,]+ °C/.test(shown), 'a rack shows both feeds and its inlet', shown);
	await page.waitForFunction(() => document.querySelector('#live').textContent.startsWith('●'), null, { timeout: 10000 });
	const before = await page.textContent('#clock');
	await pause(5000);
	ok(await page.textContent('#clock') !== before, 'it moves by itself', before);
	await page.waitForSelector('#energy tbody tr:nth-child(4)', { timeout: 120000 });
	const book = JSON.parse(xanh('energy', 'show', '--window', '24h', '-o', 'json'));
	shown = await text();
	ok(shown.includes('PUE: hiệu quả sử dụng điện') && shown.includes('REF'), 'the indicators are there, each with its verdict or why not', shown);
	const grid = await page.evaluate(() => [...document.querySelectorAll('#energy tbody tr')].map((row) => row.innerText).find((row) => row.startsWith('Lưới')));
	const kwh = (row) => new Intl.NumberFormat('vi', { minimumFractionDigits: 3, maximumFractionDigits: 3 }).format(row.energy_kwh);
	const later = JSON.parse(xanh('energy', 'show', '--window', '24h', '-o', 'json'));
	ok([book, later].some((answer) => grid.includes(kwh(answer.rows.find((row) => row.account === 'grid')))),
		'the page and the command line show the same number', `${grid} | ${JSON.stringify(later.rows[0])}`);
	await page.click('#plan-propose');
	await page.waitForFunction(() => /p-\w+/.test(document.querySelector('#plan').textContent), null, { timeout: 20000 });
	ok(true, 'a plan is made by the button');
	await page.screenshot({ path: path.join(top, 'build/page.png'), fullPage: true });
	ok((await axe(page)) === '', 'no rule of WCAG 2.2 AA is broken, light', await axe(page));
	await page.emulateMedia({ colorScheme: 'dark' });
	ok((await axe(page)) === '', 'no rule of WCAG 2.2 AA is broken, dark', await axe(page));
	await page.click('#language');
	await page.waitForFunction(() => document.documentElement.lang === 'en');
	shown = await text();
	ok(shown.includes('Energy flow') && !shown.includes('Dòng năng lượng'), 'one press and it is in English', shown);
	await page.click('#as-table');
	ok(await page.isVisible('#graph-table table'), 'the graph is there as a table');
	ok([...hosts].every((host) => host.startsWith('127.0.0.1:')), 'no other host is contacted', [...hosts].join(' '));
	ok(problems.length === 0, 'nothing is blocked and no script fails', problems.join('\n'));
	const second = await browser.newContext();
	const stranger = await second.newPage();
	const reply = await stranger.goto(address);
	ok(reply.status() >= 400, 'the address works once', reply.status());
	ok((await second.request.get(`${new URL(address).origin}/api/v1/status`)).status() === 401, 'a stranger learns nothing');
}

async function main() {
	if (!fs.existsSync('/usr/bin/chromium') || !fs.existsSync(path.join(modules, 'playwright-core'))) {
		console.log('1..0 # SKIP chromium or playwright-core is not installed (deploy/install-deps)');
		return;
	}
	const { chromium } = require(path.join(modules, 'playwright-core'));
	demo('--stop');
	const started = demo('--simulated', '--detach');
	let browser = null;
	try {
		if (!ok(started.status === 0, 'the demo starts with the simulated hypervisor', started.stderr))
			return;
		await pause(12000);
		browser = await chromium.launch({
			executablePath: '/usr/bin/chromium',
			args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
				'--disable-component-update', '--disable-sync'],
		});
		await look(browser);
	} catch (error) {
		ok(false, 'the page is walked to its end', error.stack);
	} finally {
		await browser?.close();
		demo('--stop');
		console.log(`1..${count}`);
	}
}

main().then(() => process.exit(failed > 0 ? 1 : 0));
