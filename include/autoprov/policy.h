/* Who gets a file: one pure function over facts, and the names of its reasons. */
#ifndef AUTOPROV_POLICY_H
#define AUTOPROV_POLICY_H

#include <stdbool.h>

#include "autoprov/address.h"
#include "autoprov/options.h"
#include "autoprov/store_object.h"

/* Every way to be refused. Names are stable (policy_reason_name): log, refusal rows, metrics. */
enum policy_reason {
    POLICY_SERVE,               /* not refused */
    POLICY_BAD_REQUEST,         /* the request gate refused the head */
    POLICY_METHOD,              /* neither GET nor HEAD */
    POLICY_UNKNOWN_PATH,        /* not below the provisioning prefix, or too many segments */
    POLICY_BAD_TOKEN,           /* the folder has not a token's length or alphabet */
    POLICY_UNKNOWN_FILE,        /* no file name that carries a MAC */
    POLICY_UNKNOWN_PAIR,        /* no such token, no such MAC, or not the same user's */
    POLICY_UNKNOWN_MAC,         /* flat form: no such phone */
    POLICY_FLAT_OFF,            /* flat form while the custom option is off */
    POLICY_ADDRESS_NOT_ALLOWED, /* flat form from outside flat_networks, or through a proxy */
    POLICY_DISABLED,            /* the phone is switched off */
    POLICY_RENDER_FAILED,       /* no template for its vendor, or it failed */
    POLICY_REASON_COUNT
};

struct policy_options {
    const struct options *options;
    const struct network_list *flat_networks;
};

struct policy_facts {
    bool flat; /* the request named no token */
    const struct address *source;
    bool has_forwarded;              /* a proxy's header was there: the source may be anybody */
    const struct store_phone *phone; /* NULL: none was found */
};

/* Pure. phone NULL is a refusal whatever the rest. */
enum policy_reason policy_decide(const struct policy_facts *facts,
                                 const struct policy_options *options);

/* "unknown_pair", …; never NULL. */
const char *policy_reason_name(enum policy_reason reason);

#endif
