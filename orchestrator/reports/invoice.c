/* R9: what the supplier billed beside what the site's own meters say, by month and band. */
#include "orchestrator/reports/making.h"

#include <string.h>
#include <strings.h>

enum {
	MONTH,
	BAND,
	BILLED,
	OURS,
	DIFFERENCE,
	DIFFERENCE_SHARE,
	COVERAGE,
	ESTIMATED,
	BILLED_COST,
	OUR_COST,
	PLAN,
	NOTE
};

static const struct xn_field fields[] = {
    XN_F_DATE("month", "Tháng hóa đơn", "Billing month"),
    XN_F_TEXT("band", "Khung giờ", "Band"),
    XN_F_NUMBER("billed_kwh", "Điện năng trên hóa đơn", "Billed energy", 3, "kWh"),
    XN_F_NUMBER("metered_kwh", "Điện năng Xanh đo", "Metered by Xanh", 3, "kWh"),
    XN_F_NUMBER("difference_kwh", "Chênh lệch", "Difference", 3, "kWh"),
    XN_F_NUMBER("difference_percent", "Tỷ lệ chênh lệch", "Difference", 2, "%"),
    XN_F_QUALITY,
    XN_F_NUMBER("billed_vnd", "Tiền trên hóa đơn", "Billed", 0, "VND"),
    XN_F_NUMBER("computed_vnd", "Tiền Xanh tính (chưa VAT)", "Computed before VAT", 0, "VND"),
    XN_F_TEXT("schedule", "Biểu giá áp dụng", "Schedule used"),
    XN_F_TEXT("note", "Ghi chú", "Note"),
};

/* What was billed for a band in a month. */
struct bill {
	xn_instant month, start, end;
	const char *band; /* "": of the whole month */
	int64_t milli_kwh, milli_vnd;
	bool has_energy, has_cost, used;
	struct bill *next;
};

struct invoices {
	struct xn_making *making;
	struct xn_table *table;
	struct bill *bills;
	unsigned unbilled, off;
};

static struct bill *
bill_of(struct invoices *to, xn_instant month, const char *band)
{
	struct bill **at = &to->bills;

	while (*at != NULL && ((*at)->month.ms != month.ms || strcasecmp((*at)->band, band) != 0))
		at = &(*at)->next;
	if (*at == NULL) {
		*at = xn_new(to->making->arena, struct bill, 1);
		(*at)->month = month;
		(*at)->band = xn_text_copy(to->making->arena, band, strlen(band));
	}
	return *at;
}

static int
take_bill(const struct xn_books_activity *row, void *context, struct xn_error *err)
{
	struct invoices *to = context;
	struct bill *bill;

	(void)err;
	if (row->kind != XN_ACTIVITY_INVOICE && row->kind != XN_ACTIVITY_INVOICE_COST)
		return XN_OK;
	bill = bill_of(to, xn_month_start(row->start, to->making->site->utc_offset_s), row->about);
	bill->start = row->start;
	bill->end = row->end;
	if (row->kind == XN_ACTIVITY_INVOICE) {
		bill->milli_kwh += row->milli;
		bill->has_energy = true;
	} else {
		bill->milli_vnd += row->milli;
		bill->has_cost = true;
	}
	return XN_OK;
}

static void
put_bill(struct invoices *to, struct bill *bill, struct xn_cell *cells)
{
	if (bill->has_energy)
		xn_put_number(&cells[BILLED], bill->milli_kwh);
	if (bill->has_cost)
		xn_put_number(&cells[BILLED_COST], xn_share(bill->milli_vnd, 1000, 1));
	if (bill->has_energy && !cells[OURS].none) {
		xn_put_number(&cells[DIFFERENCE], bill->milli_kwh - cells[OURS].scaled);
		xn_put_percent(&cells[DIFFERENCE_SHARE], cells[DIFFERENCE].scaled, bill->milli_kwh);
	}
	if (bill->start.ms != bill->month.ms ||
	    bill->end.ms != xn_month_next(bill->month, to->making->site->utc_offset_s).ms) {
		xn_put_text(&cells[NOTE], "the bill is not of a calendar month");
		to->off++;
	}
	bill->used = true;
}

static struct xn_cell *
put_ours(struct invoices *to, const struct xn_supply *supply, const char *band, xn_energy energy,
    const xn_money *cost)
{
	struct xn_cell *cells = xn_table_row(to->making->document, to->table);

	xn_put_time(&cells[MONTH], supply->start);
	xn_put_copy(to->making, &cells[BAND], band);
	xn_put_kwh(&cells[OURS], energy);
	xn_put_quality(&cells[COVERAGE], &cells[OURS], &supply->amounts[XN_ACCOUNT_GRID]);
	if (cost != NULL)
		xn_put_vnd(&cells[OUR_COST], *cost);
	if (supply->plan != NULL)
		xn_put_copy(to->making, &cells[PLAN], xn_energy_plan_name(supply->plan));
	return cells;
}

/* The words that bills use for a band: its name, or its kind's. */
static struct bill *
find_bill(struct invoices *to, xn_instant month, const struct xn_price_band *band)
{
	static const char *const kinds[] = {[XN_BAND_FLAT] = "flat",
	    [XN_BAND_NORMAL] = "normal",
	    [XN_BAND_PEAK] = "peak",
	    [XN_BAND_OFFPEAK] = "offpeak"};

	for (struct bill *bill = to->bills; bill != NULL; bill = bill->next)
		if (bill->month.ms == month.ms && !bill->used &&
		    (strcasecmp(bill->band, band->name) == 0 ||
			strcasecmp(bill->band, kinds[band->kind]) == 0))
			return bill;
	return NULL;
}

static int
take_month(const struct xn_supply *supply, void *context, struct xn_error *err)
{
	struct invoices *to = context;
	const struct xn_price *price = supply->price;
	xn_instant month = xn_month_start(supply->start, to->making->site->utc_offset_s);
	struct bill *whole = to->bills;
	struct xn_cell *cells;

	(void)err;
	for (unsigned i = 0; i < price->band_count; i++) {
		const struct xn_price_band *band = &price->bands[i];
		struct bill *bill = find_bill(to, month, band);

		cells = put_ours(to, supply, band->name, band->energy, &band->cost);
		if (bill != NULL)
			put_bill(to, bill, cells);
		else
			to->unbilled++;
	}
	if (price->unpriced.mj > 0)
		put_ours(to, supply, "", price->unpriced, NULL);
	while (whole != NULL && (whole->month.ms != month.ms || whole->band[0] != '\0'))
		whole = whole->next;
	if (whole == NULL)
		return XN_OK;
	cells = put_ours(to, supply, "total", price->bought, &price->energy_cost);
	put_bill(to, whole, cells);
	return XN_OK;
}

/* Bills that nothing of ours stands beside are not left out. */
static void
put_rest(struct invoices *to)
{
	for (struct bill *bill = to->bills; bill != NULL; bill = bill->next) {
		struct xn_cell *cells;

		if (bill->used)
			continue;
		cells = xn_table_row(to->making->document, to->table);
		xn_put_time(&cells[MONTH], bill->month);
		xn_put_text(&cells[BAND], bill->band);
		put_bill(to, bill, cells);
		if (cells[NOTE].none)
			xn_put_text(&cells[NOTE], "nothing was metered for this band");
	}
}

static void
say(struct invoices *to)
{
	struct xn_making *making = to->making;

	if (to->bills == NULL)
		xn_remark_incomplete(making, "Chưa có hóa đơn nào được nhập cho kỳ này",
		    "No invoice was recorded for this period");
	else if (to->unbilled > 0)
		xn_remark_number(making, true, "Số khung giờ chưa có trên hóa đơn: %s",
		    "Bands without a bill: %s", to->unbilled, 0);
	if (to->off > 0)
		xn_remark_number(making, true,
		    "Số dòng hóa đơn không theo tháng dương lịch, không so sánh trực tiếp được: %s",
		    "Lines of bills that are not of a calendar month and do not compare: %s",
		    to->off, 0);
}

int
xn_report_invoice(struct xn_making *making, struct xn_error *err)
{
	struct invoices to = {.making = making};
	int result = xn_making_activities(making, take_bill, &to, err);

	to.table = xn_document_table(making->document, "invoices", "Đối soát", "Reconciliation",
	    fields, XN_FIELDS_COUNT(fields));
	if (result == XN_OK)
		result = xn_making_supply(making, XN_BOOKS_MONTH, take_month, &to, err);
	if (result != XN_OK)
		return result;
	put_rest(&to);
	say(&to);
	return XN_OK;
}
