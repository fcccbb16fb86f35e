/* What tenants write into a domain's XML: read for its labels and for its disks. */
#include "orchestrator/shell/virt_xml.c"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct xn_vm_facts facts = {.movable = true};

	xn_virt_metadata_read((const char *)data, size, &facts);
	xn_virt_xml_lockable((const char *)data, size);
	if (memchr(facts.group, '\0', sizeof(facts.group)) == NULL || facts.security_level > 5)
		__builtin_trap();
	return 0;
}
