/* Files of reports, read and written whole. */
#include "orchestrator/reports/evidence.h"

#include <errno.h>
#include <fcntl.h>
#include <gnutls/crypto.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATH_SIZE  4096
#define CHUNK_SIZE 8192

static void
hex(const unsigned char digest[XN_SHA256_SIZE], char ret_text[XN_SHA256_TEXT_SIZE])
{
	for (unsigned i = 0; i < XN_SHA256_SIZE; i++)
		snprintf(ret_text + (size_t)2 * i, 3, "%02x", digest[i]);
}

void
xn_sha256_hex(const void *bytes, size_t size, char ret_text[XN_SHA256_TEXT_SIZE])
{
	unsigned char digest[XN_SHA256_SIZE] = {0};

	if (gnutls_hash_fast(GNUTLS_DIG_SHA256, bytes, size, digest) < 0)
		abort(); /* it is built in */
	hex(digest, ret_text);
}

int
xn_sha256_file(
    const char *path, char ret_text[XN_SHA256_TEXT_SIZE], uint64_t *ret_size, struct xn_error *err)
{
	unsigned char digest[XN_SHA256_SIZE] = {0}, chunk[CHUNK_SIZE];
	FILE *file = fopen(path, "rbe");
	gnutls_hash_hd_t hash;
	uint64_t size = 0;
	size_t got;
	bool broken;

	if (file == NULL)
		return xn_fail(err, XN_EREAD, "%s: %s", path, strerror(errno));
	if (gnutls_hash_init(&hash, GNUTLS_DIG_SHA256) < 0)
		abort();
	while ((got = fread(chunk, 1, sizeof(chunk), file)) > 0) {
		gnutls_hash(hash, chunk, got);
		size += got;
	}
	broken = ferror(file) != 0;
	fclose(file);
	gnutls_hash_deinit(hash, digest);
	if (broken)
		return xn_fail(err, XN_EREAD, "%s: cannot be read", path);
	hex(digest, ret_text);
	*ret_size = size;
	return XN_OK;
}

int
xn_file_read(const char *path, size_t max, char **ret_bytes, size_t *ret_size, struct xn_error *err)
{
	FILE *file = fopen(path, "rbe");
	struct stat status;
	char *bytes;
	size_t size;

	if (file == NULL)
		return xn_fail(err, XN_EREAD, "%s: %s", path, strerror(errno));
	if (fstat(fileno(file), &status) != 0 || !S_ISREG(status.st_mode)) {
		fclose(file);
		return xn_fail(err, XN_EREAD, "%s: is no file", path);
	}
	if ((uint64_t)status.st_size > max) {
		fclose(file);
		return xn_fail(err, XN_EFULL, "%s: is larger than %zu bytes", path, max);
	}
	size = (size_t)status.st_size;
	bytes = malloc(size + 1);
	if (bytes == NULL || fread(bytes, 1, size, file) != size) {
		free(bytes);
		fclose(file);
		return xn_fail(err, XN_EREAD, "%s: cannot be read", path);
	}
	fclose(file);
	bytes[size] = '\0';
	*ret_bytes = bytes;
	*ret_size = size;
	return XN_OK;
}

int
xn_file_write(const char *path, const void *bytes, size_t size, struct xn_error *err)
{
	char beside[PATH_SIZE];
	int fd;
	FILE *file;
	bool written;

	if (snprintf(beside, sizeof(beside), "%s.part", path) >= (int)sizeof(beside))
		return xn_fail(err, XN_EINVALID, "%s: path too long", path);
	fd = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
	file = fd < 0 ? NULL : fdopen(fd, "wb");
	if (file == NULL)
		return xn_fail(err, XN_ESYSTEM, "%s: %s", path, strerror(errno));
	written = fwrite(bytes, 1, size, file) == size && fflush(file) == 0 && fsync(fd) == 0;
	if (fclose(file) != 0 || !written || rename(beside, path) != 0) {
		int why = errno;

		unlink(beside);
		return xn_fail(err, XN_ESYSTEM, "%s: %s", path, strerror(why));
	}
	return XN_OK;
}
