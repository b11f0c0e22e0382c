/* Any line: what it is taken apart into is all of it that could be, and its JSON has no raw byte
 * that JSON forbids. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "autoprov/log_record.h"
#include "autoprov/text.h"
#include "fuzz.h"

static void check_record(const struct log_record *record)
{
    CHECK(record->pair_count <= LOG_RECORD_PAIRS_MAX);
    CHECK(strlen(record->event) + strlen(record->message) < 2 * LOG_LINE_MAX);
    for (size_t i = 0; i < record->pair_count; i++) {
        CHECK(record->pairs[i].key[0] >= 'a' && record->pairs[i].key[0] <= 'z');
        for (size_t j = 0; j < i; j++)
            CHECK(strcmp(record->pairs[i].key, record->pairs[j].key) != 0);
    }
}

/* Quotes are balanced, and nothing below a blank is there. */
static void check_json(const char *json)
{
    bool is_quoted = false;

    for (; *json; json++) {
        CHECK((unsigned char)*json >= 0x20);
        if (is_quoted && *json == '\\')
            json++;
        else if (*json == '"')
            is_quoted = !is_quoted;
    }
    CHECK(!is_quoted);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct log_record record;
    struct buf json;
    char *line = calloc(1, size + 1);

    CHECK(line);
    if (size > 0)
        memcpy(line, data, size);
    buf_init(&json, 1048576);
    log_record_parse(line, &record);
    check_record(&record);
    CHECK(log_record_json(&record, LOG_LEVEL_INFO, 0, &json) == 0);
    CHECK(text_is_utf8(json.data, json.len));
    check_json(json.data);
    buf_done(&json);
    free(line);
    return 0;
}
