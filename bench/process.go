package bench

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"time"
)

// Process is a worker that runs as a child process.
type Process struct {
	cmd    *exec.Cmd
	stdin  io.WriteCloser
	stdout *bufio.Scanner
	stderr *tail
	// Setup is how PyTorch is run; nil for other workers.
	Setup *TorchSetup
	// Started is when the process was launched.
	Started time.Time
	// Hello is how the worker introduced itself.
	Hello Response
}

// start launches a worker and waits for its answer to hello.
func start(ctx context.Context, env []string, name string, args ...string) (*Process, error) {
	p := &Process{cmd: exec.CommandContext(ctx, name, args...), stderr: &tail{}}
	p.cmd.Env = append(os.Environ(), env...)
	p.cmd.Stderr = p.stderr
	var err error
	if p.stdin, err = p.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	p.stdout = bufio.NewScanner(out)
	p.stdout.Buffer(nil, 1<<20)
	p.Started = time.Now()
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start worker: %w", err)
	}
	p.Hello, err = p.Call(Request{Cmd: "hello"})
	if err != nil {
		p.Close()
		return nil, err
	}
	return p, nil
}

// Call sends a request and waits for the answer.
func (p *Process) Call(r Request) (Response, error) {
	line, err := json.Marshal(r)
	if err != nil {
		return Response{}, err
	}
	if _, err := p.stdin.Write(append(line, '\n')); err != nil {
		return Response{}, p.died(r, err)
	}
	if !p.stdout.Scan() {
		err := p.stdout.Err()
		if err == nil {
			err = io.ErrUnexpectedEOF
		}
		return Response{}, p.died(r, err)
	}
	var a Response
	if err := json.Unmarshal(p.stdout.Bytes(), &a); err != nil {
		return Response{}, fmt.Errorf("worker answered %q to %s: %w", p.stdout.Text(), r.Cmd, err)
	}
	if a.Error != "" {
		return Response{}, fmt.Errorf("%s worker, %s: %s", p.Hello.Name, r.Cmd, a.Error)
	}
	return a, nil
}

// died gives the error of a worker that no longer answers, with the last that it wrote.
func (p *Process) died(r Request, err error) error {
	p.Close() // what it wrote is complete when it has ended
	return fmt.Errorf("%s worker stopped at %s: %w\n%s", p.Hello.Name, r.Cmd, err, p.stderr.last)
}

// settle gives the threads of the worker that had its turn the time to fall asleep: those of OpenMP and OpenBLAS spin for a while after
// the last operation, which would be at the expense of whose turn is next.
func settle() { time.Sleep(100 * time.Millisecond) }

// Close ends the worker.
func (p *Process) Close() {
	p.stdin.Close()
	done := make(chan struct{})
	go func() { p.cmd.Wait(); close(done) }()
	select {
	case <-done:
	case <-time.After(2 * time.Second):
		p.cmd.Process.Kill()
		<-done
	}
}

// tail keeps the end of what is written to it.
type tail struct{ last []byte }

func (t *tail) Write(b []byte) (int, error) {
	const keep = 2000
	t.last = append(t.last, b...)
	if n := len(t.last) - keep; n > 0 {
		t.last = t.last[n:]
	}
	return len(b), nil
}

// startOurs runs this binary as a worker with that many threads.
func startOurs(ctx context.Context, threads int) (*Process, error) {
	exe, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find this program: %w", err)
	}
	return start(ctx, nil, exe, "bench", "worker", "--threads", strconv.Itoa(threads))
}
