/* Who gets a file: one pure function over facts, and the names of its reasons. */
#ifndef AUTOPROV_POLICY_H
#define AUTOPROV_POLICY_H

#include <stdbool.h>

#include "autoprov/address.h"
#include "autoprov/config.h"
#include "autoprov/options.h"
#include "autoprov/store_object.h"

/* Every way to be refused. Names are stable (policy_reason_name): log, refusal rows, metrics. */
enum policy_reason {
    POLICY_SERVE,                /* not refused */
    POLICY_BAD_REQUEST,          /* the request gate refused the head */
    POLICY_METHOD,               /* neither GET nor HEAD */
    POLICY_UNKNOWN_PATH,         /* not below the provisioning prefix, or too many segments */
    POLICY_BAD_TOKEN,            /* the folder has not a token's length or alphabet */
    POLICY_UNKNOWN_FILE,         /* no name of the catalogue, or none of this phone's model */
    POLICY_UNKNOWN_PAIR,         /* no such token, no such MAC, or not the same user's */
    POLICY_UNKNOWN_MAC,          /* flat form: no such phone */
    POLICY_FLAT_OFF,             /* flat form while the custom option is off */
    POLICY_ADDRESS_NOT_ALLOWED,  /* from outside the listener's networks, or in flat form from
                                    outside flat_networks, or to either through a proxy */
    POLICY_DISABLED,             /* the phone is switched off */
    POLICY_RENDER_FAILED,        /* the template failed, or a value cannot stand in its file */
    POLICY_PROBE,                /* its own file, but one that is never served: phones ask for it
                                    as a matter of routine */
    POLICY_FLAT_ONLY,            /* by a token, for a vendor whose phones cannot be given one */
    POLICY_BURNT,                /* by a burnt token: not where the phone was last, or again */
    POLICY_CERTIFICATE_MISMATCH, /* all else is right, but the client's certificate is another
                                    phone's, or where one is required none, or a generic one */
    POLICY_REASON_COUNT
};

struct policy_options {
    const struct options *options;
    const struct network_list *flat_networks;
    const struct network_list *networks; /* of the listener; NULL or empty: everywhere */
    enum config_client_certificates client_certificates; /* of the listener */
};

/* What the file name is to the phone, by the catalogue. */
enum policy_file {
    POLICY_FILE_SERVED,
    POLICY_FILE_PROBED,  /* known, but never served */
    POLICY_FILE_FOREIGN, /* not this vendor's, or not this model's */
};

struct policy_facts {
    bool flat;        /* the request named no token */
    bool common;      /* the name has no MAC: it is asked for by any phone of a vendor */
    bool token_known; /* of a common file: the token is a user's */
    bool burnt;       /* the token was burnt a short while ago */
    bool flat_only;   /* the vendor's phones cannot be given a token URL */
    enum policy_file file;
    const struct address *source;
    bool has_forwarded;              /* a proxy's header was there: the source may be anybody */
    const struct store_phone *phone; /* NULL: none was found, or the file is common */
    bool certificate_names_phone;    /* the verified certificate names some phone, in its vendor's
                                        form and by that vendor's authority */
    bool certificate_proves_mac; /* namely the one that is asked for; of a common file: any one of
                                    its vendor. Never in the place of a token */
};

/* Pure. phone NULL is a refusal whatever the rest, unless the file is common. */
enum policy_reason policy_decide(const struct policy_facts *facts,
                                 const struct policy_options *options);

/* "unknown_pair", …; never NULL. */
const char *policy_reason_name(enum policy_reason reason);

#endif
