// Package diskfull recognises errors of a disk that has no room left, which systems call by different names.
package diskfull

import (
	"errors"
	"slices"
)

// Is tells whether err comes from a full disk, or from a quota that is used up.
func Is(err error) bool {
	return slices.ContainsFunc(Errors, func(full error) bool { return errors.Is(err, full) })
}
