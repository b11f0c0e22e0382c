/* Writes parts of messages of ours, with a ceiling. Must not know which messages there are. */
#include <openssl/rand.h>
#include <string.h>

#include "autoprov/text.h"
#include "sip_machine.h"

bool sip_text_is_value(const char *text)
{
    for (const char *c = text; *c; c++) {
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            return false;
    }
    return *text != '\0';
}

void sip_write(struct sip_writer *writer, const char *text)
{
    if (!writer->err)
        writer->err = buf_append_text(writer->out, text);
}

void sip_write_number(struct sip_writer *writer, uint64_t number)
{
    char text[TEXT_DECIMAL_MAX];

    (void)text_decimal(number, text); /* its length */
    sip_write(writer, text);
}

void sip_write_header(struct sip_writer *writer, const char *name, const char *value)
{
    if (!writer->err && !sip_text_is_value(value))
        writer->err = AP_EINVAL;
    sip_write(writer, name);
    sip_write(writer, ": ");
    sip_write(writer, value);
    sip_write(writer, "\r\n");
}

void sip_write_body(struct sip_writer *writer, const char *content_type, const char *body)
{
    if (content_type)
        sip_write_header(writer, "Content-Type", content_type);
    else
        body = "";
    sip_write(writer, "Content-Length: ");
    sip_write_number(writer, strlen(body));
    sip_write(writer, "\r\n\r\n");
    sip_write(writer, body);
}

int sip_random_hex(size_t len, char *ret_text)
{
    uint8_t bytes[32];

    if (len > sizeof(bytes) || RAND_bytes(bytes, (int)len) != 1)
        return AP_ECRYPTO;
    text_hex(bytes, len, ret_text);
    return 0;
}
