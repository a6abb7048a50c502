package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"text/tabwriter"

	"github.com/alecthomas/kong"

	"github.com/warmstart-ml/warmstart/concept"
	"github.com/warmstart-ml/warmstart/corpus"
	"github.com/warmstart-ml/warmstart/lora"
	"github.com/warmstart-ml/warmstart/zoo"
)

type zooCmd struct {
	Build  zooBuildCmd  `cmd:"" help:"Train an adapter for every seen concept."`
	Ls     zooLsCmd     `cmd:"" help:"List the adapters of a zoo and how good they are."`
	Verify zooVerifyCmd `cmd:"" help:"Read all files of a zoo and tell what is wrong with them."`
	Export zooExportCmd `cmd:"" help:"Write a zoo as one safetensors file and JSON lines, for other programs."`
}

type zooBuildCmd struct {
	Base     string   `required:"" placeholder:"FILE" help:"The base that the adapters are for."`
	Out      string   `short:"o" required:"" placeholder:"DIR" help:"Folder for the zoo: a new one, or one to go on with."`
	Photos   string   `placeholder:"DIR" help:"Folder of photos to learn from beside procedural scenes."`
	Concepts *int     `placeholder:"N" help:"The first N seen concepts; default: all."`
	Steps    int      `default:"150" help:"Training steps of each adapter, the second half at a falling rate."`
	LR       *float64 `name:"lr" placeholder:"RATE" help:"Learning rate; default: what suits adapters that start from nothing."`
	Scenes   int      `default:"1024" help:"Procedural scenes to choose each concept's pictures from."`
	Crops    int      `default:"4" help:"Random crops of each photo; 0: the whole photo."`
	Seed     uint64   `default:"${zoo_seed}" placeholder:"N" help:"Of the choice and order of pictures; 1 are the base's own. Default: ${zoo_seed}."`
}

// zooVars are the defaults that flags take from package zoo.
func zooVars() kong.Vars { return kong.Vars{"zoo_seed": fmt.Sprint(zoo.DefaultConfig().Seed)} }

// zooResult tells what was built. PSNRs are means over all adapters, on pictures that they did not learn from, in dB.
type zooResult struct {
	Zoo      string      `json:"zoo"`
	Adapters int         `json:"adapters"`
	PSNR     float64     `json:"psnr"`
	Identity float64     `json:"identity"` // of the base alone
	Retried  int         `json:"retried"`
	Flagged  []zoo.Entry `json:"flagged"`
}

// Run builds a zoo or what is left of it.
func (c zooBuildCmd) Run(ctx context.Context, u *ui) error {
	o, err := c.options(ctx, u)
	if err == nil {
		var z *zoo.Zoo
		if z, err = zoo.Build(ctx, o); err == nil {
			return u.result(summary(c.Out, z), func(w io.Writer) { summary(c.Out, z).print(w) })
		}
	}
	if ctx.Err() != nil {
		return hinted{interrupted{}, "the same command goes on where this one stopped"}
	}
	return err
}

// options reads the base and makes the pictures.
func (c zooBuildCmd) options(ctx context.Context, u *ui) (zoo.Options, error) {
	o := zoo.Options{Dir: c.Out, Concepts: concept.Seen(), Config: zoo.DefaultConfig(), Progress: u.err}
	if c.Concepts != nil {
		if *c.Concepts < 1 || *c.Concepts > len(o.Concepts) {
			return o, fmt.Errorf("--concepts %d is outside 1 to %d, which there are", *c.Concepts, len(o.Concepts))
		}
		o.Concepts = o.Concepts[:*c.Concepts]
	}
	if err := checkRate("--lr", c.LR); err != nil {
		return o, err
	}
	var err error
	if o.Base, err = lora.ReadBase(c.Base); err != nil {
		return o, hinted{err, "warmstart pretrain makes bases"}
	}
	o.Config.Steps, o.Config.LR, o.Config.Seed = c.Steps, o.Base.Training(1).LR, c.Seed
	give(&o.Config.LR, c.LR)
	o.Pictures, err = corpus.New(ctx, corpus.Config{
		Size: o.Base.Generator.Config.Size, Scenes: c.Scenes, First: corpus.TrainScenes, Photos: c.Photos, Crops: c.Crops,
	})
	if err == nil {
		u.skipped(o.Pictures.Skipped)
	}
	return o, err
}

func summary(dir string, z *zoo.Zoo) zooResult {
	r := zooResult{Zoo: dir, Adapters: len(z.Entries), Flagged: []zoo.Entry{}}
	for _, e := range z.Entries {
		r.PSNR += e.PSNR / float64(len(z.Entries))
		r.Identity += e.Identity / float64(len(z.Entries))
		if e.Retried {
			r.Retried++
		}
		if e.Flag != "" {
			r.Flagged = append(r.Flagged, e)
		}
	}
	return r
}

func (r zooResult) print(w io.Writer) {
	fmt.Fprintf(w, "%s: %d adapters, %.1f dB on average where the base alone has %.1f; %d were retried\n",
		r.Zoo, r.Adapters, r.PSNR, r.Identity, r.Retried)
	for _, e := range r.Flagged {
		fmt.Fprintf(w, "%s: %s, it keeps the values it started from (%.1f dB)\n", e.ID, e.Flag, e.PSNR)
	}
}

type zooLsCmd struct {
	Zoo string `arg:"" placeholder:"DIR" help:"The zoo's folder."`
}

// Run lists the adapters.
func (c zooLsCmd) Run(u *ui) error {
	entries, err := zoo.ReadManifest(c.Zoo)
	if err != nil {
		return err
	}
	return u.result(entries, func(w io.Writer) {
		t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
		fmt.Fprintln(t, "CONCEPT\tDB\tSTART\tBASE\tFLAG\tPROMPT")
		for _, e := range entries {
			fmt.Fprintf(t, "%s\t%.2f\t%.2f\t%.2f\t%s\t%s\n", e.ID, e.PSNR, e.Start, e.Identity, e.Flag, e.Prompt)
		}
		t.Flush()
	})
}

type zooVerifyCmd struct {
	Zoo  string `arg:"" placeholder:"DIR" help:"The zoo's folder."`
	Base string `placeholder:"FILE" help:"The base that the adapters are to be of; default: the one in the folder."`
}

// zooVerified tells what was found.
type zooVerified struct {
	Zoo      string   `json:"zoo"`
	Adapters int      `json:"adapters"`
	Problems []string `json:"problems"`
}

// Run checks all files and fails if there is a problem.
func (c zooVerifyCmd) Run(u *ui) error {
	base, err := zooBase(c.Zoo, c.Base)
	if err != nil {
		return err
	}
	n, problems, err := zoo.Verify(c.Zoo, base)
	if err != nil {
		return err
	}
	r := zooVerified{Zoo: c.Zoo, Adapters: n, Problems: append([]string{}, messages(problems)...)}
	err = u.result(r, func(w io.Writer) {
		for _, p := range r.Problems {
			fmt.Fprintln(w, p)
		}
		if len(r.Problems) == 0 {
			fmt.Fprintf(w, "%s: all %d adapters are whole\n", c.Zoo, n)
		}
	})
	if err == nil && len(problems) > 0 {
		return hinted{fmt.Errorf("%s: %d problems", c.Zoo, len(problems)), "warmstart zoo build trains again what is missing or damaged"}
	}
	return err
}

type zooExportCmd struct {
	Zoo string `arg:"" placeholder:"DIR" help:"The zoo's folder."`
	Out string `short:"o" required:"" placeholder:"FILE" help:"Safetensors file for the weights; the concepts go beside it, as FILE with the ending .jsonl."`
}

// zooExported tells where the files are.
type zooExported struct {
	Tensors  string `json:"tensors"`
	Lines    string `json:"lines"`
	Adapters int    `json:"adapters"`
}

// Run exports the zoo.
func (c zooExportCmd) Run(u *ui) error {
	base, err := zooBase(c.Zoo, "")
	if err != nil {
		return err
	}
	z, err := zoo.Open(c.Zoo, base)
	if err != nil {
		return err
	}
	if err := ready(c.Out); err != nil {
		return err
	}
	if err := z.Export(c.Out, zoo.BlockSize); err != nil {
		return err
	}
	r := zooExported{c.Out, zoo.LinesFile(c.Out), len(z.Entries)}
	return u.result(r, func(w io.Writer) { fmt.Fprintf(w, "%s and %s: %d adapters\n", r.Tensors, r.Lines, r.Adapters) })
}

// zooBase reads the base of a zoo: a file, or if that is "" the one in the zoo's folder.
func zooBase(dir, file string) (*lora.Base, error) {
	if file != "" {
		return lora.ReadBase(file)
	}
	b, err := lora.ReadBase(filepath.Join(dir, zoo.BaseFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s holds no zoo: there is no %s", dir, zoo.BaseFile)
	}
	return b, err
}
