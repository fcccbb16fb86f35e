#include "common/share.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

bool
xn_share_find(const char *built, const char *installed, char *path, size_t size)
{
	ssize_t length = readlink("/proc/self/exe", path, size - 1);

	if (length <= 0)
		return false;
	path[length] = '\0';
	for (char *slash = strrchr(path, '/'); slash != NULL; slash = strrchr(path, '/')) {
		size_t left = size - (size_t)(slash - path);

		if ((size_t)snprintf(slash, left, "/%s", built) < left && access(path, R_OK) == 0)
			return true;
		if ((size_t)snprintf(slash, left, "/share/xanh/%s", installed) < left &&
		    access(path, R_OK) == 0)
			return true;
		*slash = '\0';
	}
	return false;
}
