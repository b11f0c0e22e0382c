/* certificate_tool FOLDER: write the matrix of client certificates (certificates.h), and print the
 * name of each. */
#include <stdio.h>

#include "support/certificates.h"

int main(int argc, char **argv)
{
    if (argc != 2) {
        (void)fprintf(stderr, "usage: certificate_tool FOLDER\n");
        return 2;
    }
    certificates_write(argv[1]);
    for (size_t i = 0; i < CERTIFICATE_COUNT; i++)
        printf("%s\n", CERTIFICATES[i].name);
    return 0;
}
