package teacher_test

import (
	"fmt"

	"github.com/warmstart-ml/warmstart/scene"
	"github.com/warmstart-ml/warmstart/teacher"
)

func Example() {
	chain, err := teacher.Parse("autumn+pencil-sketch:strength=0.5")
	if err != nil {
		fmt.Println(err)
		return
	}
	target, err := chain.Apply(teacher.FromScene(scene.New(1, 64, 64)), 1)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(chain, target.W, target.H)
	// Output: autumn+pencil-sketch:strength=0.5 64 64
}

func ExampleFind() {
	_, err := teacher.Find("water-color")
	fmt.Println(err)
	// Output: no edit is called "water-color"; nearest: watercolour, technicolor, pastel-tones
}
