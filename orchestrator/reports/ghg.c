/*
 * R5: activity data of a greenhouse gas inventory: scope 2 by location and by market side by side,
 * scope 1 as far as somebody recorded it. A factor that nobody gave leaves its tonnes empty.
 */
#include "orchestrator/reports/making.h"

#include <string.h>

enum {
	SCOPE,
	SOURCE,
	BASIS,
	FROM,
	TO,
	ACTIVITY,
	UNIT,
	FACTOR,
	FACTOR_VALUE,
	TONNES,
	COVERAGE,
	ESTIMATED,
	NOTE
};

static const struct xn_field fields[] = {
    XN_F_NUMBER("scope", "Phạm vi", "Scope", 0, ""),
    XN_F_TEXT("source", "Nguồn phát thải", "Source"),
    XN_F_TEXT("basis", "Cách tính", "Basis"),
    XN_F_DATE("from", "Từ ngày", "From"),
    XN_F_DATE("to", "Đến trước ngày", "To (before)"),
    XN_F_NUMBER("activity", "Số liệu hoạt động", "Activity", 3, ""),
    XN_F_TEXT("unit", "Đơn vị", "Unit"),
    XN_F_TEXT("factor_id", "Hệ số phát thải", "Emission factor"),
    XN_F_NUMBER("factor_kg_kwh", "Giá trị hệ số", "Factor", 6, "kgCO2e/kWh"),
    XN_F_NUMBER("tco2e", "Phát thải", "Emissions", 3, "tCO2e"),
    XN_F_QUALITY,
    XN_F_TEXT("note", "Ghi chú", "Note"),
};

struct ghg {
	struct xn_making *making;
	struct xn_table *table;
	xn_carbon location, market;
	xn_energy uncounted;
};

static struct xn_cell *
put_row(struct ghg *to, int scope, const char *source, const char *basis, xn_instant from,
    xn_instant end)
{
	struct xn_cell *cells = xn_table_row(to->making->document, to->table);

	xn_put_number(&cells[SCOPE], scope);
	xn_put_text(&cells[SOURCE], source);
	xn_put_text(&cells[BASIS], basis);
	xn_put_time(&cells[FROM], from);
	xn_put_time(&cells[TO], end);
	return cells;
}

static void
put_tonnes(struct xn_cell *cell, xn_carbon carbon)
{
	xn_put_number(cell, xn_share(carbon.mg, 1000000, 1));
}

static struct xn_cell *
put_grid(struct ghg *to, const struct xn_supply *supply, const char *basis, xn_energy energy,
    xn_carbon carbon)
{
	struct xn_cell *cells =
	    put_row(to, 2, "grid electricity", basis, supply->start, supply->end);

	xn_put_kwh(&cells[ACTIVITY], energy);
	xn_put_text(&cells[UNIT], "kWh");
	xn_put_quality(&cells[COVERAGE], &cells[ACTIVITY], &supply->amounts[XN_ACCOUNT_GRID]);
	if (supply->price->uncounted.mj == 0)
		put_tonnes(&cells[TONNES], carbon);
	else
		xn_put_text(&cells[NOTE], "no factor for all of it");
	return cells;
}

static int
take_month(const struct xn_supply *supply, void *context, struct xn_error *err)
{
	struct ghg *to = context;
	const struct xn_price *price = supply->price;
	struct xn_factor factor;
	struct xn_cell *cells = put_grid(to, supply, "location", price->bought, price->location);

	(void)err;
	if (xn_supply_factor(supply, &factor)) {
		xn_put_copy(to->making, &cells[FACTOR], factor.id);
		xn_put_number(&cells[FACTOR_VALUE], factor.per_kwh.mg);
	}
	cells = put_grid(to, supply, "market", price->bought, price->market);
	if (price->matched.mj > 0)
		xn_put_text(&cells[NOTE], "contracts matched interval by interval");
	to->location.mg += price->location.mg;
	to->market.mg += price->market.mg;
	to->uncounted.mj += price->uncounted.mj;
	return XN_OK;
}

static int
put_certificates(struct ghg *to, struct xn_error *err)
{
	const struct xn_making *making = to->making;
	struct xn_cell *cells;
	int64_t milli;
	unsigned count;
	int result = xn_making_activity(to->making, XN_ACTIVITY_CERTIFICATE, &milli, &count, err);

	if (result != XN_OK || count == 0)
		return result;
	cells = put_row(
	    to, 2, "certificates retired", "market", making->period.from, making->period.to);
	xn_put_number(&cells[ACTIVITY], milli);
	xn_put_text(&cells[UNIT], "kWh");
	xn_put_text(&cells[NOTE], "for information: not matched by interval, not subtracted");
	return XN_OK;
}

static int
put_direct(struct ghg *to, enum xn_activity kind, const char *source, const char *unit,
    bool is_carbon, struct xn_error *err)
{
	const struct xn_making *making = to->making;
	struct xn_cell *cells;
	int64_t milli;
	unsigned count;
	int result = xn_making_activity(to->making, kind, &milli, &count, err);

	if (result != XN_OK)
		return result;
	cells = put_row(to, 1, source, "direct", making->period.from, making->period.to);
	xn_put_text(&cells[UNIT], unit);
	if (count == 0) {
		xn_put_text(&cells[NOTE], "not given");
		return XN_OK;
	}
	xn_put_number(&cells[ACTIVITY], milli);
	if (is_carbon)
		xn_put_number(&cells[TONNES], xn_share(milli, 1000, 1));
	else
		xn_put_text(&cells[NOTE], "no emission factor of this fuel was given");
	return XN_OK;
}

static void
say(struct ghg *to)
{
	struct xn_making *making = to->making;

	if (to->uncounted.mj > 0) {
		xn_remark_number(making, true, "Chưa có hệ số phát thải cho %s kWh mua vào",
		    "No emission factor for %s kWh that were bought",
		    xn_share(to->uncounted.mj, XN_WH_MJ, 1), 3);
		making->document->complete = false;
	} else {
		xn_remark_number(making, false, "Phạm vi 2 theo vị trí: %s tCO2e",
		    "Scope 2, location-based: %s tCO2e", xn_share(to->location.mg, 1000000, 1), 3);
		xn_remark_number(making, false, "Phạm vi 2 theo thị trường: %s tCO2e",
		    "Scope 2, market-based: %s tCO2e", xn_share(to->market.mg, 1000000, 1), 3);
	}
	xn_remark(making, false,
	    "Hai cách tính đứng cạnh nhau và không cộng vào nhau; phạm vi 1 chỉ gồm những gì đã "
	    "được ghi nhận",
	    "The two bases stand side by side and are never added; scope 1 is only what was "
	    "recorded");
}

int
xn_report_ghg(struct xn_making *making, struct xn_error *err)
{
	struct ghg to = {.making = making};
	int result;

	to.table = xn_document_table(making->document, "activities", "Số liệu hoạt động",
	    "Activity data", fields, XN_FIELDS_COUNT(fields));
	result = xn_making_supply(making, XN_BOOKS_MONTH, take_month, &to, err);
	if (result == XN_OK)
		result = put_certificates(&to, err);
	if (result == XN_OK)
		result = put_direct(&to, XN_ACTIVITY_DIESEL, "diesel", "t", false, err);
	if (result == XN_OK)
		result = put_direct(
		    &to, XN_ACTIVITY_REFRIGERANT, "refrigerant losses", "kgCO2e", true, err);
	if (result == XN_OK)
		say(&to);
	return result;
}
