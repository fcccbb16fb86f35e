#include "orchestrator/core/ledger_doubt.h"

bool
xn_ledger_metered(const struct xn_core *core, uint32_t rack, int feed)
{
	for (uint32_t m = core->racks[rack].first_meter; m != XN_NONE;
	     m = core->meters[m].next_of_rack)
		if (core->topology->meters[m].role == XN_METER_FEED &&
		    core->topology->meters[m].feed == feed)
			return true;
	return false;
}

static bool
is_in_balance(const struct xn_core *core, const struct xn_topo_meter *what)
{
	if (what->role == XN_METER_INLET)
		return false;
	return what->role != XN_METER_OUTLET || what->rack == XN_NONE ||
	    !xn_ledger_metered(core, what->rack, what->feed);
}

int64_t
xn_ledger_root(xn_register square)
{
	xn_register root = 0, bit = (xn_register)1 << 124;

	while (bit > square)
		bit >>= 2;
	for (; bit != 0; bit >>= 2) {
		if (square >= root + bit) {
			square -= root + bit;
			root = (root >> 1) + bit;
		} else {
			root >>= 1;
		}
	}
	return (int64_t)root;
}

/* (2 x energy x class / sqrt(3))^2, with the class of its transformers. */
static xn_register
square_of(const struct xn_topo_meter *what, int64_t mj)
{
	int64_t accuracy = what->accuracy.ppm > 0 ? what->accuracy.ppm : XN_DOUBT_CLASS_PPM;
	int64_t transformer = what->transformer.ppm;
	xn_register classes =
	    (xn_register)accuracy * accuracy + (xn_register)transformer * transformer;
	xn_register joules = mj / 1000; /* so that squares of the largest site fit */

	return joules * joules * 4 / 3 * classes / 1000000;
}

/* How much a meter is to be suspected; silence, the longer the more, before any class. */
static xn_register
suspicion_of(const struct xn_core *core, uint32_t meter)
{
	const struct xn_tally *tally = &core->meters[meter].slots[core->closing.slot];
	int64_t span_ms = xn_since(core->closing.end, core->closing.start).ms;

	if (tally->covered.ms < span_ms / 1000 * (XN_DOUBT_SILENT_PPM / 1000))
		return ((xn_register)1 << 120) + span_ms - tally->covered.ms;
	return square_of(&core->topology->meters[meter], tally->energy.mj);
}

static void
suspect(const struct xn_core *core, uint32_t suspects[2], uint32_t meter)
{
	xn_register suspicion = suspicion_of(core, meter);

	if (suspects[1] != XN_NONE && suspicion_of(core, suspects[1]) >= suspicion)
		return;
	suspects[1] = meter;
	if (suspects[0] != XN_NONE && suspicion_of(core, suspects[0]) >= suspicion)
		return;
	suspects[1] = suspects[0];
	suspects[0] = meter;
}

void
xn_ledger_doubt(struct xn_core *core)
{
	struct xn_doubt *doubt = &core->doubt;
	xn_register sum = 0;
	int64_t size;

	doubt->suspects[0] = doubt->suspects[1] = XN_NONE;

	for (uint32_t m = 0; m < core->topology->meter_count; m++)
		if (is_in_balance(core, &core->topology->meters[m])) {
			sum += square_of(&core->topology->meters[m],
			    core->meters[m].slots[core->closing.slot].energy.mj);
			suspect(core, doubt->suspects, m);
		}
	doubt->unexplained = core->closing.unexplained;
	doubt->sources = core->closing.sources;
	doubt->limit.mj = xn_ledger_root(sum); /* J x ppm / 1000 */
	size = doubt->unexplained.mj < 0 ? -doubt->unexplained.mj : doubt->unexplained.mj;
	doubt->intervals = size > doubt->limit.mj ? doubt->intervals + 1 : 0;
}
