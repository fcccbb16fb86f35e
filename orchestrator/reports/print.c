/* Formats and languages by name, and the one way to any of them. */
#include "orchestrator/reports/reports.h"

#include <string.h>

static const char *const formats[] = {
    [XN_REPORT_CSV] = "csv",
    [XN_REPORT_JSON] = "json",
    [XN_REPORT_XLSX] = "xlsx",
    [XN_REPORT_PDF] = "pdf",
};

static const char *const languages[] = {[XN_LANGUAGE_VI] = "vi", [XN_LANGUAGE_EN] = "en"};

const char *
xn_report_format_word(enum xn_report_format format)
{
	return formats[format];
}

int
xn_report_format_of(const char *word, enum xn_report_format *ret_format, struct xn_error *err)
{
	for (enum xn_report_format format = 0; format <= XN_REPORT_PDF; format++)
		if (strcmp(word, formats[format]) == 0) {
			*ret_format = format;
			return XN_OK;
		}
	return xn_fail(err, XN_EINVALID, "'%.32s' is no format: csv, json, xlsx or pdf", word);
}

const char *
xn_report_language_word(enum xn_language language)
{
	return languages[language];
}

int
xn_report_language_of(const char *word, enum xn_language *ret_language, struct xn_error *err)
{
	for (enum xn_language language = 0; language < XN_LANGUAGE_COUNT; language++)
		if (strcmp(word, languages[language]) == 0) {
			*ret_language = language;
			return XN_OK;
		}
	return xn_fail(err, XN_EINVALID, "'%.32s' is no language: vi or en", word);
}

bool
xn_report_speaks(enum xn_report_format format)
{
	return format == XN_REPORT_XLSX || format == XN_REPORT_PDF;
}

int
xn_report_print(const struct xn_document *document, enum xn_report_format format,
    enum xn_language language, FILE *out, struct xn_error *err)
{
	switch (format) {
	case XN_REPORT_CSV: return xn_report_csv(document, NULL, out, err);
	case XN_REPORT_JSON: return xn_report_json(document, out, err);
	case XN_REPORT_XLSX: return xn_report_xlsx(document, language, out, err);
	case XN_REPORT_PDF: return xn_report_pdf(document, language, out, err);
	}
	return xn_fail(err, XN_EINVALID, "no such format");
}
