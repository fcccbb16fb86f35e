#include "tests/lib/books_year.h"

#include <sqlite3.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "orchestrator/books/period.h"
#include "tests/lib/books_make.h"

#define INTERVAL_MS INT64_C(1800000)
#define PER_DAY     48
#define HOSTS       8
#define METERS      42 /* of a rack: two feeds, forty outlets */
#define MONTHS      12

/* Accounts of which the site has one holder with intervals. */
static const enum xn_account site_accounts[] = {XN_ACCOUNT_GRID, XN_ACCOUNT_PV, XN_ACCOUNT_BATTERY,
    XN_ACCOUNT_GENERATOR, XN_ACCOUNT_COOLING, XN_ACCOUNT_LOSSES, XN_ACCOUNT_UNEXPLAINED};

struct amount {
	int64_t energy, overhead, estimated, covered, span, grades;
};

struct make {
	struct books_year size;
	sqlite3 *db;
	sqlite3_stmt *entry, *month, *total, *holder, *interval, *gauge;
	int64_t start; /* of the year */
	int intervals;
	int64_t months[MONTHS + 1];
	int64_t next_holder;
	/* By interval: */
	int64_t (*accounts)[XN_ACCOUNT_COUNT];
	int64_t *overhead;  /* of VMs */
	int64_t *estimated; /* ppm */
};

/* ---- numbers that are the same every time ---- */

static uint64_t
mix(uint64_t a, uint64_t b)
{
	uint64_t x = a * UINT64_C(0x9e3779b97f4a7c15) + b * UINT64_C(0xbf58476d1ce4e5b9);

	x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
	return x ^ (x >> 31);
}

static int64_t
between(uint64_t a, uint64_t b, int64_t least, int64_t most)
{
	return least + (int64_t)(mix(a, b) % (uint64_t)(most - least + 1));
}

/* How much of 1000 the time of day is: 0 at night, most at `noon` (an interval). */
static int64_t
hump(int interval, int noon, int width)
{
	int into = interval % PER_DAY - noon;

	into = into < 0 ? -into : into;
	return into >= width ? 0 : 1000 - (int64_t)1000 * into * into / (width * width);
}

/* What the VMs of a platform take in an interval: 20 to 90 W each, more by day. */
static int64_t
platform_energy(const struct make *make, int platform, int interval)
{
	int64_t vms = make->size.vms / make->size.platforms;
	int64_t watts = between(1, (uint64_t)platform, 20, 60) * vms;

	watts += watts * hump(interval, 28, 20) / 2000;
	watts = watts * between((uint64_t)platform + 7, (uint64_t)interval, 95, 105) / 100;
	return watts * INTERVAL_MS;
}

/* ---- the tables ---- */

static void
must(struct make *make, int code)
{
	if (code == SQLITE_OK || code == SQLITE_DONE || code == SQLITE_ROW)
		return;
	fprintf(stderr, "a year of books: %s\n", sqlite3_errmsg(make->db));
	abort();
}

static void
run(struct make *make, const char *sql)
{
	must(make, sqlite3_exec(make->db, sql, NULL, NULL, NULL));
}

static sqlite3_stmt *
prepare(struct make *make, const char *sql)
{
	sqlite3_stmt *statement;

	must(make, sqlite3_prepare_v2(make->db, sql, -1, &statement, NULL));
	return statement;
}

static void
put(struct make *make, sqlite3_stmt *statement, int64_t first, int64_t second,
    const struct amount *amount)
{
	const int64_t values[] = {first, second, amount->energy, amount->overhead,
	    amount->estimated, amount->covered, amount->span, amount->grades};

	for (int i = 0; i < 8; i++)
		sqlite3_bind_int64(statement, i + 1, values[i]);
	must(make, sqlite3_step(statement));
	sqlite3_reset(statement);
}

static int64_t
put_holder(
    struct make *make, enum xn_account account, const char *name, const char *uuid, int platform)
{
	char platform_name[32] = "", agency[32] = "";

	if (platform >= 0) {
		snprintf(platform_name, sizeof(platform_name), "platform-%03d", platform);
		snprintf(agency, sizeof(agency), "agency-%02d", platform % make->size.agencies);
	}
	sqlite3_bind_int64(make->holder, 1, ++make->next_holder);
	sqlite3_bind_int(make->holder, 2, (int)account);
	sqlite3_bind_text(make->holder, 3, name, -1, SQLITE_TRANSIENT);
	sqlite3_bind_text(make->holder, 4, uuid, -1, SQLITE_TRANSIENT);
	sqlite3_bind_text(make->holder, 5, platform_name, -1, SQLITE_TRANSIENT);
	sqlite3_bind_text(make->holder, 6, agency, -1, SQLITE_TRANSIENT);
	must(make, sqlite3_step(make->holder));
	sqlite3_reset(make->holder);
	return make->next_holder;
}

static struct amount
amount_of(const struct make *make, int interval, int64_t energy, int64_t overhead, int64_t meters)
{
	int64_t lost = make->estimated[interval];
	int64_t size = energy < 0 ? -energy : energy;

	return (struct amount){
	    .energy = energy,
	    .overhead = overhead,
	    .estimated = size / 1000000 * lost,
	    .span = INTERVAL_MS * meters,
	    .covered = INTERVAL_MS * meters * (1000000 - lost) / 1000000,
	    .grades = lost > 0 ? 1 << XN_GRADE_ESTIMATED : 1 << XN_GRADE_MEASURED,
	};
}

static void
add(struct amount *sum, const struct amount *amount)
{
	sum->energy += amount->energy;
	sum->overhead += amount->overhead;
	sum->estimated += amount->estimated;
	sum->covered += amount->covered;
	sum->span += amount->span;
	sum->grades |= amount->grades;
}

static int
month_of(const struct make *make, int interval)
{
	int64_t at = make->start + interval * INTERVAL_MS;
	int month = 0;

	while (month < MONTHS - 1 && at >= make->months[month + 1])
		month++;
	return month;
}

/* ---- the balance of every interval ---- */

static int64_t
battery_energy(const struct make *make, int interval, int64_t it)
{
	int64_t discharged = it / 10000 * hump(interval, 38, 5) / 10;

	(void)make;
	/* What the evening takes, the night before gave, and a tenth more. */
	return discharged - it / 10000 * hump(interval, 6, 5) * 11 / 100;
}

static void
balance(struct make *make, int interval, int64_t vms)
{
	int64_t *accounts = make->accounts[interval];
	int64_t hosts = vms / 8, other = vms / 40;
	int64_t it = vms + hosts + other;
	int64_t cooling =
	    it / 1000 * (280 + between(3, (uint64_t)interval, 0, 20) + hump(interval, 28, 20) / 12);
	int64_t losses = it / 1000 * 61;
	int64_t unexplained = it / 100000 * between(5, (uint64_t)interval, -300, 300);

	accounts[XN_ACCOUNT_PV] = it / 10000 * hump(interval, 24, 12);
	accounts[XN_ACCOUNT_BATTERY] = battery_energy(make, interval, it);
	accounts[XN_ACCOUNT_GENERATOR] = interval % (PER_DAY * 30) == 20 ? it / 2 : 0;
	accounts[XN_ACCOUNT_COOLING] = -cooling;
	accounts[XN_ACCOUNT_LOSSES] = -losses;
	accounts[XN_ACCOUNT_RACK_OTHER] = -other;
	accounts[XN_ACCOUNT_HOST] = -hosts;
	accounts[XN_ACCOUNT_VM] = -vms;
	accounts[XN_ACCOUNT_UNEXPLAINED] = -unexplained;
	accounts[XN_ACCOUNT_METER] = 2 * it;
	accounts[XN_ACCOUNT_RACK] = it;
	accounts[XN_ACCOUNT_PLATFORM] = accounts[XN_ACCOUNT_AGENCY] = vms;
	for (int a = XN_ACCOUNT_PV; a <= XN_ACCOUNT_UNEXPLAINED; a++)
		accounts[XN_ACCOUNT_GRID] -= accounts[a];
	make->overhead[interval] = cooling + losses + hosts + other;
	make->estimated[interval] = mix(9, (uint64_t)interval) % 100 == 0 ? 20000 : 0;
}

static void
make_balance(struct make *make)
{
	size_t count = (size_t)make->intervals;

	make->accounts = calloc(count, sizeof(*make->accounts));
	make->overhead = calloc(count, sizeof(*make->overhead));
	make->estimated = calloc(count, sizeof(*make->estimated));
	if (make->accounts == NULL || make->overhead == NULL || make->estimated == NULL)
		abort();
	for (int i = 0; i < make->intervals; i++) {
		int64_t vms = 0;

		for (int p = 0; p < make->size.platforms; p++)
			vms += platform_energy(make, p, i);
		balance(make, i, vms);
	}
}

/* ---- what has intervals ---- */

static void
put_months(struct make *make, int64_t holder, const struct amount months[MONTHS])
{
	for (int m = 0; m < MONTHS; m++)
		put(make, make->month, make->months[m], holder, &months[m]);
}

static void
put_site(struct make *make)
{
	for (size_t a = 0; a < sizeof(site_accounts) / sizeof(site_accounts[0]); a++) {
		int64_t holder = put_holder(make, site_accounts[a], "dc-test", "", -1);
		struct amount months[MONTHS] = {0};

		for (int i = 0; i < make->intervals; i++) {
			struct amount amount =
			    amount_of(make, i, make->accounts[i][site_accounts[a]], 0, 1);

			put(make, make->entry, holder, make->start + i * INTERVAL_MS, &amount);
			add(&months[month_of(make, i)], &amount);
		}
		put_months(make, holder, months);
	}
}

/* A share of the overhead by energy, in parts of a million so that it fits 64 bits. */
static int64_t
carried(const struct make *make, int interval, int64_t energy)
{
	return make->overhead[interval] / 1000000 *
	    (energy / (make->accounts[interval][XN_ACCOUNT_PLATFORM] / 1000000));
}

/* Splits a platform's months over its VMs by weight; the last takes what is left. */
static void
put_vms(struct make *make, int platform, const struct amount months[MONTHS])
{
	int vms = make->size.vms / make->size.platforms;
	struct amount left[MONTHS];

	for (int m = 0; m < MONTHS; m++)
		left[m] = months[m];
	for (int v = 0; v < vms; v++) {
		int number = platform * vms + v;
		int64_t weight = between(11, (uint64_t)number, 500, 999);
		struct amount parts[MONTHS];
		char name[32], uuid[64];

		snprintf(name, sizeof(name), "vm-%05d", number);
		snprintf(uuid, sizeof(uuid), "00000000-0000-4000-8000-%012d", number);
		for (int m = 0; m < MONTHS; m++) {
			struct amount part = {.energy = months[m].energy / vms / 1000 * weight,
			    .overhead = months[m].overhead / vms / 1000 * weight,
			    .estimated = months[m].estimated / vms / 1000 * weight};

			if (v == vms - 1)
				part = left[m];
			part.covered = months[m].covered / vms;
			part.span = months[m].span / vms;
			part.grades = months[m].grades;
			left[m].energy -= part.energy;
			left[m].overhead -= part.overhead;
			left[m].estimated -= part.estimated;
			parts[m] = part;
			parts[m].energy = -part.energy;
		}
		put_months(make, put_holder(make, XN_ACCOUNT_VM, name, uuid, platform), parts);
	}
}

static void
put_platform(struct make *make, int platform, struct amount (*agencies)[MONTHS])
{
	struct amount months[MONTHS] = {0};
	char name[32];
	int64_t holder;

	snprintf(name, sizeof(name), "platform-%03d", platform);
	holder = put_holder(make, XN_ACCOUNT_PLATFORM, name, "", -1);
	for (int i = 0; i < make->intervals; i++) {
		int64_t energy = platform_energy(make, platform, i);
		struct amount amount = amount_of(make, i, energy, carried(make, i, energy),
		    make->size.vms / make->size.platforms);

		put(make, make->entry, holder, make->start + i * INTERVAL_MS, &amount);
		add(&months[month_of(make, i)], &amount);
	}
	put_months(make, holder, months);
	for (int m = 0; m < MONTHS; m++)
		add(&agencies[platform % make->size.agencies][m], &months[m]);
	put_vms(make, platform, months);
}

static void
put_agency(struct make *make, int agency, const struct amount months[MONTHS])
{
	char name[32];
	int64_t holder;

	snprintf(name, sizeof(name), "agency-%02d", agency);
	holder = put_holder(make, XN_ACCOUNT_AGENCY, name, "", -1);
	put_months(make, holder, months);
	for (int i = 0; i < make->intervals; i++) {
		struct amount sum = {0};

		for (int p = agency; p < make->size.platforms; p += make->size.agencies) {
			int64_t energy = platform_energy(make, p, i);
			struct amount amount = amount_of(make, i, energy, carried(make, i, energy),
			    make->size.vms / make->size.platforms);

			add(&sum, &amount);
		}
		put(make, make->entry, holder, make->start + i * INTERVAL_MS, &sum);
	}
}

static void
put_totals(struct make *make)
{
	for (int a = 0; a < XN_ACCOUNT_COUNT; a++) {
		bool of_vms =
		    a == XN_ACCOUNT_VM || a == XN_ACCOUNT_PLATFORM || a == XN_ACCOUNT_AGENCY;
		int64_t meters = 1;

		if (of_vms)
			meters = make->size.vms;
		else if (a == XN_ACCOUNT_METER)
			meters = make->size.racks * METERS;
		else if (a == XN_ACCOUNT_RACK || a == XN_ACCOUNT_RACK_OTHER)
			meters = make->size.racks;
		else if (a == XN_ACCOUNT_HOST)
			meters = make->size.racks * HOSTS;
		for (int i = 0; i < make->intervals; i++) {
			struct amount amount = amount_of(
			    make, i, make->accounts[i][a], of_vms ? make->overhead[i] : 0, meters);

			put(make, make->total, a, make->start + i * INTERVAL_MS, &amount);
		}
	}
}

/* ---- what has months: racks, hosts, meters ---- */

/* `count` holders of an account share its months; the last takes what is left. */
static void
put_shares(struct make *make, enum xn_account account, const char *pattern, int count, int divisor)
{
	struct amount months[MONTHS] = {0};
	int64_t left[MONTHS];

	for (int i = 0; i < make->intervals; i++) {
		struct amount amount = amount_of(make, i, make->accounts[i][account], 0, count);

		add(&months[month_of(make, i)], &amount);
	}
	for (int m = 0; m < MONTHS; m++)
		left[m] = months[m].energy;
	for (int n = 0; n < count; n++) {
		int64_t weight = between((uint64_t)account + 20, (uint64_t)n, 500, 999);
		struct amount parts[MONTHS];
		char name[64];
		int64_t holder;

		/* rack-0007, rack-0007-3 */
		if (divisor == 1)
			snprintf(name, sizeof(name), "%s-%04d", pattern, n);
		else
			snprintf(
			    name, sizeof(name), "%s-%04d-%02d", pattern, n / divisor, n % divisor);
		holder = put_holder(make, account, name, "", -1);
		for (int m = 0; m < MONTHS; m++) {
			parts[m] = months[m];
			parts[m].energy = months[m].energy / count / 1000 * weight;
			if (n == count - 1)
				parts[m].energy = left[m];
			left[m] -= parts[m].energy;
			parts[m].estimated = months[m].estimated / count;
			parts[m].covered = months[m].covered / count;
			parts[m].span = months[m].span / count;
		}
		put_months(make, holder, parts);
	}
}

static void
put_gauges(struct make *make)
{
	for (int i = 0; i < make->intervals; i++)
		for (int rack = 0; rack < 10 && rack < make->size.racks; rack++) {
			int64_t mean = between((uint64_t)rack + 40, (uint64_t)i, 21000, 26000);
			char name[32];

			snprintf(name, sizeof(name), "rack-%04d-inlet", rack);
			sqlite3_bind_int64(make->gauge, 1, make->start + i * INTERVAL_MS);
			sqlite3_bind_text(make->gauge, 2, name, -1, SQLITE_TRANSIENT);
			sqlite3_bind_int64(make->gauge, 3, make->start + (i + 1) * INTERVAL_MS);
			sqlite3_bind_int64(make->gauge, 4, mean);
			sqlite3_bind_int64(make->gauge, 5, mean - 700);
			sqlite3_bind_int64(make->gauge, 6, mean + 900);
			must(make, sqlite3_step(make->gauge));
			sqlite3_reset(make->gauge);
		}
}

/* ---- all of it ---- */

#define AMOUNTS                                                                                    \
	"revision, energy_mj, overhead_mj, estimated_mj, covered_ms, span_ms, grades, events)"     \
	" VALUES(?1,?2,0,?3,?4,?5,?6,?7,?8,0)"

static void
open_tables(struct make *make, const char *folder)
{
	struct books_make books;
	char path[4200];

	books_make_open(&books, folder, NULL);
	books_make_close(&books);
	snprintf(path, sizeof(path), "%s/state.db", folder);
	must(make, sqlite3_open(path, &make->db));
	run(make,
	    "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA cache_size=-65536;"
	    "PRAGMA locking_mode=EXCLUSIVE; BEGIN");
	make->entry = prepare(make, "INSERT INTO entry(holder, start_ms, " AMOUNTS);
	make->month = prepare(make, "INSERT INTO month(month_ms, holder, " AMOUNTS);
	make->total = prepare(make, "INSERT INTO total(account, start_ms, " AMOUNTS);
	make->holder = prepare(make,
	    "INSERT INTO holder(id, account, name, subject, platform, agency)"
	    " VALUES(?,?,?,?,?,?)");
	make->interval = prepare(make, "INSERT INTO interval(start_ms, end_ms) VALUES(?,?)");
	make->gauge = prepare(make,
	    "INSERT INTO gauge(start_ms, kind, name, end_ms, mean, min, max, samples)"
	    " VALUES(?,0,?,?,?,?,?,30)");
}

static void
close_tables(struct make *make)
{
	sqlite3_stmt *const all[] = {
	    make->entry, make->month, make->total, make->holder, make->interval, make->gauge};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		sqlite3_finalize(all[i]);
	run(make, "COMMIT; PRAGMA locking_mode=NORMAL; PRAGMA journal_mode=WAL");
	must(make, sqlite3_close(make->db));
	free(make->accounts);
	free(make->overhead);
	free(make->estimated);
}

static void
set_size(struct make *make, const struct books_year *size)
{
	const int offset_s = 7 * 3600;
	struct books_year *own = &make->size;

	if (size != NULL)
		*own = *size;
	own->year = own->year == 0 ? 2026 : own->year;
	own->racks = own->racks == 0 ? 1000 : own->racks;
	own->vms = own->vms == 0 ? 40000 : own->vms;
	own->platforms = own->platforms == 0 ? 200 : own->platforms;
	own->agencies = own->agencies == 0 ? 40 : own->agencies;
	for (int m = 0; m <= MONTHS; m++)
		make->months[m] = xn_date_start((struct xn_date){own->year, m + 1, 1}, offset_s).ms;
	make->start = make->months[0];
	make->intervals = (int)((make->months[MONTHS] - make->start) / INTERVAL_MS);
}

void
books_year_make(const char *folder, const struct books_year *size)
{
	struct make make = {0};
	struct amount(*agencies)[MONTHS];

	set_size(&make, size);
	open_tables(&make, folder);
	make_balance(&make);
	agencies = calloc((size_t)make.size.agencies, sizeof(*agencies));
	if (agencies == NULL)
		abort();
	for (int i = 0; i < make.intervals; i++) {
		sqlite3_bind_int64(make.interval, 1, make.start + i * INTERVAL_MS);
		sqlite3_bind_int64(make.interval, 2, make.start + (i + 1) * INTERVAL_MS);
		must(&make, sqlite3_step(make.interval));
		sqlite3_reset(make.interval);
	}
	put_site(&make);
	for (int p = 0; p < make.size.platforms; p++)
		put_platform(&make, p, agencies);
	for (int a = 0; a < make.size.agencies; a++)
		put_agency(&make, a, agencies[a]);
	put_totals(&make);
	put_shares(&make, XN_ACCOUNT_RACK, "rack", make.size.racks, 1);
	put_shares(&make, XN_ACCOUNT_RACK_OTHER, "rack", make.size.racks, 1);
	put_shares(&make, XN_ACCOUNT_HOST, "host", make.size.racks * HOSTS, HOSTS);
	put_shares(&make, XN_ACCOUNT_METER, "meter", make.size.racks * METERS, METERS);
	put_gauges(&make);
	free(agencies);
	close_tables(&make);
}
