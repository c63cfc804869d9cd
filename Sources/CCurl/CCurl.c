// Every function is inline in the header; a C target needs one source file to be linked.
#include "CCurl.h"
