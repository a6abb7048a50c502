// Command asm writes the assembly of package winograd: run "go generate" there.
package main

import (
	. "github.com/mmcloughlin/avo/build"
)

func main() {
	ConstraintExpr("amd64,!purego")
	tables()
	for _, v := range []isa{avx2, avx512} {
		v.scatter("input", 6, inputBT, "a", "b", "a2", "b2", "sum", "prod")
		v.scatter("grad", 4, gradA, "a", "b", "a2", "b2")
		v.gather()
		v.filter()
		v.weight()
	}
	transpose()
	Generate()
}
