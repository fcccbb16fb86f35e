// The page: asks once, then follows the event stream; every change of the picture asks again for what it shows.

import { get, listen, openSession, post } from './api.js';
import { byId, el, show } from './dom.js';
import { clock, otherLanguage, savedLanguage, t, useLanguage, useZone } from './text.js';
import { alarms } from './views/alarms.js';
import { energy, span } from './views/energy.js';
import { flow } from './views/flow.js';
import { append, redraw, setHistory, startGraph } from './views/graph.js';
import { metrics } from './views/metrics.js';
import { plan } from './views/plan.js';
import { racks } from './views/racks.js';
import { vms } from './views/vms.js';

const RANGES = [['minutes', 15], ['hours', 1], ['hours', 6], ['hours', 24]];
const state = { status: null, racks: [], vms: [], plan: null, alarms: [], range: RANGES[0], live: false,
	book: null, sheet: null };

const seconds = ([unit, n]) => n * (unit === 'hours' ? 3600 : 60);

function message(text) {
	byId('live').textContent = text;
	byId('live').className = 'state warn';
}

async function act(path) {
	try {
		await post(path);
	} catch (error) {
		message(error.status === 401 ? t('loggedOut') : t('failed', { why: error.message }));
	}
	await refresh();
}

function drawHeader() {
	const { automation } = state.status;
	const running = automation.state === 'running';
	const sign = { running: '▶', paused: '⏸', hold: '⏸' }[automation.state] ?? '';
	byId('site').textContent = state.status.title?.[document.documentElement.lang] ?? state.status.site;
	show(byId('automation'), el('span', { class: running ? 'ok' : 'warn' },
		`${sign} ${t(automation.state)}${automation.why ? `: ${automation.why}` : ''} `),
	el('button', { type: 'button', id: 'pause', onclick: () => act(automation.state === 'paused' ? '/resume' : '/pause') },
		t(automation.state === 'paused' ? 'resume' : 'pause')));
	byId('clock').textContent = clock(Date.parse(state.status.now) / 1000, true);
	byId('language').textContent = t('language');
	byId('language').lang = otherLanguage();
	byId('live').textContent = state.live ? `● ${t('liveOn')}` : `○ ${t('liveOff')}`;
	byId('live').className = state.live ? 'state ok' : 'state warn';
}

function drawBooks() {
	if (!state.book)
		return;
	show(byId('metrics'), ...metrics(state.sheet));
	show(byId('energy'), ...energy(state.book));
	byId('metrics-span').textContent = byId('energy-span').textContent = span(state.book);
}

// The books change when an interval is closed: they are asked once a minute, not with every reading.
async function readBooks() {
	const [book, sheet] = await Promise.all(['/energy?window=24h', '/metrics?window=24h'].map(get));
	Object.assign(state, { book, sheet });
	drawBooks();
}

function draw() {
	if (!state.status)
		return;
	drawHeader();
	show(byId('flow'), flow(state.status.power));
	show(byId('racks'), ...racks(state.racks));
	show(byId('vms'), ...vms(state.vms));
	drawBooks();
	show(byId('plan'), ...plan(state.plan, act));
	show(byId('alarms'), ...alarms(state.alarms, act));
	byId('alarms-section').hidden = state.alarms.length === 0;
}

// A single refresh at a time; one that is asked for meanwhile follows it.
let refreshing = null;
let again = false;

async function refresh() {
	if (refreshing) {
		again = true;
		return refreshing;
	}
	refreshing = (async () => {
		do {
			again = false;
			const [status, rackList, vmList, plans, alarmList] = await Promise.all(
				['/status', '/racks', '/vms', '/plans', '/alarms'].map(get));
			const newest = plans[0] ? await get(`/plans/${plans[0].id}`) : null;
			Object.assign(state, { status, racks: rackList, vms: vmList, plan: newest, alarms: alarmList });
			useZone(status.timezone);
			draw();
		} while (again);
	})();
	try {
		await refreshing;
	} finally {
		refreshing = null;
	}
	return null;
}

async function drawHistory() {
	const to = Math.floor(Date.parse(state.status.now) / 1000);
	const from = to - seconds(state.range);
	const names = ['site', ...state.racks.slice(0, 4).map((rack) => `rack:${rack.name}`)];
	const parts = await Promise.all(names.map((name) => get(
		`/history?series=${encodeURIComponent(name)}&from=${from}&to=${to}&points=600`)));
	setHistory(parts.map((part, i) => ({
		times: part.times,
		series: i === 0 ? { grid_w: part.series.grid_w, pv_w: part.series.pv_w } : { [names[i]]: part.series.it_w },
	})));
}

function extendHistory() {
	const values = { grid_w: state.status.power.grid_w, pv_w: state.status.power.pv_w };
	for (const rack of state.racks)
		values[`rack:${rack.name}`] = rack.it_w;
	append(Math.floor(Date.parse(state.status.now) / 1000), values, seconds(state.range));
}

function drawRanges() {
	show(byId('ranges'), el('legend', { class: 'hidden' }, t('range')), ...RANGES.map((range) => el('button', {
		type: 'button', id: `range-${range.join('-')}`, 'aria-pressed': String(range === state.range),
		onclick: async () => {
			state.range = range;
			drawRanges();
			await drawHistory();
		},
	}, t(range[0], { n: range[1] }))));
}

async function start() {
	await useLanguage(savedLanguage());
	byId('language').addEventListener('click', async () => {
		await useLanguage(otherLanguage());
		drawRanges();
		draw();
		redraw();
	});
	try {
		await openSession();
	} catch {
		message(t('loggedOut'));
		return;
	}
	await refresh();
	startGraph();
	drawRanges();
	await drawHistory();
	const books = () => readBooks().catch(() => {});
	books();
	setInterval(books, 60000);
	const changed = () => refresh().catch(() => {});
	listen({
		status: () => refresh().then(extendHistory).catch(() => {}), plan: changed, alarm: changed,
	}, (live) => {
		state.live = live;
		draw();
	});
}

start();
