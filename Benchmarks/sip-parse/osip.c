#include <osipparser2/osip_parser.h>
#include <stdlib.h>
#include <time.h>

#include "peers.h"

static double nanoseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return now.tv_sec * 1e9 + now.tv_nsec;
}

double benchmark_osip(const char *message, size_t length, int count) {
    static int initialized = 0;
    if (!initialized) {
        parser_init();
        initialized = 1;
    }
    double start = nanoseconds();
    for (int index = 0; index < count; index++) {
        osip_message_t *sip = NULL;
        if (osip_message_init(&sip) != 0) return -1;
        if (osip_message_parse(sip, message, length) != 0 || sip->from == NULL || sip->to == NULL ||
            sip->cseq == NULL || osip_list_size(&sip->vias) < 1 || osip_list_size(&sip->contacts) < 1) {
            osip_message_free(sip);
            return -1;
        }
        osip_message_free(sip);
    }
    return (nanoseconds() - start) / count;
}
