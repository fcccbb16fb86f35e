#include "drivers/snmp_library.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* The library's state is the process's, so its lock has to be. */
static pthread_mutex_t library = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t started = PTHREAD_ONCE_INIT;

static void
start_library(void)
{
	/* Without these it indexes every MIB file there is, and looks for TLS keys and old state.
	 */
	setenv("MIBS", "", 1);
	setenv("MIBDIRS", "/dev/null", 1);
	unsetenv("MIBFILES");
	setenv("SNMPCONFPATH", "/dev/null", 1);
	setenv("SNMP_PERSISTENT_DIR", "/dev/null", 1);
	netsnmp_ds_set_boolean(NETSNMP_DS_LIBRARY_ID, NETSNMP_DS_LIB_DONT_READ_CONFIGS, 1);
	netsnmp_ds_set_boolean(NETSNMP_DS_LIBRARY_ID, NETSNMP_DS_LIB_DONT_PERSIST_STATE, 1);
	netsnmp_ds_set_boolean(NETSNMP_DS_LIBRARY_ID, NETSNMP_DS_LIB_DISABLE_PERSISTENT_LOAD, 1);
	netsnmp_ds_set_boolean(NETSNMP_DS_LIBRARY_ID, NETSNMP_DS_LIB_DISABLE_PERSISTENT_SAVE, 1);
	/* RFC 5343 would answer who does not authenticate. */
	netsnmp_ds_set_boolean(NETSNMP_DS_LIBRARY_ID, NETSNMP_DS_LIB_NO_DISCOVERY, 1);
	netsnmp_register_loghandler(NETSNMP_LOGHANDLER_NONE, LOG_DEBUG);
	init_snmp("xanh");
}

void
xn_snmp_library_lock(void)
{
	pthread_once(&started, start_library);
	pthread_mutex_lock(&library);
}

bool
xn_snmp_library_try(void)
{
	pthread_once(&started, start_library);
	return pthread_mutex_trylock(&library) == 0;
}

void
xn_snmp_library_unlock(void)
{
	pthread_mutex_unlock(&library);
}

static oid *
auth_protocol(enum xn_snmp_auth auth, size_t *ret_length)
{
	*ret_length = OID_LENGTH(usmHMACSHA1AuthProtocol);
	switch (auth) {
	case XN_AUTH_MD5: return usmHMACMD5AuthProtocol;
	case XN_AUTH_SHA: return usmHMACSHA1AuthProtocol;
	case XN_AUTH_SHA224: return usmHMAC128SHA224AuthProtocol;
	case XN_AUTH_SHA256: return usmHMAC192SHA256AuthProtocol;
	case XN_AUTH_SHA384: return usmHMAC256SHA384AuthProtocol;
	case XN_AUTH_SHA512: return usmHMAC384SHA512AuthProtocol;
	case XN_AUTH_NONE: break;
	}
	return usmNoAuthProtocol;
}

static bool
derive(const struct xn_url *url, const char *passphrase, u_char *ret_key, size_t *ret_size)
{
	size_t length;
	const oid *protocol = auth_protocol(url->auth, &length);

	return generate_Ku(protocol, (u_int)length, (const u_char *)passphrase, strlen(passphrase),
		   ret_key, ret_size) == SNMPERR_SUCCESS;
}

int
xn_snmp_keys_derive(const struct xn_url *url, struct xn_snmp_keys *ret_keys, struct xn_error *err)
{
	struct xn_snmp_keys keys = {.level = SNMP_SEC_LEVEL_NOAUTH};
	bool good = true;

	if (url->auth != XN_AUTH_NONE) {
		keys.level = SNMP_SEC_LEVEL_AUTHNOPRIV;
		keys.auth_size = sizeof(keys.auth);
		good = derive(url, url->auth_pass, keys.auth, &keys.auth_size);
	}
	if (good && url->auth != XN_AUTH_NONE && url->priv != XN_PRIV_NONE) {
		keys.level = SNMP_SEC_LEVEL_AUTHPRIV;
		keys.priv_size = sizeof(keys.priv);
		good = derive(url, url->priv_pass, keys.priv, &keys.priv_size);
	}
	if (good)
		*ret_keys = keys;
	explicit_bzero(&keys, sizeof(keys));
	return good ? XN_OK : xn_fail(err, XN_EINVALID, "SNMPv3 keys cannot be derived");
}

void
xn_snmp_keys_use(const struct xn_snmp_keys *keys, struct xn_url *url, netsnmp_session *session)
{
	session->version = SNMP_VERSION_3;
	session->securityModel = SNMP_SEC_MODEL_USM;
	session->securityName = url->user;
	session->securityNameLen = strlen(url->user);
	session->contextName = url->context;
	session->contextNameLen = strlen(url->context);
	session->securityLevel = keys->level;
	session->securityAuthProto = auth_protocol(url->auth, &session->securityAuthProtoLen);
	session->securityPrivProto = usmNoPrivProtocol;
	session->securityPrivProtoLen = OID_LENGTH(usmNoPrivProtocol);
	if (keys->priv_size > 0)
		session->securityPrivProto = usmAESPrivProtocol;
	memcpy(session->securityAuthKey, keys->auth, keys->auth_size);
	session->securityAuthKeyLen = keys->auth_size;
	memcpy(session->securityPrivKey, keys->priv, keys->priv_size);
	session->securityPrivKeyLen = keys->priv_size;
}

void
xn_snmp_keys_wipe(netsnmp_session *session)
{
	explicit_bzero(session->securityAuthKey, sizeof(session->securityAuthKey));
	explicit_bzero(session->securityPrivKey, sizeof(session->securityPrivKey));
}
