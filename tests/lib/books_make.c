#include "tests/lib/books_make.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "orchestrator/books/period.h"

static const struct xn_books_site default_site = {
    .name = "dc-test",
    .title_vi = "Trung tâm dữ liệu thử",
    .title_en = "Test data centre",
    .timezone = "Asia/Ho_Chi_Minh",
    .utc_offset_s = 7 * 3600,
    .interval = {30 * 60 * 1000},
};

static void
must(int result, const struct xn_error *err)
{
	if (result == XN_OK)
		return;
	fprintf(stderr, "books for a test: %s\n", err->text);
	abort();
}

void
books_make_open(struct books_make *make, const char *folder, const struct xn_books_site *site)
{
	struct xn_error err;
	bool quarantined;

	*make = (struct books_make){.own = folder == NULL};
	make->site = site == NULL ? default_site : *site;
	snprintf(make->folder, sizeof(make->folder), "%s",
	    folder == NULL ? "/tmp/xanh-books-XXXXXX" : folder);
	if (make->own && mkdtemp(make->folder) == NULL)
		abort();
	must(xn_store_open(&make->store, make->folder, &quarantined, &err), &err);
	must(xn_store_site(make->store, &make->site, &err), &err);
	must(xn_store_begin(make->store, &err), &err);
}

static void
put_text(char *to, size_t size, const char *text)
{
	snprintf(to, size, "%s", text == NULL ? "" : text);
}

void
books_make_entry(struct books_make *make, const struct books_make_entry *entry)
{
	struct xn_action row = {.kind = XN_ACT_LEDGER};
	struct xn_error err;

	row.ledger.start = entry->start;
	row.ledger.end = entry->end;
	if (entry->end.ms == 0)
		row.ledger.end = xn_after(entry->start, make->site.interval);
	row.ledger.account = entry->account;
	put_text(row.ledger.name, sizeof(row.ledger.name),
	    entry->name == NULL ? make->site.name : entry->name);
	put_text(row.ledger.uuid, sizeof(row.ledger.uuid), entry->uuid);
	put_text(row.ledger.platform, sizeof(row.ledger.platform), entry->platform);
	put_text(row.ledger.agency, sizeof(row.ledger.agency), entry->agency);
	row.ledger.energy.mj = entry->energy_mj;
	row.ledger.overhead.mj = entry->overhead_mj;
	row.ledger.estimated.mj = entry->estimated_mj;
	row.ledger.covered.ms = entry->covered_ms;
	row.ledger.span.ms = entry->span_ms;
	if (entry->span_ms == 0 && entry->revision == 0)
		row.ledger.covered = row.ledger.span = xn_since(row.ledger.end, entry->start);
	row.ledger.grade = entry->grade;
	if (entry->grade == XN_GRADE_NONE)
		row.ledger.grade = entry->estimated_mj > 0 ? XN_GRADE_ESTIMATED : XN_GRADE_MEASURED;
	row.ledger.events = entry->events;
	row.ledger.correction = entry->revision > 0;
	put_text(row.ledger.author, sizeof(row.ledger.author), entry->author);
	put_text(row.ledger.reason, sizeof(row.ledger.reason), entry->reason);
	must(xn_store_ledger(make->store, entry->revision, row.ledger.end, &row, &err), &err);
}

void
books_make_entries(struct books_make *make, const struct books_make_entry *entry, unsigned count)
{
	struct books_make_entry next = *entry;

	for (unsigned i = 0; i < count; i++) {
		books_make_entry(make, &next);
		next.start = xn_after(next.start, make->site.interval);
		if (next.end.ms != 0)
			next.end = xn_after(next.end, make->site.interval);
	}
}

void
books_make_commit(struct books_make *make)
{
	struct xn_error err;

	must(xn_store_commit(make->store, &err), &err);
	must(xn_store_begin(make->store, &err), &err);
}

struct xn_books *
books_make_read(struct books_make *make)
{
	struct xn_error err;

	books_make_commit(make);
	if (make->books == NULL)
		must(xn_books_open(&make->books, make->folder, &err), &err);
	return make->books;
}

void
books_make_close(struct books_make *make)
{
	struct xn_error err;
	char command[4200];

	xn_books_close(make->books);
	must(xn_store_commit(make->store, &err), &err);
	xn_store_close(make->store);
	if (!make->own)
		return;
	snprintf(command, sizeof(command), "rm -rf '%s'", make->folder);
	if (system(command) != 0)
		abort();
}

xn_instant
books_make_at(const char *text)
{
	const struct xn_period_place place = {.utc_offset_s = default_site.utc_offset_s};
	struct xn_period period;
	struct xn_error err;
	char full[40];

	snprintf(full, sizeof(full), "%s%s", text, strchr(text, 'T') == NULL ? "" : "+07:00");
	must(xn_period_between(full, "2999-01-01", &place, &period, &err), &err);
	return period.from;
}
