/*
 * A year of a large site's books, for benches and for reports over a whole year: written straight
 * into the tables, in the order of their keys.
 */
#ifndef XN_TESTS_LIB_BOOKS_YEAR_H
#define XN_TESTS_LIB_BOOKS_YEAR_H

/* 0: the number in brackets. */
struct books_year {
	int year;      /* 2026 */
	int racks;     /* 1000, of 8 hosts and 42 meters each */
	int vms;       /* 40000 */
	int platforms; /* 200 */
	int agencies;  /* 40 */
};

/*
 * Writes into the (empty or new) state folder: intervals of the site, its platforms and agencies
 * and of every account as a whole, month sums of racks, hosts, VMs and meters, inlet temperatures
 * of ten racks. The same every time; every interval and every month balances. About 1 % of the
 * intervals are partly estimated. The site is that of books_make. Nothing is open afterwards.
 */
void books_year_make(const char *folder, const struct books_year *size);

#endif
