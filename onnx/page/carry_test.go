package page

import (
	"bytes"
	"encoding/json"
	"math"
	"os"
	"os/exec"
	"testing"

	"github.com/warmstart-ml/warmstart/apply"
	"github.com/warmstart-ml/warmstart/imageio"
	"github.com/warmstart-ml/warmstart/internal/cputest"
	"github.com/warmstart-ml/warmstart/internal/tiny"
	"github.com/warmstart-ml/warmstart/scene"
)

// TestCarryOver compares the page's pictures with those of apply, given the same small ones.
func TestCarryOver(t *testing.T) {
	node, err := exec.LookPath("node")
	if err != nil && os.Getenv("WARMSTART_ORT") == "" {
		t.Skip(err)
	} else if err != nil {
		t.Fatal(err)
	}
	base, err := tiny.Base(1)
	if err != nil {
		t.Fatal(err)
	}
	engine := apply.NewEngine(cputest.New(t, ""))
	defer engine.Close()
	engine.Side = 24
	applier, err := engine.Applier(base.Generator)
	if err != nil {
		t.Fatal(err)
	}
	defer applier.Close()
	full := imageio.FromImage(scene.New(3, 90, 60).Image.ToImage()) // 8 bits a sample, as the page has it
	small := full.Resize(36, 24)
	changed, err := applier.Apply(t.Context(), small)
	if err != nil {
		t.Fatal(err)
	}
	want, err := applier.Apply(t.Context(), full)
	if err != nil {
		t.Fatal(err)
	}
	input, err := json.Marshal(map[string]any{"full": full.ToImage().Pix, "small": small.Pix, "changed": changed.Pix})
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), node, "--eval", Carry+`
const {full, small, changed} = JSON.parse(require('fs').readFileSync(0));
process.stdout.write(carryOver(Uint8ClampedArray.from(Buffer.from(full, 'base64')), 90, 60, small, changed, 36, 24));`)
	cmd.Stdin, cmd.Stderr = bytes.NewReader(input), os.Stderr
	got, err := cmd.Output()
	if err != nil || len(got) != 4*90*60 {
		t.Fatalf("%d bytes, error %v", len(got), err)
	}
	for i, v := range want.Pix {
		if g := got[i/3*4+i%3]; math.Abs(float64(255*v)-float64(g)) > 0.51 {
			t.Fatalf("sample %d is %d, wanted %.2f", i, g, 255*v)
		}
	}
}
