#include "orchestrator/books/price.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "common/calendar.h"

#define MJ_PER_KWH (XN_WH_MJ * 1000)

__extension__ typedef __int128 wide;

static int64_t
divide(wide value, int64_t by)
{
	return (int64_t)((value + (value < 0 ? -by / 2 : by / 2)) / by);
}

xn_money
xn_price_of(xn_energy energy, xn_money per_kwh)
{
	return (xn_money){divide((wide)energy.mj * per_kwh.mvnd, MJ_PER_KWH)};
}

xn_carbon
xn_carbon_of(xn_energy energy, xn_carbon per_kwh)
{
	return (xn_carbon){divide((wide)energy.mj * per_kwh.mg, MJ_PER_KWH)};
}

static xn_ratio
share(int64_t part, int64_t whole)
{
	return (xn_ratio){whole <= 0 ? 0 : divide((wide)part * 1000000, whole)};
}

void
xn_price_begin(struct xn_price *price, int utc_offset_s)
{
	memset(price, 0, sizeof(*price));
	price->utc_offset_s = utc_offset_s;
	price->window = xn_seconds(1800);
	price->filling.index = INT64_MIN;
}

/* ---- bands ---- */

static struct xn_price_band *
band_of(struct xn_price *price, const struct xn_band *band, xn_ratio vat)
{
	struct xn_price_band *row = price->bands;

	for (unsigned i = 0; i < price->band_count; i++, row++)
		if (row->price.mvnd == band->price.mvnd && row->vat.ppm == vat.ppm &&
		    strcmp(row->name, band->name) == 0)
			return row;
	if (price->band_count == XN_PRICE_BANDS_MAX)
		return NULL;
	price->band_count++;
	snprintf(row->name, sizeof(row->name), "%s", band->name);
	row->kind = band->kind;
	row->price = band->price;
	row->vat = vat;
	return row;
}

static void
take_band(struct xn_price *price, const struct xn_energy_plan *plan, const struct xn_band *band,
    xn_instant at, xn_energy energy)
{
	struct xn_price_band *row;
	xn_ratio vat = {0};

	if (!xn_energy_plan_vat(plan, at, &vat))
		vat.ppm = 0;
	row = band_of(price, band, vat);
	if (row == NULL) {
		price->unpriced.mj += energy.mj;
		return;
	}
	row->energy.mj += energy.mj;
	if (row->kind == XN_BAND_PEAK)
		price->peak.mj += energy.mj;
}

/* Intervals end where bands do; one that does not is split by time, and that is told. */
static void
take_bands(struct xn_price *price, const struct xn_energy_plan *plan,
    const struct xn_price_interval *interval)
{
	int64_t span = interval->end.ms - interval->start.ms;
	int64_t left = interval->grid.mj;
	xn_instant at = interval->start;
	struct xn_band band;

	while (at.ms < interval->end.ms) {
		xn_energy part = {left};
		xn_instant until = interval->end;

		if (plan == NULL || !xn_energy_plan_band(plan, at, price->utc_offset_s, &band)) {
			price->unpriced.mj += left;
			return;
		}
		if (band.until.ms < until.ms) {
			until = band.until;
			part.mj = divide((wide)interval->grid.mj * (until.ms - at.ms), span);
			part.mj = part.mj > left ? left : part.mj;
		}
		assert(until.ms > at.ms);
		take_band(price, plan, &band, at, part);
		left -= part.mj;
		if (at.ms != interval->start.ms || until.ms != interval->end.ms)
			price->split.mj += part.mj;
		at = until;
	}
}

/* ---- demand ---- */

static void
take_peak(struct xn_price *price, xn_instant at, xn_power mean)
{
	xn_instant start = xn_month_start(at, price->utc_offset_s);
	struct xn_price_month *month =
	    price->month_count == 0 ? NULL : &price->months[price->month_count - 1];

	if (month == NULL || month->start.ms != start.ms) {
		if (price->month_count == XN_PRICE_MONTHS_MAX)
			return;
		month = &price->months[price->month_count++];
		month->start = start;
		month->peak.mw = -1;
	}
	if (mean.mw <= month->peak.mw)
		return;
	month->peak = mean;
	month->peak_at = at;
	if (price->plan == NULL || !xn_energy_plan_demand(price->plan, at, &month->per_kw))
		month->per_kw.mvnd = 0;
	if (price->plan == NULL || !xn_energy_plan_vat(price->plan, at, &month->vat))
		month->vat.ppm = 0;
}

static void
close_window(struct xn_price *price)
{
	int64_t span = price->filling.span.ms;

	if (price->filling.index == INT64_MIN)
		return;
	/* A window of which a part is missing means over the whole of it: nothing is made up. */
	if (span < price->window.ms)
		span = price->window.ms;
	take_peak(price, price->filling.at,
	    (xn_power){divide((wide)price->filling.energy.mj * 1000, span)});
	price->filling.index = INT64_MIN;
}

static void
take_demand(struct xn_price *price, const struct xn_price_interval *interval)
{
	int64_t local = interval->start.ms + price->utc_offset_s * INT64_C(1000);
	int64_t index = local / price->window.ms;

	if (index != price->filling.index) {
		close_window(price);
		price->filling.index = index;
		price->filling.energy.mj = 0;
		price->filling.span.ms = 0;
		price->filling.at = interval->start;
	}
	price->filling.energy.mj += interval->grid.mj;
	price->filling.span.ms += interval->end.ms - interval->start.ms;
}

/* ---- carbon ---- */

xn_energy
xn_price_delivered(const struct xn_energy_plan *plan, const struct xn_price_interval *interval,
    int utc_offset_s, xn_carbon *ret_per_kwh)
{
	xn_energy planned = {0};
	xn_energy sum;

	ret_per_kwh->mg = 0;
	if (!xn_energy_plan_contracted(
		plan, interval->start, interval->end, utc_offset_s, &planned, ret_per_kwh))
		planned.mj = 0;
	sum.mj = planned.mj + interval->contract.mj;
	if (sum.mj > 0)
		ret_per_kwh->mg = divide((wide)ret_per_kwh->mg * planned.mj, sum.mj);
	return sum;
}

static void
take_carbon(struct xn_price *price, const struct xn_energy_plan *plan,
    const struct xn_price_interval *interval)
{
	xn_energy delivered;
	xn_energy matched;
	xn_carbon of_contracts;
	struct xn_factor location;
	struct xn_factor residual;

	if (plan == NULL ||
	    !xn_energy_plan_factor(plan, XN_FACTOR_LOCATION, interval->start, &location)) {
		price->uncounted.mj += interval->grid.mj;
		return;
	}
	if (!xn_energy_plan_factor(plan, XN_FACTOR_RESIDUAL, interval->start, &residual))
		residual = location;
	delivered = xn_price_delivered(plan, interval, price->utc_offset_s, &of_contracts);
	matched.mj = delivered.mj < interval->grid.mj ? delivered.mj : interval->grid.mj;
	price->delivered.mj += delivered.mj;
	price->matched.mj += matched.mj;
	price->location.mg += xn_carbon_of(interval->grid, location.per_kwh).mg;
	price->market.mg += xn_carbon_of(matched, of_contracts).mg +
	    xn_carbon_of((xn_energy){interval->grid.mj - matched.mj}, residual.per_kwh).mg;
}

void
xn_price_add(struct xn_price *price, const struct xn_energy_plan *plan,
    const struct xn_price_interval *interval)
{
	assert(interval->end.ms > interval->start.ms && interval->grid.mj >= 0);
	price->plan = plan;
	price->bought.mj += interval->grid.mj;
	price->own.mj += interval->pv.mj;
	price->total.mj +=
	    interval->grid.mj + interval->pv.mj + interval->battery.mj + interval->generator.mj;
	price->span.ms += interval->end.ms - interval->start.ms;
	take_bands(price, plan, interval);
	take_demand(price, interval);
	take_carbon(price, plan, interval);
}

void
xn_price_end(struct xn_price *price)
{
	wide vat = 0;

	close_window(price);
	price->energy_cost.mvnd = price->demand_cost.mvnd = 0;
	for (unsigned i = 0; i < price->band_count; i++) {
		struct xn_price_band *band = &price->bands[i];

		band->cost = xn_price_of(band->energy, band->price);
		price->energy_cost.mvnd += band->cost.mvnd;
		vat += (wide)band->cost.mvnd * band->vat.ppm;
	}
	for (unsigned i = 0; i < price->month_count; i++) {
		struct xn_price_month *month = &price->months[i];

		month->cost.mvnd = divide((wide)month->peak.mw * month->per_kw.mvnd, 1000000);
		price->demand_cost.mvnd += month->cost.mvnd;
		vat += (wide)month->cost.mvnd * month->vat.ppm;
	}
	price->vat.mvnd = divide(vat, 1000000);
}

xn_ratio
xn_price_peak_share(const struct xn_price *price)
{
	return share(price->peak.mj, price->bought.mj);
}

xn_ratio
xn_price_load_factor(const struct xn_price *price)
{
	int64_t highest = 0;
	wide mean = price->span.ms == 0 ? 0 : (wide)price->bought.mj * 1000 / price->span.ms;

	for (unsigned i = 0; i < price->month_count; i++)
		if (price->months[i].peak.mw > highest)
			highest = price->months[i].peak.mw;
	return share((int64_t)mean, highest);
}

xn_ratio
xn_price_carbon_free(const struct xn_price *price)
{
	int64_t free = price->own.mj + price->matched.mj;

	return share(free > price->total.mj ? price->total.mj : free, price->total.mj);
}

xn_ratio
xn_price_matched_share(const struct xn_price *price)
{
	return share(price->matched.mj, price->delivered.mj);
}
