/* Files of phones and their names, for tests in other languages: what the product does between an
 * admin's words and a phone's bytes, without store and network.
 *
 *   render_tool TEMPLATES VENDORS
 *
 * One JSON object per line in, one answer per line out, until the input ends:
 *   {"vendor": …, "accounts": […], …}     as render_input.c reads it; "variant": "whole",
 *                                         "without_secrets" or "bootstrap"
 *       {"ok": true, "body": HEX} or {"ok": false, "error": WHY}
 *   {"match": NAME, "vendor": …, "model": …}   vendor and model of a phone, both may be missing
 *       {"ok": true, "mac": "cc5e…" or null, "own": ROLE or null,
 *        "claims": [{"vendor": …, "file": PATTERN, "role": …, "model": … or null}, …]} */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "autoprov/array.h"
#include "autoprov/text.h"
#include "render_input.h"

struct tool {
    struct rendering *rendering;
    struct api_call call; /* body, arena and problem alone are used */
    struct buf body;
};

static json_t *refused(const char *why)
{
    return json_pack("{s:b, s:s}", "ok", 0, "error", why);
}

/* -- rendering --------------------------------------------------------------------------------- */

static json_t *rendered(const struct buf *body)
{
    char *hex = malloc(2 * body->len + 1);

    if (!hex)
        return NULL;
    text_hex(body->data ? body->data : "", body->len, hex);
    json_t *answer = json_pack("{s:b, s:s}", "ok", 1, "body", hex);
    free(hex);
    return answer;
}

static json_t *render(struct tool *tool)
{
    struct render_input input = {.vendor = NULL};
    struct ap_error error = {{0}};
    int err = render_input_read(&tool->call, tool->rendering, &input);

    if (err)
        return refused(tool->call.problem.text[0] ? tool->call.problem.text : ap_strerror(err));
    /* A common file does not see the phone, but the API would not have taken it either. */
    bool is_common = input.file->role == CATALOGUE_COMMON;
    if (is_common)
        err = phone_view_check(input.vendor, &input.phone, &error);
    if (err)
        return refused(error.text);
    const struct rendering_job job = {
        .vendor = input.vendor,
        .model = input.model,
        .file = input.file,
        .phone = is_common ? NULL : &input.phone,
        .settings = is_common ? input.common : NULL,
        .setting_count = is_common ? input.common_count : 0,
        .public_url = input.public_url,
        .prefix = input.prefix,
        .token = &input.token,
        .withhold_secrets = input.withhold_secrets,
        .bootstrap = input.bootstrap,
    };
    buf_reset(&tool->body);
    err = rendering_render(tool->rendering, &job, &tool->call.arena, &tool->body, &error);
    return err ? refused(error.text) : rendered(&tool->body);
}

/* -- names ------------------------------------------------------------------------------------- */

static json_t *claims_json(const struct catalogue_match *match)
{
    json_t *claims = json_array();

    for (size_t i = 0; i < match->count; i++) {
        const struct catalogue_claim *claim = &match->claims[i];
        json_t *item = json_pack("{s:s, s:s, s:s, s:s?}", "vendor", claim->vendor->name, "file",
                                 claim->file->name, "role", catalogue_role_name(claim->file->role),
                                 "model", claim->model ? claim->model->name : NULL);
        if (json_array_append_new(claims, item) != 0) {
            json_decref(claims);
            return NULL;
        }
    }
    return claims;
}

static json_t *match(struct tool *tool)
{
    struct catalogue_match found = {.count = 0};
    const char *name = NULL, *vendor = "", *model = "";
    char mac[AP_MAC_TEXT_MAX] = "";
    const struct api_field fields[] = {
        {"match", API_FIELD_RAW, .required = true, .may_be_empty = true, .target = &name},
        {"vendor", API_FIELD_NAME, .may_be_empty = true, .target = &vendor},
        {"model", API_FIELD_NAME, .may_be_empty = true, .target = &model},
    };

    if (api_read_fields(&tool->call, fields, AP_COUNT(fields)) != 0)
        return refused(tool->call.problem.text);
    if (!catalogue_match(tool->rendering->catalogue, name, strlen(name), &found))
        found = (struct catalogue_match){.count = 0};
    if (found.has_mac)
        mac_format(found.mac, MAC_FORM_LOWER, mac);
    const struct catalogue_file *own = catalogue_match_of(&found, vendor, model);
    return json_pack("{s:b, s:s?, s:s?, s:o}", "ok", 1, "mac", found.has_mac ? mac : NULL, "own",
                     own ? catalogue_role_name(own->role) : NULL, "claims", claims_json(&found));
}

/* -- lines ------------------------------------------------------------------------------------- */

/* As api_read_body() reads a body. */
static json_t *answer_line(struct tool *tool, const char *line, size_t len)
{
    json_error_t error;
    json_t *answer;

    tool->call.problem.text[0] = '\0';
    tool->call.body = json_loadb(line, len, JSON_REJECT_DUPLICATES, &error);
    if (!tool->call.body)
        return refused("the line is not JSON");
    if (json_object_get(tool->call.body, "match"))
        answer = match(tool);
    else
        answer = json_is_object(tool->call.body) ? render(tool) : refused("the line is no object");
    json_decref(tool->call.body);
    arena_reset(&tool->call.arena);
    return answer;
}

static int answer_all(struct tool *tool)
{
    char *line = NULL;
    size_t size = 0;
    ssize_t len;
    int result = EXIT_SUCCESS;

    while (result == EXIT_SUCCESS && (len = getline(&line, &size, stdin)) >= 0) {
        json_t *answer = answer_line(tool, line, (size_t)len);
        if (!answer || json_dumpf(answer, stdout, JSON_COMPACT) != 0 || putchar('\n') == EOF ||
            fflush(stdout) != 0)
            result = EXIT_FAILURE;
        json_decref(answer);
    }
    free(line);
    return result;
}

int main(int argc, char **argv)
{
    struct tool tool = {.rendering = NULL};
    struct ap_error error = {{0}};

    if (argc != 3) {
        (void)fputs("usage: render_tool TEMPLATES VENDORS\n", stderr); /* nothing to do about it */
        return EXIT_FAILURE;
    }
    const struct rendering_folders folders = {
        .templates = argv[1],
        .custom_templates = "/nonexistent",
        .vendors = argv[2],
        .custom_vendors = "/nonexistent",
    };
    if (rendering_load(&folders, &tool.rendering, &error) != 0) {
        (void)fprintf(stderr, "render_tool: %s\n", error.text); /* the same */
        return EXIT_FAILURE;
    }
    arena_init(&tool.call.arena, AP_REQUEST_ARENA_MAX_BYTES);
    buf_init(&tool.body, AP_BODY_MAX_BYTES);
    int result = answer_all(&tool);
    buf_done(&tool.body);
    arena_done(&tool.call.arena);
    rendering_free(tool.rendering);
    return result;
}
