#include "orchestrator/reports/words.h"

#include <string.h>
#include <time.h>

static const char *const words[XN_WORD_COUNT][XN_LANGUAGE_COUNT] = {
    [XN_WORD_SUMMARY] = {"Tóm tắt", "Summary"},
    [XN_WORD_SITE] = {"Trung tâm dữ liệu", "Datacentre"},
    [XN_WORD_PERIOD] = {"Kỳ báo cáo", "Period"},
    [XN_WORD_IDENTIFIER] = {"Mã báo cáo", "Report"},
    [XN_WORD_REVISION] = {"Bản sửa đổi", "Revision"},
    [XN_WORD_STATE] = {"Trạng thái", "State"},
    [XN_WORD_DRAFT] = {"Bản nháp", "Draft"},
    [XN_WORD_DRAFT_MARK] = {"BẢN NHÁP", "DRAFT"},
    [XN_WORD_FROZEN] = {"Đã chốt", "Frozen"},
    [XN_WORD_FILED] = {"Đã nộp", "Filed"},
    [XN_WORD_DATA] = {"Mức độ đầy đủ dữ liệu", "Data coverage"},
    [XN_WORD_COMPLETE] = {"Đầy đủ", "Complete"},
    [XN_WORD_INCOMPLETE] = {"Chưa đầy đủ", "Incomplete"},
    [XN_WORD_SLICE] = {"SHA-256 của dữ liệu", "SHA-256 of the data"},
    [XN_WORD_PAGE] = {"Trang", "Page"},
    [XN_WORD_WARNING] = {"Cảnh báo", "Warning"},
    [XN_WORD_REMARK] = {"Ghi chú", "Remark"},
    [XN_WORD_ESTIMATED] = {"Ước tính", "Estimated"},
    [XN_WORD_MISSING] = {"Thiếu dữ liệu", "Missing"},
    [XN_WORD_NO_ROWS] = {"Không có dòng nào", "No rows"},
    [XN_WORD_ROWS_LEFT_OUT] = {"dòng nữa ở bản XLSX và CSV", "more rows in the XLSX and CSV files"},
};

const char *
xn_word(enum xn_word word, enum xn_language language)
{
	return words[word][language];
}

const char *
xn_word_state(const struct xn_document *document, enum xn_language language)
{
	const char *state = document->state ? document->state : "";

	if (strcmp(state, "draft") == 0)
		return xn_word(XN_WORD_DRAFT, language);
	if (strcmp(state, "frozen") == 0)
		return xn_word(XN_WORD_FROZEN, language);
	if (strcmp(state, "filed") == 0)
		return xn_word(XN_WORD_FILED, language);
	return state;
}

void
xn_word_time(char ret_text[XN_TIME_TEXT_MAX], const struct xn_document *document,
    enum xn_field_kind kind, int64_t ms, enum xn_language language)
{
	char iso[XN_TIME_TEXT_MAX], *clock = iso + 11;
	bool dated = kind == XN_FIELD_DATE;

	xn_document_time(iso, document, kind, ms);
	if (!dated)
		clock[strncmp(clock + 6, "00", 2) == 0 ? 5 : 8] = '\0';
	if (language == XN_LANGUAGE_VI)
		snprintf(ret_text, XN_TIME_TEXT_MAX, "%.2s/%.2s/%.4s%s%s", iso + 8, iso + 5, iso,
		    dated ? "" : " ", dated ? "" : clock);
	else
		snprintf(ret_text, XN_TIME_TEXT_MAX, "%.10s%s%s", iso, dated ? "" : " ",
		    dated ? "" : clock);
}

void
xn_word_period(char ret_text[XN_PERIOD_TEXT_MAX], const struct xn_document *document,
    enum xn_language language)
{
	const int64_t day_ms = 86400000, offset_ms = (int64_t)document->utc_offset_s * 1000;
	bool days = (document->from.ms + offset_ms) % day_ms == 0 &&
	    (document->to.ms + offset_ms) % day_ms == 0 && document->from.ms < document->to.ms;
	enum xn_field_kind kind = days ? XN_FIELD_DATE : XN_FIELD_INSTANT;
	char from[XN_TIME_TEXT_MAX], to[XN_TIME_TEXT_MAX], iso[XN_TIME_TEXT_MAX];

	xn_word_time(from, document, kind, document->from.ms, language);
	xn_word_time(to, document, kind, document->to.ms - days, language);
	xn_document_time(iso, document, XN_FIELD_INSTANT, document->from.ms);
	if (days && strcmp(from, to) == 0)
		snprintf(ret_text, XN_PERIOD_TEXT_MAX, "%s (UTC%s)", from, iso + strlen(iso) - 6);
	else
		snprintf(ret_text, XN_PERIOD_TEXT_MAX, "%s – %s (UTC%s)", from, to,
		    iso + strlen(iso) - 6);
}

void
xn_word_field(char *ret_text, size_t size, const struct xn_field *field, enum xn_language language)
{
	size_t used = xn_document_text(ret_text, size, field->title[language]);

	if (field->unit && field->unit[0] && !strstr(ret_text, field->unit))
		snprintf(ret_text + used, size - used, " (%s)", field->unit);
}
