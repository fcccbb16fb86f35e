#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/log.h"
#include "orchestrator/shell/virt_simulated.h"

#define UNIT      "virt"

#define PATH_SIZE 512

/* The guests a new folder begins with: those of deploy/demo/site/guests. */
static const struct {
	const char *name, *group, *platform, *agency;
	int load_percent;
} first_fleet[] = {
    {"portal-1", "ha-portal", "dvc-quoc-gia", "mst", 12},
    {"portal-2", "ha-portal", "dvc-quoc-gia", "mst", 12},
    {"dan-cu-1", "", "dan-cu", "bca", 8},
    {"dan-cu-2", "", "dan-cu", "bca", 8},
    {"batch-1", "", "thong-ke", "gso", 15},
    {"batch-2", "", "thong-ke", "gso", 10},
};

#define FIRST_FLEET (sizeof(first_fleet) / sizeof(first_fleet[0]))

static const char *const state_words[] = {
    [XN_VM_ABSENT] = "absent",
    [XN_VM_RUNNING] = "running",
    [XN_VM_PAUSED] = "paused",
    [XN_VM_PAUSED_MIGRATING] = "paused-migrating",
    [XN_VM_INCOMING] = "incoming",
    [XN_VM_SHUTOFF] = "shutoff",
};

#define STATES (sizeof(state_words) / sizeof(state_words[0]))

static FILE *
open_file(const struct xn_sim *sim, const char *folder, const char *name, const char *mode)
{
	char path[PATH_SIZE];

	snprintf(path, sizeof(path), "%s/%s/%s", sim->folder, folder, name);
	return fopen(path, mode);
}

static void
make_folder(const struct xn_sim *sim, const char *name)
{
	char path[PATH_SIZE];

	snprintf(path, sizeof(path), "%s/%s", sim->folder, name);
	mkdir(path, 0755);
}

static void
replace_file(const struct xn_sim *sim, const char *folder, const char *name, const char *text)
{
	char from[PATH_SIZE], to[PATH_SIZE], part[XN_NAME_SIZE + 8];
	FILE *file;

	snprintf(part, sizeof(part), "%s.new", name);
	file = open_file(sim, folder, part, "w");
	snprintf(from, sizeof(from), "%s/%s/%s", sim->folder, folder, part);
	snprintf(to, sizeof(to), "%s/%s/%s", sim->folder, folder, name);
	if (file != NULL)
		fputs(text, file);
	if (file == NULL || fclose(file) != 0 || rename(from, to) != 0)
		xn_log(XN_LOG_ERROR, UNIT, XN_TEXT("file", to), XN_TEXT("last", strerror(errno)));
}

static uint32_t
host_of(const struct xn_sim *sim, const char *name)
{
	for (uint32_t h = 0; h < sim->worker->target_count; h++)
		if (strcmp(sim->worker->targets[h].name, name) == 0)
			return h;
	return XN_NONE;
}

static enum xn_vm_state
state_of(const char *word)
{
	for (size_t s = 0; s < STATES; s++)
		if (strcmp(state_words[s], word) == 0)
			return (enum xn_vm_state)s;
	return XN_VM_ABSENT;
}

static void
make_vm(struct xn_sim *sim, size_t place)
{
	struct xn_sim_vm *vm = &sim->vms[sim->vm_count++];

	*vm = (struct xn_sim_vm){.load_percent = first_fleet[place].load_percent,
	    .here = {.host = (uint32_t)place % sim->worker->target_count, .state = XN_VM_RUNNING},
	    .there = {.host = XN_NONE}};
	snprintf(vm->name, sizeof(vm->name), "%s", first_fleet[place].name);
	memcpy(vm->uuid.bytes, "xanh-simulated-", 15);
	vm->uuid.bytes[15] = (uint8_t)('1' + place);
	memcpy(vm->facts.name, vm->name, sizeof(vm->name));
	snprintf(vm->facts.group, sizeof(vm->facts.group), "%s", first_fleet[place].group);
	snprintf(vm->facts.platform, sizeof(vm->facts.platform), "%s", first_fleet[place].platform);
	snprintf(vm->facts.agency, sizeof(vm->facts.agency), "%s", first_fleet[place].agency);
	snprintf(vm->facts.labels, sizeof(vm->facts.labels), "demo");
	vm->facts.vcpus = 1;
	vm->facts.memory_mib = 96;
	vm->facts.movable = true;
}

static struct xn_sim_vm *
vm_of(struct xn_sim *sim, const char *name)
{
	for (uint32_t v = 0; v < sim->vm_count; v++)
		if (strcmp(sim->vms[v].name, name) == 0)
			return &sim->vms[v];
	return NULL;
}

/* A line that is not ours leaves the guest as it was born. */
static void
load_vm(struct xn_sim *sim, const char *line)
{
	char name[65], host[65], state[20], other[65], other_state[20];
	int64_t ends_ms;
	int paused;
	uint64_t cpu_ns, ticks;
	struct xn_sim_vm *vm;

	if (sscanf(line, "%64s %64s %19s %64s %19s %" SCNd64 " %d %" SCNu64 " %" SCNu64, name, host,
		state, other, other_state, &ends_ms, &paused, &cpu_ns, &ticks) != 9)
		return;
	vm = vm_of(sim, name);
	if (vm == NULL || (strcmp(host, "-") != 0 && host_of(sim, host) == XN_NONE))
		return;
	vm->here = (struct xn_sim_copy){.host = host_of(sim, host), .state = state_of(state)};
	vm->there =
	    (struct xn_sim_copy){.host = host_of(sim, other), .state = state_of(other_state)};
	vm->ends_ms = vm->there.host == XN_NONE ? 0 : ends_ms;
	vm->arrives_paused = paused != 0;
	vm->cpu_ns = cpu_ns;
	vm->ticks = ticks;
}

static void
load_cpu(struct xn_sim *sim, uint32_t host)
{
	FILE *file = open_file(sim, sim->worker->targets[host].name, "cpu_ns", "r");

	if (file == NULL)
		return;
	if (fscanf(file, "%" SCNu64, &sim->host_cpu_ns[host]) != 1)
		sim->host_cpu_ns[host] = 0;
	fclose(file);
}

void
xn_sim_load(struct xn_sim *sim)
{
	char line[512];
	FILE *file;

	mkdir(sim->folder, 0755);
	for (size_t i = 0; i < FIRST_FLEET && sim->worker->target_count > 0; i++)
		make_vm(sim, i);
	for (uint32_t h = 0; h < sim->worker->target_count; h++) {
		make_folder(sim, sim->worker->targets[h].name);
		load_cpu(sim, h);
	}
	make_folder(sim, "serial");
	file = open_file(sim, ".", "vms", "r");
	if (file == NULL)
		return;
	while (fgets(line, sizeof(line), file) != NULL)
		load_vm(sim, line);
	fclose(file);
}

static const char *
host_name(const struct xn_sim *sim, uint32_t host)
{
	return host == XN_NONE ? "-" : sim->worker->targets[host].name;
}

void
xn_sim_save(const struct xn_sim *sim)
{
	char text[XN_SIM_VMS_MAX * 256];
	size_t used = 0;

	text[0] = '\0';
	for (uint32_t v = 0; v < sim->vm_count; v++) {
		const struct xn_sim_vm *vm = &sim->vms[v];
		int length = snprintf(text + used, sizeof(text) - used,
		    "%s %s %s %s %s %" PRId64 " %d %" PRIu64 " %" PRIu64 "\n", vm->name,
		    host_name(sim, vm->here.host), state_words[vm->here.state],
		    host_name(sim, vm->there.host), state_words[vm->there.state], vm->ends_ms,
		    vm->arrives_paused, vm->cpu_ns, vm->ticks);

		if (length < 0 || (size_t)length >= sizeof(text) - used)
			break;
		used += (size_t)length;
	}
	replace_file(sim, ".", "vms", text);
}

static void
save_tick(const struct xn_sim *sim, const struct xn_sim_vm *vm)
{
	char name[XN_NAME_SIZE + 8];
	FILE *file;

	snprintf(name, sizeof(name), "%s.log", vm->name);
	file = open_file(sim, "serial", name, "a");
	if (file == NULL)
		return;
	fprintf(file, "tick %" PRIu64 " load=%d\n", vm->ticks, vm->load_percent);
	fclose(file);
}

void
xn_sim_save_figures(const struct xn_sim *sim)
{
	char text[32];

	for (uint32_t h = 0; h < sim->worker->target_count; h++) {
		snprintf(text, sizeof(text), "%" PRIu64 "\n", sim->host_cpu_ns[h]);
		replace_file(sim, sim->worker->targets[h].name, "cpu_ns", text);
	}
	for (uint32_t v = 0; v < sim->vm_count; v++)
		if (sim->vms[v].here.state == XN_VM_RUNNING)
			save_tick(sim, &sim->vms[v]);
}

int
xn_sim_load_percent(const struct xn_sim *sim, const struct xn_sim_vm *vm)
{
	FILE *file = open_file(sim, "load", vm->name, "r");
	int percent = vm->load_percent;

	if (file == NULL)
		return percent;
	if (fscanf(file, "%d", &percent) != 1 || percent < 0 || percent > 6400)
		percent = vm->load_percent;
	fclose(file);
	return percent;
}

bool
xn_sim_host_answers(const struct xn_sim *sim, uint32_t host)
{
	char path[PATH_SIZE];

	snprintf(path, sizeof(path), "%s/%s/down", sim->folder, sim->worker->targets[host].name);
	return access(path, F_OK) != 0;
}

void
xn_sim_take_fault(const struct xn_sim *sim, char ret_fault[16])
{
	FILE *file = open_file(sim, ".", "fault", "r");
	char path[PATH_SIZE];

	ret_fault[0] = '\0';
	if (file == NULL)
		return;
	if (fscanf(file, "%15s", ret_fault) != 1)
		ret_fault[0] = '\0';
	fclose(file);
	snprintf(path, sizeof(path), "%s/fault", sim->folder);
	unlink(path);
}
