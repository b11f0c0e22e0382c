/* What an admin does next, by the reason of a refusal. */
#include "api_explain.h"
#include "autoprov/array.h"
#include "autoprov/policy.h"

static const struct {
    enum policy_reason reason;
    const char *next;
} NEXT[] = {
    {POLICY_SERVE,
     "nothing is in the way: make the phone fetch again (autoprovctl phone resync MAC), and "
     "look at 'autoprovctl phone diff MAC' afterwards"},
    {POLICY_UNKNOWN_PATH, "tell the phone the URL that 'autoprovctl phone url MAC' prints: it must "
                          "begin with the configured provision_prefix"},
    {POLICY_BAD_TOKEN, "the folder in the URL is no token: tell the phone the URL that "
                       "'autoprovctl phone url MAC' prints"},
    {POLICY_UNKNOWN_FILE, "this name is none of the phone's files: compare vendor and model of "
                          "'autoprovctl phone show MAC' with the phone; 'autoprovctl model show' "
                          "lists the names"},
    {POLICY_UNKNOWN_PAIR, "no user has this token together with this MAC: compare the phone's URL "
                          "with 'autoprovctl phone url MAC', and its MAC with 'autoprovctl phone "
                          "list'"},
    {POLICY_UNKNOWN_MAC, "add the phone: autoprovctl phone add USER MAC"},
    {POLICY_FLAT_OFF, "the URL has no token and flat mode is off: tell the phone its own URL, or "
                      "switch flat mode on (docs/configuration.md)"},
    {POLICY_ADDRESS_NOT_ALLOWED,
     "the source is outside the networks of the listener, the phone, its user, or "
     "in flat mode of flat_networks; "
     "behind a proxy it is in none"},
    {POLICY_FLAT_PAUSED,
     "flat mode pauses after too many unknown MACs: 'autoprovctl alarm list' says "
     "since when; it goes on by itself, token URLs are not concerned"},
    {POLICY_FLAT_CLOSED, "flat mode is closed to this phone: give it its token URL, or open it: "
                         "autoprovctl phone set MAC --flat full"},
    {POLICY_FLAT_MOVED,
     "the phone has its token URL and is served there; after a factory reset open "
     "flat mode anew: autoprovctl phone enrol MAC"},
    {POLICY_WINDOW_CLOSED, "open an enrolment window: autoprovctl phone enrol MAC"},
    {POLICY_NO_BOOTSTRAP, "phones of this vendor have no bootstrap file: serve them whole with "
                          "'autoprovctl phone set MAC --flat full', or tell them their token URL"},
    {POLICY_BOOTSTRAP_USED,
     "its bootstrap URL was used: make the phone fetch its token URL, or begin "
     "anew: autoprovctl phone enrol MAC"},
    {POLICY_OTHER_NETWORK,
     "a bootstrap URL holds in the network that it was handed to; begin anew: "
     "autoprovctl phone enrol MAC"},
    {POLICY_AGENT_CONTRADICTS, "the User-Agent names another phone: look which one it is, or set "
                               "agent_check = warn"},
    {POLICY_PLAIN_HTTP,
     "a listener without TLS serves flat mode alone: tell the phone the URL of one "
     "with TLS, or the folder without a token"},
    {POLICY_DISABLED, "switch the phone on: autoprovctl phone set MAC --enable"},
    {POLICY_RENDER_FAILED, "mend what the last step says"},
    {POLICY_PROBE, "this miss is expected: the phone asks for its own file next"},
    {POLICY_BURNT,
     "the token was burnt: tell the phone its new URL (autoprovctl phone url MAC); for "
     "15 minutes the old one answers once, where the phone fetched last"},
    {POLICY_CERTIFICATE_MISMATCH,
     "all else is right: the phone must show its own factory certificate, by an authority of its "
     "vendor in client_ca_files; see client_certificates in docs/configuration.md"},
    {POLICY_CREDENTIALS_MISSING,
     "this listener asks for HTTP credentials: set the phone's user name and password on it; see "
     "auth in docs/configuration.md. Give --credentials right to see what follows"},
    {POLICY_CREDENTIALS_WRONG,
     "user name or password are not this phone's, or it has none: autoprovctl phone set MAC "
     "--auth-password-make"},
    {POLICY_AUTH_REQUIRED, "the phone is served only where a listener asks for its HTTP password: "
                           "tell it the URL of such "
                           "a listener, or 'autoprovctl phone set MAC --auth-required no'"},
    {POLICY_PNP_OFF, "nobody listens for questions by multicast: set pnp and pnp_interfaces in the "
                     "configuration, and restart the daemon"},
    {POLICY_PNP_DISCOVER,
     "phones that ask by multicast are listed only ('autoprovctl pnp list'): set "
     "pnp = provision to answer those that are entered"},
    {POLICY_PNP_UNKNOWN, "enter the phone: autoprovctl pnp adopt MAC --user USER"},
    {POLICY_PNP_ADDRESS, "the source is neither a private address nor in flat_networks, or outside "
                         "the networks of the phone or its user"},
    {POLICY_FLAT_ONLY, "phones of this vendor cannot be given a token URL: they are served in flat "
                       "mode only (docs/vendors.md)"},
};

const char *api_explain_next(enum policy_reason reason)
{
    for (size_t i = 0; i < AP_COUNT(NEXT); i++) {
        if (NEXT[i].reason == reason)
            return NEXT[i].next;
    }
    return "";
}

int api_explain_answer(struct api_call *call, enum policy_reason reason, const char *next,
                       json_t *steps)
{
    return api_result(call, 200,
                      json_pack("{s:b, s:s, s:s, s:o}", "served", (int)(reason == POLICY_SERVE),
                                "reason", policy_reason_name(reason), "next", next, "steps",
                                steps));
}
