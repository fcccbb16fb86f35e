/* `xanh report verify`: everything that can be checked without a daemon or a network. */
#include "orchestrator/reports/evidence.h"

#include <dirent.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#define PATH_SIZE 4096
#define ENDING    ".manifest.json"

struct check {
	FILE *out;
	struct xn_error *err;
	const char *authority;
	char folder[PATH_SIZE];
	char manifest_path[PATH_SIZE];
	char signature_path[PATH_SIZE];
	char sums_path[PATH_SIZE];
	char stem[1024];
	const char *wanted; /* the file asked about; NULL: all that are named */
	struct xn_manifest manifest;
	char *text; /* of the manifest */
	size_t size;
	char hash[XN_SHA256_TEXT_SIZE];
	unsigned altered;
	bool absent;
};

static void __attribute__((format(printf, 3, 4)))
say(struct check *check, const char *verdict, const char *format, ...)
{
	va_list args;

	fprintf(check->out, "%-9s ", verdict);
	va_start(args, format);
	vfprintf(check->out, format, args);
	va_end(args);
	fputc('\n', check->out);
	if (strcmp(verdict, "ALTERED") == 0)
		check->altered++;
}

static bool
ends_with(const char *text, const char *ending)
{
	size_t length = strlen(text), tail = strlen(ending);

	return length >= tail && strcmp(text + length - tail, ending) == 0;
}

static bool
exists(const char *path)
{
	struct stat status;

	return stat(path, &status) == 0;
}

/* ---- what lies where ---- */

static void
name_in_folder(struct check *check)
{
	snprintf(check->manifest_path, PATH_SIZE, "%.4000s/manifest.json", check->folder);
	snprintf(check->signature_path, PATH_SIZE, "%.4000s/manifest.p7s", check->folder);
	snprintf(check->sums_path, PATH_SIZE, "%.4000s/SHA256SUMS", check->folder);
}

/* `stem` is the path of the file that the manifest is of. */
static void
name_beside(struct check *check, const char *stem, int length)
{
	snprintf(check->manifest_path, PATH_SIZE, "%.*s" ENDING, length, stem);
	snprintf(check->signature_path, PATH_SIZE, "%.*s.manifest.p7s", length, stem);
	snprintf(check->sums_path, PATH_SIZE, "%.*s.SHA256SUMS", length, stem);
}

static int
find(struct check *check, const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash == NULL ? path : slash + 1;
	struct stat status;

	if (strlen(path) > PATH_SIZE - 32)
		return xn_fail(check->err, XN_EREAD, "%.64s...: path too long", path);
	if (stat(path, &status) != 0)
		return xn_fail(check->err, XN_EREAD, "%s: %s", path, strerror(errno));
	snprintf(check->folder, PATH_SIZE, "%.*s", slash == NULL ? 1 : (int)(slash - path),
	    slash == NULL ? "." : path);
	if (slash == path)
		strcpy(check->folder, "/");
	if (S_ISDIR(status.st_mode)) {
		snprintf(check->folder, PATH_SIZE, "%s", path);
		name_in_folder(check);
	} else if (strcmp(name, "manifest.json") == 0) {
		name_in_folder(check);
	} else if (ends_with(name, ENDING)) {
		name_beside(check, path, (int)(strlen(path) - strlen(ENDING)));
		snprintf(check->stem, sizeof(check->stem), "%.*s",
		    (int)(strlen(name) - strlen(ENDING)), name);
		check->wanted = check->stem;
	} else {
		check->wanted = name;
		name_beside(check, path, (int)strlen(path));
		if (!exists(check->manifest_path))
			name_in_folder(check);
		if (!exists(check->manifest_path))
			return xn_fail(check->err, XN_EREAD,
			    "%s: there is no %s" ENDING " and no manifest.json beside it", path,
			    name);
	}
	return XN_OK;
}

/* ---- the parts ---- */

static void
check_file(struct check *check, const struct xn_manifest_file *file)
{
	char path[PATH_SIZE], hash[XN_SHA256_TEXT_SIZE];
	struct xn_error why;
	uint64_t size;

	snprintf(path, sizeof(path), "%.3800s/%s", check->folder, file->name);
	if (xn_sha256_file(path, hash, &size, &why) != XN_OK) {
		say(check, "MISSING", "%s", why.text);
		check->absent = true;
	} else if (size != file->size) {
		say(check, "ALTERED", "%s has %llu bytes, %llu were reported", file->name,
		    (unsigned long long)size, (unsigned long long)file->size);
	} else if (strcmp(hash, file->sha256) != 0) {
		say(check, "ALTERED", "%s has SHA-256 %s, reported was %s", file->name, hash,
		    file->sha256);
	} else {
		say(check, "ok", "%s: %llu bytes, SHA-256 %s", file->name, (unsigned long long)size,
		    hash);
	}
}

/* A copy of a frozen file may have another name than the manifest says: its content tells. */
static void
check_copy(struct check *check)
{
	char path[PATH_SIZE], hash[XN_SHA256_TEXT_SIZE];
	struct xn_error why;
	uint64_t size;

	snprintf(path, sizeof(path), "%.3800s/%s", check->folder, check->wanted);
	if (xn_sha256_file(path, hash, &size, &why) != XN_OK) {
		say(check, "MISSING", "%s", why.text);
		check->absent = true;
		return;
	}
	for (unsigned i = 0; i < check->manifest.file_count; i++)
		if (strcmp(check->manifest.files[i].sha256, hash) == 0) {
			say(check, "ok", "%s is %s of the manifest: %llu bytes, SHA-256 %s",
			    check->wanted, check->manifest.files[i].name, (unsigned long long)size,
			    hash);
			return;
		}
	say(check, "ALTERED", "%s, %llu bytes, SHA-256 %s, is no file of the manifest",
	    check->wanted, (unsigned long long)size, hash);
}

static bool
is_beside(const struct check *check, const char *name)
{
	char path[PATH_SIZE];

	snprintf(path, sizeof(path), "%.3800s/%s", check->folder, name);
	return exists(path);
}

/* All files of a folder; of a single report itself and what of its manifest lies beside it. */
static void
check_files(struct check *check)
{
	bool found = check->wanted == NULL;

	for (unsigned i = 0; i < check->manifest.file_count; i++) {
		const struct xn_manifest_file *file = &check->manifest.files[i];
		bool named = check->wanted != NULL && strcmp(file->name, check->wanted) == 0;

		if (check->wanted != NULL && !named && !is_beside(check, file->name))
			continue;
		found |= named;
		check_file(check, file);
	}
	if (!found)
		check_copy(check);
}

static void
describe_signature(struct check *check, const struct xn_signature *signature)
{
	char from[32], to[32];
	time_t begins = (time_t)(signature->valid_from.ms / 1000);
	time_t ends = (time_t)(signature->valid_to.ms / 1000);
	struct tm tm;

	strftime(from, sizeof(from), "%Y-%m-%d", gmtime_r(&begins, &tm));
	strftime(to, sizeof(to), "%Y-%m-%d", gmtime_r(&ends, &tm));
	say(check, "ok", "signature of the manifest by %s, certificate valid %s to %s",
	    signature->subject, from, to);
	if (signature->trusted)
		say(check, "ok", "certificate issued by %s, the authority in %s", signature->issuer,
		    check->authority);
	else
		say(check, "unproven",
		    "whose certificate it is: give the site's authority with --ca to have it "
		    "checked");
}

static int
check_signature(struct check *check)
{
	struct xn_signature signature;
	struct xn_error why = {0};
	char *der = NULL;
	size_t size = 0;
	int result;

	if (check->manifest.signer[0] == '\0' && !exists(check->signature_path)) {
		if (check->authority != NULL)
			say(check, "ALTERED", "the report is not signed");
		else
			say(check, "unproven",
			    "the report is not signed: only its hashes were checked");
		return XN_OK;
	}
	result = xn_file_read(check->signature_path, XN_SIGNATURE_BYTES, &der, &size, &why);
	if (result != XN_OK) {
		say(check, "MISSING", "signature: %s", why.text);
		check->absent = true;
		return XN_OK;
	}
	result = xn_signature_check(
	    der, size, check->text, check->size, check->authority, &signature, &why);
	free(der);
	if (result == XN_EREAD)
		return xn_fail(check->err, XN_EREAD, "%s", why.text);
	if (result != XN_OK)
		say(check, "ALTERED", "signature: %s", why.text);
	else if (strcmp(signature.fingerprint, check->manifest.signer) != 0)
		say(check, "ALTERED", "signature: by another certificate than the manifest names");
	else
		describe_signature(check, &signature);
	return XN_OK;
}

/* The manifest before it, if it lies in the same folder. */
static bool
find_previous(const struct check *check, char ret_name[PATH_SIZE])
{
	DIR *folder = opendir(check->folder);
	bool found = false;

	if (folder == NULL)
		return false;
	for (struct dirent *entry; !found && (entry = readdir(folder)) != NULL;) {
		char path[PATH_SIZE], hash[XN_SHA256_TEXT_SIZE];
		uint64_t size;

		if (!ends_with(entry->d_name, "manifest.json"))
			continue;
		snprintf(path, sizeof(path), "%.3800s/%s", check->folder, entry->d_name);
		found = xn_sha256_file(path, hash, &size, NULL) == XN_OK &&
		    strcmp(hash, check->manifest.previous) == 0;
		if (found)
			snprintf(ret_name, PATH_SIZE, "%s", entry->d_name);
	}
	closedir(folder);
	return found;
}

static void
check_chain(struct check *check)
{
	char name[PATH_SIZE];

	if (check->manifest.previous[0] == '\0')
		say(check, "ok", "%s",
		    strcmp(check->manifest.state, "draft") == 0
			? "a draft: it is in no chain of manifests"
			: "the first manifest of the site's chain");
	else if (find_previous(check, name))
		say(check, "ok", "it follows %s, SHA-256 %s", name, check->manifest.previous);
	else
		say(check, "unproven", "the manifest before it is not beside: SHA-256 %s",
		    check->manifest.previous);
}

/* A line of SHA256SUMS, which has to say what the manifest says. */
static void
check_sum(struct check *check, const char *line)
{
	char path[PATH_SIZE], hash[XN_SHA256_TEXT_SIZE];
	const char *name = strlen(line) > 66 ? line + 66 : "";
	uint64_t length;

	snprintf(path, sizeof(path), "%.3800s/%.200s", check->folder, name);
	if (*name == '\0' || strchr(name, '/') != NULL || memcmp(line + 64, "  ", 2) != 0) {
		say(check, "ALTERED", "%s: a line is not of the form that we write",
		    check->sums_path);
	} else if (xn_sha256_file(path, hash, &length, NULL) != XN_OK) {
		say(check, "MISSING", "%s, which %s names", name, check->sums_path);
		check->absent = true;
	} else if (strncmp(line, hash, 64) != 0) {
		say(check, "ALTERED", "%s has another SHA-256 than %s says", name,
		    check->sums_path);
	}
}

static void
check_sums(struct check *check)
{
	char *text = NULL, *rest;
	size_t size;
	struct xn_error why;

	if (!exists(check->sums_path))
		return;
	if (xn_file_read(check->sums_path, XN_MANIFEST_BYTES, &text, &size, &why) != XN_OK) {
		say(check, "ALTERED", "%s", why.text);
		return;
	}
	rest = text;
	for (char *line; (line = strsep(&rest, "\n")) != NULL && *line != '\0';)
		check_sum(check, line);
	free(text);
}

static int
check_all(struct check *check)
{
	struct xn_error why = {0};
	int result;

	result = xn_file_read(
	    check->manifest_path, XN_MANIFEST_BYTES, &check->text, &check->size, check->err);
	if (result != XN_OK)
		return result;
	xn_sha256_hex(check->text, check->size, check->hash);
	if (xn_manifest_parse(check->text, check->size, &check->manifest, &why) != XN_OK) {
		say(check, "ALTERED", "%s %s", check->manifest_path, why.text);
		return XN_OK;
	}
	say(check, "ok", "manifest of %s, revision %d, %s, made by Xanh %s; SHA-256 %s",
	    check->manifest.report, check->manifest.revision, check->manifest.state,
	    check->manifest.version, check->hash);
	if (!check->manifest.complete)
		say(check, "note", "the report says of itself that its data are not complete");
	check_files(check);
	result = check_signature(check);
	if (result != XN_OK)
		return result;
	check_chain(check);
	check_sums(check);
	return XN_OK;
}

int
xn_evidence_verify(const char *path, const char *authority, FILE *out, struct xn_error *err)
{
	struct check *check = calloc(1, sizeof(*check));
	int result;

	if (check == NULL)
		return xn_fail(err, XN_ESYSTEM, "no memory");
	*check = (struct check){.out = out, .err = err, .authority = authority};
	result = find(check, path);
	if (result == XN_OK)
		result = check_all(check);
	if (result == XN_OK && check->altered > 0)
		result = xn_fail(err, XN_EINVALID, "%s: altered (see ALTERED above)", path);
	else if (result == XN_OK && check->absent)
		result = xn_fail(err, XN_EREAD, "%s: parts of the evidence are missing", path);
	free(check->text);
	free(check);
	return result;
}
