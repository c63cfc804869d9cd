/// A library that is loaded before a server's own and lets its civil clock be set while it runs; all other clocks, and
/// everybody else's, stay as they are.
enum ClockShim {
    /// Raw system calls, for the C library's own functions call each other. The page's words are read again when its
    /// sequence number was odd or has changed, so that a half-written one is never used.
    static let program = """
        #define _GNU_SOURCE
        #include <fcntl.h>
        #include <stdint.h>
        #include <stdlib.h>
        #include <sys/mman.h>
        #include <sys/syscall.h>
        #include <sys/time.h>
        #include <time.h>
        #include <unistd.h>
        struct page { volatile uint64_t sequence; volatile int64_t base, shown; volatile double rate; };
        static struct page *page;
        static int tried;
        static void attach(void) {
            if (tried) return;
            tried = 1;
            const char *path = getenv("HOLDFAST_CLOCK");
            if (!path) return;
            long file = syscall(SYS_openat, AT_FDCWD, path, O_RDONLY);
            if (file < 0) return;
            void *memory = (void *)syscall(SYS_mmap, 0, 4096, PROT_READ, MAP_SHARED, file, 0);
            syscall(SYS_close, file);
            if ((long)memory > 0) page = memory;
        }
        static int64_t shown(int64_t now) {
            attach();
            if (!page) return now;
            int64_t base, from; double rate; uint64_t sequence;
            do {
                sequence = page->sequence; __sync_synchronize();
                base = page->base; from = page->shown; rate = page->rate; __sync_synchronize();
            } while ((sequence & 1) || sequence != page->sequence);
            return base ? from + (int64_t)((double)(now - base) * rate) : now;
        }
        int clock_gettime(clockid_t clock, struct timespec *time) {  // tidy:allow seam because this is that function
            int status = syscall(SYS_clock_gettime, clock, time);
            if (status == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) {
                int64_t now = shown(time->tv_sec * 1000000000LL + time->tv_nsec);
                time->tv_sec = now / 1000000000LL;
                time->tv_nsec = now % 1000000000LL;
            }
            return status;
        }
        int gettimeofday(struct timeval *value, void *zone) {
            struct timespec time;
            clock_gettime(CLOCK_REALTIME, &time);  // tidy:allow seam because this is that function
            if (value) { value->tv_sec = time.tv_sec; value->tv_usec = time.tv_nsec / 1000; }
            return 0;
        }
        time_t time(time_t *result) {
            struct timespec time;
            clock_gettime(CLOCK_REALTIME, &time);  // tidy:allow seam because this is that function
            if (result) *result = time.tv_sec;
            return time.tv_sec;
        }

        """
}
