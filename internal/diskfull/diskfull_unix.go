//go:build unix

package diskfull

import "syscall"

// Errors are what the system says of a full disk.
var Errors = []error{syscall.ENOSPC, syscall.EDQUOT}
