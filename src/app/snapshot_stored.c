/* What the store has of the configuration: options and templates. */
#include "autoprov/snapshot.h"

#include "autoprov/store_object.h"
#include "autoprov/store_template.h"

static int read_templates(struct store_db *db, struct arena *arena, struct snapshot_stored *stored)
{
    struct store_template *rows = NULL;
    struct template_text *texts;
    size_t count = 0;
    int err = store_template_list(db, arena, &rows, &count);

    if (err)
        return err;
    texts = arena_alloc_array(arena, count + 1, sizeof(*texts));
    for (size_t i = 0; texts && i < count; i++)
        texts[i] = (struct template_text){.name = rows[i].name, .text = rows[i].text};
    stored->templates = texts;
    stored->template_count = count;
    return texts ? 0 : AP_ENOMEM;
}

int snapshot_read_stored(struct store_db *db, struct arena *arena,
                         struct snapshot_stored *ret_stored, struct ap_error *error)
{
    struct snapshot_stored stored = {.options = NULL};
    int err = store_options_get(db, arena, &stored.options);

    if (err && err != AP_ENOENT)
        return ap_error_set(error, err, "stored custom options: %s", ap_strerror(err));
    err = read_templates(db, arena, &stored);
    if (err)
        return ap_error_set(error, err, "stored templates: %s", ap_strerror(err));
    *ret_stored = stored;
    return 0;
}
