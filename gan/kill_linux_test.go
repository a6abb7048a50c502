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
	c.Steps, c.DecaySteps = 1000, 500
	return c
}

func child(mode, dir string) *exec.Cmd {
	cmd := exec.Command(os.Args[0], dir)
	cmd.Env = append(os.Environ(), childMode+"="+mode)
	return cmd
}

// TestKillAnywhere kills training processes that save as often as they may, at random moments, and resumes
// them until the run is done: it must end with the bits of a run that was left alone.
func TestKillAnywhere(t *testing.T) {
	t.Parallel()
	whole, killed := t.TempDir(), t.TempDir()
	if out, err := child("train", whole).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	length := len(readAll(t, filepath.Join(whole, logFile)))
	rng := rand.New(rand.NewPCG(1, 1))
	const tries = 5
	kills := 0
	for i := range tries {
		if killAfter(t, killed, length*i/(tries+1)+rng.IntN(length/(tries+1))) {
			kills++
		}
	}
	if kills == 0 {
		t.Error("no process was killed in time")
	}
	if out, err := child("train", killed).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if !bytes.Equal(readAll(t, filepath.Join(whole, CheckpointFile)), readAll(t, filepath.Join(killed, CheckpointFile))) {
		t.Error("the killed run ended with other bits")
	}
}

// killAfter trains into dir and kills the process when the log has grown beyond a number of bytes. It returns
// false if the process was done before.
func killAfter(t *testing.T, dir string, bytes int) bool {
	t.Helper()
	cmd := child("train", dir)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	for {
		if info, err := os.Stat(filepath.Join(dir, logFile)); err == nil && info.Size() > int64(bytes) {
			cmd.Process.Kill()
		}
		select {
		case err := <-ended:
			var exit *exec.ExitError
			if err != nil && (!errors.As(err, &exit) || exit.Exited()) {
				t.Fatalf("the process failed: %v", err)
			}
			return err != nil
		case <-time.After(200 * time.Microsecond):
		}
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
