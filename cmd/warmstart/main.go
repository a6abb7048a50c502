// Command warmstart writes the weights of image-to-image networks from descriptions, trains them on a CPU and applies them.
//
//	warmstart demo                                            a first look, in under a minute
//	warmstart init "a sepia photo" -o sepia.safetensors       a network's weights in a moment
//	warmstart pairs make --edit sepia --photos DIR -o pairs   pairs of pictures to learn from
//	warmstart tune "a sepia photo" --pairs pairs -o run       the network after a second of training on them
//	warmstart train pairs -o run2                             a network that learnt them from scratch
//	warmstart apply run photo.jpg -o out                      the network at work
//	warmstart export run -o effect.onnx                       the network for other programs
//
// Every verb explains itself with --help. Results go to standard output, as JSON with --json; progress and
// errors go to standard error. Exit codes: 0 done, 1 failed, 2 wrong usage, 130 interrupted.
package main

import (
	"context"
	"os"
	"os/signal"
	"runtime"
	"syscall"
	"time"

	"github.com/alecthomas/kong"
)

// cli is the whole command line; each verb lives in the file of its name.
type cli struct {
	JSON    bool   `name:"json" help:"Print the result as JSON."`
	Threads int    `help:"Threads to compute with; 0: one for every core. Results do not depend on it." default:"0"`
	Server  string `placeholder:"URL" help:"Leave init, tune, apply and effects to a server that warmstart serve runs ($$WARMSTART_SERVER)."`

	Demo      demoCmd      `cmd:"" help:"From words to a network, with pix2pix beside it: a first look, in under a minute."`
	Pairs     pairsCmd     `cmd:"" help:"Make pairs of pictures to learn from."`
	Edits     editsCmd     `cmd:"" help:"List the built-in edits and their parameters."`
	Init      initCmd      `cmd:"" help:"Write the weights of an effect from a description of it, in a moment."`
	Tune      tuneCmd      `cmd:"" help:"Train an effect on pairs for about a second, from weights that init writes."`
	Train     trainCmd     `cmd:"" help:"Train a network on pairs from scratch."`
	Apply     applyCmd     `cmd:"" help:"Apply a trained network to pictures."`
	Serve     serveCmd     `cmd:"" help:"Serve a page and an HTTP interface to all of this."`
	Effects   effectsCmd   `cmd:"" help:"List and delete the effects of a server."`
	Export    exportCmd    `cmd:"" help:"Write a network for other programs: as ONNX, as a page for browsers, as an adapter for PEFT."`
	Eval      evalCmd      `cmd:"" help:"Measure how near the pictures that a network makes come to those of pairs."`
	Pretrain  pretrainCmd  `cmd:"" help:"Make the weights that this program is shipped with, from nothing."`
	Zoo       zooCmd       `cmd:"" help:"Build and inspect a zoo: the adapters that a weight generator learns from."`
	Generator generatorCmd `cmd:"" help:"Train and evaluate weight generators."`
	Bench     benchCmd     `cmd:"" help:"The evidence: the tables of the paper on unseen concepts, and speed side by side with others."`
	Doctor    doctorCmd    `cmd:"" help:"Show and check what computing is done with: backend, CPU, threads, memory."`
	Version   versionCmd   `cmd:"" help:"Print the version."`
}

// started is when the process did, as near as it can tell.
var started = time.Now()

func main() {
	os.Exit(run(os.Args[1:]))
}

// run does one command and returns the exit code.
func run(args []string) int {
	var c cli
	parser := kong.Must(&c,
		kong.Name("warmstart"),
		kong.Description("Writes the weights of image-to-image networks from descriptions, trains them on a CPU and applies them."),
		kong.Vars{"demo_concept": demoConcept}, tuneVars(), serveVars(), zooVars(), generatorTrainVars(), generatorEvalVars(), ablationVars(), contestVars(),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, WrapUpperBound: 100}),
	)
	command, err := parser.Parse(args)
	if err != nil {
		return usageError(os.Stderr, err)
	}
	if err := emptyOut(command); err != nil {
		return usageError(os.Stderr, err)
	}
	if c.Threads < 0 || c.Threads > 1024 {
		return usageError(os.Stderr, errThreads)
	}
	if c.Threads > 0 {
		runtime.GOMAXPROCS(c.Threads) // what every package takes as the number of cores
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // A second Ctrl-C ends the process at once.
	u := newUI(c.JSON)
	if at, verb, err := leaveTo(c.Server, command); err != nil {
		return usageError(os.Stderr, err)
	} else if at != "" {
		return failure(os.Stderr, runAt(ctx, u, at, verb))
	}
	command.BindTo(ctx, (*context.Context)(nil))
	return failure(os.Stderr, command.Run(u))
}
