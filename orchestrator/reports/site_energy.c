/* R1: what the site drew from each supply, by day or month and band, what it cost and emitted. */
#include "orchestrator/reports/making.h"

#include <string.h>

enum {
	START,
	END,
	SUPPLY,
	BAND,
	ENERGY,
	COVERAGE,
	ESTIMATED,
	PRICE,
	COST,
	LOCATION,
	MARKET,
	FACTOR
};

static const struct xn_field fields[] = {
    XN_F_INSTANT("start", "Từ", "Start"),
    XN_F_INSTANT("end", "Đến", "End"),
    XN_F_TEXT("supply_id", "Nguồn", "Supply"),
    XN_F_TEXT("band", "Khung giờ", "Band"),
    XN_F_NUMBER("energy_kwh", "Điện năng tác dụng", "Active energy", 3, "kWh"),
    XN_F_QUALITY,
    XN_F_NUMBER("price_vnd_kwh", "Đơn giá", "Price", 3, "VND/kWh"),
    XN_F_NUMBER("cost_vnd", "Chi phí (chưa VAT)", "Cost before VAT", 0, "VND"),
    XN_F_NUMBER("kgco2e_lb", "Phát thải theo vị trí", "Emissions, location-based", 3, "kgCO2e"),
    XN_F_NUMBER("kgco2e_mb", "Phát thải theo thị trường", "Emissions, market-based", 3, "kgCO2e"),
    XN_F_TEXT("factor_id", "Hệ số phát thải lưới điện", "Grid emission factor"),
};

enum {
	STEP,
	DC,
	IT,
	GRID,
	PV,
	BATTERY,
	GENERATOR,
	STEP_COST,
	STEP_LOCATION,
	STEP_COVERAGE,
	STEP_ESTIMATED
};

static const struct xn_field step_fields[] = {
    XN_F_DATE("day", "Ngày", "Day"),
    XN_F_NUMBER("e_dc_kwh", "Tổng điện năng", "Total energy", 3, "kWh"),
    XN_F_NUMBER("e_it_kwh", "Điện năng CNTT", "IT energy", 3, "kWh"),
    XN_F_NUMBER("grid_kwh", "Lưới điện", "Grid", 3, "kWh"),
    XN_F_NUMBER("pv_kwh", "Điện mặt trời", "PV", 3, "kWh"),
    XN_F_NUMBER("battery_kwh", "Ắc quy", "Battery", 3, "kWh"),
    XN_F_NUMBER("generator_kwh", "Máy phát", "Generator", 3, "kWh"),
    XN_F_NUMBER("cost_vnd", "Tiền điện năng (chưa VAT)", "Energy cost before VAT", 0, "VND"),
    XN_F_NUMBER("kgco2e_lb", "Phát thải theo vị trí", "Emissions, location-based", 3, "kgCO2e"),
    XN_F_QUALITY,
};

enum { MONTH, PEAK, PEAK_AT, PER_KW, DEMAND_COST };

static const struct xn_field demand_fields[] = {
    XN_F_DATE("month", "Tháng", "Month"),
    XN_F_NUMBER("peak_kw", "Công suất cực đại", "Maximum demand", 3, "kW"),
    XN_F_INSTANT("peak_at", "Thời điểm cực đại", "At"),
    XN_F_NUMBER("price_vnd_kw", "Giá công suất", "Price of demand", 0, "VND/kW"),
    XN_F_NUMBER("cost_vnd", "Tiền công suất (chưa VAT)", "Demand cost before VAT", 0, "VND"),
};

struct site_energy {
	struct xn_making *making;
	struct xn_table *table, *steps, *demand;
};

static void
put_head(const struct xn_supply *supply, enum xn_account account, struct xn_cell *cells)
{
	xn_put_time(&cells[START], supply->start);
	xn_put_time(&cells[END], supply->end);
	xn_put_text(&cells[SUPPLY], xn_account_word(account));
	xn_put_quality(&cells[COVERAGE], &cells[ENERGY], &supply->amounts[account]);
}

/* What was bought in one band; the grid's quality is that of the step. */
static void
put_band(struct site_energy *to, const struct xn_supply *supply, const struct xn_price_band *band)
{
	struct xn_cell *cells = xn_table_row(to->making->document, to->table);
	const struct xn_price *price = supply->price;
	struct xn_factor factor;

	put_head(supply, XN_ACCOUNT_GRID, cells);
	xn_put_copy(to->making, &cells[BAND], band->name);
	xn_put_kwh(&cells[ENERGY], band->energy);
	xn_put_number(&cells[PRICE], band->price.mvnd);
	xn_put_vnd(&cells[COST], band->cost);
	if (!xn_supply_factor(supply, &factor) || price->uncounted.mj > 0)
		return;
	xn_put_kg(&cells[LOCATION], xn_carbon_of(band->energy, factor.per_kwh));
	xn_put_kg(&cells[MARKET],
	    (xn_carbon){xn_share(price->market.mg, price->bought.mj, band->energy.mj)});
	xn_put_copy(to->making, &cells[FACTOR], factor.id);
}

static void
put_unpriced(struct site_energy *to, const struct xn_supply *supply)
{
	struct xn_cell *cells;
	struct xn_factor factor;

	if (supply->price->unpriced.mj == 0)
		return;
	cells = xn_table_row(to->making->document, to->table);
	put_head(supply, XN_ACCOUNT_GRID, cells);
	xn_put_kwh(&cells[ENERGY], supply->price->unpriced);
	if (!xn_supply_factor(supply, &factor))
		return;
	xn_put_kg(&cells[LOCATION], xn_carbon_of(supply->price->unpriced, factor.per_kwh));
	xn_put_copy(to->making, &cells[FACTOR], factor.id);
}

static void
put_other(struct site_energy *to, const struct xn_supply *supply)
{
	for (enum xn_account a = XN_ACCOUNT_PV; a <= XN_ACCOUNT_GENERATOR; a++) {
		struct xn_cell *cells;

		if (supply->amounts[a].span.ms == 0 && supply->amounts[a].energy.mj == 0)
			continue;
		cells = xn_table_row(to->making->document, to->table);
		put_head(supply, a, cells);
		/* A battery that was charged is below zero: it is a load then. */
		xn_put_number(&cells[ENERGY], xn_share(supply->amounts[a].energy.mj, XN_WH_MJ, 1));
	}
}

static void
put_step(struct site_energy *to, const struct xn_supply *supply)
{
	struct xn_cell *cells = xn_table_row(to->making->document, to->steps);
	struct xn_amount all = {0};

	for (enum xn_account a = XN_ACCOUNT_GRID; a <= XN_ACCOUNT_GENERATOR; a++) {
		xn_amount_add(&all, &supply->amounts[a]);
		xn_put_number(
		    &cells[GRID + a], xn_share(supply->amounts[a].energy.mj, XN_WH_MJ, 1));
	}
	xn_put_time(&cells[STEP], supply->start);
	xn_put_kwh(&cells[DC], all.energy);
	xn_put_kwh(&cells[IT], supply->it.energy);
	xn_put_quality(&cells[STEP_COVERAGE], &cells[DC], &all);
	if (supply->price->unpriced.mj == 0)
		xn_put_vnd(&cells[STEP_COST], supply->price->energy_cost);
	if (supply->price->uncounted.mj == 0)
		xn_put_kg(&cells[STEP_LOCATION], supply->price->location);
}

static int
take_step(const struct xn_supply *supply, void *context, struct xn_error *err)
{
	struct site_energy *to = context;

	(void)err;
	for (unsigned i = 0; i < supply->price->band_count; i++)
		put_band(to, supply, &supply->price->bands[i]);
	put_unpriced(to, supply);
	put_other(to, supply);
	put_step(to, supply);
	return XN_OK;
}

static int
take_total(const struct xn_supply *supply, void *context, struct xn_error *err)
{
	struct site_energy *to = context;
	const struct xn_price *price = supply->price;

	(void)err;
	for (unsigned i = 0; i < price->month_count; i++) {
		const struct xn_price_month *month = &price->months[i];
		struct xn_cell *cells = xn_table_row(to->making->document, to->demand);

		xn_put_time(&cells[MONTH], month->start);
		xn_put_number(&cells[PEAK], xn_share(month->peak.mw, 1000, 1));
		xn_put_time(&cells[PEAK_AT], month->peak_at);
		if (month->per_kw.mvnd == 0)
			continue;
		xn_put_vnd(&cells[PER_KW], month->per_kw);
		xn_put_vnd(&cells[DEMAND_COST], month->cost);
	}
	xn_supply_remarks(to->making, price);
	return XN_OK;
}

static void
draw(struct site_energy *to)
{
	struct xn_chart *chart = xn_document_chart(to->making->document, XN_CHART_BARS, to->steps,
	    STEP, "Điện năng theo thời gian", "Energy over time");

	chart->y[0] = DC;
	chart->y[1] = IT;
	chart->y_count = 2;
}

int
xn_report_site_energy(struct xn_making *making, struct xn_error *err)
{
	bool days = xn_since(making->period.to, making->period.from).ms <= 32 * INT64_C(86400000);
	struct site_energy to = {.making = making};
	int result;

	to.table =
	    xn_document_table(making->document, "energy", "Điện năng theo nguồn và khung giờ",
		"Energy by supply and band", fields, XN_FIELDS_COUNT(fields));
	to.steps = xn_document_table(making->document, "steps",
	    days ? "Theo ngày" : "Theo tháng (ngày đầu)",
	    days ? "By day" : "By month (its first day)", step_fields,
	    XN_FIELDS_COUNT(step_fields));
	to.demand = xn_document_table(making->document, "demand", "Công suất cực đại",
	    "Maximum demand", demand_fields, XN_FIELDS_COUNT(demand_fields));
	result =
	    xn_making_supply(making, days ? XN_BOOKS_DAY : XN_BOOKS_MONTH, take_step, &to, err);
	if (result == XN_OK)
		result = xn_making_supply(making, XN_BOOKS_TOTAL, take_total, &to, err);
	if (result == XN_OK)
		draw(&to);
	return result;
}
