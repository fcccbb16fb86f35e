/*
 * Bench: CPU seconds of this process, and one line per figure: name, value, unit. Figures are
 * ratios against a bound or a peer measured in the same run wherever there is one, because machines
 * are noisy.
 */
#ifndef XN_TESTS_BENCH_H
#define XN_TESTS_BENCH_H

#include <stdio.h>
#include <time.h>

static inline double
bench_cpu(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static inline void
bench_print(const char *name, double value, const char *unit)
{
	printf("%s\t%.4g\t%s\n", name, value, unit);
}

#endif
