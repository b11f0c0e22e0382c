/* Private to store_schema.c: templates that admins stored, in its words (ID, SOME, …). */
#ifndef AUTOPROV_STORE_SCHEMA_TEMPLATE_H
#define AUTOPROV_STORE_SCHEMA_TEMPLATE_H

#define SQL_TEMPLATE                                                                               \
    "CREATE TABLE template (" ID SOME("name", 64)                                                  \
        SOME("text", 262144) "changed_at INTEGER NOT NULL, " VERSION ", UNIQUE (name)) STRICT;"

#endif
