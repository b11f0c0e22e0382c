/* A vendor file, or a table of time zones: refused with a place, or a catalogue whose own names fit
 * their rows. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "catalogue_private.h"
#include "fuzz.h"

#define PATH "v.json"

/* "v.json:LINE:COL: …", printable, the place inside of the text. */
static void check_error(const struct ap_error *error, const char *text, size_t len)
{
    unsigned long lines = 1;
    char *end = NULL;

    for (size_t i = 0; i < len; i++)
        lines += text[i] == '\n';
    CHECK(strncmp(error->text, PATH ":", strlen(PATH) + 1) == 0);
    unsigned long line = strtoul(error->text + strlen(PATH) + 1, &end, 10);
    CHECK(line >= 1 && line <= lines && *end == ':');
    unsigned long column = strtoul(end + 1, &end, 10);
    CHECK(column >= 1 && column <= len + 1 && strncmp(end, ": ", 2) == 0 && end[2]);
    for (const char *c = error->text; *c; c++)
        CHECK((unsigned char)*c >= 0x20 && *c != 0x7f);
}

/* The pattern with something in place of its wilds. */
static void write_name(const struct catalogue_vendor *vendor, const struct catalogue_file *file,
                       char name[static AP_CATALOGUE_NAME_MAX_BYTES])
{
    bool has_mac = strstr(file->name, "{mac}") != NULL;
    const char *model = "x", *code = "x";

    for (size_t i = vendor->model_count; i-- > 0;) {
        bool is_for = file->model_count == 0;
        for (size_t k = 0; k < file->model_count; k++)
            is_for |= file->models[k] == vendor->models[i].name;
        if (is_for && !has_mac)
            model = vendor->models[i].name;
        if (is_for && vendor->models[i].code)
            code = vendor->models[i].code;
    }
    for (const char *at = file->name; *at;) {
        static const char *const WORDS[] = {"{mac}", "{any}", "{model}", "{code}"};
        const char *const values[] = {"00:15:65:aA:Bb:Cc", "x", model, code};
        size_t skip = 1;
        const char *value = NULL;
        for (size_t i = 0; i < 4; i++) {
            if (strncmp(at, WORDS[i], strlen(WORDS[i])) == 0) {
                value = values[i];
                skip = strlen(WORDS[i]);
            }
        }
        size_t len = value ? strlen(value) : 1;
        memcpy(name, value ? value : at, len);
        name += len;
        at += skip;
    }
    *name = '\0';
}

static void check_vendor(const struct catalogue *catalogue)
{
    const struct catalogue_vendor *vendor = catalogue_vendor(catalogue, "v");
    char name[AP_CATALOGUE_NAME_MAX_BYTES];
    struct catalogue_match match;
    uint8_t mac[AP_MAC_LEN];

    CHECK(vendor && vendor == catalogue_vendor_at(catalogue, 0) && vendor->title && vendor->url);
    for (size_t i = 0; i < vendor->model_count; i++) {
        const struct catalogue_model *model = &vendor->models[i];
        CHECK(catalogue_model(vendor, model->name) == model);
        CHECK(catalogue_vendor_of_model(catalogue, model->name) == vendor);
        CHECK(catalogue_find_model(catalogue, vendor, model->name, strlen(model->name)) == model);
    }
    for (size_t i = 0; i < vendor->file_count; i++) {
        const struct catalogue_file *file = &vendor->files[i];
        CHECK(file->name && file->content_type && file->dialect);
        write_name(vendor, file, name);
        CHECK(catalogue_match(catalogue, name, strlen(name), &match));
        bool found = false;
        for (size_t k = 0; k < match.count; k++)
            found |= match.claims[k].file == file;
        CHECK(found || match.count == CATALOGUE_CLAIMS_MAX || vendor->file_count > 16 ||
              match.has_mac);
    }
    for (size_t t = 0; t < CATALOGUE_TABLE_COUNT; t++) {
        for (size_t i = 0; i < vendor->codes[t].count; i++)
            CHECK(catalogue_code(vendor, (enum catalogue_table)t, vendor->codes[t].rows[i].word) ==
                  vendor->codes[t].rows[i].code);
    }
    if (vendor->user_agent && catalogue_agent_mac(vendor, "Acme 1.0 00:15:65:aa:bb:cc", mac) == 0)
        CHECK(memcmp(mac, "\x00\x15\x65\xaa\xbb\xcc", AP_MAC_LEN) == 0);
}

static void try_vendor(const struct catalogue_text *file)
{
    struct ap_error error = {{0}};
    struct catalogue *catalogue = catalogue_new();

    CHECK(catalogue);
    int err = catalogue_add_vendor(catalogue, file, &error);
    if (!err)
        err = catalogue_index(catalogue, &error);
    if (err)
        check_error(&error, file->text, file->len);
    else
        check_vendor(catalogue);
    catalogue_free(catalogue);
}

static void try_zones(const struct catalogue_text *file)
{
    struct ap_error error = {{0}};
    struct catalogue *catalogue = catalogue_new();

    CHECK(catalogue);
    if (catalogue_add_zones(catalogue, file, &error) != 0)
        check_error(&error, file->text, file->len);
    for (size_t i = 0; i < catalogue->zone_count && catalogue->vendor_count; i++)
        CHECK(catalogue_time_zone(catalogue, catalogue->zones[i].name));
    catalogue_free(catalogue);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size > 0 ? size : 1);

    CHECK(text);
    if (size > 0)
        memcpy(text, data, size);
    struct catalogue_text file = {PATH, "v", text, size};
    try_vendor(&file);
    try_zones(&file);
    free(text);
    return 0;
}
