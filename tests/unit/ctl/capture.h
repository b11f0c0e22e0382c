/* Standard output and standard error of the code under test, in memory. */
#ifndef AUTOPROV_TESTS_CTL_CAPTURE_H
#define AUTOPROV_TESTS_CTL_CAPTURE_H

struct capture {
    int kept[2], files[2];
    char out[16384]; /* after capture_end() */
    char err[4096];
};

void capture_begin(struct capture *capture);
void capture_end(struct capture *capture);

#endif
