/* R2: every indicator with what makes it comparable, or why it has no value. */
#include "orchestrator/reports/making.h"

#include <math.h>
#include <string.h>

#include "orchestrator/books/kpis.h"

enum {
	ID,
	OF,
	NAME,
	VALUE,
	UNIT,
	CATEGORY,
	SPAN,
	BOUNDARY,
	UNCERTAINTY,
	COVERAGE,
	ESTIMATED,
	TARGET,
	BASIS,
	STATUS,
	WHY,
	FORMULA,
	SOURCE
};

static const struct xn_field fields[] = {
    XN_F_TEXT("id", "Mã", "Id"),
    XN_F_TEXT("of", "Của", "Of"),
    XN_F_TEXT("name", "Chỉ số", "Indicator"),
    XN_F_NUMBER("value", "Giá trị", "Value", 6, ""),
    XN_F_TEXT("unit", "Đơn vị", "Unit"),
    XN_F_NUMBER("category", "Loại", "Category", 0, ""),
    XN_F_TEXT("period_kind", "Loại kỳ", "Kind of period"),
    XN_F_TEXT("boundary", "Ranh giới", "Boundary"),
    XN_F_NUMBER("u_k2", "Độ không đảm bảo đo (k=2)", "Uncertainty (k=2)", 6, ""),
    XN_F_QUALITY,
    XN_F_NUMBER("target", "Mục tiêu", "Target", 6, ""),
    XN_F_TEXT("target_basis", "Căn cứ", "Basis of the target"),
    XN_F_TEXT("status", "Kết quả", "Status"),
    XN_F_TEXT("note", "Ghi chú", "Note"),
    XN_F_TEXT("formula", "Công thức", "Formula"),
    XN_F_TEXT("source", "Nguồn", "Source"),
};

enum { KPI, KPI_OF, TERM, TERM_VALUE, TERM_UNIT, FROM, TERM_COVERAGE, TERM_ESTIMATED };

static const struct xn_field term_fields[] = {
    XN_F_TEXT("kpi", "Chỉ số", "Indicator"),
    XN_F_TEXT("of", "Của", "Of"),
    XN_F_TEXT("term", "Số hạng", "Term"),
    XN_F_NUMBER("value", "Giá trị", "Value", 3, ""),
    XN_F_TEXT("unit", "Đơn vị", "Unit"),
    XN_F_TEXT("from", "Từ", "From"),
    XN_F_QUALITY,
};

static void
put_real(struct xn_cell *cell, double value, double scale)
{
	if (fabs(value) < 9e18 / scale)
		xn_put_number(cell, llround(value * scale));
}

static void
put_measured(struct xn_cell *quality, bool measured, double coverage, double estimated)
{
	if (!measured)
		return;
	put_real(&quality[0], coverage, 10000);
	put_real(&quality[1], estimated, 10000);
}

static const char *
span_word(enum xn_kpi_span span)
{
	static const char *const words[] = {[XN_KPI_ANNUAL] = "annual",
	    [XN_KPI_INTERIM] = "interim",
	    [XN_KPI_INCOMPLETE] = "incomplete"};

	return words[span];
}

static void
put_target(struct xn_making *making, const struct xn_kpi_row *row, struct xn_cell *cells)
{
	if (!row->has_target)
		return;
	xn_put_number(&cells[TARGET], row->target.millionths);
	xn_put_copy(making, &cells[BASIS], row->target.basis);
	xn_put_text(&cells[STATUS], xn_kpi_status(row));
}

static void
put_row(struct xn_making *making, struct xn_table *table, const struct xn_kpi_row *row)
{
	const struct xn_kpi_facts *facts = &xn_kpi_facts[row->id];
	struct xn_cell *cells = xn_table_row(making->document, table);

	xn_put_text(&cells[ID], facts->id);
	xn_put_text(&cells[OF], row->of);
	xn_put_text(&cells[NAME], facts->name);
	xn_put_text(&cells[UNIT], facts->unit);
	xn_put_text(&cells[FORMULA], facts->formula);
	xn_put_text(&cells[SOURCE], facts->source);
	xn_put_text(&cells[BOUNDARY], row->of[0] == '\0' ? "site" : "platform");
	xn_put_copy(making, &cells[WHY], row->why[0] != '\0' ? row->why : row->note);
	xn_making_note(
	    making, "kpi|%s|%s|%d|%.12g", facts->id, row->of, (int)row->kpi.state, row->kpi.value);
	if (row->kpi.state != XN_KPI_VALUE) {
		xn_put_text(
		    &cells[STATUS], row->kpi.state == XN_KPI_REFUSED ? "refused" : "no data");
		return;
	}
	put_real(&cells[VALUE], row->kpi.value, 1e6);
	if (row->category > 0)
		xn_put_number(&cells[CATEGORY], row->category);
	xn_put_text(&cells[SPAN], span_word(row->span));
	if (row->has_u)
		put_real(&cells[UNCERTAINTY], row->u, 1e6);
	put_measured(&cells[COVERAGE], row->measured, row->coverage, row->estimated);
	put_target(making, row, cells);
}

static void
put_terms(struct xn_making *making, struct xn_table *table, const struct xn_kpi_row *row)
{
	for (unsigned i = 0; i < row->term_count; i++) {
		const struct xn_kpi_term *term = &row->terms[i];
		struct xn_cell *cells = xn_table_row(making->document, table);

		xn_put_text(&cells[KPI], xn_kpi_facts[row->id].id);
		xn_put_text(&cells[KPI_OF], row->of);
		xn_put_text(&cells[TERM], term->name);
		put_real(&cells[TERM_VALUE], term->value, 1000);
		xn_put_text(&cells[TERM_UNIT], term->unit);
		xn_put_text(&cells[FROM], term->from);
		put_measured(
		    &cells[TERM_COVERAGE], term->measured, term->coverage, term->estimated);
	}
}

/* Verdicts and spans that a reader must not overlook. */
static void
say(struct xn_making *making, const struct xn_kpis *kpis)
{
	unsigned unproven = 0, missed = 0, absent = 0;
	const struct xn_kpi_row *pue = NULL;

	for (unsigned i = 0; i < kpis->row_count; i++) {
		const struct xn_kpi_row *row = &kpis->rows[i];
		const char *status = xn_kpi_status(row);

		absent += row->kpi.state != XN_KPI_VALUE;
		unproven += status != NULL && strcmp(status, "not_proven") == 0;
		missed += status != NULL && strcmp(status, "not_met") == 0;
		if (row->id == XN_KPI_PUE)
			pue = row;
	}
	if (pue != NULL && pue->kpi.state == XN_KPI_VALUE && pue->span != XN_KPI_ANNUAL)
		xn_remark(making, true,
		    "Các chỉ số là tạm tính (chưa đủ 12 tháng hoặc chưa đủ dữ liệu), không phải "
		    "giá trị năm",
		    "The indicators are interim (less than 12 months, or not enough data), no "
		    "annual values");
	if (unproven > 0)
		xn_remark_number(making, true, "Mục tiêu CHƯA CHỨNG MINH được: %s",
		    "Targets NOT PROVEN: %s", unproven, 0);
	if (missed > 0)
		xn_remark_number(
		    making, true, "Mục tiêu KHÔNG ĐẠT: %s", "Targets NOT MET: %s", missed, 0);
	if (absent > 0)
		xn_remark_number(making, false, "Chỉ số không có giá trị (xem ghi chú): %s",
		    "Indicators without a value (see the note): %s", absent, 0);
}

int
xn_report_kpi_sheet(struct xn_making *making, struct xn_error *err)
{
	struct xn_table *table = xn_document_table(
	    making->document, "kpis", "Chỉ số", "Indicators", fields, XN_FIELDS_COUNT(fields));
	struct xn_table *terms = xn_document_table(making->document, "terms", "Số hạng", "Terms",
	    term_fields, XN_FIELDS_COUNT(term_fields));
	struct xn_kpis kpis = {0};
	int result = xn_kpis_measure(making->books, making->period.from, making->period.to,
	    making->booked, making->arena, &kpis, err);

	if (result != XN_OK)
		return result;
	for (unsigned i = 0; i < kpis.row_count; i++) {
		put_row(making, table, &kpis.rows[i]);
		put_terms(making, terms, &kpis.rows[i]);
	}
	say(making, &kpis);
	return XN_OK;
}
