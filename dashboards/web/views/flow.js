// Energy flow: sources on the left, what they feed on the right; ribbon width is watts.

import { svg } from '../dom.js';
import { t, watts } from '../text.js';

const WIDTH = 760;
const HEIGHT = 250;
const BUS = 380;
const RIBBONS = 120; // pixels that all sources share

function ribbon(x0, y0, x1, y1, thickness, kind) {
	const middle = (x0 + x1) / 2;
	return svg('path', {
		class: `ribbon ${kind}`,
		d: `M${x0},${y0} C${middle},${y0} ${middle},${y1} ${x1},${y1}`,
		'stroke-width': Math.max(thickness, 1.5),
	});
}

function side(rows, total, left) {
	const nodes = [];
	let inner = HEIGHT / 2 - RIBBONS / 2;
	rows.forEach((row, i) => {
		const thickness = total > 0 ? RIBBONS * Math.max(row.watts ?? 0, 0) / total : 0;
		const y = 30 + (HEIGHT - 50) * (i + 0.5) / rows.length;
		const x = left ? 190 : WIDTH - 190;
		const edge = left ? BUS - 14 : BUS + 14;
		nodes.push(ribbon(left ? x : edge, left ? y : inner + thickness / 2,
			left ? edge : x, left ? inner + thickness / 2 : y, thickness, row.key));
		nodes.push(svg('text', {
			x: left ? 180 : WIDTH - 180, y: y - 3, class: 'label', 'text-anchor': left ? 'end' : 'start',
		}, t(row.key)));
		nodes.push(svg('text', {
			x: left ? 180 : WIDTH - 180, y: y + 17, class: 'value', 'text-anchor': left ? 'end' : 'start',
		}, watts(row.watts)));
		inner += thickness;
	});
	return nodes;
}

export function flow(power) {
	const sources = ['grid', 'pv', 'battery', 'generator']
		.map((key) => ({ key, watts: power[`${key}_w`] }))
		.filter((row) => row.watts || row.key === 'grid' || row.key === 'pv');
	const sinks = ['it', 'cooling', 'losses'].map((key) => ({ key, watts: power[`${key}_w`] }));
	const total = Math.max(
		...[sources, sinks].map((rows) => rows.reduce((sum, row) => sum + Math.max(row.watts ?? 0, 0), 0)));
	const words = [...sources, ...sinks].map((row) => `${t(row.key)} ${watts(row.watts)}`).join(', ');

	return svg('svg', {
		viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: 'img', 'aria-label': words,
		class: power.complete ? 'flow' : 'flow incomplete',
	},
	...side(sources, total, true), ...side(sinks, total, false),
	svg('rect', { x: BUS - 14, y: HEIGHT / 2 - 72, width: 28, height: 144, rx: 4, class: 'bus' }),
	power.complete ? null : svg('text', { x: BUS, y: 18, 'text-anchor': 'middle', class: 'warn' }, t('incomplete')));
}
