package apply

import (
	"fmt"
	"testing"

	"github.com/warmstart-ml/warmstart"
	"github.com/warmstart-ml/warmstart/concept"
	"github.com/warmstart-ml/warmstart/imageio"
	"github.com/warmstart-ml/warmstart/internal/cputest"
	"github.com/warmstart-ml/warmstart/metrics"
	"github.com/warmstart-ml/warmstart/scene"
	"github.com/warmstart-ml/warmstart/teacher"
	"github.com/warmstart-ml/warmstart/weightgen"
)

// TestScenes measures how near generated effects come to the built-in edits of scenes that are larger than those in training, and with -v tells it:
// sizes in edits are shares of the picture, so that there is a right answer at any size.
func TestScenes(t *testing.T) {
	const side = 256
	models, err := warmstart.Load("")
	if err != nil {
		t.Fatal(err)
	}
	backend := cputest.New(t, "")
	engine := NewEngine(backend)
	defer engine.Close()
	var all, plain, seen64, input meanQuality
	for i, id := range []string{
		"fog", "pencil-sketch", "sepia", "watercolour", "snow", "night", "oil-paint", "blur", "cartoon", "vignette", "rain", "film-grain", "charcoal", "autumn",
	} {
		c, err := concept.Find(id)
		if err != nil {
			t.Fatal(err)
		}
		chain, err := teacher.Parse(c.Expr)
		if err != nil {
			t.Fatal(err)
		}
		s := scene.New(uint64(9000+i), side, side)
		target, err := chain.Apply(teacher.FromScene(s), 1)
		if err != nil {
			t.Fatal(err)
		}
		adapter, _, err := models.Init(t.Context(), backend, c.Phrasings()[0], weightgen.Sampling{})
		if err != nil {
			t.Fatal(err)
		}
		w, err := models.Base.Apply(adapter)
		if err != nil {
			t.Fatal(err)
		}
		at := func(side int) *imageio.Image {
			engine.Side = side
			a, err := engine.Applier(w)
			if err != nil {
				t.Fatal(err)
			}
			defer a.Close()
			out, err := a.Apply(t.Context(), s.Image)
			if err != nil {
				t.Fatal(err)
			}
			return out
		}
		input.add(s.Image, target)
		plain.add(model(t, w)(s.Image), target)
		seen64.add(at(64), target)
		all.add(at(0), target)
	}
	t.Logf("beside %d edits of scenes at %dx%d, PSNR and SSIM: untouched %s, the network alone %s, seen at 64x64 %s, as applied %s",
		input.n, side, side, input, plain, seen64, all)
	if all.psnr() < plain.psnr()+1.5 || all.ssim() < plain.ssim() {
		t.Errorf("applied %s, the network alone %s", all, plain)
	}
}

// meanQuality is the mean over pictures.
type meanQuality struct {
	n                int
	sumPSNR, sumSSIM float64
}

func (q *meanQuality) add(got, want *imageio.Image) {
	q.n++
	q.sumPSNR += metrics.PSNR(got, want)
	q.sumSSIM += metrics.SSIM(got, want)
}

func (q meanQuality) psnr() float64 { return q.sumPSNR / float64(q.n) }
func (q meanQuality) ssim() float64 { return q.sumSSIM / float64(q.n) }

func (q meanQuality) String() string { return fmt.Sprintf("%.1f dB %.3f", q.psnr(), q.ssim()) }
