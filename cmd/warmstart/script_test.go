package main

import (
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/warmstart-ml/warmstart/cpu"
	"github.com/warmstart-ml/warmstart/internal/tiny"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"warmstart": main})
}

// TestScripts runs testdata/*.txtar: the command line as its users see it. Where [ort] holds, $ORT is a folder with onnxruntime.
func TestScripts(t *testing.T) {
	ort := os.Getenv("WARMSTART_ORT")
	testscript.Run(t, testscript.Params{
		Dir:       "testdata",
		Setup:     func(e *testscript.Env) error { e.Setenv("ORT", ort); return nil },
		Condition: func(name string) (bool, error) { return name == "ort" && ort != "", nil },
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"await": await, "awaitserver": awaitServer, "freeport": freePort, "models": models, "tinybase": tinyBase,
		},
	})
}

// await waits until a file is there.
func await(ts *testscript.TestScript, _ bool, args []string) {
	path := ts.MkAbs(args[0])
	for range 12000 {
		if _, err := os.Stat(path); err == nil {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	ts.Fatalf("%s did not appear in two minutes", path)
}

// models makes a folder of tiny models: models DIR SEED.
func models(ts *testscript.TestScript, _ bool, args []string) {
	seed, err := strconv.ParseUint(args[1], 10, 64)
	ts.Check(err)
	backend, err := cpu.New("threads=1")
	ts.Check(err)
	defer backend.Finalize()
	ts.Check(tiny.WriteModels(backend, ts.MkAbs(args[0]), seed))
}
