#include "orchestrator/shell/history_rrd.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <rrd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "common/crc32c.h"

/* rrd_format.h, 64-bit: the sizes of what stands in a file, in this order. */
enum {
	STAT_HEAD = 128,
	DS_DEF = 120,
	RRA_DEF = 120,
	LIVE_HEAD = 16,
	PDP_PREP = 112,
	CDP_PREP = 80,
	RRA_PTR = 8,
	HEADER_MAX = 7168,
};

#define ARCHIVES_MAX  6
#define MINUTES_KEPT  (INT64_C(14) * 24 * 60)
#define ROWS_READ_MAX 50000

struct archive {
	const char *function;
	int64_t steps; /* of the raw step in one row */
	int64_t rows;
};

static int64_t
at_least_one(int64_t number)
{
	return number < 1 ? 1 : number;
}

static unsigned
archives_of(const struct xn_history_layout *layout, struct archive *ret_archives)
{
	int64_t minute = at_least_one(60 / layout->step_s);
	int64_t hour = at_least_one(3600 / layout->step_s);
	int64_t hours = at_least_one(layout->hour_keep_s / 3600);
	const struct archive archives[ARCHIVES_MAX] = {
	    {"AVERAGE", 1, at_least_one(layout->raw_keep_s / layout->step_s)},
	    {"AVERAGE", minute, MINUTES_KEPT},
	    {"MAX", minute, MINUTES_KEPT},
	    {"AVERAGE", hour, hours},
	    {"MIN", hour, hours},
	    {"MAX", hour, hours},
	};

	memcpy(ret_archives, archives, sizeof(archives));
	return ARCHIVES_MAX;
}

static int
fail_rrd(struct xn_error *err, const char *path, const char *doing)
{
	const char *why = rrd_get_error();

	/* On a full disk librrd fails without a word. */
	return xn_fail(err, XN_ESYSTEM, "%s %s: %s", doing, path,
	    why == NULL || why[0] == '\0' ? "no reason given; is the disk full?" : why);
}

static int
create(const char *path, const struct xn_series *series, const struct xn_history_layout *layout,
    struct xn_error *err)
{
	struct archive archives[ARCHIVES_MAX];
	unsigned archive_count = archives_of(layout, archives), count = 0;
	char texts[XN_SERIES_COLUMNS_MAX + ARCHIVES_MAX][64];
	const char *arguments[XN_SERIES_COLUMNS_MAX + ARCHIVES_MAX];
	long long beat = layout->step_s * 3 < 30 ? 30 : layout->step_s * 3;

	for (unsigned i = 0; i < series->column_count; i++, count++)
		snprintf(texts[count], sizeof(texts[0]), "DS:%s:GAUGE:%lld:U:U", series->columns[i],
		    beat);
	for (unsigned i = 0; i < archive_count; i++, count++)
		snprintf(texts[count], sizeof(texts[0]), "RRA:%s:0.5:%lld:%lld",
		    archives[i].function, (long long)archives[i].steps,
		    (long long)archives[i].rows);
	for (unsigned i = 0; i < count; i++)
		arguments[i] = texts[i];

	rrd_clear_error();
	if (rrd_create_r(path, (unsigned long)layout->step_s, time(NULL) - layout->raw_keep_s,
		(int)count, arguments) != 0)
		return fail_rrd(err, path, "creating");
	return XN_OK;
}

/* ---- checking a file before librrd may see it ---- */

static uint64_t
host_u64(const uint8_t *at)
{
	uint64_t value;

	memcpy(&value, at, sizeof(value)); /* RRD files are in the machine's own order */
	return value;
}

static size_t
fixed_size(const struct xn_series *series)
{
	return STAT_HEAD + (size_t)DS_DEF * series->column_count + (size_t)RRA_DEF * ARCHIVES_MAX;
}

static uint64_t
file_size(const struct xn_series *series, const struct archive *archives)
{
	uint64_t size = fixed_size(series) + LIVE_HEAD + (uint64_t)PDP_PREP * series->column_count +
	    (uint64_t)CDP_PREP * series->column_count * ARCHIVES_MAX + RRA_PTR * ARCHIVES_MAX;

	for (unsigned i = 0; i < ARCHIVES_MAX; i++)
		size += (uint64_t)archives[i].rows * series->column_count * 8;
	return size;
}

/* Reads the header of a file that has the right size. */
static bool
read_header(const char *path, const struct xn_series *series, const struct archive *archives,
    uint8_t *ret_header)
{
	struct stat status;
	bool good = false;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return false;
	if (fstat(fd, &status) == 0 && (uint64_t)status.st_size == file_size(series, archives))
		good = read(fd, ret_header, HEADER_MAX) > 0;
	close(fd);
	return good;
}

/* The parts of the header that move: the last update is not ahead of time, pointers are inside. */
static bool
moving_parts_sound(
    const struct xn_series *series, const struct archive *archives, const uint8_t *header)
{
	const uint8_t *live = header + fixed_size(series);
	const uint8_t *pointers = live + LIVE_HEAD + (size_t)PDP_PREP * series->column_count +
	    (size_t)CDP_PREP * series->column_count * ARCHIVES_MAX;

	if ((int64_t)host_u64(live) > time(NULL) + 3600)
		return false;
	for (unsigned i = 0; i < ARCHIVES_MAX; i++)
		if (host_u64(pointers + (size_t)RRA_PTR * i) >= (uint64_t)archives[i].rows)
			return false;
	return true;
}

static void
sum_path(const char *path, char *ret_path, size_t size)
{
	snprintf(ret_path, size, "%s.sum", path);
}

static bool
read_sum(const char *path, uint32_t *ret_sum)
{
	char name[1024];
	unsigned sum;
	FILE *file;
	int found;

	sum_path(path, name, sizeof(name));
	file = fopen(name, "re");
	if (file == NULL)
		return false;
	found = fscanf(file, "%8x", &sum);
	fclose(file);
	*ret_sum = sum;
	return found == 1;
}

static int
write_sum(const char *path, uint32_t sum, struct xn_error *err)
{
	char name[1024];
	FILE *file;
	int wrong;

	sum_path(path, name, sizeof(name));
	file = fopen(name, "we");
	if (file == NULL)
		return xn_fail(err, XN_ESYSTEM, "writing %s: %s", name, strerror(errno));
	wrong = fprintf(file, "%08x\n", sum) < 0;
	wrong |= fclose(file) != 0;
	return wrong ? xn_fail(err, XN_EFULL, "writing %s: %s", name, strerror(errno)) : XN_OK;
}

static bool
is_sound(const char *path, const struct xn_series *series, const struct archive *archives,
    uint8_t *header)
{
	uint32_t sum;

	return read_sum(path, &sum) && read_header(path, series, archives, header) &&
	    xn_crc32c(0, header, fixed_size(series)) == sum &&
	    moving_parts_sound(series, archives, header);
}

static void
set_aside(const char *path)
{
	char to[1024];

	for (int n = 1; n < 1000; n++) {
		snprintf(to, sizeof(to), "%s.corrupt-%d", path, n);
		if (link(path, to) == 0 || errno != EEXIST)
			break;
	}
	unlink(path);
}

int
xn_rrd_prepare(const char *path, const struct xn_series *series,
    const struct xn_history_layout *layout, bool *ret_quarantined, struct xn_error *err)
{
	struct archive archives[ARCHIVES_MAX];
	uint8_t header[HEADER_MAX] = {0};
	int result;

	*ret_quarantined = false;
	archives_of(layout, archives);
	if (access(path, F_OK) == 0) {
		if (is_sound(path, series, archives, header))
			return XN_OK;
		set_aside(path);
		*ret_quarantined = true;
	}

	result = create(path, series, layout, err);
	if (result != XN_OK)
		return result;

	/* `create` may report success and leave no file, or half of one, on a full disk. */
	if (!read_header(path, series, archives, header)) {
		unlink(path);
		return xn_fail(err, XN_EFULL, "creating %s: no whole file came of it", path);
	}
	return write_sum(path, xn_crc32c(0, header, fixed_size(series)), err);
}

/* ---- rows ---- */

/* librrd's parser wants a point whatever the locale is, so digits are written by hand: 3 decimals.
 */
static size_t
print_value(char *text, size_t size, double value)
{
	double magnitude = fabs(value) * 1000 + 0.5;
	uint64_t milli;

	if (!isfinite(value) || magnitude > 9e15)
		return (size_t)snprintf(text, size, ":U");
	milli = (uint64_t)magnitude;
	return (size_t)snprintf(text, size, ":%s%llu.%03u", value < 0 ? "-" : "",
	    (unsigned long long)(milli / 1000), (unsigned)(milli % 1000));
}

#define ROW_TEXT    (24 + XN_SERIES_COLUMNS_MAX * 24)
#define ROWS_A_CALL 16

int
xn_rrd_update(const char *path, const struct xn_series *series, const struct xn_rrd_row *rows,
    unsigned count, struct xn_error *err)
{
	char texts[ROWS_A_CALL][ROW_TEXT];
	const char *arguments[ROWS_A_CALL];

	for (unsigned done = 0; done < count;) {
		unsigned some = count - done < ROWS_A_CALL ? count - done : ROWS_A_CALL;

		for (unsigned i = 0; i < some; i++) {
			const struct xn_rrd_row *row = &rows[done + i];
			size_t used =
			    (size_t)snprintf(texts[i], ROW_TEXT, "%lld", (long long)row->at_s);

			for (unsigned column = 0; column < series->column_count; column++)
				used += print_value(
				    texts[i] + used, ROW_TEXT - used, row->values[column]);
			arguments[i] = texts[i];
		}
		rrd_clear_error();
		if (rrd_updatex_r(path, NULL, RRD_SKIP_PAST_UPDATES, (int)some, arguments) != 0)
			return fail_rrd(err, path, "updating");
		done += some;
	}
	return XN_OK;
}

/* ---- reading ---- */

void
xn_history_result_free(struct xn_history_result *result)
{
	free(result->times_s);
	free(result->values);
	*result = (struct xn_history_result){0};
}

/* The mean of what is known of `span` rows from `first`. */
static double
mean(const rrd_value_t *data, unsigned columns, unsigned column, unsigned first, unsigned span)
{
	double sum = 0;
	unsigned known = 0;

	for (unsigned row = first; row < first + span; row++) {
		double value = data[(size_t)row * columns + column];

		if (isfinite(value)) {
			sum += value;
			known++;
		}
	}
	return known == 0 ? (double)NAN : sum / known;
}

static void
reduce(const rrd_value_t *data, unsigned rows, int64_t first_s, int64_t step_s, unsigned points,
    struct xn_history_result *result)
{
	unsigned span = (rows + points - 1) / points;

	result->times_s = calloc(rows / span + 1, sizeof(*result->times_s));
	result->values =
	    calloc((size_t)(rows / span + 1) * result->columns, sizeof(*result->values));
	if (result->times_s == NULL || result->values == NULL)
		abort();
	for (unsigned row = 0; row < rows; row += span) {
		unsigned some = rows - row < span ? rows - row : span;
		double *values = result->values + (size_t)result->rows * result->columns;

		result->times_s[result->rows++] = first_s + (int64_t)(row + some - 1) * step_s;
		for (unsigned column = 0; column < result->columns; column++)
			values[column] = mean(data, result->columns, column, row, some);
	}
}

/*
 * The finest rows that reach back to `from` and are not too many to read. The open row of a coarse
 * archive is unknown until it closes, so an hour's graph must not come from hourly rows.
 */
static int64_t
step_for(const struct xn_history_layout *layout, const struct xn_history_query *query)
{
	int64_t age = time(NULL) - query->from_s;
	int64_t span = query->to_s - query->from_s;

	if (age <= layout->raw_keep_s && span / layout->step_s <= ROWS_READ_MAX)
		return layout->step_s;
	if (age <= MINUTES_KEPT * 60)
		return layout->step_s * at_least_one(60 / layout->step_s);
	return layout->step_s * at_least_one(3600 / layout->step_s);
}

int
xn_rrd_fetch(const char *path, const struct xn_series *series,
    const struct xn_history_layout *layout, const struct xn_history_query *query,
    struct xn_history_result *ret_result, struct xn_error *err)
{
	time_t start = (time_t)query->from_s, end = (time_t)query->to_s;
	unsigned long step = (unsigned long)step_for(layout, query);
	unsigned long columns = 0;
	char **names = NULL;
	rrd_value_t *data = NULL;
	unsigned rows;

	*ret_result = (struct xn_history_result){.columns = series->column_count};
	rrd_clear_error();
	if (rrd_fetch_r(path, "AVERAGE", &start, &end, &step, &columns, &names, &data) != 0)
		return fail_rrd(err, path, "reading");

	/* Rows end at start + step, ..., end. */
	rows = columns == series->column_count && end > start && step > 0
	    ? (unsigned)((unsigned long)(end - start) / step)
	    : 0;
	if (rows > 0)
		reduce(data, rows, (int64_t)start + (int64_t)step, (int64_t)step, query->points,
		    ret_result);
	for (unsigned long i = 0; i < columns; i++)
		rrd_freemem(names[i]);
	rrd_freemem(names);
	rrd_freemem(data);
	return XN_OK;
}
