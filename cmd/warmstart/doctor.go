package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"runtime"
	"strconv"
	"strings"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	xcpu "golang.org/x/sys/cpu"

	"github.com/warmstart-ml/warmstart/cpu"
)

type doctorCmd struct{}

// health is what doctor finds.
type health struct {
	versionInfo
	Backend     string   `json:"backend"`
	SelfTest    string   `json:"self_test"` // "ok" or what went wrong
	CPUFeatures []string `json:"cpu_features"`
	Cores       int      `json:"cores"`
	Threads     int      `json:"threads"`
	MemoryMiB   int      `json:"memory_mib,omitempty"`    // 0 where the system doesn't tell
	AvailMiB    int      `json:"available_mib,omitempty"` // the same
}

// Run shows and checks what computing is done with.
func (doctorCmd) Run(u *ui) error {
	h := health{versionInfo: readVersion(), CPUFeatures: cpuFeatures(), Cores: runtime.NumCPU(), Threads: runtime.GOMAXPROCS(0)}
	h.MemoryMiB, h.AvailMiB = memory("/proc/meminfo")
	var err error
	if h.Backend, err = selfTest(); err == nil {
		h.SelfTest = "ok"
	} else {
		h.SelfTest = err.Error()
	}
	if printErr := u.result(h, h.print); printErr != nil {
		return printErr
	}
	if err != nil {
		return hinted{fmt.Errorf("self-test: %w", err), "build with -tags purego to do without assembly, and report this"}
	}
	return nil
}

func (h health) print(w io.Writer) {
	row := func(name string, value any) { fmt.Fprintf(w, "%-14s%v\n", name, value) }
	row("version", strings.TrimSpace(h.Version+" "+h.Revision))
	row("go", h.Go+" "+h.Platform)
	row("backend", h.Backend)
	row("self-test", h.SelfTest)
	row("cpu features", orElse(strings.Join(h.CPUFeatures, " "), "none that the kernels use"))
	row("cores", h.Cores)
	row("threads", h.Threads)
	if h.MemoryMiB > 0 {
		row("memory", fmt.Sprintf("%d MiB, %d MiB available", h.MemoryMiB, h.AvailMiB))
	}
}

func orElse(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

// cpuFeatures lists what the kernels choose by.
func cpuFeatures() []string {
	var found []string
	for _, f := range []struct {
		name string
		has  bool
	}{
		{"avx2", xcpu.X86.HasAVX2}, {"fma", xcpu.X86.HasFMA}, {"avx512f", xcpu.X86.HasAVX512F},
		{"avx512dq", xcpu.X86.HasAVX512DQ}, {"avx512bw", xcpu.X86.HasAVX512BW}, {"avx512vl", xcpu.X86.HasAVX512VL},
		{"neon", xcpu.ARM64.HasASIMD},
	} {
		if f.has {
			found = append(found, f.name)
		}
	}
	return found
}

// memory reads total and available memory, in MiB, from Linux's meminfo; zeros elsewhere.
func memory(path string) (total, available int) {
	f, err := os.Open(path)
	if err != nil {
		return 0, 0
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		fields := strings.Fields(lines.Text())
		if len(fields) < 2 {
			continue
		}
		kib, _ := strconv.Atoi(fields[1])
		switch fields[0] {
		case "MemTotal:":
			total = kib / 1024
		case "MemAvailable:":
			available = kib / 1024
		}
	}
	return total, available
}

// selfTest multiplies two matrices on the backend and compares with the same in float64.
func selfTest() (description string, err error) {
	backend, err := cpu.New("")
	if err != nil {
		return "", err
	}
	defer backend.Finalize()
	const n = 65 // not a multiple of any register's width
	a, b := make([]float32, n*n), make([]float32, n*n)
	for i := range a {
		a[i], b[i] = float32(i%17)-8, float32(i%13)-6
	}
	product, err := graph.NewExec(backend, func(x, y *graph.Node) *graph.Node { return graph.MatMul(x, y) })
	if err != nil {
		return backend.Description(), err
	}
	out, err := product.Call1(tensors.FromFlatDataAndDimensions(a, n, n), tensors.FromFlatDataAndDimensions(b, n, n))
	if err != nil {
		return backend.Description(), err
	}
	got, err := tensors.CopyFlatData[float32](out)
	if err != nil {
		return backend.Description(), err
	}
	for i, v := range got {
		want := 0.0
		for k := range n {
			want += float64(a[i/n*n+k]) * float64(b[k*n+i%n])
		}
		if float64(v) != want { // sums of small integers: exact in float32
			return backend.Description(), fmt.Errorf("matrix product gives %v at %d, want %v", v, i, want)
		}
	}
	return backend.Description(), nil
}
