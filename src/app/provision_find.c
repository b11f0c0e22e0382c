/* From a request to its file. Knows neither connections nor answers; writes nothing. */
#include "provision_find.h"

#include <string.h>

/* Of a common file at most one vendor serves it (the catalogue refuses more). By a token it is one
 * of the vendors of the user's phones; in flat mode first contact needs the file. */
static void settle_common(struct provision_finding *finding, const char *const *vendors,
                          size_t count)
{
    finding->file_kind = POLICY_FILE_FOREIGN;
    for (size_t i = 0; i < finding->match.count; i++) {
        const struct catalogue_claim *claim = &finding->match.claims[i];
        bool wanted = finding->path.flat && claim->file->flat;
        for (size_t j = 0; j < count && !wanted; j++)
            wanted = strcmp(vendors[j], claim->vendor->name) == 0;
        if (!wanted)
            continue;
        finding->vendor = claim->vendor;
        finding->model = claim->model;
        finding->file = claim->file;
        finding->file_kind = POLICY_FILE_PROBED;
        if (claim->file->template_name) {
            finding->file_kind = POLICY_FILE_SERVED;
            return;
        }
    }
}

/* The model decides which names are its own. */
static void settle_phone(const struct catalogue *catalogue, struct provision_finding *finding)
{
    const struct store_phone *phone = &finding->phone;

    finding->file_kind = POLICY_FILE_FOREIGN;
    finding->vendor = catalogue_vendor(catalogue, phone->vendor);
    if (!finding->vendor)
        return;
    finding->model = catalogue_model(finding->vendor, phone->model);
    finding->file = catalogue_match_of(&finding->match, phone->vendor, phone->model);
    if (finding->file)
        finding->file_kind = finding->file->template_name ? POLICY_FILE_SERVED : POLICY_FILE_PROBED;
}

static int look_up(const struct provision_question *question, struct provision_finding *finding)
{
    const char *const *vendors = NULL;
    size_t count = 0;
    bool flat = finding->path.flat;
    bool has_mac = finding->match.has_mac;
    int err = 0;

    if (has_mac && flat)
        err = store_phone_by_mac(question->reader, question->arena, finding->match.mac,
                                 &finding->phone);
    else if (has_mac)
        err = store_phone_by_pair(question->reader, question->arena, &finding->path.token,
                                  finding->match.mac, &finding->phone, &finding->token_kind);
    else if (!flat)
        err = store_user_by_token(question->reader, question->arena, &finding->path.token,
                                  &finding->user_id, &vendors, &count);
    if (err && err != AP_ENOENT)
        return err;
    finding->phone_known = has_mac && err == 0;
    finding->token_known = !has_mac && !flat && err == 0;
    if (finding->phone_known)
        settle_phone(question->snapshot->rendering->catalogue, finding);
    else if (finding->token_known)
        settle_common(finding, vendors, count);
    else if (!has_mac && flat)
        settle_common(finding, NULL, 0);
    return 0;
}

static enum policy_reason read_path(const struct provision_question *question,
                                    struct provision_finding *finding)
{
    const struct snapshot *snapshot = question->snapshot;
    enum policy_reason reason = provision_path_parse(
        snapshot->config->provision_prefix, question->path, question->path_len, &finding->path);

    if (reason != POLICY_SERVE)
        return reason;
    finding->path_known = true;
    finding->name_known = catalogue_match(snapshot->rendering->catalogue, finding->path.file,
                                          finding->path.file_len, &finding->match);
    return finding->name_known ? POLICY_SERVE : POLICY_UNKNOWN_FILE;
}

/* In the order of their enums; the default is the configuration's. */
static enum store_flat flat_of(const struct config *config)
{
    static const enum store_flat FLATS[] = {
        [CONFIG_FLAT_FULL] = STORE_FLAT_FULL,
        [CONFIG_FLAT_BOOTSTRAP] = STORE_FLAT_BOOTSTRAP,
        [CONFIG_FLAT_OFF] = STORE_FLAT_OFF,
    };
    return FLATS[config->flat];
}

static enum store_secrets secrets_of(const struct config *config)
{
    static const enum store_secrets SECRETS[] = {
        [CONFIG_SECRETS_ALWAYS] = STORE_SECRETS_ALWAYS,
        [CONFIG_SECRETS_ONCE] = STORE_SECRETS_ONCE,
        [CONFIG_SECRETS_FIRST_NETWORK] = STORE_SECRETS_FIRST_NETWORK,
    };
    return SECRETS[config->secrets];
}

/* Each authority speaks for its vendor alone, in that vendor's form; phones of other vendors and
 * generic certificates prove nothing. */
static void judge_certificate(const struct provision_question *question,
                              struct provision_finding *finding)
{
    const struct catalogue *catalogue = question->snapshot->rendering->catalogue;
    const struct config_ca_list *files = &question->listener->client_ca_files;
    const struct http_certificate *certificate = question->certificate;
    uint8_t mac[AP_MAC_LEN];

    for (size_t i = 0; certificate && i < files->count; i++) {
        const struct catalogue_vendor *vendor = catalogue_vendor(catalogue, files->items[i].vendor);
        if (!(certificate->authorities & UINT32_C(1) << i) || !vendor ||
            catalogue_certificate_mac(vendor, certificate->common_name, mac) != 0)
            continue;
        finding->certificate_names_phone = true;
        if (vendor == finding->vendor &&
            (!finding->match.has_mac || memcmp(mac, finding->match.mac, sizeof(mac)) == 0))
            finding->certificate_proves_mac = true;
    }
}

static void decide(const struct provision_question *question, struct provision_finding *finding)
{
    const struct snapshot *snapshot = question->snapshot;
    bool by_token = finding->phone_known && !finding->path.flat;
    const struct policy_facts facts = {
        .flat = finding->path.flat,
        .common = !finding->match.has_mac,
        .token_known = finding->token_known,
        .burnt = by_token && finding->token_kind == STORE_TOKEN_BURNT,
        .bootstrap = by_token && finding->token_kind == STORE_TOKEN_BOOTSTRAP,
        .flat_only = finding->vendor && finding->vendor->flat_only,
        /* It points to a listener with TLS. */
        .has_bootstrap = finding->file && finding->file->bootstrap_name &&
                         config_phone_listener(snapshot->config)->tls != CONFIG_TLS_OFF,
        .file = finding->file_kind,
        .auth = finding->auth,
        .agent = finding->agent,
        .source = question->source,
        .now = finding->phone_known ? store_now(question->reader) : 0,
        .flat_paused = question->flat_paused,
        .has_forwarded = question->has_forwarded,
        .phone = finding->phone_known ? &finding->phone : NULL,
        .certificate_names_phone = finding->certificate_names_phone,
        .certificate_proves_mac = finding->certificate_proves_mac,
    };
    const struct policy_options options = {
        .options = &snapshot->options,
        .flat_networks = &snapshot->config->flat_networks,
        .flat = flat_of(snapshot->config),
        .secrets = secrets_of(snapshot->config),
        .flat_needs_window = snapshot->config->flat_enrolment == CONFIG_ENROLMENT_WINDOW,
        .refuses_agents = snapshot->config->agent_check == CONFIG_AGENT_REFUSE,
        .is_plain = question->listener->tls == CONFIG_TLS_OFF,
        .plain_secrets = question->listener->plain_secrets == CONFIG_YES,
        .networks = &question->listener->networks,
        .client_certificates = question->listener->client_certificates,
        .auth = question->listener->auth,
    };

    finding->reason = policy_decide(&facts, &options);
    if (finding->reason != POLICY_SERVE)
        return;
    finding->part = policy_part(&facts, &options);
    finding->is_first = policy_is_first(&facts, &options);
    finding->has_moved = policy_has_moved(&facts);
}

/* Could anybody be right? A user without a phone that has a password is served no common file. */
static int judge_assumed(const struct provision_question *question,
                         struct provision_finding *finding, const char *user_id)
{
    const char *const *macs;
    size_t count = 1;
    int err =
        user_id ? store_auth_phones(question->reader, question->arena, user_id, &macs, &count) : 0;

    finding->auth = count > 0 ? POLICY_AUTH_RIGHT : POLICY_AUTH_WRONG;
    return err;
}

/* A file that is no phone's own, or a name that nobody knows: some phone of the user asks for it.
 * In flat form nobody knows whose it is, so a phone says its MAC. */
static int judge_common(const struct provision_question *question,
                        struct provision_finding *finding, const char *user_id)
{
    const struct provision_credentials *credentials = question->credentials;
    struct store_auth *pairs = NULL;
    uint8_t nobody[AP_MAC_LEN] = {0};
    size_t count = 0;

    if (credentials->kind == PROVISION_ASSUMED_RIGHT)
        return judge_assumed(question, finding, user_id);
    int err = store_auth_find(question->reader, question->arena, user_id,
                              provision_auth_user(credentials), &pairs, &count);
    for (size_t i = 0; !err && i < count; i++) {
        if (provision_auth_is_right(credentials, &pairs[i], nobody))
            finding->auth = POLICY_AUTH_RIGHT;
    }
    return err;
}

/* Are the credentials those of who is asked for? Whoever that is, wrong ones are the same. */
static int judge_auth(const struct provision_question *question, struct provision_finding *finding)
{
    const struct store_phone *phone = &finding->phone;

    if (question->listener->auth == CONFIG_AUTH_NONE || !question->credentials)
        return 0;
    finding->auth = POLICY_AUTH_WRONG;
    if (finding->phone_known)
        finding->auth =
            provision_auth_is_right(question->credentials, &phone->access.auth, phone->mac)
                ? POLICY_AUTH_RIGHT
                : POLICY_AUTH_WRONG;
    else if (finding->token_known || (finding->path.flat && !finding->match.has_mac))
        return judge_common(question, finding, finding->token_known ? finding->user_id : NULL);
    return 0;
}

/* A name that no vendor knows is a miss whoever asks for it. Who has asked with the right password
 * is told so, or he would take it for a wrong one. */
static int judge_unknown_name(const struct provision_question *question,
                              struct provision_finding *finding)
{
    const char *user_id = NULL;
    const char *const *vendors;
    size_t count;

    if (question->listener->auth == CONFIG_AUTH_NONE || !finding->path_known || finding->path.flat)
        return 0;
    finding->auth = POLICY_AUTH_WRONG;
    decide(question, finding);
    if (finding->reason == POLICY_ADDRESS_NOT_ALLOWED)
        return 0;
    int err = store_user_by_token(question->reader, question->arena, &finding->path.token, &user_id,
                                  &vendors, &count);
    if (!err)
        err = judge_common(question, finding, user_id);
    if (!err || err == AP_ENOENT)
        finding->reason =
            finding->auth == POLICY_AUTH_RIGHT ? POLICY_UNKNOWN_FILE : POLICY_CREDENTIALS_WRONG;
    return err == AP_ENOENT ? 0 : err;
}

/* What the phone says of itself, where anybody wants to know. */
static void look_at_agent(const struct provision_question *question,
                          struct provision_finding *finding)
{
    const struct snapshot *snapshot = question->snapshot;

    if (snapshot->config->agent_check == CONFIG_AGENT_OFF || !question->user_agent ||
        !finding->phone_known || !finding->vendor)
        return;
    finding->agent = catalogue_agent_of(snapshot->rendering->catalogue, finding->vendor,
                                        question->user_agent, finding->phone.mac);
}

int provision_find(const struct provision_question *question, struct provision_finding *ret_finding)
{
    struct provision_finding *finding = ret_finding;

    memset(finding, 0, sizeof(*finding));
    if (question->listener->auth != CONFIG_AUTH_NONE && !question->credentials) {
        decide(question, finding);
        return 0;
    }
    finding->reason = read_path(question, finding);
    if (finding->reason == POLICY_UNKNOWN_FILE)
        return judge_unknown_name(question, finding);
    if (finding->reason != POLICY_SERVE)
        return 0;
    /* What is refused whatever the phone opens no row for strangers. */
    finding->auth = question->credentials ? POLICY_AUTH_WRONG : POLICY_AUTH_NONE;
    decide(question, finding);
    if (finding->reason == POLICY_ADDRESS_NOT_ALLOWED || finding->reason == POLICY_FLAT_OFF ||
        finding->reason == POLICY_FLAT_PAUSED)
        return 0;
    finding->reason = POLICY_SERVE;
    int err = look_up(question, finding);
    if (!err)
        err = judge_auth(question, finding);
    if (!err) {
        look_at_agent(question, finding);
        judge_certificate(question, finding);
        decide(question, finding);
    }
    return err;
}

/* The user's folder token: the one that the phone came with, or, on a previous token or without
 * one, that of the store, which is a query and an unsealing more. */
static int folder_token(const struct provision_question *question,
                        const struct provision_finding *finding, struct token *ret_token)
{
    if (!finding->path.flat && finding->phone_known && finding->token_kind == STORE_TOKEN_FOLDER) {
        *ret_token = finding->path.token;
        return 0;
    }
    return store_token_get(question->reader, question->arena,
                           finding->phone_known ? finding->phone.user_id : finding->user_id,
                           ret_token);
}

/* A common file of flat mode names no user's folder. Nor does a flat one without secrets, as the
 * folder opens the one with; nor one for a phone that comes without TLS, and cannot do it. */
static bool names_folder(const struct provision_question *question,
                         const struct provision_finding *finding)
{
    if (!finding->path.flat)
        return true;
    return finding->phone_known && finding->part != POLICY_PART_WITHOUT_SECRETS &&
           question->listener->tls != CONFIG_TLS_OFF;
}

int provision_job(const struct provision_question *question,
                  const struct provision_finding *finding, struct token *token,
                  struct rendering_job *ret_job)
{
    struct store_setting *settings = NULL;
    struct rendering_job job = {
        .vendor = finding->vendor,
        .model = finding->model,
        .file = finding->file,
        .phone = finding->phone_known ? &finding->phone : NULL,
        .prefix = question->snapshot->config->provision_prefix,
    };
    int err = 0;

    job.withhold_secrets = finding->part == POLICY_PART_WITHOUT_SECRETS;
    if (names_folder(question, finding)) {
        err = folder_token(question, finding, token);
        job.token = token;
    }
    if (!err && !finding->phone_known) {
        err = store_setting_common(question->reader, question->arena, finding->vendor->name,
                                   finding->model ? finding->model->name : "", &settings,
                                   &job.setting_count);
        job.settings = settings;
    }
    if (!err)
        *ret_job = job;
    return err;
}
