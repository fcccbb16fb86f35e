// Alarms that stand, newest first; acknowledged ones stay until they clear.

import { el } from '../dom.js';
import { clock, t } from '../text.js';

const SIGNS = { critical: '✖', warning: '▲', info: 'ℹ' };

export function alarms(list, act) {
	return list.map((alarm) => el('li', { class: `alarm ${alarm.severity}` },
		el('span', {}, `${SIGNS[alarm.severity] ?? ''} ${t(alarm.severity)} · ${alarm.subject}: ${alarm.text} · ` +
			clock(Date.parse(alarm.raised) / 1000, true)),
		alarm.acked ? el('span', { class: 'quiet' }, ` ✓ ${alarm.acked_by}`) :
			el('button', { type: 'button', id: `ack-${alarm.id}`, onclick: () => act(`/alarms/${alarm.id}/ack`) },
				t('acknowledge'))));
}
