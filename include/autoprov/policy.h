/* Who gets a file: pure functions over facts, and the names of the reasons. */
#ifndef AUTOPROV_POLICY_H
#define AUTOPROV_POLICY_H

#include <stdbool.h>
#include <stdint.h>

#include "autoprov/address.h"
#include "autoprov/catalogue.h"
#include "autoprov/config.h"
#include "autoprov/options.h"
#include "autoprov/store_object.h"

/* Every way to be refused. Names are stable (policy_reason_name): log, refusal rows, metrics. */
enum policy_reason {
    POLICY_SERVE,               /* not refused */
    POLICY_BAD_REQUEST,         /* the request gate refused the head */
    POLICY_METHOD,              /* neither GET nor HEAD */
    POLICY_UNKNOWN_PATH,        /* not below the provisioning prefix, or too many segments */
    POLICY_BAD_TOKEN,           /* the folder has not a token's length or alphabet */
    POLICY_UNKNOWN_FILE,        /* no name of the catalogue, or none of this phone's model */
    POLICY_UNKNOWN_PAIR,        /* no such token, no such MAC, or not the same user's */
    POLICY_UNKNOWN_MAC,         /* flat form: no such phone */
    POLICY_FLAT_OFF,            /* flat form while the custom option is off */
    POLICY_ADDRESS_NOT_ALLOWED, /* from outside the networks of listener, flat mode, user or phone,
                                   or through a proxy */
    POLICY_DISABLED,            /* the phone is switched off */
    POLICY_RENDER_FAILED,       /* the template failed, or a value cannot stand in its file */
    POLICY_PROBE,               /* its own file, but one that is never served: phones ask for it
                                   as a matter of routine */
    POLICY_FLAT_ONLY,           /* by a token, for a vendor whose phones cannot be given one */
    POLICY_BURNT,               /* by a burnt token: not where the phone was last, or again */
    POLICY_FLAT_PAUSED,         /* flat form while too many unknown MACs were asked for */
    POLICY_FLAT_CLOSED,         /* flat form, for a phone that it is closed to */
    POLICY_FLAT_MOVED,        /* flat form or multicast, for a phone that has its token URL since */
    POLICY_WINDOW_CLOSED,     /* flat form or multicast without an open enrolment window, from
                                 elsewhere */
    POLICY_NO_BOOTSTRAP,      /* flat form is for bootstrap files, and this one has none; by
                                 multicast: there is no URL to tell */
    POLICY_BOOTSTRAP_USED,    /* by a bootstrap token that was used, or a second time by none */
    POLICY_OTHER_NETWORK,     /* by a bootstrap token from another network than it was handed to */
    POLICY_AGENT_CONTRADICTS, /* the User-Agent is another phone's */
    POLICY_NO_SOURCE,         /* the proxy did not tell whom it connects for */
    POLICY_CERTIFICATE_MISMATCH, /* all else is right, but the client's certificate is another
                                    phone's, or where one is required none, or a generic one */
    POLICY_PLAIN_HTTP,           /* by a token without TLS, where flat mode alone is served */
    POLICY_CREDENTIALS_MISSING,  /* the listener asks for HTTP credentials, and none came, or none
                                    that it asks for, or for an old nonce: phones do so as a matter
                                    of routine */
    POLICY_CREDENTIALS_WRONG,    /* or not those of the phone that was asked for, if there is one */
    POLICY_AUTH_REQUIRED,        /* of a phone that must say some, where nobody asks for them */
    POLICY_PNP_OFF,              /* by multicast, while pnp is off */
    POLICY_PNP_DISCOVER,         /* by multicast, where phones are only listed */
    /* Of such questions apart from those of requests: a source of a datagram can be forged, and
     * must not be what somebody is banned for. */
    POLICY_PNP_UNKNOWN, /* no phone has this MAC */
    POLICY_PNP_ADDRESS, /* from outside private networks and flat_networks, or those of user or
                           phone */
    POLICY_REASON_COUNT
};

/* The HTTP credentials of a request. */
enum policy_auth {
    POLICY_AUTH_NONE,
    POLICY_AUTH_WRONG,
    POLICY_AUTH_RIGHT, /* those of the phone; of a name without a MAC those of any phone of the user
                        */
};

struct policy_options {
    const struct options *options;
    const struct network_list *flat_networks;
    enum store_flat flat;       /* of phones that say nothing themselves; not the default */
    enum store_secrets secrets; /* the same */
    bool is_plain;              /* the listener has no TLS */
    bool plain_secrets;         /* and serves files with secrets all the same */
    bool flat_needs_window;
    bool refuses_agents;                 /* that contradict */
    const struct network_list *networks; /* of the listener; NULL or empty: everywhere */
    enum config_client_certificates client_certificates; /* of the listener */
    enum config_auth auth;                               /* the same */
};

/* What the file name is to the phone, by the catalogue. */
enum policy_file {
    POLICY_FILE_SERVED,
    POLICY_FILE_PROBED,  /* known, but never served */
    POLICY_FILE_FOREIGN, /* not this vendor's, or not this model's */
};

struct policy_facts {
    bool flat;          /* the request named no token */
    bool flat_paused;   /* the budget of unknown MACs is spent */
    bool common;        /* the name has no MAC: it is asked for by any phone of a vendor */
    bool token_known;   /* of a common file: the token is a user's */
    bool burnt;         /* the token was burnt a short while ago */
    bool bootstrap;     /* the token is the phone's bootstrap token */
    bool flat_only;     /* the vendor's phones cannot be given a token URL */
    bool has_bootstrap; /* there is a bootstrap file in the place of this one */
    enum policy_file file;
    enum policy_auth auth; /* looked at where the listener asks for it */
    enum catalogue_agent agent;
    const struct address *source;
    int64_t now;                     /* UTC seconds, store_now() */
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

/* What is served to facts of POLICY_SERVE. */
enum policy_part {
    POLICY_PART_WHOLE,
    POLICY_PART_WITHOUT_SECRETS,
    POLICY_PART_BOOTSTRAP, /* the file that points to a bootstrap URL */
};
enum policy_part policy_part(const struct policy_facts *facts,
                             const struct policy_options *options);

/* Is this fetch, with all its secrets, to be noted as the phone's first one? */
bool policy_is_first(const struct policy_facts *facts, const struct policy_options *options);

/* Does it show that a phone that was bootstrapped has moved to its token URL? */
bool policy_has_moved(const struct policy_facts *facts);

/* A question of a phone without a configuration, by multicast (PnP). Anybody on its network can ask
 * so, with any MAC. */
struct policy_pnp_facts {
    const struct address *source;
    int64_t now;                     /* UTC seconds, store_now() */
    const struct store_phone *phone; /* NULL: none has this MAC */
    bool flat_only;                  /* its vendor's phones cannot be given a token URL */
    bool has_url;                    /* there is one: its own file below a listener with TLS */
};
struct policy_pnp_options {
    enum config_pnp mode;
    const struct network_list *flat_networks; /* beside private addresses */
};
/* Is it told a bootstrap URL? Pure. What store_bootstrap() says comes on top. */
enum policy_reason policy_pnp_decide(const struct policy_pnp_facts *facts,
                                     const struct policy_pnp_options *options);

/* True for what somebody does who tries tokens or MACs: it counts against its source. Wrong
 * credentials do so from the third in a row on, which is counted elsewhere (auth_table.h). What a
 * known phone is refused for, what phones ask for as a matter of routine and what is no request for
 * a phone's file are no guesses. */
bool policy_is_guess(enum policy_reason reason);

/* True for a miss of a phone that could have had its own file in the same moment, provided that its
 * token was looked at and is right: then the reason tells no more than that file would. */
bool policy_is_routine(enum policy_reason reason);

/* "unknown_pair", …; never NULL. */
const char *policy_reason_name(enum policy_reason reason);

#endif
