// Datagram input and output in batches. One struct per concept; every function that can fail gives a negative errno.
#ifndef CNET_H
#define CNET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// An address and port in host order, as the core has it: IPv4 in the low 32 bits of `low`.
struct cnet_address {
    uint64_t high;
    uint64_t low;
    uint16_t port;
    bool is_ipv6;
};

/// Opens a non-blocking UDP socket, bound to `local`. The kernel may grant less buffer than is asked for; `granted`
/// (receive, send; octets as the kernel counts them) tells. Gives the descriptor or -errno.
int cnet_udp_open(const struct cnet_address *local, int receive_bytes, int send_bytes, struct cnet_address *bound,
                  int granted[2]);
/// Lets the kernel note when each datagram arrived.
int cnet_udp_note_arrival(int fd);
/// Datagrams that the kernel threw away because the socket's receive buffer was full.
uint32_t cnet_udp_drops(int fd);
void cnet_close(int fd);

/// A pool of packet buffers into which several packets are received by one system call.
struct cnet_pool;

struct cnet_packet {
    uint8_t *octets;
    uint32_t length;
    /// The datagram was longer than the buffer and was cut.
    bool is_truncated;
    struct cnet_address from;
    /// Time of arrival by the kernel's realtime clock in nanoseconds, 0 where it gave none.
    int64_t arrival;
};

struct cnet_pool *cnet_pool_create(uint32_t slots, uint32_t octets);
void cnet_pool_destroy(struct cnet_pool *pool);
/// Receives up to `count` (at most CNET_BATCH) datagrams into the given slots, in order. Gives the number, 0 when
/// there is none, or -errno.
int cnet_receive(struct cnet_pool *pool, int fd, const uint32_t *slots, uint32_t count);
const struct cnet_packet *cnet_packet(const struct cnet_pool *pool, uint32_t slot);

enum { CNET_BATCH = 64 };

/// Destinations with everything that sendmmsg needs prepared: only the payload is put in at sending.
struct cnet_list;

struct cnet_list *cnet_list_create(const struct cnet_address *destinations, uint32_t count);
void cnet_list_destroy(struct cnet_list *list);
/// Sends one payload to destinations `start ..< start + count` of the list. A destination that fails is skipped and
/// counted in `failed`. Gives how many were dealt with; fewer than `count` means that the socket is full.
int cnet_list_send(struct cnet_list *list, int fd, const void *octets, size_t length, uint32_t start, uint32_t count,
                   uint32_t *failed);

/// Sends `count` payloads of equal length to one destination with one segmented send (UDP GSO). Gives 0 or -errno.
int cnet_send_segments(int fd, const struct cnet_address *to, const void *const *payloads, size_t length,
                       uint32_t count);
enum { CNET_SEGMENTS = 16 };

/// Datagrams of their own payload each that wait to leave together.
struct cnet_outgoing;

struct cnet_outgoing *cnet_outgoing_create(uint32_t octets);
void cnet_outgoing_destroy(struct cnet_outgoing *outgoing);
/// False: full, flush first (or longer than the buffers are).
bool cnet_outgoing_add(struct cnet_outgoing *outgoing, const struct cnet_address *to, const void *octets, size_t length);
/// Sends all; where the socket is full it waits up to `patience` milliseconds. Gives the number that failed.
uint32_t cnet_outgoing_flush(struct cnet_outgoing *outgoing, int fd, int patience);

/// Gives true once the socket takes packets again, false after `milliseconds`.
bool cnet_wait_writable(int fd, int milliseconds);

int cnet_send(int fd, const struct cnet_address *to, const void *octets, size_t length);

/// Waiting for several descriptors. Each has a number by which it is told.
int cnet_epoll_create(void);
int cnet_epoll_add(int epoll, int fd, uint32_t number);
int cnet_epoll_remove(int epoll, int fd);
/// Waits until something can be read or `nanoseconds` are over (negative: for ever). Gives the number of ready ones,
/// at most 64, or -errno; an interruption gives 0.
int cnet_epoll_wait(int epoll, int64_t nanoseconds, uint32_t *ready, uint32_t count);

/// A counter to wake a waiting thread.
int cnet_event_create(void);
void cnet_event_signal(int fd);
void cnet_event_clear(int fd);

/// CLOCK_MONOTONIC and CLOCK_REALTIME in nanoseconds.
int64_t cnet_monotonic(void);
int64_t cnet_realtime(void);
/// Processor time of the calling thread in nanoseconds.
int64_t cnet_thread_time(void);

/// Starts a joinable thread; NULL where the system has none left. The name has at most 15 characters.
struct cnet_thread;
struct cnet_thread *cnet_thread_start(const char *name, void (*run)(void *), void *context);
void cnet_thread_join(struct cnet_thread *thread);
/// Processor time that the thread has used, in nanoseconds, asked from any other; valid until it is joined.
int64_t cnet_thread_time_of(const struct cnet_thread *thread);

#endif
