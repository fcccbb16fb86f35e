/*
 * Reports: the nine kinds, each made of the books into a document (document.h) that the writers
 * print. What a report needs and the books do not know (floor area, contacts, measures) comes from
 * a file of facts; what nobody gave is "not given" and never a guess.
 *
 * Invariants: (1) the same books, as_of, period and facts give the same document; (2) a document
 * over incomplete, interim or estimated data says so in its remarks and has complete = false; (3)
 * `slice` is the SHA-256 of every row of the books that was used, in a canonical text.
 */
#ifndef XN_REPORTS_REPORTS_H
#define XN_REPORTS_REPORTS_H

#include "orchestrator/books/books.h"
#include "orchestrator/books/period.h"
#include "orchestrator/reports/document.h"
#include "orchestrator/reports/evidence.h"
#include "orchestrator/reports/facts.h"

/* X(enumerator, word, letter, function, title vi, title en) */
#define XN_REPORTS(X)                                                                              \
	X(XN_REPORT_SITE_ENERGY, "site-energy", "R1", xn_report_site_energy,                       \
	    "Điện năng của trung tâm dữ liệu", "Energy of the data centre")                        \
	X(XN_REPORT_KPI, "kpi", "R2", xn_report_kpi_sheet, "Bảng chỉ số hiệu quả", "KPI sheet")    \
	X(XN_REPORT_EU, "eu-2024-1364", "R3", xn_report_eu_fields,                                 \
	    "Bộ chỉ tiêu theo Quy định (EU) 2024/1364", "Field set of Regulation (EU) 2024/1364")  \
	X(XN_REPORT_VN_ANNUAL, "vn-annual", "R4", xn_report_vn_annual,                             \
	    "Số liệu sử dụng năng lượng của cơ sở trọng điểm",                                     \
	    "Energy use data of a designated energy user (Viet Nam)")                              \
	X(XN_REPORT_GHG, "ghg", "R5", xn_report_ghg, "Số liệu hoạt động kiểm kê khí nhà kính",     \
	    "Greenhouse gas activity data")                                                        \
	X(XN_REPORT_STATEMENT, "statement", "R6", xn_report_statement,                             \
	    "Bảng kê điện năng theo nền tảng và cơ quan",                                          \
	    "Energy statement of platforms and agencies")                                          \
	X(XN_REPORT_PLACEMENT, "placement", "R7", xn_report_placement_effect,                      \
	    "Hiệu quả bố trí tải", "Effect of placement")                                          \
	X(XN_REPORT_QUALITY, "quality", "R8", xn_report_data_quality, "Chất lượng dữ liệu đo",     \
	    "Data quality")                                                                        \
	X(XN_REPORT_INVOICE, "invoice", "R9", xn_report_invoice, "Đối soát hóa đơn tiền điện",     \
	    "Invoice reconciliation")

#define XN_REPORT_ENUM(name, word, letter, function, vi, en) name,
enum xn_report_kind { XN_REPORTS(XN_REPORT_ENUM) XN_REPORT_COUNT };
#undef XN_REPORT_ENUM

const char *xn_report_word(enum xn_report_kind kind);
/* By its word or its number ("R1"); XN_EINVALID lists the words. */
int xn_report_kind_of(const char *word, enum xn_report_kind *ret_kind, struct xn_error *err);

/* What a report is of. */
struct xn_report_order {
	enum xn_report_kind kind;
	struct xn_period period;
	const char *platform, *agency; /* of STATEMENT: only theirs; NULL */
	int64_t as_of;                 /* 0: as the books are now */
	int revision;                  /* 0: a draft */
	const char *state;             /* "draft", "frozen" */
	const struct xn_facts *facts;
};

/* Address space for one document; pages cost memory only once touched. */
#define XN_REPORT_ARENA ((size_t)4 << 30)

/*
 * Makes the document in `arena`. XN_ENOTFOUND: the books have nothing of that time at all; the
 * config hash is of meters, energy plans and facts.
 */
int xn_report_make(struct xn_books *books, const struct xn_report_order *order,
    struct xn_arena *arena, struct xn_document **ret_document, char ret_config[XN_SHA256_TEXT_SIZE],
    struct xn_error *err);

/* ---- formats ---- */

const char *xn_report_format_word(enum xn_report_format format);
int xn_report_format_of(const char *word, enum xn_report_format *ret_format, struct xn_error *err);
int xn_report_language_of(const char *word, enum xn_language *ret_language, struct xn_error *err);
const char *xn_report_language_word(enum xn_language language);
/* Whether a format is written in one language and not in both. */
bool xn_report_speaks(enum xn_report_format format);

/* Prints the document in any format. */
int xn_report_print(const struct xn_document *document, enum xn_report_format format,
    enum xn_language language, FILE *out, struct xn_error *err);

#endif
