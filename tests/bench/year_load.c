/*
 * Writes a year of a large site's books into a state folder, for who measures reports and questions
 * over it.
 *
 *     year_load FOLDER [RACKS VMS PLATFORMS]
 */
#include <stdio.h>
#include <stdlib.h>

#include "tests/lib/books_year.h"

int
main(int argc, char **argv)
{
	struct books_year size = {0};

	if (argc != 2 && argc != 5) {
		fprintf(stderr, "usage: year_load FOLDER [RACKS VMS PLATFORMS]\n");
		return 64;
	}
	if (argc == 5) {
		size.racks = atoi(argv[2]);
		size.vms = atoi(argv[3]);
		size.platforms = atoi(argv[4]);
	}
	books_year_make(argv[1], &size);
	return 0;
}
