package scene_test

import (
	"fmt"

	"github.com/warmstart-ml/warmstart/scene"
)

func Example() {
	s := scene.New(3, 64, 64)
	fmt.Println(s.Setting, "by", s.Light.Hour)
	for r, mask := range s.Masks {
		var share float32
		for _, m := range mask {
			share += m / float32(len(mask))
		}
		if share >= 0.05 {
			fmt.Printf("%.0f %% %v\n", 100*share, scene.Region(r))
		}
	}
	// Output:
	// seaside by day
	// 43 % sky
	// 30 % sand
	// 23 % water
}
