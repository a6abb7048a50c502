package diskfull

import "golang.org/x/sys/windows"

// Errors are what the system says of a full disk. Package syscall has ENOSPC there as well, which nothing returns.
var Errors = []error{windows.ERROR_DISK_FULL, windows.ERROR_HANDLE_DISK_FULL}
