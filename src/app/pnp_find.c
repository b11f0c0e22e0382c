/* Facts of a question, its decision, its URL. Must not know who asks, and writes nothing. */
#include "pnp_find.h"

#include <string.h>

#include "autoprov/phone_file.h"

/* The phone's own file is what the URL leads to; below a listener without TLS nobody serves it. */
static bool has_url(const struct pnp_question *question, const struct pnp_finding *finding)
{
    return finding->vendor && phone_file_next(finding->vendor, finding->model, NULL) &&
           config_phone_listener(question->snapshot->config)->tls != CONFIG_TLS_OFF;
}

static void decide(const struct pnp_question *question, struct pnp_finding *finding)
{
    const struct config *config = question->snapshot->config;
    const struct policy_pnp_facts facts = {
        .source = question->source,
        .now = finding->phone_known ? store_now(question->reader) : 0,
        .phone = finding->phone_known ? &finding->phone : NULL,
        .flat_only = finding->vendor && finding->vendor->flat_only,
        .has_url = has_url(question, finding),
    };
    const struct policy_pnp_options options = {
        .mode = config->pnp,
        .flat_networks = &config->flat_networks,
    };

    finding->reason = policy_pnp_decide(&facts, &options);
}

int pnp_url(const struct pnp_question *question, struct pnp_finding *finding,
            const struct token *token, const char **ret_url)
{
    const struct config *config = question->snapshot->config;
    const struct rendering_job job = {
        .vendor = finding->vendor,
        .model = finding->model,
        .file = phone_file_next(finding->vendor, finding->model, NULL),
        .phone = &finding->phone,
        .public_url = config_phone_listener(config)->public_url,
        .prefix = config->provision_prefix,
        .token = token,
        .for_notify = true,
    };

    return rendering_phone_url(question->snapshot->rendering, &job, question->arena, ret_url,
                               &finding->error);
}

/* A token is handed out only where it can be told: one of zeros is as long. */
static int try_url(const struct pnp_question *question, struct pnp_finding *finding)
{
    struct token token = {.len = TOKEN_MADE_LEN};
    const char *url = "";

    memset(token.text, '0', TOKEN_MADE_LEN);
    int err = store_phone_by_mac(question->reader, question->arena, question->mac, &finding->phone);
    if (err == AP_ENOENT) { /* deleted meanwhile */
        finding->phone_known = false;
        finding->reason = POLICY_PNP_UNKNOWN;
        return 0;
    }
    if (err)
        return err;
    err = pnp_url(question, finding, &token, &url);
    if (err == AP_ENOMEM)
        return err;
    if (err)
        finding->reason = POLICY_RENDER_FAILED;
    else if (!url[0])
        finding->reason = POLICY_NO_BOOTSTRAP;
    return 0;
}

int pnp_find(const struct pnp_question *question, struct pnp_finding *ret_finding)
{
    const struct catalogue *catalogue = question->snapshot->rendering->catalogue;
    struct pnp_finding *finding = ret_finding;

    memset(finding, 0, sizeof(*finding));
    /* What is refused whatever the phone opens no row for strangers. */
    decide(question, finding);
    if (finding->reason != POLICY_PNP_UNKNOWN)
        return 0;
    int err = store_phone_get(question->reader, question->arena, question->mac, &finding->phone);
    if (err)
        return err == AP_ENOENT ? 0 : err;
    finding->phone_known = true;
    finding->vendor = catalogue_vendor(catalogue, finding->phone.vendor);
    if (finding->vendor)
        finding->model = catalogue_model(finding->vendor, finding->phone.model);
    decide(question, finding);
    return finding->reason == POLICY_SERVE ? try_url(question, finding) : 0;
}
