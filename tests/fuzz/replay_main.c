/* Replays corpus files through a fuzz target where libFuzzer is not linked: ordinary ctest. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

static int replay_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (!file)
        return -1;
    /* An exact-size copy, so that address sanitizer sees one byte over. */
    uint8_t *data = NULL;
    size_t len = 0;
    uint8_t chunk[4096];
    size_t got;
    while ((got = fread(chunk, 1, sizeof(chunk), file)) > 0) {
        uint8_t *grown = realloc(data, len + got);
        if (!grown)
            abort();
        data = grown;
        memcpy(data + len, chunk, got);
        len += got;
    }
    fclose(file);
    LLVMFuzzerTestOneInput(data, len);
    free(data);
    return 0;
}

int main(int argc, char **argv)
{
    unsigned long files = 0;

    for (int i = 1; i < argc; i++) {
        DIR *folder = opendir(argv[i]);
        if (!folder)
            continue; /* a target without regression inputs */
        for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
            char path[4096];
            if (entry->d_name[0] == '.')
                continue;
            snprintf(path, sizeof(path), "%s/%s", argv[i], entry->d_name);
            if (replay_file(path) != 0) {
                fprintf(stderr, "%s: cannot be read\n", path);
                return 1;
            }
            files++;
        }
        closedir(folder);
    }
    printf("%lu inputs replayed\n", files);
    return files > 0 ? 0 : 1;
}
