package gan

import (
	"bytes"
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/warmstart-ml/warmstart/cpu"
)

// childMode is the environment variable by which tests run this binary again as a training process.
const childMode = "WARMSTART_TEST_TRAIN"

func TestMain(m *testing.M) {
	switch os.Getenv(childMode) {
	case "":
		os.Exit(m.Run())
	case "full disk":
		// Writing beyond the limit fails as on a full disk.
		signal.Ignore(syscall.SIGXFSZ)
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: 20_000, Max: 20_000}); err != nil {
			panic(err)
		}
	}
	os.Exit(trainChild(os.Args[1]))
}

// trainChild trains into dir, resuming if there is anything to resume, and returns the exit code.
func trainChild(dir string) int {
	c := killConfig()
	backend, err := cpu.New("")
	if err != nil {
		panic(err)
	}
	_, _, none := newest(dir, nil)
	_, err = Train(context.Background(), backend, Options{
		Config: c, Dir: dir, Data: randomBatches{c}, Resume: none == nil, SaveEvery: time.Nanosecond,
	})
	if err != nil {
		os.Stderr.WriteString(err.Error())
		return 1
	}
	return 0
}

func killConfig() Config {
	c := tinyConfigs()[1]
	c.Steps, c.DecaySteps = 24, 12
	return c
}

func child(mode, dir string) *exec.Cmd {
	cmd := exec.Command(os.Args[0], dir)
	cmd.Env = append(os.Environ(), childMode+"="+mode)
	return cmd
}

// TestKillAnywhere kills training processes that save a checkpoint after each step, at random moments, and
// resumes them until the run is done: it must end with the bits of a run that was left alone.
func TestKillAnywhere(t *testing.T) {
	t.Parallel()
	whole, killed := t.TempDir(), t.TempDir()
	if out, err := child("train", whole).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	rng := rand.New(rand.NewPCG(1, 1))
	kills := 0
	for {
		cmd := child("train", killed)
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		// Later kills come later, so that the run ends even on a machine on which starting takes long.
		kill := time.AfterFunc(time.Duration(150+rng.IntN(200)+20*kills)*time.Millisecond, func() { cmd.Process.Kill() })
		err := cmd.Wait()
		kill.Stop()
		if err == nil {
			break
		}
		var exit *exec.ExitError
		if !errors.As(err, &exit) || exit.Exited() {
			t.Fatalf("%v: %s", err, stderr.String())
		}
		kills++
	}
	if kills == 0 {
		t.Error("the run ended before it was killed once")
	}
	t.Logf("killed %d times", kills)
	if !bytes.Equal(readAll(t, filepath.Join(whole, CheckpointFile)), readAll(t, filepath.Join(killed, CheckpointFile))) {
		t.Error("the killed run ended with other bits")
	}
}

func TestFullDisk(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	c := killConfig()
	interrupted(t, c, dir)
	before := readAll(t, filepath.Join(dir, CheckpointFile))
	if len(before) < 20_000 {
		t.Fatalf("the checkpoint has %d bytes: the limit is too high", len(before))
	}
	out, err := child("full disk", dir).CombinedOutput()
	if err == nil || !strings.Contains(string(out), "file too large") || !strings.Contains(string(out), "previous checkpoint is untouched") {
		t.Errorf("%v: %s", err, out)
	}
	if !bytes.Equal(before, readAll(t, filepath.Join(dir, CheckpointFile))) {
		t.Error("the checkpoint was touched")
	}
}
