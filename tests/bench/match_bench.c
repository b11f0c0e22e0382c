/* How long a requested name takes to be matched: nanoseconds over names that phones ask for, with
 * the vendor files of the folder in the argument. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "autoprov/array.h"
#include "autoprov/catalogue.h"

#define ROUNDS  20000
#define SKIPPED 77 /* ctest's, as the project uses it */

/* A fetch costs some hundred thousand; the name is to be lost in it. */
#define NAME_MAX_NS 1000

/* What phones of each vendor ask for, what strangers ask for, and what costs the most. */
static const char *const NAMES[] = {
    "001565aabbcc.boot",
    "001565aabbcc.cfg",
    "001565AABBCC.cfg",
    "00:15:65:aa:bb:cc.cfg",
    "001565aabbcc-local.cfg",
    "001565aabbcc-contact.xml",
    "y000000000000.boot",
    "y000000000054.cfg",
    "y000000000096.cfg",
    "y000000000000.cfg",
    "favorite_setting.xml",
    "cfg000b82aabbcc",
    "cfg000b82aabbcc.bin",
    "cfg000b82aabbcc.xml",
    "cfggrp2614.xml",
    "cfg.xml",
    "phonebook.xml",
    "snomD785.htm",
    "snomD785-000413AABBCC.htm",
    "000413AABBCC.xml",
    "snom-000413aabbcc.xml",
    "-000413AABBCC",
    "settings-000413AABBCC",
    "000413aabbcc_firmware.xml",
    "0004f2aabbcc.cfg",
    "000000000000.cfg",
    "0004f2aabbcc-phone.cfg",
    "0004f2aabbcc-web.cfg",
    "0004f2aabbcc-license.cfg",
    "0004f2aabbcc-registration.cfg",
    "0004f2aabbcc-directory.xml",
    "000000000000-directory.xml",
    "0004f2aabbcc-app.log",
    "0004f2aabbcc-boot.log",
    "3111-48450-001.sip.ld",
    "spa508G.cfg",
    "spa000e08aabbcc.xml",
    "8841-3PCC.xml",
    "Cisco/CP-8841-3PCC/00562b043615.cfg",
    "SEP00562B043615.cnf.xml",
    "CTLSEP00562B043615.tlv",
    "XMLDefault.cnf.xml",
    "0c383eaabbcc.cfg",
    "f0X4hw1.100.cfg",
    "F0V00X600000.cfg",
    "cfg0010.xml",
    "cfg001fc1aabbcc.xml",
    "7C2F80AABBCC.xml",
    "42/2/7C2F80AABBCC.xml",
    "config.xml",
    "config.8028s.xml",
    "config.3c28a620089e.xml",
    "Config0080F0C8C381.cfg",
    "KX-HDV130.cfg",
    "startup.cfg",
    "aastra.cfg",
    "6940.cfg",
    "1400E91B4524.cfg",
    "MN_00085D237429.cfg",
    "r000000000020.cfg",
    "index.html",
    "wp-login.php",
    "0c1105aabbcc0c1105aabbcc0c1105aabbcc0c1105aabbcc0c1105aabbcc0c1105aabbcc0c1105aabbcc0c11.cfg",
};

#define NAME_COUNT AP_COUNT(NAMES)

static uint64_t now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

/* Best of ten, as other programs may run. */
static double measure(const struct catalogue *catalogue, const char *name, size_t *ret_claims)
{
    struct catalogue_match match;
    size_t len = strlen(name);
    double best = 1e9;

    *ret_claims = catalogue_match(catalogue, name, len, &match) ? match.count : 0;
    for (int run = 0; run < 10; run++) {
        size_t found = 0;
        uint64_t start = now_ns();
        for (int i = 0; i < ROUNDS / 10; i++)
            found += catalogue_match(catalogue, name, len, &match);
        double ns = (double)(now_ns() - start) / (ROUNDS / 10);
        if (found == 0 && *ret_claims > 0)
            return -1;
        best = ns < best ? ns : best;
    }
    return best;
}

int main(int argc, char **argv)
{
    struct catalogue *catalogue = NULL;
    struct ap_error error = {{0}};
    double sum = 0, most = 0;
    size_t vendors = 0, models = 0, files = 0, claims;

    if (argc != 2) {
        fprintf(stderr, "usage: match_bench FOLDER\n");
        return 64;
    }
    int err = catalogue_load(argv[1], NULL, &catalogue, &error);
    if (err) {
        fprintf(stderr, "%s\n", error.text);
        return err == AP_ENOENT ? SKIPPED : 1;
    }
    for (const struct catalogue_vendor *vendor; (vendor = catalogue_vendor_at(catalogue, vendors));
         vendors++) {
        models += vendor->model_count;
        files += vendor->file_count;
    }
    for (size_t i = 0; i < NAME_COUNT; i++) {
        double ns = measure(catalogue, NAMES[i], &claims);
        printf("%7.0f ns %3zu claims  %s\n", ns, claims, NAMES[i]);
        sum += ns;
        most = ns > most ? ns : most;
    }
    printf("%zu vendors, %zu models, %zu patterns: mean %.0f ns, most %.0f ns a name\n", vendors,
           models, files, sum / NAME_COUNT, most);
    catalogue_free(catalogue);
    return most <= NAME_MAX_NS ? 0 : 1;
}
