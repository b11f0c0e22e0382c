/* Why a phone gets its file, or why not: the way of a fetch, walked without serving. Writes nothing
 * and counts nothing; a token that was asked with is shown by its log form alone. */
#include <string.h>

#include "api_explain.h"
#include "autoprov/address.h"
#include "autoprov/array.h"
#include "autoprov/secret.h"
#include "provision_find.h"

struct walk {
    struct api_call *call;
    struct store_db *db;
    json_t *steps;
    const struct config_listener *listener; /* that would be asked */
    const char *path;                       /* a secret, unless flat */
    struct address source;
    bool source_given;
    const char *agent;       /* NULL: not given */
    const char *common_name; /* of a certificate; NULL: not given */
    struct http_certificate certificate;
    const char *credentials; /* NULL: not given */
    struct provision_credentials assumed;
    struct provision_finding found;
    enum policy_reason reason;
    bool can_be_told;
    int err; /* the first failure to write a step */
};

static void step(struct walk *walk, const char *name, bool ok, const char *detail)
{
    json_t *item =
        detail ? json_pack("{s:s, s:b, s:s}", "step", name, "ok", (int)ok, "detail", detail) : NULL;

    if (json_array_append_new(walk->steps, item) != 0)
        walk->err = AP_ENOMEM;
}

/* -- the question ------------------------------------------------------------------------------ */

/* "https://host/path?query" or "/path": the path alone. */
static const char *path_of_url(struct api_call *call, const char *url)
{
    const char *scheme = strstr(url, "://");
    const char *path = scheme ? strchr(scheme + 3, '/') : url;
    struct gate_result *gate = arena_alloc(&call->arena, sizeof(*gate));
    const char *head =
        path && *path == '/' ? api_text(call, "GET %s HTTP/1.1\r\n\r\n", path) : NULL;

    /* What the gate makes of it is what the server looks at. */
    if (!gate || !head || gate_read(GATE_PHONE, head, strlen(head), gate) != GATE_ACCEPT)
        return NULL;
    return gate->path; /* in the arena */
}

/* The URL that the phone was told, from what the store has. */
static int path_of_mac(struct walk *walk, const char *mac_text, const char *file)
{
    struct api_call *call = walk->call;
    struct store_phone phone;
    struct rendering_job job;
    struct token token = {.len = 0};
    const char *name = file;
    uint8_t mac[AP_MAC_LEN];
    char shown[API_SHOWN_MAX];
    int err = api_parse_mac(call, mac_text, "/mac", mac);

    if (!err)
        err = store_phone_by_mac(walk->db, &call->arena, mac, &phone);
    if (err == AP_ENOENT)
        return api_problem(call, err, "/mac",
                           "there is no phone '%s': add it with 'autoprovctl phone add USER MAC'",
                           api_shown(mac_text, shown));
    if (!err)
        err = api_phone_job(call, walk->db, &call->arena, &phone, &token, &job);
    if (!err && !name)
        err = api_phone_file_name(call, &job, &name);
    if (!err) {
        const char *prefix = call->snapshot->config->provision_prefix;
        walk->path = job.vendor->flat_only ? api_text(call, "%s/%s", prefix, name)
                                           : api_text(call, "%s/%s/%s", prefix, token.text, name);
        err = walk->path ? 0 : AP_ENOMEM;
    }
    secret_wipe(&token, sizeof(token));
    return err;
}

/* The one that was named, that whose URL begins the one asked with, or the first for phones. */
static int find_listener(struct walk *walk, const char *name, const char *url)
{
    const struct config *config = walk->call->snapshot->config;
    char shown[API_SHOWN_MAX];

    walk->listener = config_phone_listener(config);
    for (size_t i = 0; i < config->listener_count; i++) {
        const struct config_listener *listener = &config->listeners[i];
        if (listener->serves != CONFIG_SERVES_PHONES || !listener->public_url)
            continue;
        size_t len = strlen(listener->public_url);
        if (name ? strcmp(listener->name, name) == 0
                 : url && strncmp(url, listener->public_url, len) == 0 && url[len] == '/') {
            walk->listener = listener;
            return 0;
        }
    }
    return name ? api_problem(walk->call, AP_EINVAL, "/listener",
                              "there is no listener '%s' for phones", api_shown(name, shown))
                : 0;
}

static int read_question(struct walk *walk)
{
    struct api_call *call = walk->call;
    const char *mac = NULL, *url = NULL, *file = NULL, *from = NULL, *listener = NULL;
    bool pnp = false; /* true: api_explain_pnp() */
    const struct api_field fields[] = {
        {.name = "mac", .type = API_FIELD_RAW, .target = &mac},
        {.name = "url", .type = API_FIELD_RAW, .target = &url},
        {.name = "file", .type = API_FIELD_RAW, .target = &file},
        {.name = "from", .type = API_FIELD_RAW, .target = &from},
        {.name = "listener", .type = API_FIELD_RAW, .target = &listener},
        {.name = "certificate", .type = API_FIELD_RAW, .target = &walk->common_name},
        {.name = "agent", .type = API_FIELD_RAW, .target = &walk->agent},
        {.name = "credentials", .type = API_FIELD_RAW, .target = &walk->credentials},
        {.name = "pnp", .type = API_FIELD_BOOL, .target = &pnp},
    };
    int err = api_read_fields(call, fields, AP_COUNT(fields));

    if (err)
        return err;
    if ((mac != NULL) == (url != NULL))
        return api_problem(call, AP_EINVAL, NULL, "give either mac or url");
    if (url && file)
        return api_problem(call, AP_EINVAL, "/file", "a url names its file itself");
    if (walk->credentials && strcmp(walk->credentials, "none") != 0 &&
        strcmp(walk->credentials, "right") != 0 && strcmp(walk->credentials, "wrong") != 0)
        return api_problem(call, AP_EINVAL, "/credentials", "credentials: none, right or wrong");
    walk->source_given = from != NULL;
    if (address_parse(from ? from : "127.0.0.1", &walk->source) != 0)
        return api_problem(call, AP_EINVAL, "/from", "from must be an IPv4 or IPv6 address");
    err = find_listener(walk, listener, url);
    if (err)
        return err;
    if (mac)
        return path_of_mac(walk, mac, file);
    walk->path = path_of_url(call, url);
    return walk->path ? 0
                      : api_problem(call, AP_EINVAL, "/url",
                                    "url must be https://HOST/PATH, or a path that begins with /, "
                                    "as a request may have it");
}

/* -- the steps --------------------------------------------------------------------------------- */

static void step_route(struct walk *walk)
{
    const struct provision_finding *found = &walk->found;
    char tag[VAULT_TOKEN_TAG_TEXT_MAX];

    if (walk->reason == POLICY_CREDENTIALS_MISSING)
        step(walk, "route", true, "not looked at without credentials");
    else if (!found->path_known)
        step(walk, "route", false,
             walk->reason == POLICY_BAD_TOKEN ? "the folder is no token"
                                              : "not below the provision_prefix");
    else if (found->path.flat)
        step(walk, "route", true, "flat: no token in the URL");
    else if (vault_token_tag(store_vault(walk->db), &found->path.token, tag) == 0)
        step(walk, "route", true, api_text(walk->call, "folder %s", tag));
    else
        walk->err = AP_ECRYPTO;
}

static void step_name(struct walk *walk)
{
    const struct provision_finding *found = &walk->found;
    char mac[AP_MAC_TEXT_MAX];

    if (!found->path_known)
        return;
    if (!found->name_known) {
        step(walk, "file name", false, "no vendor's phones ask for this name");
    } else if (!found->match.has_mac) {
        step(walk, "file name", true, "of no phone in particular");
    } else {
        mac_format(found->match.mac, MAC_FORM_LOWER_COLON, mac);
        step(walk, "file name", true, api_text(walk->call, "MAC %s", mac));
    }
}

static void step_phone(struct walk *walk)
{
    const struct provision_finding *found = &walk->found;
    const struct store_phone *phone = &found->phone;

    if (!found->name_known)
        return;
    if (found->phone_known)
        step(walk, "phone", true,
             api_text(walk->call, "%s %s of user %s, %s%s", phone->vendor, phone->model,
                      phone->user_name, phone->enabled ? "enabled" : "disabled",
                      found->token_kind == STORE_TOKEN_PREVIOUS ? ", by the previous token"
                      : found->token_kind == STORE_TOKEN_BURNT  ? ", by a burnt token"
                                                                : ""));
    else if (found->match.has_mac)
        step(walk, "phone", false,
             found->path.flat ? "no phone has this MAC, or flat mode refused before"
                              : "no user has this token and a phone of this MAC");
    else
        step(walk, "token", found->token_known || found->path.flat,
             found->path.flat     ? "none is needed for a common file of flat mode"
             : found->token_known ? "it is a user's"
                                  : "no user has this token");
}

static void step_file(struct walk *walk)
{
    const struct provision_finding *found = &walk->found;

    if (!found->phone_known && !found->token_known)
        return;
    if (found->phone_known && !found->vendor)
        step(walk, "file", false,
             api_text(walk->call, "vendor '%s' is not in the catalogue any more",
                      found->phone.vendor));
    else if (!found->file)
        step(walk, "file", false, "not a file of phones of this vendor and model");
    else
        step(walk, "file", found->file_kind == POLICY_FILE_SERVED,
             api_text(walk->call, "'%s', role %s, %s%s", found->file->name,
                      catalogue_role_name(found->file->role),
                      found->file->template_name ? "template " : "never served",
                      found->file->template_name ? found->file->template_name : ""));
}

static void step_agent(struct walk *walk)
{
    const struct provision_finding *found = &walk->found;
    uint8_t mac[AP_MAC_LEN];

    if (!walk->agent || !found->phone_known || !found->vendor)
        return;
    if (catalogue_agent_mac(found->vendor, walk->agent, mac) != 0)
        step(walk, "agent", true, "tells no MAC");
    else if (memcmp(mac, found->phone.mac, sizeof(mac)) == 0)
        step(walk, "agent", true, "tells the same MAC");
    else
        step(walk, "agent", false, "tells another MAC: somebody else's phone, or a changed one");
}

static void step_certificate(struct walk *walk)
{
    const struct provision_finding *found = &walk->found;
    bool required = walk->listener->client_certificates == CONFIG_CERTIFICATES_REQUIRED;

    if (walk->listener->client_certificates == CONFIG_CERTIFICATES_OFF || !found->name_known)
        return;
    if (!walk->common_name)
        step(walk, "certificate", !required,
             required ? "none is told; this listener wants the phone's own"
                      : "none is told, and none is needed");
    else if (found->certificate_proves_mac)
        step(walk, "certificate", true, "it is this phone's, or of a common file's vendor");
    else if (found->certificate_names_phone)
        step(walk, "certificate", false, "it is another phone's");
    else
        step(walk, "certificate", !required,
             "it names no phone in the form of a vendor in client_ca_files");
}

static void step_credentials(struct walk *walk)
{
    const struct provision_finding *found = &walk->found;

    if (walk->listener->auth == CONFIG_AUTH_NONE)
        return;
    if (found->auth == POLICY_AUTH_RIGHT)
        step(walk, "credentials", true, "as if they were right");
    else if (found->reason == POLICY_CREDENTIALS_MISSING)
        step(walk, "credentials", false, "none are told; this listener asks for them");
    else if (found->phone_known && !found->phone.access.auth.password)
        step(walk, "credentials", false, "the phone has none");
    else
        step(walk, "credentials", false, "as if they were wrong, or whose they are is not known");
}

/* No reason of its own: it is when a miss is told that changes. */
static void step_throttle(struct walk *walk)
{
    const struct api_daemon *daemon = &walk->call->api->daemon;

    if (!walk->source_given || walk->call->snapshot->config->throttle == CONFIG_NO)
        return;
    if (daemon->is_throttled(daemon->data, &walk->source))
        step(walk, "throttle", walk->reason == POLICY_SERVE,
             "this source has guessed: its misses come late now; a right pair is served at once");
    else
        step(walk, "throttle", true, "this source is not throttled");
}

/* How it can be told to fetch anew; no part of a fetch, so no reason either. */
static void step_resync(struct walk *walk)
{
    const char *detail = NULL;

    if (!walk->found.phone_known || !walk->found.vendor)
        return;
    int err = api_explain_resync(walk->call, walk->db, &walk->found, &walk->can_be_told, &detail);
    if (err)
        walk->err = err;
    else
        step(walk, "resync", walk->can_be_told, detail);
}

/* NULL: none are told. */
static const struct provision_credentials *credentials_of(struct walk *walk)
{
    if (!walk->credentials || strcmp(walk->credentials, "none") == 0)
        return NULL;
    walk->assumed.kind =
        strcmp(walk->credentials, "right") == 0 ? PROVISION_ASSUMED_RIGHT : PROVISION_ASSUMED_WRONG;
    return &walk->assumed;
}

/* As if an authority of every vendor had signed it. */
static const struct http_certificate *certificate_of(struct walk *walk)
{
    struct http_certificate *certificate = &walk->certificate;

    if (!walk->common_name)
        return NULL;
    certificate->authorities = UINT32_MAX;
    if (strlen(walk->common_name) < sizeof(certificate->common_name))
        memcpy(certificate->common_name, walk->common_name, strlen(walk->common_name) + 1);
    return certificate;
}

/* Only what is served is rendered, and thrown away. */
static int step_render(struct walk *walk, const struct provision_question *question)
{
    const struct snapshot *snapshot = walk->call->snapshot;
    struct rendering_job job;
    struct token token = {.len = 0};
    struct ap_error error = {{0}};
    struct buf body;
    int err = provision_job(question, &walk->found, &token, &job);

    buf_init_secret(&body, AP_BODY_MAX_BYTES);
    if (!err) {
        job.bootstrap = walk->found.part == POLICY_PART_BOOTSTRAP;
        job.public_url = walk->listener->public_url;
        err = rendering_render(snapshot->rendering, &job, &walk->call->arena, &body, &error);
    }
    if (!err) {
        step(walk, "render", true,
             api_text(walk->call, "%zu bytes%s", body.len,
                      walk->found.part == POLICY_PART_BOOTSTRAP         ? ", the bootstrap file"
                      : walk->found.part == POLICY_PART_WITHOUT_SECRETS ? ", without secrets"
                                                                        : ""));
    } else if (error.text[0] && err != AP_ENOMEM) {
        step(walk, "render", false, error.text);
        walk->reason = POLICY_RENDER_FAILED;
        err = 0;
    }
    buf_done(&body);
    secret_wipe(&token, sizeof(token));
    return err;
}

static int walk_all(struct walk *walk)
{
    const struct provision_question question = {
        .snapshot = walk->call->snapshot,
        .listener = walk->listener,
        .reader = walk->db,
        .arena = &walk->call->arena,
        .path = walk->path,
        .path_len = strlen(walk->path),
        .source = &walk->source,
        .user_agent = walk->agent,
        .certificate = certificate_of(walk),
        .credentials = credentials_of(walk),
    };
    int err = provision_find(&question, &walk->found);

    if (err)
        return err;
    walk->reason = walk->found.reason;
    step_route(walk);
    step_name(walk);
    step_phone(walk);
    step_file(walk);
    step_agent(walk);
    step_certificate(walk);
    step_credentials(walk);
    step_throttle(walk);
    step(walk, "policy", walk->reason == POLICY_SERVE, policy_reason_name(walk->reason));
    if (walk->reason == POLICY_SERVE)
        err = step_render(walk, &question);
    step_resync(walk);
    return err ? err : walk->err;
}

int api_explain(struct api_call *call, struct store_db *db)
{
    if (json_is_true(json_object_get(call->body, "pnp")))
        return api_explain_pnp(call, db);
    struct walk walk = {.call = call, .db = db, .steps = json_array()};
    int err = read_question(&walk);

    if (!err)
        err = walk_all(&walk);
    secret_wipe(&walk.found.path.token, sizeof(walk.found.path.token));
    if (err) {
        json_decref(walk.steps);
        return err;
    }
    return api_explain_answer(
        call, walk.reason,
        walk.reason == POLICY_SERVE && !walk.can_be_told
            ? "nothing is in the way: make the phone fetch again at the phone itself, as by a "
              "restart, and look at 'autoprovctl phone diff MAC' afterwards"
            : api_explain_next(walk.reason),
        walk.steps);
}
