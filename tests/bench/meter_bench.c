/* Booking a meter's readings into intervals against a bare pass that differences and sums the same
 * arrays, and the program that reads them from a file. */
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "orchestrator/core/meter.h"
#include "tests/bench/bench.h"

enum { READINGS = 2000000, ROUNDS = 3, FILE_ROWS = 1000000, SAMPLE_MS = 10000 };

#define START_MS    INT64_C(1796000400000)
#define INTERVAL_MS INT64_C(1800000)

static struct xn_meter_reading readings[READINGS];
static int64_t intervals[(int64_t)READINGS * SAMPLE_MS / INTERVAL_MS + 1];

static void
take(void *context, const struct xn_meter_piece *piece)
{
	int64_t slot = (piece->start.ms - START_MS) / INTERVAL_MS;
	int64_t before = 0;

	(void)context;
	for (; before < piece->energy.mj; slot++) {
		int64_t upto =
		    xn_meter_before(piece, (xn_instant){START_MS + (slot + 1) * INTERVAL_MS});

		intervals[slot] += upto - before;
		before = upto;
	}
}

static void
make_readings(void)
{
	for (int i = 0; i < READINGS; i++)
		readings[i] = (struct xn_meter_reading){.at = {START_MS + (int64_t)i * SAMPLE_MS},
		    .has_register = true,
		    .has_power = true,
		    .power = xn_watts(7200 + i % 100),
		    .counted = (5000 + 20 * (int64_t)i) * XN_WH_MJ};
}

static double
time_bare(void)
{
	double start = bench_cpu();

	for (int round = 0; round < ROUNDS; round++) {
		memset(intervals, 0, sizeof(intervals));
		for (int i = 1; i < READINGS; i++)
			intervals[(readings[i - 1].at.ms - START_MS) / INTERVAL_MS] +=
			    (int64_t)(readings[i].counted - readings[i - 1].counted);
	}
	return bench_cpu() - start;
}

static double
time_booking(void)
{
	const struct xn_meter_rules rules = {.max = xn_watts(22000),
	    .step = {XN_WH_MJ},
	    .modulus = ((xn_register)1 << 32) * XN_WH_MJ,
	    .sample = {SAMPLE_MS},
	    .confirm = true};
	double start = bench_cpu();

	for (int round = 0; round < ROUNDS; round++) {
		struct xn_meter_state state = {0};

		memset(intervals, 0, sizeof(intervals));
		for (int i = 0; i < READINGS; i++)
			xn_meter_book(&state, &rules, &readings[i], take, NULL);
		xn_meter_finish(&state, &rules, take, NULL);
	}
	return bench_cpu() - start;
}

static int64_t
sum_of_intervals(void)
{
	int64_t sum = 0;

	for (size_t i = 0; i < sizeof(intervals) / sizeof(intervals[0]); i++)
		sum += intervals[i];
	return sum;
}

/* `meter book` on a file; its CPU seconds and what it held at most. */
static void
time_program(const char *build)
{
	char meter[] = "/tmp/xanh-meter-XXXXXX", command[512];
	FILE *rows = tmpfile();
	struct rusage used;
	int file = mkstemp(meter), status;
	pid_t child;

	if (rows == NULL || file < 0 ||
	    dprintf(file, "kind: meter\nregister: {bits: 32, unit: 1 Wh}\nmax_power: 22 kW\n") < 0)
		abort();
	fputs("time,register_wh,power_w\n", rows);
	for (int i = 0; i < FILE_ROWS; i++)
		fprintf(rows, "%lld,%lld,%lld\n", (long long)(readings[i].at.ms / 1000),
		    (long long)(readings[i].counted / XN_WH_MJ),
		    (long long)(readings[i].power.mw / 1000));
	fflush(rows);
	rewind(rows);
	snprintf(command, sizeof(command), "%s/xanh", build);
	fflush(stdout);
	child = fork();
	if (child == 0) {
		dup2(fileno(rows), STDIN_FILENO);
		if (freopen("/dev/null", "w", stdout) != NULL)
			execl(command, "xanh", "meter", "book", "--meter", meter, (char *)NULL);
		_exit(127);
	}
	if (child < 0 || wait4(child, &status, 0, &used) != child || status != 0)
		abort();
	unlink(meter);
	close(file);
	fclose(rows);
	bench_print("meter book, a million rows",
	    (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
		(double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6,
	    "CPU s");
	bench_print("meter book, a million rows, memory", (double)used.ru_maxrss / 1024, "MB");
}

int
main(void)
{
	const char *build = getenv("XANH_BUILD");
	double bare, ours;

	make_readings();
	bare = time_bare();
	if (sum_of_intervals() != INT64_C(20) * (READINGS - 1) * XN_WH_MJ)
		abort();
	ours = time_booking();
	if (sum_of_intervals() != INT64_C(20) * (READINGS - 1) * XN_WH_MJ)
		abort();
	bench_print("meter booking", ours / ROUNDS / (READINGS / 1e6), "CPU s a million readings");
	bench_print("meter booking / a bare pass", ours / bare, "ratio");
	if (build != NULL)
		time_program(build);
	return 0;
}
