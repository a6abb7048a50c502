package concept_test

import (
	"fmt"

	"github.com/warmstart-ml/warmstart/concept"
)

func ExampleFind() {
	c, err := concept.Find("snow+snowfall")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(c.Phrasings()[0])
	fmt.Println(c.Expr, c.NeedsMasks, c.IsSeen())
	// Output:
	// a winter landscape in falling snow
	// snow+snowfall true true
}

func ExampleNearest() {
	for _, c := range concept.Nearest("a fogy evening in watercolor", 3) {
		fmt.Println(c.ID)
	}
	// Output:
	// fog+watercolour.slight
	// lights-on+watercolour
	// golden-hour+watercolour.slight
}
