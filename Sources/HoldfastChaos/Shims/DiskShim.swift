/// A library that is loaded before a server's own and lets its writes to files, or its fsyncs, fail while it runs.
enum DiskShim {
    /// The first byte of the file that HOLDFAST_DISK names says what fails: nothing (0), fsync (1), writes to regular
    /// files (2). Writes to sockets and pipes go on; what goes to the log, standard output, does too.
    static let program = """
        #define _GNU_SOURCE
        #include <errno.h>
        #include <fcntl.h>
        #include <stdlib.h>
        #include <sys/mman.h>
        #include <sys/stat.h>
        #include <sys/syscall.h>
        #include <sys/uio.h>
        #include <unistd.h>
        static volatile char *page;
        static int tried;
        static char fault(void) {
            if (!tried) {
                tried = 1;
                const char *path = getenv("HOLDFAST_DISK");
                long file = path ? syscall(SYS_openat, AT_FDCWD, path, O_RDONLY) : -1;
                if (file >= 0) {
                    void *memory = (void *)syscall(SYS_mmap, 0, 4096, PROT_READ, MAP_SHARED, file, 0);
                    syscall(SYS_close, file);
                    if ((long)memory > 0) page = memory;
                }
            }
            return page ? *page : 0;
        }
        static int full(int fd) {
            struct stat status;
            return fd > 2 && fault() == 2 && fstat(fd, &status) == 0 && S_ISREG(status.st_mode);
        }
        ssize_t write(int fd, const void *bytes, size_t count) {
            if (full(fd)) { errno = ENOSPC; return -1; }
            return syscall(SYS_write, fd, bytes, count);
        }
        ssize_t writev(int fd, const struct iovec *parts, int count) {
            if (full(fd)) { errno = ENOSPC; return -1; }
            return syscall(SYS_writev, fd, parts, count);
        }
        int fsync(int fd) {
            if (fault() == 1) { errno = EIO; return -1; }
            return syscall(SYS_fsync, fd);
        }
        int fdatasync(int fd) {
            if (fault() == 1) { errno = EIO; return -1; }
            return syscall(SYS_fdatasync, fd);
        }

        """
}
