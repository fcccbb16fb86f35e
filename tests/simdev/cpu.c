#include "tests/simdev/cpu.h"

#include <glob.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define NS_PER_S INT64_C(1000000000)

/* Fields 14, 15 and 22 of /proc/PID/stat: user and system ticks, start. The name may hold anything.
 */
static bool
read_process(int pid, struct xn_cpu_guest *ret_guest)
{
	char path[64], text[1024];
	unsigned long long user, system, started;
	const char *after;
	size_t size;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	file = fopen(path, "re");
	if (file == NULL)
		return false;
	size = fread(text, 1, sizeof(text) - 1, file);
	fclose(file);
	text[size] = '\0';
	after = strrchr(text, ')');
	if (after == NULL ||
	    sscanf(after,
		") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu %*d %*d %*d %*d %*d %*d "
		"%llu",
		&user, &system, &started) != 3)
		return false;
	*ret_guest = (struct xn_cpu_guest){.pid = pid, .started = started, .ticks = user + system};
	return true;
}

static int
read_pid(const char *path)
{
	FILE *file = fopen(path, "re");
	int pid = 0;

	if (file == NULL)
		return 0;
	if (fscanf(file, "%d", &pid) != 1)
		pid = 0;
	fclose(file);
	return pid;
}

/* What the process has used since the last look; nothing for one that was not there. */
static uint64_t
ticks_since(const struct xn_cpu_host *host, const struct xn_cpu_guest *guest)
{
	for (size_t i = 0; i < host->guest_count; i++)
		if (host->guests[i].pid == guest->pid && host->guests[i].started == guest->started)
			return guest->ticks - host->guests[i].ticks;
	return 0;
}

static int64_t
used_by_guests(struct xn_cpu_host *host, const char *pattern)
{
	struct xn_cpu_guest guests[XN_CPU_GUESTS_MAX];
	size_t count = 0;
	uint64_t ticks = 0;
	glob_t files;

	if (glob(pattern, 0, NULL, &files) == 0) {
		for (size_t i = 0; i < files.gl_pathc && count < XN_CPU_GUESTS_MAX; i++) {
			int pid = read_pid(files.gl_pathv[i]);

			if (pid > 0 && read_process(pid, &guests[count]))
				ticks += ticks_since(host, &guests[count++]);
		}
		globfree(&files);
	}
	memcpy(host->guests, guests, count * sizeof(guests[0]));
	host->guest_count = count;
	return (int64_t)ticks * (NS_PER_S / sysconf(_SC_CLK_TCK));
}

/* False when there is no counter. One that falls has begun anew. */
static bool
used_by_counter(struct xn_cpu_host *host, const char *path, int64_t *ret_used_ns)
{
	FILE *file = fopen(path, "re");
	uint64_t now;
	bool good;

	if (file == NULL)
		return false;
	good = fscanf(file, "%" SCNu64, &now) == 1;
	fclose(file);
	if (!good)
		return false;
	*ret_used_ns =
	    host->counted && now >= host->counter_ns ? (int64_t)(now - host->counter_ns) : 0;
	host->counted = true;
	host->counter_ns = now;
	return true;
}

void
xn_cpu_look(struct xn_cpu *cpu, struct xn_plant *plant, int64_t ms)
{
	for (size_t i = 0; i < plant->host_count && plant->base[0] != '\0'; i++) {
		struct xn_plant_host *host = &plant->hosts[i];
		struct xn_cpu_host *seen = &cpu->hosts[i];
		int64_t used = 0, span = 0, now;
		char path[512];

		snprintf(path, sizeof(path), "%s/%s/cpu_ns", plant->base, host->name);
		if (!used_by_counter(seen, path, &now)) {
			snprintf(path, sizeof(path), "%s/%s/run/libvirt/qemu/*.pid", plant->base,
			    host->name);
			now = used_by_guests(seen, path);
		}
		seen->used_ns[seen->at] = now;
		seen->span_ns[seen->at] = ms * (NS_PER_S / 1000);
		seen->at = (seen->at + 1) % XN_CPU_STEPS;
		for (unsigned step = 0; step < XN_CPU_STEPS; step++) {
			used += seen->used_ns[step];
			span += seen->span_ns[step];
		}
		if (host->held || span == 0)
			continue;
		host->use = (double)used / (double)span / host->cpus;
		host->use = host->use > 1 ? 1 : host->use;
	}
}
