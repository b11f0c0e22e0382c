/* A command line from the input: split, filled, and nothing of a value becomes a word of its own.
 */
#include "words.h"

#include <string.h>

#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct words_value VALUES[] = {
        {"mac", "00:15:65:00:00:01"}, {"event", "a b 'c"}, {"url", NULL}, {NULL, NULL}};
    static struct words words, filled;
    struct ap_error error = {{0}};
    char *line = malloc(size + 1);

    CHECK(line);
    memcpy(line, data, size);
    line[size] = '\0';
    if (words_split(line, &words, &error) != 0) {
        CHECK(error.text[0]);
    } else if (words_fill(&words, VALUES, &filled, &error) == 0) {
        CHECK(words.count > 0 && words.count <= WORDS_MAX);
        CHECK(filled.count == words.count && !filled.words[filled.count]);
        for (size_t i = 0; i < words.count; i++) {
            /* What has no place in it is as it was. */
            if (!strchr(words.words[i], '{'))
                CHECK(strcmp(words.words[i], filled.words[i]) == 0);
        }
    } else {
        CHECK(error.text[0]);
    }
    free(line);
    return 0;
}
