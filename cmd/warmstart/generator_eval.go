package main

import (
	"context"
	"fmt"
	"io"
	"slices"

	"github.com/alecthomas/kong"
	"github.com/gomlx/compute"

	"github.com/warmstart-ml/warmstart"
	"github.com/warmstart-ml/warmstart/cpu"
	"github.com/warmstart-ml/warmstart/evaluate"
	"github.com/warmstart-ml/warmstart/imageio"
	"github.com/warmstart-ml/warmstart/zoo"
)

type generatorEvalCmd struct {
	Zoo    string   `required:"" placeholder:"DIR" help:"Zoo that the generator learnt from, whose adapters it is compared with."`
	Photos string   `placeholder:"DIR" help:"Folder with folders train and test of photos, to measure on photos as well."`
	Cache  string   `placeholder:"DIR" help:"Folder to keep results in: what is in it is not measured again."`
	Parts  []string `default:"all" placeholder:"PART,…" help:"What to measure: quality, photos, match (steps of tuning) and race (against training from scratch), all or none. Default: all."`
	Grid   string   `placeholder:"FILE" help:"PNG file for pictures of some concepts."`

	Concepts       int `default:"0" placeholder:"N" help:"Concepts of each group; 0: all."`
	ReferenceSteps int `default:"${reference_steps}" placeholder:"N" help:"Steps of the adapters that are trained on a concept's own pairs. Default: ${reference_steps}."`
	StepsConcepts  int `default:"${steps_concepts}" placeholder:"N" help:"Concepts to count steps of tuning on; 0: all. Default: ${steps_concepts}."`
	SpeedConcepts  int `default:"${speed_concepts}" placeholder:"N" help:"Concepts to race with training from scratch on; 0: all. Default: ${speed_concepts}."`
	ScratchSteps   int `default:"${scratch_steps}" placeholder:"N" help:"Steps from scratch: of pix2pix, and of the best recipe, which is searched with a quarter of them. Default: ${scratch_steps}."`
	SearchConcepts int `default:"${search_concepts}" placeholder:"N" help:"Other concepts that the best recipe from scratch is searched on. Default: ${search_concepts}."`
	GridConcepts   int `default:"10" placeholder:"N" help:"Concepts in the pictures. Default: 10."`
	modelsFlag
}

// generatorEvalVars are the defaults that help texts name.
func generatorEvalVars() kong.Vars {
	c := evaluate.DefaultConfig()
	return kong.Vars{
		"reference_steps": fmt.Sprint(c.Reference.Steps), "steps_concepts": fmt.Sprint(c.Match.Concepts),
		"speed_concepts": fmt.Sprint(c.Race.Concepts), "scratch_steps": fmt.Sprint(c.Race.Steps),
		"search_concepts": fmt.Sprint(c.Race.Search),
	}
}

// Run measures what the generator is worth on unseen concepts.
func (c generatorEvalCmd) Run(ctx context.Context, u *ui) error {
	report, err := c.evaluate(ctx, u)
	switch {
	case ctx.Err() != nil && c.Cache != "":
		return hinted{interrupted{}, "the same command goes on where this one stopped"}
	case ctx.Err() != nil:
		return hinted{interrupted{}, "nothing was kept; with --cache DIR the same command would go on"}
	case err != nil:
		return err
	}
	return u.result(report, func(w io.Writer) { _ = report.WriteTable(w) }) // Only a closed output fails here.
}

func (c generatorEvalCmd) evaluate(ctx context.Context, u *ui) (*evaluate.Report, error) {
	o, err := c.options(u)
	if err != nil {
		return nil, err
	}
	if c.Grid != "" {
		if err := ready(c.Grid); err != nil {
			return nil, err
		}
	}
	backend, err := cpu.New("")
	if err != nil {
		return nil, err
	}
	defer backend.Finalize()
	report, err := evaluate.Run(ctx, backend, o)
	if err != nil {
		return nil, err
	}
	report.Version = thisVersion()
	report.Machine.Features = cpuFeatures()
	if c.Grid != "" {
		err = c.drawGrid(ctx, backend, o)
	}
	return report, err
}

// options reads the models and the zoo.
func (c generatorEvalCmd) options(u *ui) (evaluate.Options, error) {
	o := evaluate.Options{Config: evaluate.DefaultConfig(), Photos: c.Photos, Cache: c.Cache, Progress: u.progress}
	o.Config.Concepts, o.Config.Reference.Steps = c.Concepts, c.ReferenceSteps
	o.Config.Match.Concepts, o.Config.Race.Concepts, o.Config.Race.Search = c.StepsConcepts, c.SpeedConcepts, c.SearchConcepts
	o.Config.Race.SetSteps(c.ScratchSteps)
	var err error
	if o.Parts, err = c.parts(); err != nil {
		return o, err
	}
	m, err := warmstart.Load(c.Models)
	if err != nil {
		return o, c.hint(err)
	}
	z, err := zoo.Open(c.Zoo, m.Base)
	if err != nil {
		return o, hinted{err, zooHint}
	}
	o.Models, err = evaluate.NewModels(m, z, func() (*warmstart.Models, error) { return warmstart.Load(c.Models) })
	if err != nil {
		return o, hinted{err, zooHint}
	}
	return o, nil
}

// parts returns what is to be measured.
func (c generatorEvalCmd) parts() ([]evaluate.Part, error) {
	switch {
	case slices.Equal(c.Parts, []string{"all"}):
		return nil, nil
	case slices.Equal(c.Parts, []string{"none"}):
		return []evaluate.Part{}, nil
	}
	parts := []evaluate.Part{}
	for _, name := range c.Parts {
		p := evaluate.Part(name)
		if !slices.Contains(evaluate.Parts(), p) {
			return nil, fmt.Errorf("--parts %s: there are %v, all and none", name, evaluate.Parts())
		}
		parts = append(parts, p)
	}
	return parts, nil
}

func (c generatorEvalCmd) drawGrid(ctx context.Context, backend compute.Backend, o evaluate.Options) error {
	g := evaluate.DefaultGrid()
	g.Concepts = c.GridConcepts
	sheet, err := evaluate.Grid(ctx, backend, o, g)
	if err != nil {
		return err
	}
	return imageio.WriteFile(c.Grid, sheet)
}
