#include <sofia-sip/msg.h>
#include <sofia-sip/msg_addr.h>
#include <sofia-sip/sip.h>
#include <sofia-sip/sip_parser.h>
#include <string.h>
#include <time.h>

#include "peers.h"

static double nanoseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return now.tv_sec * 1e9 + now.tv_nsec;
}

double benchmark_sofia(const char *message, size_t length, int count) {
    msg_mclass_t const *class = sip_default_mclass();
    double start = nanoseconds();
    for (int index = 0; index < count; index++) {
        msg_t *msg = msg_make(class, 0, message, length);
        if (msg == NULL) return -1;
        sip_t *sip = sip_object(msg);
        if (sip == NULL || sip->sip_from == NULL || sip->sip_to == NULL || sip->sip_cseq == NULL ||
            sip->sip_via == NULL || sip->sip_contact == NULL || sip->sip_error != NULL) {
            msg_destroy(msg);
            return -1;
        }
        msg_destroy(msg);
    }
    return (nanoseconds() - start) / count;
}
