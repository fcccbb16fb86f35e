#include "common/credential.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/pki.h"

static int
open_credential(
    const char *dir, const char *name, char *ret_path, size_t size, struct xn_error *err)
{
	/* What systemd hands out shows group bits because of its ACL; our own folder must not. */
	mode_t refused = dir == NULL ? 0007 : 0077;
	struct stat status;
	int fd;

	if (!xn_name_is_plain(name, strlen(name)))
		return xn_fail(err, XN_EINVALID, "credential '%s': not a name", name);
	if (dir == NULL)
		dir = getenv("CREDENTIALS_DIRECTORY");
	if (dir == NULL)
		return xn_fail(
		    err, XN_ENOTFOUND, "credential %s: no folder of credentials was given", name);
	if (snprintf(ret_path, size, "%s/%s", dir, name) >= (int)size)
		return xn_fail(err, XN_EINVALID, "credential %s: path too long", name);
	fd = open(ret_path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0)
		return xn_fail(
		    err, XN_EREAD, "credential %s: %s: %s", name, ret_path, strerror(errno));
	if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && (status.st_mode & refused) == 0)
		return fd;
	close(fd);
	return xn_fail(err, XN_EREFUSED,
	    "credential %s: %s must be a file only its owner can read (chmod 0400)", name,
	    ret_path);
}

int
xn_credential_path(
    const char *dir, const char *name, char *ret_path, size_t size, struct xn_error *err)
{
	int fd = open_credential(dir, name, ret_path, size, err);

	if (fd < 0)
		return fd;
	close(fd);
	return XN_OK;
}

int
xn_credential_read(
    const char *dir, const char *name, char ret_secret[XN_CREDENTIAL_SIZE], struct xn_error *err)
{
	char path[4096];
	int fd = open_credential(dir, name, path, sizeof(path), err);
	ssize_t got;

	if (fd < 0)
		return fd;
	got = read(fd, ret_secret, XN_CREDENTIAL_SIZE);
	close(fd);
	if (got > 0 && got < XN_CREDENTIAL_SIZE) {
		if (ret_secret[got - 1] == '\n')
			got--;
		ret_secret[got] = '\0';
		if (got > 0 && strlen(ret_secret) == (size_t)got)
			return XN_OK;
	}
	explicit_bzero(ret_secret, XN_CREDENTIAL_SIZE);
	return xn_fail(err, XN_EINVALID, "credential %s: must be 1 to %d bytes of text", name,
	    XN_CREDENTIAL_SIZE - 2);
}
