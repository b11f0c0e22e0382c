#include "catalogue_fixture.h"

#include <errno.h>
#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>

#include "autoprov/file.h"

int catalogue_fixture_setup(void **state)
{
    struct catalogue_fixture *fixture = calloc(1, sizeof(*fixture));

    assert_non_null(fixture);
    (void)snprintf(fixture->folder, sizeof(fixture->folder), "/tmp/ap-catalogue-XXXXXX");
    assert_non_null(mkdtemp(fixture->folder));
    (void)snprintf(fixture->shipped, sizeof(fixture->shipped), "%s/shipped", fixture->folder);
    (void)snprintf(fixture->custom, sizeof(fixture->custom), "%s/custom", fixture->folder);
    assert_int_equal(mkdir(fixture->shipped, 0700), 0);
    *state = fixture;
    return 0;
}

static int remove_entry(const char *path, const struct stat *info, int kind, struct FTW *where)
{
    (void)info;
    (void)kind;
    (void)where;
    return remove(path);
}

int catalogue_fixture_teardown(void **state)
{
    struct catalogue_fixture *fixture = *state;

    assert_int_equal(nftw(fixture->folder, remove_entry, 8, FTW_DEPTH | FTW_PHYS), 0);
    free(fixture);
    return 0;
}

void catalogue_fixture_write(const struct catalogue_fixture *fixture, const char *name,
                             const char *text)
{
    char path[2 * CATALOGUE_FIXTURE_PATH_MAX];

    if (strncmp(name, "custom/", strlen("custom/")) == 0 && mkdir(fixture->custom, 0700) != 0)
        assert_int_equal(errno, EEXIST);
    assert_in_range(snprintf(path, sizeof(path), "%s/%s", fixture->folder, name), 1,
                    sizeof(path) - 1);
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

void catalogue_fixture_copy(const struct catalogue_fixture *fixture, const char *name,
                            const char *path)
{
    struct ap_error error = {{0}};
    struct buf text;

    buf_init(&text, AP_CATALOGUE_FILE_MAX_BYTES);
    if (file_read(path, &text, &error) != 0)
        fail_msg("%s", error.text);
    catalogue_fixture_write(fixture, name, text.data);
    buf_done(&text);
}

void catalogue_fixture_vendor(const struct catalogue_fixture *fixture, const char *name,
                              const char *models, const char *files, const char *more)
{
    char text[16384];

    assert_in_range(
        snprintf(
            text, sizeof(text),
            "{\n\"title\": \"Test\", %s\"mac_case\": \"lower\", \"content_type\": \"text/xml\","
            "\"escape\": \"xml\", \"lines\": 1, \"keys\": 0,\n"
            "\"url\": \"{{provisioning_base_url}}\",\n"
            "\"codes\": {\"transport\": {\"udp\": \"0\"}, \"codec\": {\"PCMU\": \"0\"},"
            " \"key_type\": {}, \"srtp\": {}},\n"
            "\"models\": [%s],\n\"files\": [%s]}\n",
            more, models, files),
        1, sizeof(text) - 1);
    catalogue_fixture_write(fixture, name, text);
}

struct catalogue *catalogue_fixture_load(const struct catalogue_fixture *fixture)
{
    struct catalogue *catalogue = NULL;
    struct ap_error error = {{0}};

    if (catalogue_load(fixture->shipped, fixture->custom, &catalogue, &error) != 0)
        fail_msg("%s", error.text);
    return catalogue;
}
