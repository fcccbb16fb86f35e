// The indicators people look at first, each with its uncertainty, target, verdict and coverage; where there is no value,
// why. The whole sheet is `xanh metric` and the reports.

import { el, number, table } from '../dom.js';
import { quantity, t } from '../text.js';
import { percent } from './energy.js';

const SHOWN = {
	pue: 3, ref: 3, cue: 3, wue: 3, 'cfe-hourly': 3, 'peak-share': 3, 'load-factor': 3, 'scope2-location': 3,
	'scope2-market': 3,
};
const SIGNS = { met: '✓', not_met: '✗', not_proven: '?' };

function verdict(row) {
	if (row.value === null)
		return el('span', { class: 'warn' }, `– ${row.why ?? ''}`);
	if (!row.status)
		return t('noTarget');
	return el('span', { class: row.status === 'met' ? 'ok' : 'warn' }, `${SIGNS[row.status]} ${t(row.status)}`);
}

function target(row, digits) {
	if (row.target === null)
		return '–';
	return `${row.target_is === 'max' ? '≤' : '≥'} ${quantity(row.target, '', digits).trim()}`;
}

export function metrics(sheet) {
	const rows = sheet.rows.filter((row) => row.metric in SHOWN && !row.of);
	return table(t('metrics'),
		[t('indicator'), t('value'), t('uncertainty'), t('target'), t('verdict'), t('coverage')],
		rows.map((row) => {
			const digits = SHOWN[row.metric];
			const unit = row.unit === 'ratio' ? '' : row.unit;
			return [
				t(`kpi-${row.metric}`), number(quantity(row.value, unit, digits)),
				number(row.u_k2 === null ? '–' : `± ${quantity(row.u_k2, '', digits).trim()}`),
				number(target(row, digits)), verdict(row), number(percent(row.coverage)),
			];
		}));
}
