// brokerd, but that its pwrite() does nothing: what the journal's one write is on an alert's way. There is nothing
// in the journal then: no reader may be sent there, and no segment is ever removed. Not for anything else.

#include <unistd.h>

ssize_t pwrite(int, const void*, size_t size, off_t) { return static_cast<ssize_t>(size); }
