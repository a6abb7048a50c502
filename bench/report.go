package bench

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"runtime"
	"runtime/debug"
	"slices"
	"text/tabwriter"

	"github.com/warmstart-ml/warmstart/internal/contention"
)

// Row is one comparison. Ratio is how many times as fast as the peer this side is; for memory it is
// how much of the peer's this side takes.
type Row struct {
	Group   string  `json:"group"`
	Shape   string  `json:"shape,omitempty"`
	Model   string  `json:"model,omitempty"`
	Threads int     `json:"threads"`
	Unit    string  `json:"unit"`
	Ours    float64 `json:"ours"`
	Peer    float64 `json:"peer,omitempty"`
	Ratio   float64 `json:"ratio,omitempty"`
	// Setup is how the peer was run, of the ways there are the fastest; nil where it makes no difference.
	Setup *TorchSetup `json:"peer_setup,omitempty"`
}

// Group sums up the ratios of one group's rows.
type Group struct {
	Geomean float64 `json:"geomean"`
	Min     float64 `json:"min"`
}

// Report is the result of a benchmark.
type Report struct {
	Command string           `json:"command"`
	Machine Machine          `json:"machine"`
	Rows    []Row            `json:"rows"`
	Groups  map[string]Group `json:"groups,omitempty"`
	// Losses of the first steps on both sides, by model: the proof that the work is equal.
	Losses map[string][2][][4]float64 `json:"losses,omitempty"`
	Notes  []string                   `json:"notes,omitempty"`
}

// Machine says what the figures were measured on.
type Machine struct {
	CPUs int    `json:"cpus"`
	Arch string `json:"arch"`
	Go   string `json:"go"`
	Ours string `json:"ours"`
	Peer string `json:"peer,omitempty"`
	contention.Shares
	// Revision of the source, if the binary was built from a repository.
	Revision string `json:"revision,omitempty"`
}

func thisMachine() Machine {
	m := Machine{CPUs: runtime.NumCPU(), Arch: runtime.GOOS + "/" + runtime.GOARCH, Go: runtime.Version()}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				m.Revision = s.Value
			}
		}
	}
	return m
}

// disturbed notes what others used.
func (r *Report) disturbed(s contention.Shares) {
	r.Machine.Shares = s
	if w := s.Warning(); w != "" {
		r.Notes = append(r.Notes, w)
	}
}

// finish computes the groups.
func (r *Report) finish() {
	r.Groups = map[string]Group{}
	for _, row := range r.Rows {
		if row.Ratio == 0 {
			continue
		}
		if _, ok := r.Groups[row.Group]; !ok {
			r.Groups[row.Group] = summarise(r.Rows, row.Group)
		}
	}
}

// summarise takes the geometric mean and the minimum of a group's ratios.
func summarise(rows []Row, group string) Group {
	g, n, sum := Group{Min: math.Inf(1)}, 0, 0.0
	for _, r := range rows {
		if r.Group == group && r.Ratio > 0 {
			n, sum, g.Min = n+1, sum+math.Log(r.Ratio), min(g.Min, r.Ratio)
		}
	}
	g.Geomean = math.Exp(sum / float64(n))
	return g
}

// WriteJSON writes the report for machines.
func (r *Report) WriteJSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(r)
}

// WriteTable writes the report for people.
func (r *Report) WriteTable(w io.Writer) error {
	fmt.Fprintf(w, "%s, %d CPUs, %s; ours: %s", r.Machine.Arch, r.Machine.CPUs, r.Machine.Go, r.Machine.Ours)
	if r.Machine.Peer != "" {
		fmt.Fprintf(w, "; peer: %s", r.Machine.Peer)
	}
	fmt.Fprintln(w)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "group\twhat\tthreads\tours\tpeer\tunit\tratio")
	for _, row := range r.Rows {
		peer, ratio := "-", "-"
		if row.Ratio > 0 {
			peer, ratio = figure(row.Peer), fmt.Sprintf("%.2fx", row.Ratio)
		}
		fmt.Fprintf(t, "%s\t%s%s\t%d\t%s\t%s\t%s\t%s\n", row.Group, row.Shape, row.Model, row.Threads, figure(row.Ours), peer, row.Unit, ratio)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	if len(r.Groups) > 0 {
		fmt.Fprintln(t, "\ngroup\tgeometric mean\tleast")
		for _, name := range sortedKeys(r.Groups) {
			fmt.Fprintf(t, "%s\t%.2fx\t%.2fx\n", name, r.Groups[name].Geomean, r.Groups[name].Min)
		}
	}
	for _, n := range r.Notes {
		fmt.Fprintf(t, "\n%s\n", n)
	}
	return t.Flush()
}

// figure prints three significant digits.
func figure(v float64) string {
	switch {
	case v >= 100:
		return fmt.Sprintf("%.0f", v)
	case v >= 10:
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.3g", v)
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

func median(v []float64) float64 {
	s := slices.Sorted(slices.Values(v))
	if len(s) == 0 {
		return 0
	}
	return (s[(len(s)-1)/2] + s[len(s)/2]) / 2
}
