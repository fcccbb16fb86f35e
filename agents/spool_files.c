#include "agents/spool_files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool
xn_file_write_at(int fd, const void *bytes, size_t size, uint64_t offset)
{
	const char *at = bytes;

	while (size > 0) {
		ssize_t written = pwrite(fd, at, size, (off_t)offset);

		if (written < 0 && errno == EINTR)
			continue;
		if (written <= 0)
			return false;
		at += written;
		size -= (size_t)written;
		offset += (uint64_t)written;
	}
	return true;
}

int64_t
xn_file_read_at(int fd, void *ret_bytes, size_t size, uint64_t offset)
{
	size_t got = 0;

	while (got < size) {
		ssize_t read =
		    pread(fd, (char *)ret_bytes + got, size - got, (off_t)(offset + got));

		if (read < 0 && errno == EINTR)
			continue;
		if (read < 0)
			return -1;
		if (read == 0)
			break;
		got += (size_t)read;
	}
	return (int64_t)got;
}

int
xn_file_replace(int dir_fd, const char *name, const void *bytes, size_t size, struct xn_error *err)
{
	char temporary[64];
	bool written;
	int fd;

	snprintf(temporary, sizeof(temporary), ".%s.new", name);
	fd = openat(dir_fd, temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0)
		return xn_fail(err, XN_EFULL, "%s: %s", name, strerror(errno));
	written = xn_file_write_at(fd, bytes, size, 0) && fsync(fd) == 0;
	close(fd);
	if (!written || renameat(dir_fd, temporary, dir_fd, name) != 0 || fsync(dir_fd) != 0) {
		xn_fail(err, XN_EFULL, "%s: %s", name, strerror(errno));
		unlinkat(dir_fd, temporary, 0);
		return XN_EFULL;
	}
	return XN_OK;
}

int
xn_file_load(int dir_fd, const char *name, size_t size_max, char **ret_text, struct xn_error *err)
{
	int fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	struct stat status;
	char *text = NULL;
	int64_t got = -1;

	if (fd < 0)
		return xn_fail(err, errno == ENOENT ? XN_ENOTFOUND : XN_ESYSTEM, "%s: %s", name,
		    strerror(errno));
	if (fstat(fd, &status) == 0 && (uint64_t)status.st_size <= size_max)
		text = calloc(1, (size_t)status.st_size + 1);
	if (text != NULL)
		got = xn_file_read_at(fd, text, (size_t)status.st_size, 0);
	close(fd);
	if (got < 0) {
		free(text);
		return xn_fail(err, XN_ESYSTEM, "%s: cannot be read whole", name);
	}
	*ret_text = text;
	return XN_OK;
}
