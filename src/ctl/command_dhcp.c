/* dhcp …: the lines that tell phones of the flat folder, for a DHCP server of the admin's. */
#include <stdio.h>
#include <string.h>

#include "autoprov/array.h"
#include "autoprov/config.h"
#include "autoprov/limits.h"
#include "ctl_private.h"

#define NOTE                                                                                       \
    "One URL for all phones: it serves them in flat mode only, that is after\n"                    \
    "autoprovctl options set '{\"disable_auto_provision_security\": true}'\n"                      \
    "66: most phones; 160: Poly, Panasonic; 114: Gigaset.\n"

/* NOTE with what begins a comment before each of its lines. */
static void print_note(const char *comment)
{
    for (const char *at = NOTE; *at;) {
        size_t len = strcspn(at, "\n");
        printf("%s%.*s\n", comment, (int)len, at);
        at += len + 1;
    }
}

static void print_dnsmasq(const char *url)
{
    print_note("# ");
    printf("dhcp-option-force=66,%s\n"
           "dhcp-option-force=160,%s\n"
           "dhcp-option-force=114,%s\n",
           url, url, url);
}

/* As bytes: what type Kea gives to 114 and 160 differs between its versions. */
static void print_kea_bytes(unsigned code, const char *url, const char *end)
{
    printf("    {\"code\": %u, \"csv-format\": false, \"always-send\": true, \"data\": \"", code);
    for (const char *c = url; *c; c++)
        printf("%02x", (unsigned char)*c);
    printf("\"}%s\n", end);
}

static void print_kea(const char *url)
{
    print_note("// ");
    printf("// Into Dhcp4 or one of its subnets:\n"
           "\"option-data\": [\n"
           "    {\"name\": \"tftp-server-name\", \"always-send\": true, \"data\": \"%s\"},\n",
           url);
    print_kea_bytes(160, url, ",");
    print_kea_bytes(114, url, "");
    printf("]\n");
}

static void print_isc(const char *url)
{
    print_note("# ");
    printf("option provisioning-160 code 160 = text;\n"
           "option provisioning-114 code 114 = text;\n"
           "option tftp-server-name \"%s\";\n"
           "option provisioning-160 \"%s\";\n"
           "option provisioning-114 \"%s\";\n",
           url, url, url);
}

int ctl_dhcp_snippet(const struct ctl_args *args)
{
    static const struct {
        const char *name;
        void (*print)(const char *url);
    } FORMS[] = {{"dnsmasq", print_dnsmasq}, {"kea", print_kea}, {"isc", print_isc}};
    struct config *config = NULL;
    struct ap_error error;
    char url[AP_URL_MAX_BYTES];
    size_t form = 0;

    while (form < AP_COUNT(FORMS) && strcmp(FORMS[form].name, args->positionals[0]) != 0)
        form++;
    if (form == AP_COUNT(FORMS))
        return ctl_fail(CTL_USAGE, "'%s' is no server that is known: dnsmasq, kea or isc",
                        args->positionals[0]);
    int err = config_load(args->config_path, &config, &error);
    if (err)
        return ctl_fail(ctl_exit_of(err), "%s", error.text);
    (void)snprintf(url, sizeof(url), "%s%s/", /* 512 and 64 bytes at most */
                   config_phone_listener(config)->public_url, config->provision_prefix);
    config_free(config);
    FORMS[form].print(url);
    return CTL_OK;
}
