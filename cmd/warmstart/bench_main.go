package main

import (
	"context"
	"fmt"

	"github.com/alecthomas/kong"
	"github.com/gomlx/compute"

	"github.com/warmstart-ml/warmstart"
	"github.com/warmstart-ml/warmstart/cpu"
	"github.com/warmstart-ml/warmstart/evaluate"
	"github.com/warmstart-ml/warmstart/metrics/extractor"
	"github.com/warmstart-ml/warmstart/zoo"
)

// contestFlags say how all ways to a network are compared. Numbers that are 0 are those of the results of record, or of --quick.
type contestFlags struct {
	Zoo       string `placeholder:"DIR" help:"Zoo that the weight generator learnt from, for the nearest concept's adapter; default: without that."`
	Quick     bool   `help:"A few concepts and a short schedule from scratch: a look in minutes, with smaller speed-ups."`
	Inception string `placeholder:"FILE" help:"Weights of InceptionV3 (pt_inception-2015-12-05 as safetensors), to make FID and KID with as published; default: a small network of this program, whose numbers are its own."`

	Concepts       int `placeholder:"N" help:"Unseen concepts, spread over all groups. Default: ${contest_concepts}, with --quick ${contest_quick_concepts}."`
	Samples        int `placeholder:"N" help:"Test pictures of each concept. Default: ${contest_samples}, with --quick ${contest_quick_samples}."`
	Pairs          int `placeholder:"N" help:"Pairs to learn a concept from. Default: ${contest_pairs}."`
	TuneSteps      int `placeholder:"N" help:"Steps of tuning in the table. Default: ${contest_steps}, with --quick ${contest_quick_steps}."`
	ScratchSteps   int `placeholder:"N" help:"Steps from scratch, of four pairs. Default: ${contest_scratch}, with --quick ${contest_quick_scratch}."`
	SearchConcepts int `placeholder:"N" help:"Other concepts that the best recipe from scratch and the zero adapter's rates are searched on. Default: ${contest_search}, with --quick ${contest_quick_search}."`
	modelsFlag
	resultFlags
}

// contestVars are the defaults that help texts name.
func contestVars() kong.Vars {
	vars := kong.Vars{}
	for prefix, c := range map[string]evaluate.ContestConfig{"contest_": evaluate.DefaultContest(), "contest_quick_": evaluate.QuickContest()} {
		for name, v := range map[string]int{
			"concepts": c.Race.Concepts, "samples": c.Samples, "pairs": c.Pairs, "steps": c.Steps, "scratch": c.Race.Steps, "search": c.Race.Search,
		} {
			vars[prefix+name] = fmt.Sprint(v)
		}
	}
	return vars
}

type benchMainCmd struct{ contestFlags }

// Run prints the main table.
func (c benchMainCmd) Run(ctx context.Context, u *ui) error {
	report, err := c.contest(ctx, u)
	return c.finish(ctx, u, report, report != nil && report.Partial, err)
}

type benchCurveCmd struct{ contestFlags }

// Run prints the curves of the main table's trainings.
func (c benchCurveCmd) Run(ctx context.Context, u *ui) error {
	report, err := c.contest(ctx, u)
	if report == nil {
		return c.finish(ctx, u, nil, false, err)
	}
	return c.finish(ctx, u, report.Curves(), report.Partial, err)
}

// contest measures. The report is nil if there is nothing to tell.
func (c contestFlags) contest(ctx context.Context, u *ui) (*evaluate.ContestReport, error) {
	o := evaluate.ContestOptions{Config: c.config(), Cache: c.folder(), Progress: u.progress}
	var err error
	if o.Models, err = c.models(); err != nil {
		return nil, err
	}
	if c.Zoo == "" {
		u.notice("without --zoo there is no nearest concept to compare with")
	}
	backend, err := cpu.New("")
	if err != nil {
		return nil, err
	}
	defer backend.Finalize()
	features, err := c.extractor(backend)
	if err != nil {
		return nil, err
	}
	defer features.Close()
	o.Extractor = features
	report, err := evaluate.RunContest(ctx, backend, o)
	if report != nil {
		report.Version, report.Machine.Features = thisVersion(), cpuFeatures()
	}
	return report, err
}

// config is the configuration that the flags ask for.
func (c contestFlags) config() evaluate.ContestConfig {
	config := evaluate.DefaultContest()
	if c.Quick {
		config = evaluate.QuickContest()
	}
	set(&config.Race.Concepts, c.Concepts)
	set(&config.Samples, c.Samples)
	set(&config.Pairs, c.Pairs)
	set(&config.Steps, c.TuneSteps)
	set(&config.Race.Search, c.SearchConcepts)
	if c.ScratchSteps != 0 {
		config.Race.SetSteps(c.ScratchSteps)
	}
	return config
}

// models reads the models and, if there is one, the zoo.
func (c contestFlags) models() (evaluate.Models, error) {
	load := func() (*warmstart.Models, error) { return warmstart.Load(c.Models) }
	m, err := load()
	if err != nil {
		return evaluate.Models{}, c.hint(err)
	}
	var z *zoo.Zoo
	if c.Zoo != "" {
		z, err = zoo.Open(c.Zoo, m.Base)
	}
	if err != nil {
		return evaluate.Models{}, hinted{err, zooHint}
	}
	models, err := evaluate.NewModels(m, z, load)
	if err != nil {
		return models, hinted{err, zooHint}
	}
	d, err := warmstart.LoadDiscriminator(c.Models, m.Base.Generator.Config)
	if err != nil {
		return models, c.hint(err)
	}
	models.Discriminator = d.Values
	return models, nil
}

// zooHint tells which zoo is wanted.
const zooHint = "--zoo DIR is the zoo that the weight generator learnt from, --models DIR where the generator is"

// extractor compiles the network that FID and KID are made with.
func (c contestFlags) extractor(backend compute.Backend) (*extractor.Network, error) {
	if c.Inception != "" {
		return extractor.Inception(backend, c.Inception)
	}
	w, err := warmstart.LoadFeatures(c.Models)
	if err != nil {
		return nil, c.hint(err)
	}
	return w.Extractor(backend)
}
