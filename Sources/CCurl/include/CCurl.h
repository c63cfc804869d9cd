// The part of libcurl that Holdfast uses, as one typed inline function per option and info.
//
// curl_easy_setopt, curl_easy_getinfo and curl_multi_setopt are variadic, and Swift cannot call variadic functions.
// Each function here fixes one option and its C type, so that a wrong type does not compile.
// Written for libcurl 7.85 or newer (Debian 12 ships 7.88).
//
// libcurl's threading rule (libcurl-thread(3)): "You must never share the same handle in multiple threads."
// The one exception that Holdfast relies on (curl_multi_wakeup(3)): "This function can be called from any thread."
#ifndef HOLDFAST_CCURL_H
#define HOLDFAST_CCURL_H

#include <curl/curl.h>
#include <netinet/in.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

// Callbacks: size is always 1 for both (CURLOPT_WRITEFUNCTION(3), CURLOPT_HEADERFUNCTION(3)).
typedef size_t (*holdfast_curl_data_callback)(char *bytes, size_t size, size_t count, void *context);

static inline CURLcode holdfast_curl_global_init(void) { return curl_global_init(CURL_GLOBAL_DEFAULT); }

// The value a write callback returns to pause its transfer; a macro that Swift does not import with this type.
static inline size_t holdfast_curl_write_pause(void) { return CURL_WRITEFUNC_PAUSE; }

// ---- options of an easy handle -------------------------------------------------------------------------------

static inline CURLcode holdfast_curl_set_url(CURL *easy, const char *url) {
    return curl_easy_setopt(easy, CURLOPT_URL, url);
}
// Whether host names resolve without signals: needed as soon as a process has more than one thread.
static inline CURLcode holdfast_curl_set_no_signal(CURL *easy) { return curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L); }
// Whether a cancelled transfer leaves its resolver thread to end by itself instead of waiting for getaddrinfo.
static inline CURLcode holdfast_curl_set_quick_exit(CURL *easy) {
    return curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
}
static inline CURLcode holdfast_curl_set_protocols(CURL *easy, const char *list) {
    return curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, list);
}
static inline CURLcode holdfast_curl_set_redirect_protocols(CURL *easy, const char *list) {
    return curl_easy_setopt(easy, CURLOPT_REDIR_PROTOCOLS_STR, list);
}
static inline CURLcode holdfast_curl_set_follow_redirects(CURL *easy, long most) {
    CURLcode code = curl_easy_setopt(easy, CURLOPT_MAXREDIRS, most);
    return code != CURLE_OK ? code : curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, most > 0 ? 1L : 0L);
}
static inline CURLcode holdfast_curl_set_fresh_connection(CURL *easy) {
    return curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
}
static inline CURLcode holdfast_curl_set_method(CURL *easy, const char *method) {
    return curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, method);
}
static inline CURLcode holdfast_curl_set_head(CURL *easy) { return curl_easy_setopt(easy, CURLOPT_NOBODY, 1L); }
// The bytes are copied.
static inline CURLcode holdfast_curl_set_body(CURL *easy, const void *bytes, int64_t count) {
    CURLcode code = curl_easy_setopt(easy, CURLOPT_POST, 1L);
    if (code == CURLE_OK) code = curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)count);
    return code != CURLE_OK ? code : curl_easy_setopt(easy, CURLOPT_COPYPOSTFIELDS, count > 0 ? bytes : "");
}
// The list must outlive the transfer.
static inline CURLcode holdfast_curl_set_headers(CURL *easy, struct curl_slist *list) {
    return curl_easy_setopt(easy, CURLOPT_HTTPHEADER, list);
}
// Offers every content coding that this libcurl decodes.
static inline CURLcode holdfast_curl_set_decode_content(CURL *easy) {
    return curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "");
}
static inline CURLcode holdfast_curl_set_connect_timeout(CURL *easy, long milliseconds) {
    return curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, milliseconds);
}
static inline CURLcode holdfast_curl_set_total_timeout(CURL *easy, long milliseconds) {
    return curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, milliseconds);
}
static inline CURLcode holdfast_curl_set_verify_tls(CURL *easy, int verify) {
    CURLcode code = curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, verify ? 1L : 0L);
    return code != CURLE_OK ? code : curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, verify ? 2L : 0L);
}
static inline CURLcode holdfast_curl_set_ca_file(CURL *easy, const char *path) {
    return curl_easy_setopt(easy, CURLOPT_CAINFO, path);
}
// "" turns off every proxy, those named by the environment included.
static inline CURLcode holdfast_curl_set_proxy(CURL *easy, const char *url) {
    return curl_easy_setopt(easy, CURLOPT_PROXY, url);
}
// A proxy's answer to CONNECT is none of the server's: it must not reach the header callback.
static inline CURLcode holdfast_curl_set_hide_proxy_headers(CURL *easy) {
    return curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
}
// The buffer must be CURL_ERROR_SIZE bytes long and outlive the transfer.
static inline CURLcode holdfast_curl_set_error_buffer(CURL *easy, char *buffer) {
    return curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, buffer);
}
static inline CURLcode holdfast_curl_set_write(CURL *easy, holdfast_curl_data_callback callback, void *context) {
    CURLcode code = curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, callback);
    return code != CURLE_OK ? code : curl_easy_setopt(easy, CURLOPT_WRITEDATA, context);
}
static inline CURLcode holdfast_curl_set_header(CURL *easy, holdfast_curl_data_callback callback, void *context) {
    CURLcode code = curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, callback);
    return code != CURLE_OK ? code : curl_easy_setopt(easy, CURLOPT_HEADERDATA, context);
}
static inline CURLcode holdfast_curl_set_private(CURL *easy, void *context) {
    return curl_easy_setopt(easy, CURLOPT_PRIVATE, context);
}

// ---- which addresses may be reached ----------------------------------------------------------------------------

// Whether an IPv4 address (in host order) is no public one: IANA's special-purpose registry, and multicast.
static inline int holdfast_ipv4_is_internal(uint32_t ip) {
    static const struct { uint32_t net; int bits; } ranges[] = {
        {0x00000000, 8}, {0x0A000000, 8}, {0x64400000, 10}, {0x7F000000, 8}, {0xA9FE0000, 16}, {0xAC100000, 12},
        {0xC0000000, 24}, {0xC0000200, 24}, {0xC0586300, 24}, {0xC0A80000, 16}, {0xC6120000, 15}, {0xC6336400, 24},
        {0xCB007100, 24}, {0xE0000000, 4}, {0xF0000000, 4},
    };
    for (unsigned index = 0; index < sizeof ranges / sizeof *ranges; index++)
        if ((ip ^ ranges[index].net) >> (32 - ranges[index].bits) == 0) return 1;
    return 0;
}
static inline uint32_t holdfast_ipv4_inside(const unsigned char *bytes) {
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}
// The same for IPv6: only 2000::/3 is public, without documentation, Teredo and ORCHID; an IPv4 address inside
// (mapped, NAT64, 6to4) is judged by itself.
static inline int holdfast_ipv6_is_internal(const unsigned char *ip) {
    static const unsigned char mapped[12] = {[10] = 0xFF, [11] = 0xFF}, nat64[12] = {0x00, 0x64, 0xFF, 0x9B};
    if (memcmp(ip, mapped, 12) == 0 || memcmp(ip, nat64, 12) == 0)
        return holdfast_ipv4_is_internal(holdfast_ipv4_inside(ip + 12));
    if (ip[0] == 0x20 && ip[1] == 0x02) return holdfast_ipv4_is_internal(holdfast_ipv4_inside(ip + 2));
    if (ip[0] == 0x20 && ip[1] == 0x01 && (ip[2] < 0x02 || (ip[2] == 0x0D && ip[3] == 0xB8))) return 1;
    return (ip[0] & 0xE0) != 0x20;
}
static inline int holdfast_address_is_internal(const struct sockaddr *address) {
    if (address->sa_family == AF_INET)
        return holdfast_ipv4_is_internal(ntohl(((const struct sockaddr_in *)(const void *)address)->sin_addr.s_addr));
    if (address->sa_family == AF_INET6)
        return holdfast_ipv6_is_internal(((const struct sockaddr_in6 *)(const void *)address)->sin6_addr.s6_addr);
    return 1;
}
// Sees the address that is about to be connected to, after every resolution and redirect.
static inline curl_socket_t holdfast_curl_open_public(
    void *refused, curlsocktype purpose, struct curl_sockaddr *address) {
    (void)purpose;
    if (holdfast_address_is_internal(&address->addr)) {
        *(int *)refused = 1;
        return CURL_SOCKET_BAD;
    }
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}
// Whether only public addresses may be connected to. `refused` becomes 1 when one was not, and outlives the transfer.
static inline CURLcode holdfast_curl_set_public_only(CURL *easy, int *refused) {
    CURLcode code = curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, holdfast_curl_open_public);
    return code != CURLE_OK ? code : curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, refused);
}

// ---- infos of an easy handle; 0 or NULL where libcurl has none -------------------------------------------------

static inline long holdfast_curl_response_code(CURL *easy) {
    long code = 0;
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &code);
    return code;
}
// Bytes of request that left for the network, heads only.
static inline long holdfast_curl_request_size(CURL *easy) {
    long size = 0;
    curl_easy_getinfo(easy, CURLINFO_REQUEST_SIZE, &size);
    return size;
}
static inline int64_t holdfast_curl_uploaded(CURL *easy) {
    curl_off_t size = 0;
    curl_easy_getinfo(easy, CURLINFO_SIZE_UPLOAD_T, &size);
    return (int64_t)size;
}
// Connections that this transfer opened: 0 when it reused one.
static inline long holdfast_curl_connections(CURL *easy) {
    long count = 0;
    curl_easy_getinfo(easy, CURLINFO_NUM_CONNECTS, &count);
    return count;
}
// Microseconds until the connection (with TLS) was ready for the request; 0 while it is not.
static inline int64_t holdfast_curl_ready_time(CURL *easy) {
    curl_off_t time = 0;
    curl_easy_getinfo(easy, CURLINFO_PRETRANSFER_TIME_T, &time);
    return (int64_t)time;
}
static inline void *holdfast_curl_private(CURL *easy) {
    char *context = NULL;
    curl_easy_getinfo(easy, CURLINFO_PRIVATE, &context);
    return context;
}

// ---- the multi handle ------------------------------------------------------------------------------------------

static inline CURLMcode holdfast_curl_multi_set_cache(CURLM *multi, long connections) {
    return curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, connections);
}
// Takes one finished transfer off the multi handle's list; NULL when there is none. `code` receives its result.
static inline CURL *holdfast_curl_multi_finished(CURLM *multi, CURLcode *code) {
    int left = 0;
    CURLMsg *message;
    while ((message = curl_multi_info_read(multi, &left)) != NULL) {
        if (message->msg == CURLMSG_DONE) {
            *code = message->data.result;
            return message->easy_handle;
        }
    }
    return NULL;
}

#endif
