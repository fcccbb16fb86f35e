/*
 * R4: energy use of a designated user in Viet Nam (the family of Circular 25/2020/TT-BCT): energy
 * by type with its oil equivalent, and the saving measures. The layout of the official form's annex
 * is not claimed. Coefficients are data of the library.
 */
#include "orchestrator/reports/making.h"

#include <math.h>

#include "orchestrator/books/library.h"

enum { TYPE, BAND, AMOUNT, UNIT, COVERAGE, ESTIMATED, TOE, COST, METHOD };

static const struct xn_field fields[] = {
    XN_F_TEXT("energy_type", "Loại năng lượng", "Energy type"),
    XN_F_TEXT("band", "Khung giờ", "Band"),
    XN_F_NUMBER("amount", "Lượng sử dụng", "Amount", 3, ""),
    XN_F_TEXT("unit", "Đơn vị", "Unit"),
    XN_F_QUALITY,
    XN_F_NUMBER("toe", "Tấn dầu quy đổi (TOE)", "Tonnes of oil equivalent", 3, "TOE"),
    XN_F_NUMBER("cost_vnd", "Chi phí (chưa VAT)", "Cost before VAT", 0, "VND"),
    XN_F_TEXT("method", "Phương pháp", "Method"),
};

enum { MEASURE, INVESTMENT, SAVED, SAVED_TOE, SAVED_VND, DONE };

static const struct xn_field measure_fields[] = {
    XN_F_TEXT("measure", "Giải pháp", "Measure"),
    XN_F_NUMBER("investment_vnd", "Vốn đầu tư", "Investment", 0, "VND"),
    XN_F_NUMBER("saved_kwh_year", "Điện tiết kiệm mỗi năm", "Saved a year", 0, "kWh"),
    XN_F_NUMBER("saved_toe_year", "Quy đổi", "As oil equivalent", 3, "TOE"),
    XN_F_NUMBER("saved_vnd_year", "Tiền tiết kiệm mỗi năm", "Saved a year", 0, "VND"),
    XN_F_NUMBER("done_percent", "Mức hoàn thành", "Done", 2, "%"),
};

struct annual {
	struct xn_making *making;
	struct xn_table *table;
	struct xn_library library;
	int64_t toe;   /* thousandths, of what counts */
	xn_money mean; /* price of a kWh that was bought */
};

static int64_t
toe_of_kwh(const struct annual *to, xn_energy energy)
{
	return llround((double)xn_magnitude(energy).mj / 3.6e12 * to->library.toe_per_mwh * 1000);
}

static struct xn_cell *
put_electricity(struct annual *to, const char *type, xn_energy energy,
    const struct xn_amount *quality, const char *method)
{
	struct xn_cell *cells = xn_table_row(to->making->document, to->table);

	xn_put_text(&cells[TYPE], type);
	xn_put_kwh(&cells[AMOUNT], energy);
	xn_put_text(&cells[UNIT], "kWh");
	xn_put_quality(&cells[COVERAGE], &cells[AMOUNT], quality);
	xn_put_number(&cells[TOE], toe_of_kwh(to, energy));
	xn_put_text(&cells[METHOD], method);
	return cells;
}

static int
take_total(const struct xn_supply *supply, void *context, struct xn_error *err)
{
	struct annual *to = context;
	const struct xn_price *price = supply->price;
	struct xn_cell *cells;

	(void)err;
	for (unsigned i = 0; i < price->band_count; i++) {
		const struct xn_price_band *band = &price->bands[i];

		cells = put_electricity(to, "electricity-purchased", band->energy,
		    &supply->amounts[XN_ACCOUNT_GRID], "meters of the site, tariff of the plan");
		xn_put_copy(to->making, &cells[BAND], band->name);
		xn_put_vnd(&cells[COST], band->cost);
	}
	if (price->unpriced.mj > 0)
		put_electricity(to, "electricity-purchased", price->unpriced,
		    &supply->amounts[XN_ACCOUNT_GRID], "meters of the site, no tariff");
	put_electricity(to, "electricity-self-produced", supply->amounts[XN_ACCOUNT_PV].energy,
	    &supply->amounts[XN_ACCOUNT_PV], "meters of the site");
	to->toe =
	    toe_of_kwh(to, price->bought) + toe_of_kwh(to, supply->amounts[XN_ACCOUNT_PV].energy);
	if (price->demand_cost.mvnd > 0) {
		cells = xn_table_row(to->making->document, to->table);
		xn_put_text(&cells[TYPE], "maximum-demand");
		xn_put_vnd(&cells[COST], price->demand_cost);
		xn_put_text(&cells[METHOD], "highest mean of each month");
	}
	if (price->bought.mj > 0)
		to->mean.mvnd =
		    xn_share(price->energy_cost.mvnd, price->bought.mj, XN_WH_MJ * 1000);
	xn_supply_remarks(to->making, price);
	return XN_OK;
}

static int
put_diesel(struct annual *to, struct xn_error *err)
{
	struct xn_cell *cells;
	int64_t milli;
	unsigned count;
	int result = xn_making_activity(to->making, XN_ACTIVITY_DIESEL, &milli, &count, err);

	if (result != XN_OK)
		return result;
	cells = xn_table_row(to->making->document, to->table);
	xn_put_text(&cells[TYPE], "diesel");
	xn_put_text(&cells[UNIT], "t");
	if (count == 0) {
		xn_put_text(&cells[METHOD], "not given");
		xn_remark(to->making, true, "Chưa có số liệu dầu diesel được nhập cho kỳ này",
		    "No diesel was recorded for this period");
		return XN_OK;
	}
	xn_put_number(&cells[AMOUNT], milli);
	xn_put_number(&cells[TOE], llround((double)milli * to->library.toe_per_tonne_diesel));
	xn_put_text(&cells[METHOD], "activity record");
	to->toe += cells[TOE].scaled;
	return XN_OK;
}

static void
put_measures(struct annual *to)
{
	const struct xn_facts *facts = to->making->order->facts;
	struct xn_table *table =
	    xn_document_table(to->making->document, "measures", "Giải pháp tiết kiệm năng lượng",
		"Saving measures", measure_fields, XN_FIELDS_COUNT(measure_fields));

	for (unsigned i = 0; i < facts->measure_count; i++) {
		const struct xn_facts_measure *measure = &facts->measures[i];
		struct xn_cell *cells = xn_table_row(to->making->document, table);

		xn_put_text(&cells[MEASURE], measure->name);
		if (measure->investment_vnd >= 0)
			xn_put_number(&cells[INVESTMENT], measure->investment_vnd);
		if (measure->done_ppm >= 0)
			xn_put_number(&cells[DONE], measure->done_ppm / 100);
		if (measure->saved_kwh < 0)
			continue;
		xn_put_number(&cells[SAVED], measure->saved_kwh);
		xn_put_number(&cells[SAVED_TOE],
		    llround((double)measure->saved_kwh * to->library.toe_per_mwh));
		if (to->mean.mvnd > 0)
			xn_put_number(
			    &cells[SAVED_VND], xn_share(measure->saved_kwh, 1000, to->mean.mvnd));
	}
	if (facts->measure_count == 0)
		xn_remark_incomplete(to->making,
		    "Chưa khai báo giải pháp tiết kiệm năng lượng nào (report-facts.yaml)",
		    "No saving measures were declared (report-facts.yaml)");
}

static void
say(struct annual *to)
{
	struct xn_making *making = to->making;
	struct xn_cell *cells = xn_table_row(making->document, to->table);

	xn_put_text(&cells[TYPE], "total");
	xn_put_number(&cells[TOE], to->toe);
	xn_remark_number(making, false, "Tổng năng lượng quy đổi: %s TOE",
	    "Energy in total: %s TOE", to->toe, 3);
	xn_remark(making, true,
	    "Hệ số quy đổi TOE là dữ liệu cần được xác nhận; bố cục biểu mẫu chính thức chưa được "
	    "đối chiếu",
	    "The TOE coefficients are data to be confirmed; the layout of the official form was "
	    "not checked");
	if (making->period.kind != XN_PERIOD_YEAR)
		xn_remark_incomplete(making,
		    "Báo cáo này theo năm dương lịch; kỳ đã chọn không phải một năm",
		    "This report is of a calendar year; the chosen period is none");
}

int
xn_report_vn_annual(struct xn_making *making, struct xn_error *err)
{
	struct annual to = {.making = making};
	int result = xn_library_read(making->arena, &to.library, err);

	if (result != XN_OK)
		return result;
	to.table = xn_document_table(making->document, "energy", "Năng lượng theo loại",
	    "Energy by type", fields, XN_FIELDS_COUNT(fields));
	result = xn_making_supply(making, XN_BOOKS_TOTAL, take_total, &to, err);
	if (result == XN_OK)
		result = put_diesel(&to, err);
	if (result != XN_OK)
		return result;
	say(&to);
	put_measures(&to);
	return XN_OK;
}
