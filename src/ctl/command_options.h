/* Private to command.c: the options of each command. */
#ifndef AUTOPROV_CTL_COMMAND_OPTIONS_H
#define AUTOPROV_CTL_COMMAND_OPTIONS_H

#include "ctl_private.h"

static const struct ctl_option USER_ADD[] = {
    {"display-name", "TEXT", "name as people read it"},
    {"external-id", "ID", "the PBX's own key for this user"},
    {"site", "NAME", "the site whose settings hold for the user's phones"},
    {"networks", "NETWORK,…", "where the user's phones may fetch from"},
    {"token-file", "FILE", "take an existing folder name instead of making a token"},
    {0},
};
static const struct ctl_option USER_SET[] = {
    {"display-name", "TEXT", "name as people read it"},
    {"external-id", "ID", "the PBX's own key for this user"},
    {"site", "NAME", "the site whose settings hold for the user's phones; '' for none"},
    {"networks", "NETWORK,…", "where the user's phones may fetch from; '' for everywhere"},
    {0},
};
static const struct ctl_option SITE_ADD[] = {
    {"external-id", "ID", "the PBX's own key for this site"},
    {0},
};
static const struct ctl_option SITE_SET[] = {
    {"name", "NAME", "another name"},
    {"external-id", "ID", "the PBX's own key for this site; '' for none"},
    {0},
};
#define SCOPE "global, vendor:NAME, model:VENDOR/MODEL, site:NAME, user:NAME or phone:MAC"
static const struct ctl_option SETTING_SET[] = {
    {"scope", "SCOPE", SCOPE},
    {"value-file", "FILE", "take the value from a file; - reads standard input"},
    {0},
};
static const struct ctl_option SETTING_SCOPE[] = {
    {"scope", "SCOPE", SCOPE},
    {0},
};
static const struct ctl_option KEY_ADD[] = {
    {"user", NULL, "MAC is the name of a user: the key is on all of the user's phones"},
    {"label", "TEXT", "what the phone shows beside it"},
    {"line", "N", "number of the line that it uses; default: 1"},
    {"position", "N", "number of the key; default: the first free one"},
    {0},
};
static const struct ctl_option KEY_SET[] = {
    {"user", NULL, "MAC is the name of a user: the key is on all of the user's phones"},
    {"label", "TEXT", "what the phone shows beside it"},
    {"line", "N", "number of the line that it uses; default: 1"},
    {0},
};
static const struct ctl_option KEY_OF_USER[] = {
    {"user", NULL, "MAC is the name of a user"},
    {0},
};
static const struct ctl_option VENDOR_FILTER[] = {
    {"vendor", "NAME", "only this vendor's"},
    {0},
};
static const struct ctl_option PHONE_LIST[] = {
    {"user", "NAME", "only this user's"},
    {"vendor", "NAME", "only this vendor's"},
    {"model", "NAME", "only of this model"},
    {"site", "NAME", "only of users of this site"},
    {"search", "TEXT", "only those with this in label, user, vendor, model or MAC"},
    {"state", "never_fetched|fetched|disabled", "only those in this state"},
    {"sort", "mac|user|model|last_fetch", "in this order; default: mac"},
    {"order", "asc|desc", "up or down"},
    {"never-fetched", NULL, "only those that never fetched"},
    {"stale", NULL, "only those whose file has changed since they fetched it"},
    {0},
};
static const struct ctl_option REFUSAL_LIST[] = {
    {"phone", "MAC", "only this phone's"},
    {"reason", "REASON", "only for this reason: unknown_pair, disabled, … (docs/operations.md)"},
    {"from", "ADDRESS", "only from this address or network, as in 192.0.2.0/24"},
    {"since", "DURATION", "only of the time since then, as in 30m, 24h, 7d"},
    {"limit", "N", "at most so many, the newest; default: 100"},
    {0},
};
static const struct ctl_option ALARM_LIST[] = {
    {"all", NULL, "closed ones too"},
    {0},
};
static const struct ctl_option FETCH_LIST[] = {
    {"phone", "MAC", "only this phone's"},
    {"from", "ADDRESS", "only from this address or network, as in 192.0.2.0/24"},
    {"since", "DURATION", "only of the time since then, as in 30m, 24h, 7d"},
    {"limit", "N", "at most so many, the newest; default: 100"},
    {0},
};
static const struct ctl_option PHONE_SHOW[] = {
    {"effective", NULL, "also every setting that holds for it, and where it comes from"},
    {0},
};
static const struct ctl_option PREVIEW[] = {
    {"secrets", NULL, "show passwords and the token instead of ********; audited"},
    {0},
};
static const struct ctl_option EXPLAIN[] = {
    {"from", "ADDRESS",
     "as if asked from there; default: 127.0.0.1, with --pnp where it asked last"},
    {"pnp", NULL, "as if it asked by multicast for its URL"},
    {"agent", "TEXT", "as if the phone had this User-Agent"},
    {"file", "NAME", "as if it asked for this file; default: its own"},
    {"listener", "NAME", "as if it asked there; default: the URL's, or the first for phones"},
    {"credentials", "none|right|wrong", "as if it said such HTTP credentials; default: none"},
    {"certificate", "CN", "as if its vendor's authority had signed one with this common name"},
    {0},
};
static const struct ctl_option APIKEY_ADD[] = {
    {"role", "ROLE", "viewer, operator or admin; default: viewer"},
    {"site", "NAME", "for this site's users, phones and settings alone"},
    {"networks", "NETWORK,…", "where it may be used from; default: everywhere"},
    {0},
};
static const struct ctl_option ADMIN_ADD[] = {
    {"role", "ROLE", "viewer, operator or admin; default: viewer"},
    {"password-file", "FILE", "the password (required); - reads standard input"},
    {0},
};
static const struct ctl_option ADMIN_SET[] = {
    {"role", "ROLE", "viewer, operator or admin"},
    {"password-file", "FILE", "a new password; - reads standard input"},
    {"enabled", "yes|no", "may sign in"},
    {0},
};
static const struct ctl_option USER_INVITE[] = {
    {"for", "DURATION", "how long the link may be followed, 1m to 7d; default: 7d"},
    {0},
};
static const struct ctl_option YES[] = {
    {"yes", NULL, "do not ask"},
    {0},
};
static const struct ctl_option USER_FILTER[] = {
    {"user", "NAME", "only this user's"},
    {0},
};
#define ACCOUNT_OPTIONS                                                                            \
    {"auth-user", "USER", "authentication user, if not the same as the SIP user"},                 \
        {"display-name", "TEXT", "shown to the other side of a call"},                             \
        {"registrar", "HOST", "registrar, if not the domain itself"},                              \
        {"port", "PORT", "registrar's port, if not the transport's default; 0 unsets"},            \
        {"transport", "udp|tcp|tls", "default: udp"},                                              \
        {"outbound-proxy", "HOST[:PORT]", "send everything there"},                                \
        {"expires", "SECONDS", "registration time, 60 to 86400; default: 3600"},                   \
    {                                                                                              \
        "external-id", "ID", "the PBX's own key for this account"                                  \
    }
static const struct ctl_option ACCOUNT_ADD[] = {
    {"password-file", "FILE", "SIP password (required); - reads standard input"},
    ACCOUNT_OPTIONS,
    {0},
};
static const struct ctl_option ACCOUNT_SET[] = {
    {"password-file", "FILE", "new SIP password; - reads standard input"},
    ACCOUNT_OPTIONS,
    {0},
};
static const struct ctl_option PHONE_ADD[] = {
    {"vendor", "NAME", "default: the model's, or a guess from the MAC, or generic"},
    {"model", "NAME", "as in 'autoprovctl model list'"},
    {"label", "TEXT", "for people: where it stands"},
    {"external-id", "ID", "the PBX's own key for this phone"},
    {"sip-contact", "URI", "where it listens, as in sip:1001@192.0.2.7:5060; '' for not known"},
    {"lines", "ACCOUNT,…", "accounts of lines 1, 2, …; default: all of the user's"},
    {"flat", "full|bootstrap|off", "what flat mode gives it; '' for the configuration's"},
    {"secrets", "always|once|first_network", "when its file holds secrets; '' as configured"},
    {"networks", "NETWORK,…", "where it may fetch from; '' for everywhere"},
    {"auth-required", "yes|no", "serve it only where a listener asks for its HTTP password"},
    {"auth-user", "USER", "its user name in HTTP; '' for its MAC"},
    {"auth-password-file", "FILE", "its password in HTTP; - reads standard input"},
    {"auth-password-make", NULL, "make that password, and print it this once"},
    {"disabled", NULL, "do not serve it before phone set --enable"},
    {0},
};
static const struct ctl_option PHONE_MOVE[] = {
    {"user", "NAME", "to this user"},
    {"lines", "ACCOUNT,…", "accounts of lines 1, 2, …; default: all of the user's"},
    {0},
};
static const struct ctl_option PHONE_SET[] = {
    {"vendor", "NAME", "as in 'autoprovctl vendor list'"},
    {"model", "NAME", "as in 'autoprovctl model list'"},
    {"label", "TEXT", "for people: where it stands"},
    {"external-id", "ID", "the PBX's own key for this phone"},
    {"sip-contact", "URI", "where it listens, as in sip:1001@192.0.2.7:5060; '' for not known"},
    {"lines", "ACCOUNT,…", "accounts of lines 1, 2, …, in place of those it has"},
    {"flat", "full|bootstrap|off", "what flat mode gives it; '' for the configuration's"},
    {"secrets", "always|once|first_network", "when its file holds secrets; '' as configured"},
    {"networks", "NETWORK,…", "where it may fetch from; '' for everywhere"},
    {"auth-required", "yes|no", "serve it only where a listener asks for its HTTP password"},
    {"auth-user", "USER", "its user name in HTTP; '' for its MAC"},
    {"auth-password-file", "FILE", "its password in HTTP; - reads standard input"},
    {"auth-password-make", NULL, "make that password, and print it this once"},
    {"auth-password-del", NULL, "take its password away"},
    {"enable", NULL, "serve it"},
    {"disable", NULL, "do not serve it"},
    {0},
};
static const struct ctl_option PHONE_RESYNC[] = {
    {"reboot", NULL, "let it restart"},
    {"url", NULL, "tell it its URL, for a phone that has none or another one"},
    {0},
};
static const struct ctl_option USER_RESYNC[] = {
    {"reboot", NULL, "let them restart"},
    {"wait", NULL, "until all have answered; on a terminal it is so anyway"},
    {0},
};
static const struct ctl_option RESYNC[] = {
    {"stale", NULL, "phones whose file has changed since they fetched it"},
    {"all", NULL, "all phones"},
    {"rate", "N", "phones in a second, 1 to 500; default: resync_rate of the configuration"},
    {"reboot", NULL, "let them restart"},
    {"wait", NULL, "until all have answered; on a terminal it is so anyway"},
    {0},
};
static const struct ctl_option RESYNC_STATUS[] = {
    {"outcome", "OUTCOME", "only phones whose last one ended so: waiting, accepted, refused, …"},
    {"user", "NAME", "only this user's phones"},
    {0},
};
static const struct ctl_option NOTIFIER[] = {
    {"exec", "COMMAND", "what tells a phone; {mac}, {user}, {sip_user}, … are put in"},
    {0},
};
static const struct ctl_option PHONE_ENROL[] = {
    {"for", "DURATION", "how long the window is open, 1m to 24h; default: 15m"},
    {"user", "NAME", "all phones of this user"},
    {"file", "FILE",
     "MACs of a file: one in a line, or the column mac of a CSV; - reads standard input"},
    {"close", NULL, "close the windows instead"},
    {0},
};
static const struct ctl_option PNP_LIST[] = {
    {"unknown", NULL, "only those that are no phone of a user yet"},
    {0},
};
static const struct ctl_option PNP_ADOPT[] = {
    {"user", "NAME", "whose phone it becomes (required)"},
    {"vendor", "NAME", "default: as it was discovered"},
    {"model", "NAME", "default: as it was discovered"},
    {"label", "TEXT", "for people: where it stands"},
    {"lines", "ACCOUNT,…", "accounts of lines 1, 2, …; default: all of the user's"},
    {"for", "DURATION", "how long its enrolment window is open, 1m to 24h; default: 15m"},
    {0},
};
static const struct ctl_option PHONE_URL[] = {
    {"base", NULL, "the folder URL alone, for phones that append their file name"},
    {"phone", NULL, "what is to be typed into the phone, in its vendor's form"},
    {0},
};
static const struct ctl_option PHONE_QR[] = {
    {"base", NULL, "the folder URL alone"},
    {"phone", NULL, "the URL in the vendor's form"},
    {"svg", NULL, "as an SVG image instead of text for the terminal"},
    {0},
};
static const struct ctl_option ROTATE[] = {
    {"grace", "DURATION",
     "how long the old token serves phones that were not seen on the new "
     "one, as in 30m, 24h, 7d; 0s: not at all; default: 24h"},
    {0},
};
static const struct ctl_option CONFIG_DUMP[] = {
    {"changed", NULL, "only what differs from the default"},
    {0},
};
static const struct ctl_option RENDER[] = {
    {"vendor", "NAME", "for a phone of this vendor; default: the first that uses it"},
    {"model", "NAME", "for a phone of this model"},
    {0},
};
static const struct ctl_option IMPORT[] = {
    {"dry-run", NULL, "tell what would change, and every row at fault; change nothing"},
    {"update", NULL, "also change what is there: by external id, else by name or MAC"},
    {0},
};
static const struct ctl_option EXPORT[] = {
    {"secrets", NULL, "also tokens and SIP passwords; audited"},
    {0},
};
static const struct ctl_option TEMPLATE_CHECK[] = {
    {"all", NULL, "every template of the configuration"},
    {0},
};
static const struct ctl_option USER_BURN[] = {
    {"passwords-file", "FILE",
     "JSON object of SIP_USER@DOMAIN and password; - reads standard input; default: they are made "
     "and shown once"},
    {"hard", NULL, "the old token ends now, for the user's own phones too"},
    {"yes", NULL, "do not ask"},
    {0},
};
static const struct ctl_option KEY_ROTATE[] = {
    {"finish", NULL, "put the new key in the place of the old one, once nothing needs that"},
    {0},
};
static const struct ctl_option BACKUP[] = {
    {"replace", NULL, "a FILE that is there already"},
    {0},
};
static const struct ctl_option RESTORE[] = {
    {"keep-options", NULL, "keep the backup's custom options, flat mode too"},
    {"yes", NULL, "do not ask"},
    {0},
};
static const struct ctl_option AUDIT_LIST[] = {
    {"limit", "N", "at most so many rows, 1 to 1000; default: 100"},
    {"before", "ROW", "only rows before this one"},
    {0},
};

#endif
