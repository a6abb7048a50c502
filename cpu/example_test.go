package cpu_test

import (
	"fmt"

	"github.com/gomlx/compute"
	. "github.com/gomlx/gomlx/core/graph"

	_ "github.com/warmstart-ml/warmstart/cpu"
)

// Any GoMLX program can run on this backend. This one computes the length of a vector and its gradient.
func Example() {
	backend, err := compute.NewWithConfig("cpu:threads=2")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer backend.Finalize()

	exec := MustNewExec(backend, func(x *Node) (length, gradient *Node) {
		length = Sqrt(ReduceAllSum(Square(x)))
		return length, Gradient(length, x)[0]
	})
	results := exec.MustCall([]float32{3, 4})
	fmt.Println(results[0].Value(), results[1].Value())
	// Output: 5 [0.6 0.8]
}
