/*
 * Virt XML: the few things Xanh reads from a domain's XML. What people and tenants wrote there is
 * not ours: reading is bounded, looks only at tags and attributes, and never fails louder than "not
 * given".
 */
#ifndef XN_SHELL_VIRT_XML_H
#define XN_SHELL_VIRT_XML_H

#include <stddef.h>

#include "orchestrator/core/event.h"

#define XN_VIRT_METADATA_URI "https://xanh.vn/vm/1"

/*
 * The attributes of <xanh:vm group= platform= agency= labels= security-level= movable=/>, as
 * libvirt gives the element. What is absent, too long or has control characters leaves its field as
 * it was.
 */
void xn_virt_metadata_read(const char *xml, size_t length, struct xn_vm_facts *facts);

/*
 * Whether a disk fences a second running copy: a writable, unshared disk kept in a file, whose
 * image lock QEMU takes. A block device's lock ends at its own machine and fences nothing.
 */
bool xn_virt_xml_lockable(const char *xml, size_t length);

/* `text` with control characters as '?', cut to size between characters. */
void xn_virt_text_copy(const char *text, char *ret_text, size_t size);

#endif
