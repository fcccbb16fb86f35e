// Power over the last hours: site totals and racks, from history, then extended live. Focus it and use the
// arrow keys to read points; the same numbers are there as a table.

import uPlot from '../vendor/uPlot.esm.js';
import { byId, el, number, show, table } from '../dom.js';
import { clock, t, watts } from '../text.js';

// Two palettes, each at least 3:1 on its ground and apart for colour-blind eyes.
const LIGHT = ['#D55E00', '#009E73', '#004C7A', '#6B4E00', '#333333', '#5B6770'];
const DARK = ['#D55E00', '#8AD7B5', '#E69F00', '#F0E442', '#B48CFF', '#0072B2'];
const DASHES = [[], [8, 4], [2, 3], [10, 3, 2, 3], [4, 4], [1, 2]];

let chart = null;
let shown = { times: [], names: [], columns: [] };
let cursor = -1;

const dark = () => matchMedia('(prefers-color-scheme: dark)').matches;
const label = (name) => t(name.replace(/_w$/, '')).replace(/^rack:/, '');

function options(names, width) {
	const colours = dark() ? DARK : LIGHT;
	const ink = dark() ? '#d7dedb' : '#33403b';
	const grid = { stroke: dark() ? '#31403a' : '#dfe6e2', width: 1 };
	return {
		width, height: 280, cursor: { drag: { x: false, y: false } },
		scales: { y: { range: (_, min, max) => [Math.min(0, min), Math.max(max * 1.1, 10)] } },
		axes: [
			{ stroke: ink, grid, values: (_, splits) => splits.map((s) => clock(s)) , space: 90 },
			{ stroke: ink, grid, size: 80, values: (_, splits) => splits.map((w) => watts(w)) },
		],
		series: [
			{ label: t('time'), value: (_, s) => (s === null ? '–' : clock(s, true)) },
			...names.map((name, i) => ({
				label: label(name), stroke: colours[i % 6], width: 2, dash: DASHES[i % 6], spanGaps: false,
				points: { show: false }, value: (_, w) => watts(w),
			})),
		],
	};
}

function asTable() {
	const newest = shown.times.map((_, i) => i).slice(-30).reverse();
	show(byId('graph-table'), el('div', { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': t('graph') },
		el('table', {}, ...table(t('graph'), [t('time'), ...shown.names.map(label)],
			newest.map((i) => [clock(shown.times[i], true), ...shown.columns.map((c) => number(watts(c[i])))])))));
}

function redraw() {
	const box = byId('graph');
	chart?.destroy();
	chart = null;
	box.replaceChildren();
	if (shown.times.length === 0) {
		box.append(el('p', {}, t('noData')));
	} else {
		chart = new uPlot(options(shown.names, Math.max(box.clientWidth, 320)), [shown.times, ...shown.columns], box);
	}
	const last = shown.times.length - 1;
	box.setAttribute('aria-label', last < 0 ? t('noData') :
		`${t('graph')}: ${shown.names.map((n, i) => `${label(n)} ${watts(shown.columns[i][last])}`).join(', ')}`);
	asTable();
}

export function setHistory(parts) {
	const times = [...new Set(parts.flatMap((part) => part.times))].sort((a, b) => a - b);
	const names = parts.flatMap((part) => Object.keys(part.series));
	const columns = parts.flatMap((part) => {
		const place = new Map(part.times.map((time, i) => [time, i]));
		return Object.values(part.series).map((values) => times.map((time) => values[place.get(time)] ?? null));
	});
	shown = { times, names, columns };
	redraw();
}

export function append(time, values, keepSeconds) {
	if (shown.names.length === 0 || time <= shown.times[shown.times.length - 1])
		return;
	shown.times.push(time);
	shown.names.forEach((name, i) => shown.columns[i].push(values[name] ?? null));
	while (shown.times.length > 2 && shown.times[0] < time - keepSeconds) {
		shown.times.shift();
		shown.columns.forEach((column) => column.shift());
	}
	chart?.setData([shown.times, ...shown.columns]);
	asTable();
}

function step(by) {
	if (!chart)
		return;
	const last = shown.times.length - 1;
	cursor = cursor < 0 ? last : Math.min(last, Math.max(0, cursor + by));
	chart.setCursor({ left: chart.valToPos(shown.times[cursor], 'x'), top: 20 });
	byId('graph-point').textContent = `${clock(shown.times[cursor], true)}: ` +
		shown.names.map((name, i) => `${label(name)} ${watts(shown.columns[i][cursor])}`).join(', ');
}

export function startGraph() {
	byId('graph').addEventListener('keydown', (event) => {
		if (event.key !== 'ArrowLeft' && event.key !== 'ArrowRight')
			return;
		event.preventDefault();
		step(event.key === 'ArrowLeft' ? -1 : 1);
	});
	byId('as-table').addEventListener('click', (event) => {
		const pressed = event.currentTarget.getAttribute('aria-pressed') !== 'true';
		event.currentTarget.setAttribute('aria-pressed', String(pressed));
		byId('graph-table').hidden = !pressed;
	});
	addEventListener('resize', redraw);
	matchMedia('(prefers-color-scheme: dark)').addEventListener('change', redraw);
}

export { redraw };
