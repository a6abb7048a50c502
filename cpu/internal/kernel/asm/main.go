// Command asm generates the amd64 micro-kernels of package kernel. Run it by go generate there.
//
// Four families, each for AVX-512 and for AVX2 with FMA:
//
//   - rows: a tile of C in registers; every row of A has its own address and is contiguous along k.
//   - cols: the same, but for every k the values of A for all rows of the tile are contiguous (Aᵀ).
//   - dots: few columns; both operands are contiguous along k and are multiplied lane by lane.
//   - transpose: 8 rows become 8 columns, for packing.
package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// isa is what differs between the instruction sets.
type isa struct {
	name   string                      // of its vector registers
	lanes  int                         // float32s in a vector register
	vec    func(i int) reg.VecPhysical // vector register i
	mr     int                         // rows of the largest tile, which is always 2 vectors wide
	record int                         // int32s in a record of the tap table
	dotMR  int                         // rows and largest number of columns of dots
	dotNR  int
}

var avx512 = isa{name: "Z", lanes: 16, vec: zmm, mr: 12, record: 16, dotMR: 6, dotNR: 4}
var avx2 = isa{name: "Y", lanes: 8, vec: ymm, mr: 6, record: 8, dotMR: 4, dotNR: 3}

func zmm(i int) reg.VecPhysical {
	return []reg.VecPhysical{reg.Z0, reg.Z1, reg.Z2, reg.Z3, reg.Z4, reg.Z5, reg.Z6, reg.Z7, reg.Z8, reg.Z9, reg.Z10,
		reg.Z11, reg.Z12, reg.Z13, reg.Z14, reg.Z15, reg.Z16, reg.Z17, reg.Z18, reg.Z19, reg.Z20, reg.Z21, reg.Z22,
		reg.Z23, reg.Z24, reg.Z25, reg.Z26, reg.Z27, reg.Z28, reg.Z29, reg.Z30, reg.Z31}[i]
}

func ymm(i int) reg.VecPhysical {
	return []reg.VecPhysical{reg.Y0, reg.Y1, reg.Y2, reg.Y3, reg.Y4, reg.Y5, reg.Y6, reg.Y7, reg.Y8, reg.Y9, reg.Y10,
		reg.Y11, reg.Y12, reg.Y13, reg.Y14, reg.Y15}[i]
}

func xmm(i int) reg.VecPhysical {
	return []reg.VecPhysical{reg.X0, reg.X1, reg.X2, reg.X3, reg.X4, reg.X5, reg.X6, reg.X7, reg.X8, reg.X9, reg.X10,
		reg.X11, reg.X12, reg.X13, reg.X14, reg.X15, reg.X16, reg.X17, reg.X18, reg.X19, reg.X20, reg.X21, reg.X22,
		reg.X23, reg.X24, reg.X25, reg.X26, reg.X27, reg.X28, reg.X29, reg.X30, reg.X31}[i]
}

// f32 is the address of float32 number i from base.
func f32(base reg.Register, i int) Mem { return Mem{Base: base, Disp: 4 * i} }

// text begins a function that may be called through a table of function values: noescape keeps its pointer
// arguments from forcing allocations.
func text(name, signature string, doc ...string) {
	TEXT(name, NOSPLIT, signature)
	Pragma("noescape")
	Doc(doc...)
}

func main() {
	ConstraintExpr("amd64,!purego")
	laneMasks()
	for _, v := range []isa{avx512, avx2} {
		for mr := 1; mr <= v.mr; mr++ {
			for vecs := 1; vecs <= 2; vecs++ {
				for _, t := range v.tiles(mr, vecs) {
					t.rows()
					t.cols()
				}
			}
		}
		for nc := 1; nc <= v.dotNR; nc++ {
			v.dots(nc)
		}
	}
	transpose()
	Generate()
}

// tiles lists the variants of one tile size. AVX-512 masks the last vector always, at no cost; AVX2 pays
// a register and slower loads for it, so there the masked form is a kernel of its own.
func (v isa) tiles(mr, vecs int) []tile {
	if v.lanes == 16 {
		return []tile{{isa: v, mr: mr, vecs: vecs, masked: true}}
	}
	return []tile{{isa: v, mr: mr, vecs: vecs}, {isa: v, mr: mr, vecs: vecs, masked: true}}
}

func (t tile) name(family string) string {
	n := fmt.Sprintf("%s%s%dx%d", family, t.isa.name, t.mr, t.vecs*t.lanes)
	if t.masked && t.lanes == 8 {
		n += "Masked"
	}
	return n
}
