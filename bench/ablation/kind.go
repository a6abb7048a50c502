package ablation

import (
	"fmt"

	"github.com/warmstart-ml/warmstart/weightgen"
	"github.com/warmstart-ml/warmstart/zoo"
)

// Kind is an ablation: what the generators differ in.
type Kind struct {
	Name     string
	Title    string
	Question string
	// Axis names what the variants have different amounts of; "" if they are no amounts.
	Axis          string
	NeedsPictures bool
	variants      func(Config, *zoo.Zoo) ([]variant, error)
}

// variant is a generator and how it is sampled from.
type variant struct {
	name, label string
	x           float64 // on the axis, if the kind has one
	training    training
	sampling    weightgen.Sampling
}

// training is how a generator is trained.
type training struct {
	adapters int // the first so many; 0: all
	size     int // of blocks
	grouping zoo.Grouping
	config   weightgen.Config
	refine   weightgen.RefineConfig // with 0 steps there is no second stage
}

// Kinds lists the ablations, in the order of the paper.
func Kinds() []Kind {
	return []Kind{
		{
			Name: "block-size", Title: "Block size", Axis: "values in a block", variants: blockSizes,
			Question: "How many values should a block hold?",
		},
		{
			Name: "grouping", Title: "Grouping", variants: groupings,
			Question: "May a block span tensors, or layers?",
		},
		{
			Name: "steps", Title: "Denoising steps", Axis: "denoising steps", variants: steps,
			Question: "Is one denoising step enough?",
		},
		{
			Name: "target", Title: "Target", variants: targets,
			Question: "What should the network predict?",
		},
		{
			Name: "network", Title: "Network", variants: networks,
			Question: "One block at a time, as in the paper, or all blocks at once?",
		},
		{
			Name: "zoo-size", Title: "Size of the zoo", Axis: "adapters", variants: zooSizes,
			Question: "How does quality grow with the number of concepts in the zoo?",
		},
		{
			Name: "stage", Title: "Stages", NeedsPictures: true, variants: stages,
			Question: "Weights only, or the pictures that they make as well?",
		},
	}
}

// training returns what all variants have in common.
func (c Config) training() (training, error) {
	t := training{size: zoo.BlockSize, grouping: zoo.ByTensor}
	var err error
	if t.config, err = weightgen.DefaultConfig(c.Network); err != nil {
		return t, err
	}
	t.config.Steps = c.Steps
	t.config.Warmup = min(t.config.Warmup, c.Steps/4)
	t.config.Seed = seed
	return t, nil
}

// seed is that of all that is random.
const seed = 3

func blockSizes(c Config, z *zoo.Zoo) ([]variant, error) {
	t, err := c.training()
	if err != nil {
		return nil, err
	}
	var list []variant
	for _, size := range []int{64, 128, 256, 512} {
		t.size = size
		list = append(list, variant{name: fmt.Sprint(size), label: fmt.Sprintf("blocks of %d values", size), x: float64(size), training: t})
	}
	if c.Network == weightgen.NetworkUNet1D {
		return list, nil // its patches do not divide a whole adapter
	}
	values := z.Base.Layout.Params.Size()
	t.size, t.grouping = values, zoo.Whole
	return append(list, variant{name: "whole", label: "the whole adapter as one block", x: float64(values), training: t}), nil
}

func groupings(c Config, _ *zoo.Zoo) ([]variant, error) {
	t, err := c.training()
	if err != nil {
		return nil, err
	}
	var list []variant
	for _, g := range []struct {
		grouping zoo.Grouping
		label    string
	}{{zoo.ByTensor, "blocks within tensors"}, {zoo.ByLayer, "blocks within layers"}, {zoo.Whole, "blocks across everything"}} {
		t.grouping = g.grouping
		list = append(list, variant{name: string(g.grouping), label: g.label, training: t})
	}
	return list, nil
}

// steps are those of one generator, which learns from nothing, for one step, and from all levels of noise, for several, alike.
func steps(c Config, _ *zoo.Zoo) ([]variant, error) {
	t, err := c.training()
	if err != nil {
		return nil, err
	}
	t.config.Terminal = 0.5
	var list []variant
	for _, n := range []int{1, 2, 5, 10, 50} {
		list = append(list, variant{
			name: fmt.Sprint(n), label: plural(n, "denoising step"), x: float64(n), training: t, sampling: weightgen.Sampling{Steps: n},
		})
	}
	return list, nil
}

// targets all start from noise: who predicts it cannot start from nothing.
func targets(c Config, _ *zoo.Zoo) ([]variant, error) {
	t, err := c.training()
	if err != nil {
		return nil, err
	}
	t.config.Terminal = 0
	var list []variant
	for _, n := range []int{1, 50} {
		for _, target := range []string{weightgen.TargetX0, weightgen.TargetV, weightgen.TargetNoise} {
			t.config.Target = target
			list = append(list, variant{
				name: fmt.Sprintf("%s-%d", target, n), label: fmt.Sprintf("predicting %s, %s", target, plural(n, "step")),
				training: t, sampling: weightgen.Sampling{Steps: n},
			})
		}
	}
	return list, nil
}

func networks(c Config, _ *zoo.Zoo) ([]variant, error) {
	var list []variant
	for _, n := range []struct{ network, label string }{
		{weightgen.NetworkUNet1D, "unet1d, one block at a time"}, {weightgen.NetworkDiT, "dit, all blocks at once"},
	} {
		c.Network = n.network
		t, err := c.training()
		if err != nil {
			return nil, err
		}
		list = append(list, variant{name: n.network, label: n.label, training: t})
	}
	return list, nil
}

func zooSizes(c Config, z *zoo.Zoo) ([]variant, error) {
	t, err := c.training()
	if err != nil {
		return nil, err
	}
	var list []variant
	all := len(z.Entries)
	for _, n := range []int{25, 50, 100, 200, 400} {
		if n < all {
			t.adapters = n
			list = append(list, variant{name: fmt.Sprint(n), label: fmt.Sprintf("%d adapters", n), x: float64(n), training: t})
		}
	}
	t.adapters = 0
	return append(list, variant{name: "all", label: fmt.Sprintf("all %d adapters", all), x: float64(all), training: t}), nil
}

func stages(c Config, _ *zoo.Zoo) ([]variant, error) {
	t, err := c.training()
	if err != nil {
		return nil, err
	}
	refine := weightgen.DefaultRefineConfig()
	refine.Steps, refine.Warmup, refine.Photos, refine.Seed = c.RefineSteps, min(refine.Warmup, c.RefineSteps/4), 0, seed
	weights, longer, pictures, both := t, t, t, t
	longer.config.Steps *= 2
	pictures.config.Steps, pictures.config.Warmup, pictures.refine = 1, 0, refine
	both.refine = refine
	return []variant{
		{name: "weights", label: "weights only", training: weights},
		{name: "longer", label: "weights only, twice as long", training: longer},
		{name: "pictures", label: "pictures only", training: pictures},
		{name: "both", label: "weights, then pictures", training: both},
	}, nil
}

func plural(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return fmt.Sprintf("%d %s", n, what)
}
