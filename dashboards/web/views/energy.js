// What was booked: energy by account with its quality. Estimated is never bold.

import { number, table } from '../dom.js';
import { clock, quantity, t } from '../text.js';

const NAMES = { vm: 'vm-account', host: 'host-account' };

export const percent = (share) => quantity(share === null ? null : share * 100, '%', 1);

export function energy(book) {
	if (book.rows.length === 0)
		return table(t('energyBook'), [t('account')], [[t('nothingBooked')]]);
	return table(t('energyBook'),
		[t('account'), t('energy'), t('share'), t('coverage'), t('estimatedShare'), t('quality')],
		book.rows.map((row) => [
			t(NAMES[row.account] ?? row.account), number(quantity(row.energy_kwh, 'kWh', 3)), number(percent(row.share)),
			number(percent(row.coverage)), number(percent(row.estimated_share)), row.quality,
		]));
}

// The span of an answer, and that it is incomplete where the books do not reach over it.
export function span(answer) {
	const at = (text) => clock(Date.parse(text) / 1000, true);
	const text = t('spanOf', { from: at(answer.from), to: at(answer.to) });
	return answer.complete || !answer.booked_from ? text : `${text} · ⚠ ${t('booksBegin', { from: at(answer.booked_from) })}`;
}
