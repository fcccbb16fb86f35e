// VM table: where each runs and the watts it is accountable for.

import { number, table } from '../dom.js';
import { quantity, t, watts } from '../text.js';

export function vms(list) {
	const rows = [...list].sort((a, b) => a.name.localeCompare(b.name)).map((vm) => [
		vm.name, vm.host ?? '–', vm.rack ?? '–', t(vm.state),
		number(watts(vm.power_w)), number(quantity(vm.used_cores, '', 2)),
		number(quantity(vm.memory_mib, 'MiB', 0)), number(quantity(vm.energy_wh, 'Wh', 1)),
		vm.platform ?? '', vm.agency ?? '',
	]);
	if (rows.length === 0)
		return table(t('vms'), [t('vms')], [[t('noVms')]]);
	return table(t('vms'), [t('vm'), t('host'), t('rack'), t('state'), t('power'), t('cores'), t('memory'),
		t('energy'), t('platform'), t('agency')], rows);
}
