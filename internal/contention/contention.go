// Package contention tells how much other processes and the hypervisor took from a measurement of speed.
package contention

import (
	"bufio"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// ticksPerSecond is the unit of Linux's process times (USER_HZ, the same on all architectures).
const ticksPerSecond = 100

// Watch watches the machine. PyTorch's threads wait for each other at the end of every operation, so that one busy neighbour can make
// it many times slower: such a comparison is void.
type Watch struct {
	begin        time.Time
	busy, stolen int64 // ticks of the whole machine
	own          int64 // ticks of this process and of children that are gone
}

// Tolerable is the share of one CPU that others may use before a measurement of speed can't be trusted.
const Tolerable = 0.1

// Shares are what others used, in CPUs.
type Shares struct {
	Others float64 `json:"others"` // other processes
	Stolen float64 `json:"stolen"` // what the hypervisor gave to other machines
}

// Begin begins to watch.
func Begin() *Watch {
	w := &Watch{begin: time.Now()}
	w.busy, w.stolen = machineTicks()
	w.own = ownTicks()
	return w
}

// End returns what others used since Begin; nothing where the system doesn't tell. Children must have ended: their times count as this
// process's then.
func (w *Watch) End() (s Shares) {
	busy, stolen := machineTicks()
	if busy == 0 {
		return s
	}
	seconds := time.Since(w.begin).Seconds() * ticksPerSecond
	s.Others = max(float64(busy-w.busy-(ownTicks()-w.own))/seconds, 0)
	s.Stolen = float64(stolen-w.stolen) / seconds
	return s
}

// Warning says that others used too much; "" if they didn't.
func (s Shares) Warning() string {
	if s.Others <= Tolerable && s.Stolen <= Tolerable {
		return ""
	}
	return fmt.Sprintf("Not to be trusted: other processes used %.0f %% of one CPU and the hypervisor took %.0f %%. Measure on an idle machine.",
		100*s.Others, 100*s.Stolen)
}

// machineTicks returns the time that all CPUs were busy, and the time that the hypervisor gave to others.
func machineTicks() (busy, stolen int64) {
	f, err := os.Open("/proc/stat")
	if err != nil {
		return 0, 0
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	if !lines.Scan() {
		return 0, 0
	}
	v := numbers(strings.TrimPrefix(lines.Text(), "cpu"))
	if len(v) < 8 { // user nice system idle iowait irq softirq steal
		return 0, 0
	}
	return v[0] + v[1] + v[2] + v[5] + v[6], v[7]
}

// ownTicks returns the time of this process and of its children that have ended.
func ownTicks() int64 {
	b, err := os.ReadFile("/proc/self/stat")
	if err != nil {
		return 0
	}
	_, fields, ok := strings.Cut(string(b), ") ") // the name before may hold anything
	if !ok {
		return 0
	}
	v := strings.Fields(fields) // from field 3 of proc(5) on
	if len(v) < 15 {
		return 0
	}
	n := numbers(strings.Join(v[11:15], " ")) // utime stime cutime cstime
	return n[0] + n[1] + n[2] + n[3]
}

// numbers parses a line of integers; what is none counts as 0.
func numbers(s string) []int64 {
	fields := strings.Fields(s)
	v := make([]int64, len(fields))
	for i, f := range fields {
		v[i], _ = strconv.ParseInt(f, 10, 64)
	}
	return v
}
