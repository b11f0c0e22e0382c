/* What is shipped in conf/: catalogue and templates fit each other and every value. What a vendor's
 * file holds in detail is no matter of this. */
#include "autoprov/template_check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <expat.h>

#include "api_private.h"
#include "autoprov/array.h"
#include "autoprov/phone_file.h"

static struct rendering *rendering;

static int load(void **state)
{
    static const struct rendering_folders CONF = {
        .templates = AP_SOURCE_DIR "/conf/templates",
        .custom_templates = "/nonexistent",
        .vendors = AP_SOURCE_DIR "/conf/vendors",
        .custom_vendors = "/nonexistent",
    };
    struct ap_error error = {{0}};

    (void)state;
    if (rendering_load(&CONF, &rendering, &error) != 0) {
        print_error("%s\n", error.text);
        return -1;
    }
    return 0;
}

static int unload(void **state)
{
    (void)state;
    rendering_free(rendering);
    return 0;
}

static void tell(void *data, const char *line)
{
    ++*(unsigned *)data;
    print_error("%s\n", line);
}

/* Compiled and linked it is by rendering_load(); here: known names, a rendering for every model,
 * and XML that is well-formed. */
static void test_every_template_passes_the_check_that_admins_have(void **state)
{
    const struct template *template;
    const char *file;
    unsigned faults = 0;

    (void)state;
    for (size_t i = 0; (template = template_set_at(rendering->templates, i, &file)); i++) {
        size_t renderings;
        int err = template_check(rendering, template, file, tell, &faults, &renderings);
        assert_int_equal(err, faults ? AP_EINVAL : 0);
    }
    assert_int_equal(faults, 0);
}

/* -- values ------------------------------------------------------------------------------------ */

static void fill_phone(struct store_phone *phone, struct store_line lines[static 2],
                       struct store_key keys[static 2], const char *text)
{
    *phone = *phone_view_sample();
    for (size_t i = 0; i < 2; i++) {
        lines[i] = phone_view_sample()->lines[i];
        lines[i].account.display_name = text;
        lines[i].account.password = text;
        keys[i] = phone_view_sample()->keys[i + 1];
        keys[i].label = text;
        keys[i].value = text;
    }
    phone->label = text;
    phone->user_display_name = text;
    phone->lines = lines;
    phone->keys = keys;
    phone->key_count = 2;
    phone->settings = NULL;
    phone->setting_count = 0;
}

static int render(const struct catalogue_vendor *vendor, const struct catalogue_model *model,
                  const struct catalogue_file *file, const char *text, struct buf *out)
{
    struct store_line lines[2];
    struct store_key keys[2];
    struct store_phone phone;
    struct ap_error error = {{0}};
    struct arena arena;
    const struct rendering_job job = {
        .vendor = vendor,
        .model = model,
        .file = file,
        .phone = file->role == CATALOGUE_COMMON ? NULL : &phone,
        .public_url = "https://pbx.example.com",
        .prefix = "/provision",
    };

    fill_phone(&phone, lines, keys, text);
    arena_init(&arena, AP_REQUEST_ARENA_MAX_BYTES);
    buf_init(out, AP_BODY_MAX_BYTES);
    int err = rendering_render(rendering, &job, &arena, out, &error);
    if (err && err != AP_EINVAL)
        fail_msg("%s: %s", vendor->name, error.text);
    arena_done(&arena);
    return err;
}

static void XMLCALL on_start(void *data, const XML_Char *name, const XML_Char **attributes)
{
    (void)name;
    ++*(unsigned *)data;
    for (; *attributes; attributes += 2)
        ++*(unsigned *)data;
}

/* What a value could add to: elements and attributes of XML, else lines. */
static unsigned parts_of(const struct catalogue_file *file, const struct buf *body)
{
    unsigned parts = 0;

    if (file->dialect->escape != DIALECT_ESCAPE_XML) {
        for (size_t i = 0; i < body->len; i++)
            parts += body->data[i] == '\n';
        return parts;
    }
    XML_Parser parser = XML_ParserCreate(NULL);
    XML_SetUserData(parser, &parts);
    XML_SetStartElementHandler(parser, on_start);
    if (XML_Parse(parser, body->data, (int)body->len, 1) != XML_STATUS_OK)
        fail_msg("%s: line %lu: %s\n%s", file->template_name,
                 (unsigned long)XML_GetCurrentLineNumber(parser),
                 XML_ErrorString(XML_GetErrorCode(parser)), body->data);
    XML_ParserFree(parser);
    return parts;
}

static void check_texts(const struct catalogue_vendor *vendor, const struct catalogue_file *file)
{
    static const char *const TEXTS[] = {
        "<&>\"'",        "]]>",     "--><!--", "\" evil=\"1", "</entry></section></line>",
        "&lt;",          "{{mac}}", "a = b",   "a:b",         "x;y|z,w",
        "M\xC3\xBCller", "%NULL%",  "$MA",     "a\nb = c",
    };
    const struct catalogue_model *model =
        file->model_count > 0 ? catalogue_model(vendor, file->models[0]) : NULL;
    struct buf out;

    assert_int_equal(render(vendor, model, file, "plain", &out), 0);
    unsigned expected = parts_of(file, &out);
    buf_done(&out);
    for (size_t i = 0; i < AP_COUNT(TEXTS); i++) {
        /* What the dialect cannot carry is refused, and nothing else. */
        if (render(vendor, model, file, TEXTS[i], &out) == 0 && parts_of(file, &out) != expected)
            fail_msg("%s of %s: '%s' adds to it:\n%s", file->name, vendor->name, TEXTS[i],
                     out.data);
        buf_done(&out);
    }
}

static void test_no_value_adds_to_a_files_structure(void **state)
{
    const struct catalogue_vendor *vendor;

    (void)state;
    for (size_t i = 0; (vendor = catalogue_vendor_at(rendering->catalogue, i)); i++) {
        for (size_t j = 0; j < vendor->file_count; j++) {
            if (vendor->files[j].template_name)
                check_texts(vendor, &vendor->files[j]);
        }
    }
}

/* -- words ------------------------------------------------------------------------------------- */

/* A model is a member of bodies and part of paths. */
static void test_every_model_has_a_name_that_the_api_takes(void **state)
{
    const struct catalogue_vendor *vendor;

    (void)state;
    for (size_t i = 0; (vendor = catalogue_vendor_at(rendering->catalogue, i)); i++) {
        for (size_t j = 0; j < vendor->model_count; j++) {
            const char *name = vendor->models[j].name;
            if (api_check_text(API_FIELD_NAME, name, strlen(name)) != 0)
                fail_msg("%s/%s", vendor->name, name);
        }
    }
}

/* {{is_PCMU}} of each codec that a vendor has passes the check of names. */
static void test_every_codec_has_a_flag_that_templates_may_use(void **state)
{
    const struct catalogue_vendor *vendor;

    (void)state;
    for (size_t i = 0; (vendor = catalogue_vendor_at(rendering->catalogue, i)); i++) {
        const struct catalogue_codes *codes = &vendor->codes[CATALOGUE_CODEC];
        for (size_t j = 0; j < codes->count; j++) {
            char name[AP_NAME_MAX_BYTES + 8];
            (void)snprintf(name, sizeof(name), "is_%s", codes->rows[j].word);
            if (!variable_find(VARIABLE_CODEC, name, strlen(name)))
                fail_msg("%s: %s", vendor->name, name);
        }
    }
}

static void test_every_phone_has_a_file_of_its_own(void **state)
{
    const struct catalogue_vendor *vendor;

    (void)state;
    for (size_t i = 0; (vendor = catalogue_vendor_at(rendering->catalogue, i)); i++) {
        for (size_t j = 0; j <= vendor->model_count; j++) {
            const struct catalogue_model *model =
                j < vendor->model_count ? &vendor->models[j] : NULL;
            const struct catalogue_file *file = phone_file_next(vendor, model, NULL);
            if (!file || file->role != CATALOGUE_CONFIG)
                fail_msg("%s/%s", vendor->name, model ? model->name : "");
        }
    }
}

/* A folder, or the phone's own file. Whatever is appended to the folder is looked up as any fetch.
 */
static void check_pnp_url(const struct catalogue_vendor *vendor,
                          const struct catalogue_model *model)
{
    static const char FOLDER[] = "https://pbx.example.com/provision/";
    struct store_phone phone = *phone_view_sample();
    struct token token = {.len = TOKEN_MADE_LEN};
    struct catalogue_match match;
    struct ap_error error = {{0}};
    struct arena arena;
    const char *url = NULL;

    memset(token.text, 'f', TOKEN_MADE_LEN);
    phone.vendor = vendor->name;
    phone.model = model ? model->name : "";
    const struct rendering_job job = {
        .vendor = vendor,
        .model = model,
        .file = phone_file_next(vendor, model, NULL),
        .phone = &phone,
        .public_url = "https://pbx.example.com",
        .prefix = "/provision",
        .token = &token,
        .for_notify = true,
    };
    arena_init(&arena, AP_REQUEST_ARENA_MAX_BYTES);
    if (rendering_phone_url(rendering, &job, &arena, &url, &error) != 0)
        fail_msg("%s: %s", vendor->name, error.text);
    size_t folder_len = sizeof(FOLDER) - 1 + TOKEN_MADE_LEN + 1;
    if (strncmp(url, FOLDER, sizeof(FOLDER) - 1) != 0 || strlen(url) < folder_len)
        fail_msg("%s: '%s'", vendor->name, url);
    const char *name = url + folder_len;
    const struct catalogue_file *file =
        catalogue_match(rendering->catalogue, name, strlen(name), &match)
            ? catalogue_match_of(&match, vendor->name, phone.model)
            : NULL;
    if (*name && (!file || !file->template_name || !match.has_mac ||
                  memcmp(match.mac, phone.mac, AP_MAC_LEN) != 0))
        fail_msg("%s: '%s' is no file of the phone", vendor->name, url);
    arena_done(&arena);
}

static void test_what_a_notify_tells_leads_to_the_phones_file(void **state)
{
    const struct catalogue_vendor *vendor;

    (void)state;
    for (size_t i = 0; (vendor = catalogue_vendor_at(rendering->catalogue, i)); i++) {
        if (vendor->flat_only)
            continue;
        check_pnp_url(vendor, NULL);
        for (size_t m = 0; m < vendor->model_count; m++)
            check_pnp_url(vendor, &vendor->models[m]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_template_passes_the_check_that_admins_have),
        cmocka_unit_test(test_no_value_adds_to_a_files_structure),
        cmocka_unit_test(test_every_model_has_a_name_that_the_api_takes),
        cmocka_unit_test(test_every_codec_has_a_flag_that_templates_may_use),
        cmocka_unit_test(test_every_phone_has_a_file_of_its_own),
        cmocka_unit_test(test_what_a_notify_tells_leads_to_the_phones_file),
    };
    return cmocka_run_group_tests(tests, load, unload);
}
