/* The commands as a table; --help is printed from it. */
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

const struct ctl_command CTL_COMMANDS[] = {
    {"init", NULL, "", 0, 0, NULL, "make the master key and an empty database", ctl_init},
    {"status", NULL, "", 0, 0, NULL, "what the daemon does at this moment", ctl_status},
    {"reload", NULL, "", 0, 0, NULL,
     "read configuration, certificates and templates anew; answers when all workers use them",
     ctl_reload},
    {"config", "check", "", 0, 0, NULL, "check configuration, certificates and templates",
     ctl_config_check},
    {"config", "dump", "", 0, 0, CONFIG_DUMP, "print the effective configuration", ctl_config_dump},
    {"user", "add", "NAME", 1, 1, USER_ADD, "add a user with a folder token of its own",
     ctl_user_add},
    {"user", "list", "", 0, 0, NULL, "list users", ctl_user_list},
    {"user", "show", "NAME", 1, 1, NULL, "show one user", ctl_user_show},
    {"user", "set", "NAME", 1, 1, USER_SET, "change a user", ctl_user_set},
    {"user", "del", "NAME", 1, 1, YES, "delete a user with accounts and phones", ctl_user_del},
    {"user", "burn", "USER", 1, 1, USER_BURN,
     "give a user whose file has leaked a new token and new SIP passwords", ctl_user_burn},
    {"user", "resync", "USER", 1, 1, USER_RESYNC,
     "make the phones of a user fetch anew, and others with a line of the user", ctl_user_resync},
    {"user", "invite", "NAME", 1, 1, USER_INVITE,
     "print a link by which a user enters phones in the portal; it opens once", ctl_user_invite},
    {"account", "add", "USER SIP_USER@DOMAIN", 2, 2, ACCOUNT_ADD, "add a SIP account to a user",
     ctl_account_add},
    {"account", "list", "", 0, 0, USER_FILTER, "list SIP accounts", ctl_account_list},
    {"account", "show", "SIP_USER@DOMAIN", 1, 1, NULL, "show one SIP account", ctl_account_show},
    {"account", "set", "SIP_USER@DOMAIN", 1, 1, ACCOUNT_SET, "change a SIP account",
     ctl_account_set},
    {"account", "del", "SIP_USER@DOMAIN", 1, 1, YES, "delete a SIP account", ctl_account_del},
    {"phone", "add", "USER MAC", 2, 2, PHONE_ADD, "add a phone to a user", ctl_phone_add},
    {"phone", "list", "", 0, 0, PHONE_LIST, "list phones", ctl_phone_list},
    {"phone", "show", "MAC", 1, 1, PHONE_SHOW, "show one phone with its lines", ctl_phone_show},
    {"phone", "set", "MAC", 1, 1, PHONE_SET, "change a phone", ctl_phone_set},
    {"phone", "move", "MAC", 1, 1, PHONE_MOVE, "give a phone to another user", ctl_phone_move},
    {"phone", "enrol", "[MAC…]", 0, CTL_POSITIONALS_MAX, PHONE_ENROL,
     "open an enrolment window: flat mode, bootstrap and secrets begin anew for a phone",
     ctl_phone_enrol},
    {"phone", "resync", "MAC", 1, 1, PHONE_RESYNC, "make a phone fetch its file anew",
     ctl_phone_resync},
    {"phone", "url", "MAC", 1, 1, PHONE_URL, "print the URL to tell the phone: a secret",
     ctl_phone_url},
    {"phone", "qr", "MAC", 1, 1, PHONE_QR, "show the URL as a QR code: a secret", ctl_phone_qr},
    {"phone", "preview", "MAC [FILE]", 1, 2, PREVIEW, "print what the phone would get",
     ctl_phone_preview},
    {"phone", "diff", "MAC", 1, 1, NULL, "compare the phone's files with what it last fetched",
     ctl_phone_diff},
    {"phone", "del", "MAC", 1, 1, YES, "delete a phone", ctl_phone_del},
    {"pnp", "list", "", 0, 0, PNP_LIST, "list phones that asked by multicast", ctl_pnp_list},
    {"pnp", "show", "MAC", 1, 1, NULL, "show one of them", ctl_pnp_show},
    {"pnp", "adopt", "MAC", 1, 1, PNP_ADOPT,
     "make one of them a phone of a user, and open its enrolment window", ctl_pnp_adopt},
    {"pnp", "forget", "MAC", 1, 1, NULL, "take one of them off the list until it asks again",
     ctl_pnp_forget},
    {"resync", NULL, "", 0, 0, RESYNC, "make many phones fetch anew", ctl_resync},
    {"resync", "status", "", 0, 0, RESYNC_STATUS,
     "show which phones were told to fetch, and which have", ctl_resync_status},
    {"resync", "stop", "", 0, 0, NULL, "tell nobody any more who was not told yet",
     ctl_resync_stop},
    {"notifier", NULL, "", 0, 0, NOTIFIER,
     "tell phones to fetch through a PBX, for notifier = external; runs until it is ended",
     ctl_notifier},
    {"refusal", "list", "", 0, 0, REFUSAL_LIST, "list who was refused and why, newest first",
     ctl_refusal_list},
    {"fetch", "list", "", 0, 0, FETCH_LIST, "list what phones fetched, newest first",
     ctl_fetch_list},
    {"alarm", "list", "", 0, 0, ALARM_LIST, "list open alarms, newest first", ctl_alarm_list},
    {"alarm", "show", "ALARM", 1, 1, NULL, "show one alarm", ctl_alarm_show},
    {"alarm", "ack", "ALARM…", 1, CTL_POSITIONALS_MAX, NULL,
     "close alarms that somebody has looked at", ctl_alarm_ack},
    {"explain", NULL, "MAC|-", 1, 1, EXPLAIN,
     "say why a phone is served, or why not; - reads a URL from standard input", ctl_explain},
    {"key", "add", "MAC TYPE [VALUE]", 2, 3, KEY_ADD,
     "add a key: line, speed_dial, blf, park or dtmf", ctl_key_add},
    {"key", "list", "MAC", 1, 1, KEY_OF_USER, "list keys", ctl_key_list},
    {"key", "show", "MAC KEY", 2, 2, KEY_OF_USER, "show one key", ctl_key_show},
    {"key", "set", "MAC KEY TYPE [VALUE]", 3, 4, KEY_SET, "put a key in the place of what is there",
     ctl_key_set},
    {"key", "del", "MAC KEY", 2, 2, KEY_OF_USER, "delete a key", ctl_key_del},
    {"key", "rotate", "", 0, 0, KEY_ROTATE,
     "make a new master key; the daemon takes it up when it is restarted", ctl_key_rotate},
    {"setting", "set", "NAME [VALUE]", 1, 2, SETTING_SET, "set a setting for a scope",
     ctl_setting_set},
    {"setting", "unset", "NAME", 1, 1, SETTING_SCOPE, "take a setting back", ctl_setting_unset},
    {"setting", "list", "", 0, 0, SETTING_SCOPE, "list settings", ctl_setting_list},
    {"setting", "show", "NAME", 1, 1, SETTING_SCOPE,
     "show what a setting means and where it is set", ctl_setting_show},
    {"site", "add", "NAME", 1, 1, SITE_ADD, "add a site: a group of users", ctl_site_add},
    {"site", "list", "", 0, 0, NULL, "list sites", ctl_site_list},
    {"site", "show", "NAME", 1, 1, NULL, "show one site", ctl_site_show},
    {"site", "set", "NAME", 1, 1, SITE_SET, "change a site", ctl_site_set},
    {"site", "del", "NAME", 1, 1, YES, "delete a site", ctl_site_del},
    {"apikey", "add", "NAME", 1, 1, APIKEY_ADD,
     "make a key for programs that use the API; shown once", ctl_apikey_add},
    {"apikey", "list", "", 0, 0, NULL, "list API keys", ctl_apikey_list},
    {"apikey", "show", "NAME", 1, 1, NULL, "show one API key, but not the key itself",
     ctl_apikey_show},
    {"apikey", "del", "NAME", 1, 1, YES, "delete an API key", ctl_apikey_del},
    {"admin", "setup-token", "", 0, 0, NULL, "print the token that makes the portal's first admin",
     ctl_admin_setup_token},
    {"admin", "list", "", 0, 0, NULL, "list the portal's admins", ctl_admin_list},
    {"admin", "add", "NAME", 1, 1, ADMIN_ADD, "add an admin", ctl_admin_add},
    {"admin", "set", "NAME", 1, 1, ADMIN_SET, "change an admin", ctl_admin_set},
    {"admin", "del", "NAME", 1, 1, YES, "delete an admin", ctl_admin_del},
    {"session", "list", "", 0, 0, NULL, "list the portal's sessions", ctl_session_list},
    {"session", "end", "ID", 1, 1, NULL, "end a session", ctl_session_end},
    {"vendor", "list", "", 0, 0, NULL, "list the catalogue's vendors", ctl_vendor_list},
    {"model", "list", "", 0, 0, VENDOR_FILTER, "list the catalogue's models", ctl_model_list},
    {"model", "show", "VENDOR/MODEL", 1, 1, NULL, "show a model and the files it asks for",
     ctl_model_show},
    {"options", "show", "", 0, 0, NULL, "show the JSON custom options", ctl_options_show},
    {"options", "set", "JSON", 1, 1, NULL, "set the JSON custom options; - reads standard input",
     ctl_options_set},
    {"options", "unset", "", 0, 0, NULL, "remove the JSON custom options", ctl_options_unset},
    {"token", "rotate", "USER", 1, 1, ROTATE, "give a user a new folder token", ctl_token_rotate},
    {"token", "status", "[USER]", 0, 1, NULL,
     "list phones that are not on their user's own token yet", ctl_token_status},
    {"import", NULL, "FILE|-", 1, 1, IMPORT,
     "add users, accounts and phones from a CSV file, all or nothing", ctl_import},
    {"export", NULL, "", 0, 0, EXPORT, "print all users, accounts and phones as CSV", ctl_export},
    {"template", "list", "", 0, 0, NULL, "list templates and whose they are", ctl_template_list},
    {"template", "show", "TEMPLATE", 1, 1, NULL, "print the text of a template", ctl_template_show},
    {"template", "render", "TEMPLATE", 1, 1, RENDER, "render a template with sample data",
     ctl_template_render},
    {"template", "check", "[FILE…]", 0, CTL_POSITIONALS_MAX, TEMPLATE_CHECK,
     "check templates and render them with sample data", ctl_template_check},
    {"dhcp", "snippet", "dnsmasq|kea|isc", 1, 1, NULL,
     "print the options that tell phones of the flat folder", ctl_dhcp_snippet},
    {"completion", "bash", "", 0, 0, NULL, "print the completion script for bash",
     ctl_completion_bash},
    {"completion", "zsh", "", 0, 0, NULL, "print the completion script for zsh",
     ctl_completion_zsh},
    {"completion", "fish", "", 0, 0, NULL, "print the completion script for fish",
     ctl_completion_fish},
    {"completion", "words", "[-- WORD…]", 0, CTL_POSITIONALS_MAX, NULL,
     "print what may stand in the place of the last WORD; the scripts ask it",
     ctl_completion_words},
    {"audit", "list", "", 0, 0, AUDIT_LIST, "list what was changed and by whom, newest first",
     ctl_audit_list},
    {"audit", "verify", "", 0, 0, NULL, "prove that no audit row was changed or removed",
     ctl_audit_verify},
    {"db", "check", "", 0, 0, NULL, "check the database thoroughly", ctl_db_check},
    {"backup", NULL, "FILE", 1, 1, BACKUP, "copy the database, in use or not, and check the copy",
     ctl_backup},
    {"restore", NULL, "FILE", 1, 1, RESTORE,
     "replace the database by a backup; the daemon is stopped", ctl_restore},
    {0},
};
