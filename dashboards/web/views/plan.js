// The newest plan: what would move and why, what it saves, and the next thing a person may do with it.

import { el, number, table } from '../dom.js';
import { reason, t, watts } from '../text.js';

const NEXT = {
	proposed: ['approve', 'abort'],
	approved: ['apply', 'abort'],
	running: ['abort'],
};

function buttons(plan, act) {
	const verbs = plan && plan.moves.length > 0 ? NEXT[plan.state] ?? [] : [];
	const rows = verbs.map((verb) => el('button', {
		type: 'button', id: `plan-${verb}`, class: verb === 'abort' ? '' : 'primary',
		onclick: () => act(`/plans/${plan.id}/${verb}`),
	}, t(verb)));
	if (!plan || plan.state !== 'running')
		rows.push(el('button', { type: 'button', id: 'plan-propose', onclick: () => act('/plans') }, t('propose')));
	return el('p', { class: 'bar' }, ...rows);
}

function figures(plan) {
	const parts = [
		`${t('before')} ${watts(plan.before.it_w)}`,
		`${t('after')} ${watts(plan.after.it_w)}`,
		`${t('bound')} ${watts(plan.bound.it_w)}`,
	];
	if (plan.measured?.after_w)
		parts.push(`${t('measured')} ${watts(plan.measured.before_w)} → ${watts(plan.measured.after_w)}`);
	return el('p', {}, parts.join(' · '));
}

function verdict(plan) {
	if (plan.moves.length > 0)
		return t('movesSave', { n: plan.moves.length, watts: watts(plan.before.facility_w - plan.after.facility_w) });
	return t(plan.before.violation_count > 0 ? 'noCure' : 'noBenefit');
}

export function plan(newest, act) {
	if (!newest)
		return [el('p', {}, t('noPlan')), buttons(null, act)];
	const state = (word) => t(word === 'failed' ? 'failedState' : word);
	const rows = newest.moves.map((move) => [
		number(`${move.step}`), move.vm, `${move.from ?? '–'} → ${move.to}`, number(watts(move.saves_w)),
		reason(move.reason), state(move.state),
	]);
	return [
		el('p', {}, el('strong', {}, newest.id), ` · ${state(newest.state)} · ${verdict(newest)}`,
			newest.why ? ` · ${newest.why}` : ''),
		figures(newest),
		rows.length === 0 ? '' : el('div', { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': t('plan') },
			el('table', {}, ...table(t('plan'),
				[t('step'), t('vm'), t('move'), t('saves'), t('reason'), t('state')], rows))),
		buttons(newest, act),
	];
}
