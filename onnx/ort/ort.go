// Package ort runs ONNX files in onnxruntime, to compare with: natively or as WebAssembly, in a process of Node.js with one of the npm
// packages onnxruntime-node and onnxruntime-web.
package ort

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// The npm packages.
const (
	Node = "onnxruntime-node" // native code on the CPU
	Web  = "onnxruntime-web"  // WebAssembly, as in browsers
)

// ErrMissing says that Node.js or a package isn't there, and how to get it.
var ErrMissing = errors.New("onnxruntime is missing")

//go:embed ort.mjs
var script string

// Runtime is onnxruntime at work. It is not safe for concurrent use.
type Runtime struct {
	// Name and Version are those of the package.
	Name, Version string

	cmd    *exec.Cmd
	stdin  io.WriteCloser
	answer *json.Decoder
	stderr bytes.Buffer
}

// request and response are the lines that both sides write; see ort.mjs.
type request struct {
	Model  []byte `json:"model,omitempty"`
	Dims   []int  `json:"dims,omitempty"`
	Data   []byte `json:"data,omitempty"`
	Repeat int    `json:"repeat,omitempty"`
}

type response struct {
	Error   string    `json:"error"`
	Name    string    `json:"name"`
	Version string    `json:"version"`
	Dims    []int     `json:"dims"`
	Data    []byte    `json:"data"`
	Seconds []float64 `json:"seconds"`
}

// Start starts a package, Node or Web, that npm has installed in a folder or one around it, with a number of threads. When ctx ends,
// so does the process. The error is ErrMissing if there is something to be installed first.
func Start(ctx context.Context, dir, name string, threads int) (*Runtime, error) {
	node, err := exec.LookPath("node")
	if err != nil {
		return nil, fmt.Errorf("%w: install Node.js 20 or later (%w)", ErrMissing, err)
	}
	if dir, err = filepath.Abs(dir); err != nil {
		return nil, err
	}
	r := &Runtime{cmd: exec.CommandContext(ctx, node, "--input-type=module", "--eval", script, dir, name, strconv.Itoa(threads))}
	r.cmd.Stderr = &r.stderr
	if r.stdin, err = r.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	stdout, err := r.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	r.answer = json.NewDecoder(stdout)
	if err := r.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start Node.js: %w", err)
	}
	hello, err := r.read()
	if err != nil {
		r.Close()
		if strings.Contains(err.Error(), "Cannot find module") {
			return nil, fmt.Errorf("%w: %s has no npm package %s (npm install --ignore-scripts --prefix %s %s)", ErrMissing, dir, name, dir, name)
		}
		return nil, err
	}
	r.Name, r.Version = hello.Name, hello.Version
	return r, nil
}

// Load loads a file's content in place of what was loaded before.
func (r *Runtime) Load(model []byte) error {
	_, err := r.call(request{Model: model})
	return err
}

// Run returns the model's output for an image, both [batch, channels, height, width] with dims as sizes.
func (r *Runtime) Run(image []float32, dims ...int) ([]float32, error) {
	data := make([]byte, 0, 4*len(image))
	for _, v := range image {
		data = binary.LittleEndian.AppendUint32(data, math.Float32bits(v))
	}
	a, err := r.call(request{Dims: dims, Data: data})
	if err != nil {
		return nil, err
	}
	if fmt.Sprint(a.Dims) != fmt.Sprint(dims) || len(a.Data) != len(data) {
		return nil, fmt.Errorf("%s made an output of sizes %v for an image of %v", r.Name, a.Dims, dims)
	}
	output := make([]float32, len(image))
	for i := range output {
		output[i] = math.Float32frombits(binary.LittleEndian.Uint32(a.Data[4*i:]))
	}
	return output, nil
}

// Repeat runs the model n times on the image of the last Run and returns how long each time took.
func (r *Runtime) Repeat(n int) ([]time.Duration, error) {
	a, err := r.call(request{Repeat: n})
	if err != nil {
		return nil, err
	}
	durations := make([]time.Duration, len(a.Seconds))
	for i, s := range a.Seconds {
		durations[i] = time.Duration(s * float64(time.Second))
	}
	return durations, nil
}

func (r *Runtime) call(q request) (response, error) {
	if err := json.NewEncoder(r.stdin).Encode(q); err != nil {
		return response{}, fmt.Errorf("%s: %w", r.Name, err)
	}
	return r.read()
}

func (r *Runtime) read() (response, error) {
	var a response
	if err := r.answer.Decode(&a); err != nil {
		r.Close() // what it wrote is complete when it has ended
		return a, fmt.Errorf("%s has ended: %w\n%s", r.Name, err, r.stderr.Bytes()[max(0, r.stderr.Len()-2000):])
	}
	if a.Error != "" {
		return a, fmt.Errorf("%s: %s", r.Name, a.Error)
	}
	return a, nil
}

// Close ends the process.
func (r *Runtime) Close() {
	r.stdin.Close()
	r.cmd.Process.Kill() // nothing that it does is worth waiting for
	r.cmd.Wait()
}
