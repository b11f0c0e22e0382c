#include "conf_folder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <dirent.h>

#include <cmocka.h>

int conf_folder_setup(void **state)
{
    struct conf_folder *folder = test_malloc(sizeof(*folder));

    snprintf(folder->path, sizeof(folder->path), "/tmp/autoprov-conf-XXXXXX");
    if (!mkdtemp(folder->path))
        return -1;
    snprintf(folder->main_file, sizeof(folder->main_file), "%.64s/autoprovd.conf", folder->path);
    *state = folder;
    return 0;
}

static void remove_files(const char *path)
{
    DIR *dir = opendir(path);

    if (!dir)
        return;
    for (struct dirent *entry; (entry = readdir(dir)) != NULL;) {
        char file[512];
        if (entry->d_name[0] == '.' && (!entry->d_name[1] || entry->d_name[1] == '.'))
            continue;
        snprintf(file, sizeof(file), "%.128s/%.255s", path, entry->d_name);
        if (entry->d_type == DT_DIR)
            remove_files(file);
        else
            unlink(file);
    }
    closedir(dir);
    rmdir(path);
}

int conf_folder_teardown(void **state)
{
    struct conf_folder *folder = *state;

    remove_files(folder->path);
    test_free(folder);
    return 0;
}

void conf_write(const struct conf_folder *folder, const char *name, const char *text)
{
    char path[512];

    if (strncmp(name, "conf.d/", 7) == 0) {
        snprintf(path, sizeof(path), "%s/conf.d", folder->path);
        mkdir(path, 0700);
    }
    snprintf(path, sizeof(path), "%s/%s", folder->path, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
    assert_int_equal(fclose(file), 0);
}

struct config *conf_must_load(const struct conf_folder *folder)
{
    struct config *config = NULL;
    struct ap_error error = {{0}};

    if (config_load(folder->main_file, &config, &error) != 0)
        fail_msg("%s", error.text);
    return config;
}
