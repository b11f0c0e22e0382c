/* A command line from the input: split, filled, and nothing of a value becomes a word of its own.
 */
#include "words.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct words_value VALUES[] = {
        {"mac", "00:15:65:00:00:01"}, {"event", "a b 'c"}, {"url", NULL}, {NULL, NULL}};
    static struct words words, filled;
    struct ap_error error = {{0}};
    char *line = malloc(size + 1);

    if (!line)
        return 0;
    memcpy(line, data, size);
    line[size] = '\0';
    if (words_split(line, &words, &error) != 0) {
        if (!error.text[0])
            abort();
    } else if (words_fill(&words, VALUES, &filled, &error) == 0) {
        if (words.count != filled.count || filled.words[filled.count])
            abort();
    } else if (!error.text[0]) {
        abort();
    }
    free(line);
    return 0;
}
