#include "orchestrator/core/meter.h"

#include <assert.h>

#define BELIEVED_AFTER 3 /* readings that follow each other */
/* The largest single step a register of rack equipment makes: 0.1 kWh. */
#define STEP_MJ        (100 * XN_WH_MJ)
/* What a meter without a stated maximum may show: the largest feed we know of. */
#define POWER_MAX_MW   INT64_C(20000000000)

static int64_t
power_max_mw(const struct xn_topo_meter *what)
{
	return what->max.mw > 0 ? what->max.mw + what->max.mw / 10 : POWER_MAX_MW;
}

/* Whether a register may have moved by `step_mj` in this time. */
static bool
plausible(const struct xn_topo_meter *what, int64_t step_mj, xn_duration span)
{
	xn_energy most;

	if (step_mj < 0)
		return false;
	if (!xn_energy_over((xn_power){.mw = power_max_mw(what)}, span, &most))
		return true;
	return step_mj <= STEP_MJ || step_mj - STEP_MJ <= most.mj;
}

/* Energy by watts since the last reading that had them; held for `gap` at most. */
static xn_energy
integrate(const struct xn_meter *meter, const struct xn_meter_reading *reading, xn_duration gap,
    struct xn_booking *booking, xn_duration *ret_span)
{
	xn_duration span = xn_since(reading->at, meter->power_at);
	xn_energy energy = {0};
	int64_t mw = meter->power.mw;

	*ret_span = (xn_duration){0};
	if (!meter->power_ok || span.ms <= 0)
		return energy;
	if (span.ms > gap.ms) {
		span = gap;
		booking->events |= XN_METER_GAP;
	} else if (reading->has_power) {
		mw = (mw + reading->power.mw) / 2;
	}
	if (mw < 0 || !xn_energy_over((xn_power){.mw = mw}, span, &energy))
		return (xn_energy){0};
	*ret_span = span;
	return energy;
}

/* Books a step of the register, less what watts have booked ahead of it. */
static void
book_step(struct xn_meter *meter, int64_t step_mj, struct xn_booking *booking)
{
	int64_t taken = step_mj < meter->ahead.mj ? step_mj : meter->ahead.mj;

	meter->ahead.mj -= taken;
	meter->since.mj = 0;
	booking->energy.mj += step_mj - taken;
}

static void
rebase(struct xn_meter *meter, const struct xn_meter_reading *reading)
{
	meter->has_register = true;
	meter->register_last = reading->energy;
	meter->register_at = reading->at;
	meter->odd_readings = 0;
}

/* A reading that does not follow the register: not believed until three follow each other. */
static void
take_odd(struct xn_meter *meter, const struct xn_topo_meter *what,
    const struct xn_meter_reading *reading, struct xn_booking *booking)
{
	int64_t step = reading->energy.mj - meter->register_odd.mj;
	bool low = reading->energy.mj < meter->register_last.mj;

	booking->events |= XN_METER_GLITCH;
	if (meter->odd_readings > 0 && plausible(what, step, xn_since(reading->at, meter->odd_at)))
		meter->odd_readings++;
	else
		meter->odd_readings = 1;
	meter->register_odd = reading->energy;
	meter->odd_at = reading->at;
	if (meter->odd_readings < BELIEVED_AFTER)
		return;

	booking->events |= low ? XN_METER_RESET : XN_METER_JUMPED;
	if (low && plausible(what, reading->energy.mj, xn_since(reading->at, meter->register_at))) {
		/* From zero on is a lower bound of what passed; what watts booked is part of it. */
		int64_t before = booking->energy.mj;

		book_step(meter, reading->energy.mj, booking);
		booking->estimated.mj += booking->energy.mj - before;
	}
	meter->ahead.mj = meter->since.mj = 0;
	rebase(meter, reading);
}

static void
take_register(struct xn_meter *meter, const struct xn_topo_meter *what,
    const struct xn_meter_reading *reading, struct xn_booking *booking)
{
	xn_duration span = xn_since(reading->at, meter->register_at);
	int64_t step = reading->energy.mj - meter->register_last.mj;
	int64_t wrapped;

	if (step >= 0 && plausible(what, step, span)) {
		meter->odd_readings = 0;
		if (step > 0) {
			book_step(meter, step, booking);
			rebase(meter, reading);
		}
		return;
	}
	if (step < 0 && what->modulus.mj > 0 &&
	    !__builtin_add_overflow(step, what->modulus.mj, &wrapped) &&
	    plausible(what, wrapped, span)) {
		booking->events |= XN_METER_ROLLOVER;
		book_step(meter, wrapped, booking);
		rebase(meter, reading);
		return;
	}
	take_odd(meter, what, reading, booking);
}

/* What watts say passed, as far as the register does not show it yet. */
static void
take_watts(struct xn_meter *meter, xn_energy energy, xn_duration span, struct xn_booking *booking)
{
	int64_t room = XN_METER_AHEAD_MJ - meter->since.mj;

	if (!meter->has_register) {
		booking->energy.mj += energy.mj;
		if (booking->events & XN_METER_GAP)
			booking->estimated.mj += energy.mj;
		booking->covered = span;
		return;
	}
	meter->since.mj += energy.mj < room ? energy.mj : room;
	if (meter->since.mj > meter->ahead.mj) {
		booking->energy.mj += meter->since.mj - meter->ahead.mj;
		meter->ahead = meter->since;
	}
}

void
xn_meter_book(struct xn_meter *meter, const struct xn_topo_meter *what,
    const struct xn_meter_reading *reading, xn_duration gap, struct xn_booking *ret_booking)
{
	struct xn_booking booking = {0};
	struct xn_meter_reading taken = *reading;
	xn_duration span;
	xn_energy energy;

	*ret_booking = (struct xn_booking){.events = XN_METER_LATE};
	if (taken.at.ms <= meter->read_at.ms)
		return;
	if (taken.has_power &&
	    (taken.power.mw > power_max_mw(what) || taken.power.mw < -power_max_mw(what)))
		taken.has_power = false;
	if (taken.has_energy && taken.energy.mj < 0)
		taken.has_energy = false;

	energy = integrate(meter, &taken, gap, &booking, &span);
	if (energy.mj > 0 || span.ms > 0)
		take_watts(meter, energy, span, &booking);
	if (taken.has_energy && meter->has_register) {
		take_register(meter, what, &taken, &booking);
		booking.covered = xn_since(taken.at, meter->read_at);
	} else if (taken.has_energy) {
		rebase(meter, &taken);
	}
	if (taken.has_power || span.ms > 0 || booking.events & XN_METER_GAP) {
		meter->power_ok = taken.has_power;
		meter->power_at = taken.at;
	}
	assert(
	    booking.energy.mj >= 0 && booking.estimated.mj <= booking.energy.mj); /* invariant 1 */
	meter->read_at = taken.at;
	meter->booked.mj += booking.energy.mj;
	meter->interval_booked.mj += booking.energy.mj;
	meter->interval_estimated.mj += booking.estimated.mj;
	meter->interval_covered.ms += booking.covered.ms;
	*ret_booking = booking;
}
