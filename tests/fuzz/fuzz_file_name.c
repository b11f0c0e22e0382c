/* A requested name over a fixed catalogue, compared with a matcher that tries everything. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "autoprov/array.h"
#include "autoprov/text.h"
#include "catalogue_private.h"
#include "fuzz.h"

#define HEAD                                                                                       \
    "{\"title\":\"T\",\"mac_case\":\"lower\",\"content_type\":\"text/xml\",\"escape\":\"xml\","    \
    "\"lines\":1,\"keys\":0,\"url\":\"x\",\"codes\":{\"transport\":{},\"codec\":{},"               \
    "\"key_type\":{},\"srtp\":{}},\"models\":[{\"model\":\"M1\",\"code\":\"11\",\"lines\":1,"      \
    "\"keys\":1},{\"model\":\"Ab-2\",\"code\":\"aa\",\"lines\":1,\"keys\":1}],\"files\":["
#define CONFIG(name) "{\"name\":\"" name "\",\"role\":\"config\",\"template\":\"t.xml\"}"
#define PROBE(name)  "{\"name\":\"" name "\",\"role\":\"probe\"}"

/* Names that overlap as far as they can. */
static const char *const VENDORS[] = {
    HEAD CONFIG("{mac}.xml") "," PROBE("{mac}{any}") "," PROBE("{any}{mac}") "," PROBE(
        "{any}") "]}",
    HEAD CONFIG("cfg{mac}") "," PROBE("a{mac}") "," PROBE("{mac}a") "," PROBE("aa{mac}") "," PROBE(
        "{mac}-{model}.x") "," PROBE("{model}-{mac}.x") "," PROBE("{any}.x") "]}",
    HEAD CONFIG("42/2/{mac}.xml") "," CONFIG("{mac}") "," PROBE("{code}{mac}") "," PROBE(
        "{mac}{code}") "," PROBE("000000000000.xml") "," PROBE("y{code}.x") "," PROBE("{model}") "]"
                                                                                                 "}",
    HEAD CONFIG("-{mac}") "," PROBE("{mac}-{any}-a.xml") "," PROBE("a-{any}:{mac}") "," PROBE(
        "{mac}:{model}") "]}",
};

static const struct catalogue *make_catalogue(void)
{
    struct catalogue *catalogue = catalogue_new();
    struct ap_error error = {{0}};
    static const char *const NAMES[] = {"a", "b", "c", "d"};

    CHECK(catalogue);
    for (size_t i = 0; i < AP_COUNT(VENDORS); i++) {
        struct catalogue_text file = {NAMES[i], NAMES[i], VENDORS[i], strlen(VENDORS[i])};
        CHECK(catalogue_add_vendor(catalogue, &file, &error) == 0);
    }
    CHECK(catalogue_index(catalogue, &error) == 0);
    return catalogue;
}

/* -- the matcher that tries everything --------------------------------------------------------- */

struct trial {
    const struct catalogue_vendor *vendor;
    const char *pattern;
    const char *name;
    size_t len;
    bool has_mac;
    uint8_t mac[AP_MAC_LEN];
};

static bool try_rest(struct trial *trial, const char *pattern, size_t at);

static bool try_word(struct trial *trial, const char *pattern, size_t at, const char *word)
{
    size_t len = strlen(word);

    return len <= trial->len - at && text_equal_nocase(trial->name + at, len, word, len) &&
           try_rest(trial, pattern, at + len);
}

static bool try_wild(struct trial *trial, const char *pattern, size_t at, size_t max)
{
    for (size_t len = 1; len <= max && at + len <= trial->len; len++) {
        if (!catalogue_is_wild_char(trial->name[at + len - 1]))
            return false;
        if (try_rest(trial, pattern, at + len))
            return true;
    }
    return false;
}

static bool try_placeholder(struct trial *trial, enum catalogue_placeholder which,
                            const char *pattern, size_t at)
{
    if (which == CATALOGUE_PLACEHOLDER_MAC) {
        trial->has_mac = true;
        for (size_t len = 12; len <= 17; len += 5) {
            if (trial->len - at >= len && mac_parse(trial->name + at, len, trial->mac) == 0 &&
                try_rest(trial, pattern, at + len))
                return true;
        }
        return false;
    }
    if (which == CATALOGUE_PLACEHOLDER_ANY)
        return try_wild(trial, pattern, at, 64);
    if (which == CATALOGUE_PLACEHOLDER_MODEL && strstr(trial->pattern, "{mac}"))
        return try_wild(trial, pattern, at, 32);
    for (size_t i = 0; i < trial->vendor->model_count; i++) {
        const struct catalogue_model *model = &trial->vendor->models[i];
        if (try_word(trial, pattern, at,
                     which == CATALOGUE_PLACEHOLDER_CODE ? model->code : model->name))
            return true;
    }
    return false;
}

static bool try_rest(struct trial *trial, const char *pattern, size_t at)
{
    enum catalogue_placeholder which;

    if (*pattern == '\0')
        return at == trial->len;
    size_t skip = catalogue_placeholder(pattern, &which);
    if (skip > 0)
        return try_placeholder(trial, which, pattern + skip, at);
    return at < trial->len && text_lower(trial->name[at]) == text_lower(*pattern) &&
           try_rest(trial, pattern + 1, at + 1);
}

/* -- comparison ------------------------------------------------------------------------------- */

static bool is_claimed(const struct catalogue_match *match, const struct catalogue_file *file)
{
    for (size_t i = 0; i < match->count; i++) {
        if (match->claims[i].file == file)
            return true;
    }
    return false;
}

/* A row is claimed exactly if it fits, unless it tells another MAC than the first claims. */
static void check_row(const struct trial *row, const struct catalogue_file *file, bool matched,
                      const struct catalogue_match *match)
{
    struct trial trial = *row;
    bool fits = trial.len > 0 && trial.len <= AP_CATALOGUE_NAME_MAX_BYTES &&
                try_rest(&trial, trial.pattern, 0);
    bool claimed = matched && is_claimed(match, file);

    if (claimed) {
        CHECK(fits);
        CHECK(!trial.has_mac || (match->has_mac && memcmp(match->mac, trial.mac, AP_MAC_LEN) == 0));
    } else if (fits) {
        CHECK(matched && trial.has_mac && match->has_mac);
        CHECK(memcmp(match->mac, trial.mac, AP_MAC_LEN) != 0);
    }
}

static void check_same(const struct catalogue *catalogue, const char *name, size_t len,
                       bool matched, const struct catalogue_match *match)
{
    struct catalogue_match again;

    CHECK(catalogue_match(catalogue, name, len, &again) == matched);
    if (!matched)
        return;
    CHECK(again.has_mac == match->has_mac && again.count == match->count);
    CHECK(!match->has_mac || memcmp(again.mac, match->mac, AP_MAC_LEN) == 0);
    for (size_t i = 0; i < match->count; i++) {
        CHECK(again.claims[i].vendor == match->claims[i].vendor);
        CHECK(again.claims[i].file == match->claims[i].file);
        CHECK(again.claims[i].model == match->claims[i].model);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct catalogue *catalogue;
    struct catalogue_match match;
    char *name = malloc(size > 0 ? size : 1);

    CHECK(name);
    if (!catalogue)
        catalogue = make_catalogue();
    for (size_t i = 0; i < size; i++)
        name[i] = (char)data[i];
    bool matched = catalogue_match(catalogue, name, size, &match);
    CHECK(!matched || (match.count > 0 && match.count <= CATALOGUE_CLAIMS_MAX));
    for (size_t v = 0; v < catalogue->vendor_count; v++) {
        const struct catalogue_vendor *vendor = catalogue->vendors[v];
        for (size_t i = 0; i < vendor->file_count; i++) {
            struct trial trial = {
                .vendor = vendor, .pattern = vendor->files[i].name, .name = name, .len = size};
            check_row(&trial, &vendor->files[i], matched, &match);
        }
        if (matched && match.count)
            CHECK(!catalogue_match_of(&match, vendor->name, "") ||
                  catalogue_match_of(&match, vendor->name, "")->name);
    }
    for (size_t i = 0; i < size; i++) {
        if (name[i] >= 'a' && name[i] <= 'z')
            name[i] = (char)(name[i] - 'a' + 'A');
    }
    check_same(catalogue, name, size, matched, &match);
    free(name);
    return 0;
}
