// Rack tiles: both feeds against their rating, inlet temperature, and whether the rack may be acted on.

import { el } from '../dom.js';
import { quantity, t, watts } from '../text.js';

function feed(row) {
	const share = row.w !== null && row.rating_w > 0 ? row.w / row.rating_w : 0;
	return el('div', { class: 'feed' },
		el('span', {}, `${t('feed')} ${row.name}`),
		el('meter', { min: 0, max: 1, high: 0.4, low: 0, value: share.toFixed(4), 'aria-label': `${t('feed')} ${row.name}` }),
		el('span', { class: 'number' }, `${watts(row.w)} ${t('of')} ${watts(row.rating_w)}`));
}

function inlet(rack) {
	const known = rack.inlet_quality === 'good' || rack.inlet_quality === 'estimated';
	return el('p', { class: 'inlet' }, `${t('inlet')} `,
		el('strong', {}, rack.inlet_c === null ? '–' : quantity(rack.inlet_c, '°C')),
		known ? '' : ` (${t(rack.inlet_quality)})`);
}

export function racks(list) {
	if (list.length === 0)
		return [el('p', {}, t('noRacks'))];
	return list.map((rack) => el('article', { class: `tile ${rack.hold ? 'hold' : 'fresh'}` },
		el('h3', {}, rack.name, ' ', el('small', {}, rack.room ?? '')),
		el('p', { class: 'big' }, watts(rack.it_w)),
		...rack.feeds.map(feed),
		inlet(rack),
		el('p', { class: rack.hold ? 'state warn' : 'state ok' },
			rack.hold ? `⏸ ${t('hold')}: ${rack.why ?? ''}` : `✓ ${t('fresh')}`)));
}
