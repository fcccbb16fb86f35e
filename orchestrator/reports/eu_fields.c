/*
 * R3: the field set of Regulation (EU) 2024/1364, Annexes I to III. The list is data
 * (policies/library); a field's value comes from the books where they have it, else from the facts,
 * else it is "not given". The code TIN means two things there, so fields go by our names.
 */
#include "orchestrator/reports/making.h"

#include <string.h>

#include "common/text.h"

enum {
	GROUP,
	CODE,
	NAME,
	TITLE_VI,
	TITLE_EN,
	VALUE,
	TEXT,
	UNIT,
	STATUS,
	METHOD,
	EVIDENCE,
	COVERAGE,
	ESTIMATED
};

#define NOT_GIVEN "not given"

static const struct xn_field fields[] = {
    XN_F_TEXT("group", "Nhóm", "Group"),
    XN_F_TEXT("code", "Mã", "Code"),
    XN_F_TEXT("field", "Trường", "Field"),
    XN_F_TEXT("title_vi", "Tên tiếng Việt", "Title in Vietnamese"),
    XN_F_TEXT("title_en", "Tên tiếng Anh", "Title in English"),
    XN_F_NUMBER("value", "Giá trị", "Value", 3, ""),
    XN_F_TEXT("text", "Nội dung", "Text"),
    XN_F_TEXT("unit", "Đơn vị", "Unit"),
    XN_F_TEXT("status", "Trạng thái", "Status"),
    XN_F_TEXT("method", "Phương pháp", "Method"),
    XN_F_TEXT("evidence", "Bằng chứng", "Evidence"),
    XN_F_QUALITY,
};

/* What the books know. */
struct known {
	struct xn_amount dc, generator, it, pv;
	int64_t water, potable, reuse, certificates, contracts; /* milli m3, milli kWh */
	unsigned has_water, has_potable, has_reuse, has_certificates, has_contracts;
};

static int
learn(struct xn_making *making, struct known *k, struct xn_error *err)
{
	const struct {
		enum xn_activity kind;
		int64_t *milli;
		unsigned *count;
	} activities[] = {
	    {XN_ACTIVITY_WATER, &k->water, &k->has_water},
	    {XN_ACTIVITY_WATER_POTABLE, &k->potable, &k->has_potable},
	    {XN_ACTIVITY_HEAT_REUSED, &k->reuse, &k->has_reuse},
	    {XN_ACTIVITY_CERTIFICATE, &k->certificates, &k->has_certificates},
	    {XN_ACTIVITY_CONTRACT, &k->contracts, &k->has_contracts},
	};
	int result = xn_making_sum(
	    making, XN_ACCOUNT_BIT(XN_ACCOUNT_GENERATOR), NULL, NULL, &k->generator, err);

	k->dc = making->supplied;
	if (result == XN_OK)
		result = xn_making_sum(making, XN_IT, NULL, NULL, &k->it, err);
	if (result == XN_OK)
		result =
		    xn_making_sum(making, XN_ACCOUNT_BIT(XN_ACCOUNT_PV), NULL, NULL, &k->pv, err);
	for (unsigned i = 0; i < sizeof(activities) / sizeof(activities[0]) && result == XN_OK; i++)
		result = xn_making_activity(
		    making, activities[i].kind, activities[i].milli, activities[i].count, err);
	return result;
}

static void
put_value(struct xn_cell *cells, int64_t milli, const char *evidence)
{
	xn_put_number(&cells[VALUE], milli);
	xn_put_text(&cells[STATUS], "reported");
	xn_put_text(&cells[EVIDENCE], evidence);
}

static void
put_energy(struct xn_cell *cells, const struct xn_amount *amount)
{
	put_value(cells, xn_share(xn_magnitude(amount->energy).mj, XN_WH_MJ, 1), "ledger");
	xn_put_quality(&cells[COVERAGE], &cells[VALUE], amount);
}

static void
put_ratio(struct xn_cell *cells, int64_t part, int64_t whole)
{
	if (whole == 0)
		return;
	put_value(cells, xn_share(part, whole, 1000), "computed of the fields above");
}

/* kWh x 1000 of an amount. */
static int64_t
milli_kwh(const struct xn_amount *amount)
{
	return xn_share(xn_magnitude(amount->energy).mj, XN_WH_MJ, 1);
}

static int64_t
renewable(const struct known *k)
{
	return k->certificates + k->contracts + milli_kwh(&k->pv);
}

static void
put_measured(const char *name, const struct known *k, struct xn_cell *cells)
{
	static const char imported[] = "activity record";

	if (strcmp(name, "e_dc_kwh") == 0)
		put_energy(cells, &k->dc);
	else if (strcmp(name, "e_dc_bg_kwh") == 0)
		put_energy(cells, &k->generator);
	else if (strcmp(name, "e_it_kwh") == 0)
		put_energy(cells, &k->it);
	else if (strcmp(name, "e_res_os_kwh") == 0)
		put_energy(cells, &k->pv);
	else if (strcmp(name, "w_in_m3") == 0 && k->has_water > 0)
		put_value(cells, k->water, imported);
	else if (strcmp(name, "w_in_pot_m3") == 0 && k->has_potable > 0)
		put_value(cells, k->potable, imported);
	else if (strcmp(name, "e_reuse_kwh") == 0 && k->has_reuse > 0)
		put_value(cells, k->reuse, imported);
	else if (strcmp(name, "e_res_goo_kwh") == 0 && k->has_certificates > 0)
		put_value(cells, k->certificates, imported);
	else if (strcmp(name, "e_res_ppa_kwh") == 0 && k->has_contracts > 0)
		put_value(cells, k->contracts, imported);
	else if (strcmp(name, "e_res_tot_kwh") == 0)
		put_value(cells, renewable(k), "computed of the fields below");
	else if (strcmp(name, "pue") == 0)
		put_ratio(cells, milli_kwh(&k->dc), milli_kwh(&k->it));
	else if (strcmp(name, "wue_m3_mwh") == 0 && k->has_water > 0)
		put_ratio(cells, k->water, milli_kwh(&k->it) / 1000);
	else if (strcmp(name, "erf") == 0 && k->has_reuse > 0)
		put_ratio(cells, k->reuse, milli_kwh(&k->dc));
	else if (strcmp(name, "ref") == 0)
		put_ratio(cells, renewable(k), milli_kwh(&k->dc));
}

/* "1200.5" in thousandths; false: it is text. */
static bool
milli_of(const char *text, int64_t *ret_milli)
{
	char digits[32];
	const char *point = strchr(text, '.');
	size_t whole = point == NULL ? strlen(text) : (size_t)(point - text);
	size_t rest = point == NULL ? 0 : strlen(point + 1);

	if (whole == 0 || rest > 3 || whole + 4 > sizeof(digits))
		return false;
	snprintf(digits, sizeof(digits), "%.*s%s%s", (int)whole, text,
	    point == NULL ? "" : point + 1, &"000"[rest]);
	return strspn(digits, "0123456789-") == strlen(digits) &&
	    xn_text_number(digits[0] == '0' && strspn(digits, "0") < strlen(digits)
		    ? digits + strspn(digits, "0")
		    : digits,
		-INT64_C(1000000000000000), INT64_C(1000000000000000), ret_milli);
}

static bool
is_number(const char *unit)
{
	static const char *const words[] = {"text", "code", "enum", "YYYY-MM", "list"};

	for (unsigned i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(unit, words[i]) == 0)
			return false;
	return true;
}

static void
put_given(struct xn_making *making, const char *const *row, struct xn_cell *cells)
{
	const char *given = xn_facts_get(making->order->facts, row[XN_EU_NAME]);
	int64_t milli;

	if (given == NULL) {
		xn_put_text(&cells[STATUS], NOT_GIVEN);
		return;
	}
	if (is_number(row[XN_EU_UNIT]) && milli_of(given, &milli))
		xn_put_number(&cells[VALUE], milli);
	else
		xn_put_text(&cells[TEXT], given);
	xn_put_text(&cells[STATUS], "declared");
	xn_put_text(&cells[EVIDENCE], XN_FACTS_FILE);
}

static void
put_field(
    struct xn_making *making, struct xn_table *table, const struct known *k, const char *const *row)
{
	struct xn_cell *cells = xn_table_row(making->document, table);

	xn_put_text(&cells[GROUP], row[XN_EU_GROUP]);
	xn_put_text(&cells[CODE], row[XN_EU_CODE]);
	xn_put_text(&cells[NAME], row[XN_EU_NAME]);
	xn_put_text(&cells[TITLE_VI], row[XN_EU_VI]);
	xn_put_text(&cells[TITLE_EN], row[XN_EU_EN]);
	xn_put_text(&cells[UNIT], row[XN_EU_UNIT]);
	xn_put_text(&cells[METHOD], row[XN_EU_RULE]);
	put_measured(row[XN_EU_NAME], k, cells);
	if (cells[STATUS].none)
		put_given(making, row, cells);
}

/* What makes the set no annual report that may be handed in. */
static void
say_limits(struct xn_making *making, const struct known *k, unsigned missing)
{
	if (making->period.kind != XN_PERIOD_YEAR)
		xn_remark_incomplete(making,
		    "Bộ chỉ tiêu này theo năm dương lịch; kỳ đã chọn không phải một năm",
		    "This field set is of a calendar year; the chosen period is none");
	if (missing > 0) {
		xn_remark_number(making, true, "Số trường chưa được cung cấp: %s",
		    "Fields that nobody gave: %s", missing, 0);
		making->document->complete = false;
	}
	if (milli_kwh(&k->it) == 0)
		xn_remark_incomplete(making, "Không có điện năng CNTT: không tính được PUE",
		    "No IT energy: there is no PUE");
	else if (milli_kwh(&k->dc) < milli_kwh(&k->it))
		xn_remark_incomplete(making, "PUE dưới 1: số liệu đo mâu thuẫn",
		    "PUE below 1: the meters contradict each other");
}

int
xn_report_eu_fields(struct xn_making *making, struct xn_error *err)
{
	struct xn_table *table = xn_document_table(making->document, "fields", "Bộ chỉ tiêu",
	    "Field set", fields, XN_FIELDS_COUNT(fields));
	struct xn_field_list list = xn_field_list(making->arena);
	struct known known = {0};
	unsigned missing = 0;
	int result = learn(making, &known, err);

	if (result != XN_OK)
		return result;
	for (unsigned i = 0; i < list.row_count; i++)
		put_field(making, table, &known, list.rows[i]);
	for (uint32_t i = 0; i < table->row_count; i++)
		missing += strcmp(table->cells[(size_t)i * table->field_count + STATUS].text,
			       NOT_GIVEN) == 0;
	say_limits(making, &known, missing);
	return XN_OK;
}
