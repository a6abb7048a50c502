package ablation

import (
	"context"
	"errors"
	"time"

	"github.com/warmstart-ml/warmstart/imageio"
	"github.com/warmstart-ml/warmstart/textenc"
	"github.com/warmstart-ml/warmstart/weightgen"
	"github.com/warmstart-ml/warmstart/zoo"
)

// maker makes adapters with a generator. A prompt of which a generator knows nothing, having seen few concepts, gives the mean adapter.
type maker struct {
	*weightgen.Generator
	code     *zoo.Code
	sampling weightgen.Sampling

	made, unknown int
	spent         time.Duration
}

// Adapter returns that of a prompt.
func (m *maker) Adapter(ctx context.Context, prompt string) ([][]float32, error) {
	begun := time.Now()
	values, _, err := m.Generate(ctx, prompt, m.sampling)
	m.spent += time.Since(begun)
	m.made++
	var p *textenc.PromptError
	if errors.As(err, &p) {
		m.unknown++
		return m.code.Blocks.Join(m.code.Mean), nil
	}
	if err != nil {
		return nil, err
	}
	return m.code.Decode(values), nil
}

// row trains a generator and measures it.
func (b *bench) row(ctx context.Context, v variant) (*Row, error) {
	g, err := b.train(ctx, v.training)
	if err != nil {
		return nil, err
	}
	generator, err := weightgen.NewGenerator(b.backend, g.weights, weightgen.LayoutOf(g.code), g.code.Blocks.Mask())
	if err != nil {
		return nil, err
	}
	m := &maker{Generator: generator, code: g.code, sampling: v.sampling}
	defer m.Close()
	q, made, err := b.untuned.Measure(ctx, m)
	if err != nil {
		return nil, err
	}
	row := &Row{
		Name: v.name, Label: v.label, X: v.x, Adapters: g.learnt, Blocks: g.code.Blocks.Count(), BlockSize: g.code.Blocks.Size(),
		Network: v.training.config.Network, Target: v.training.config.Target, Steps: v.training.config.Steps,
		RefineSteps: v.training.refine.Steps, SamplingSteps: max(v.sampling.Steps, 1),
		Params: g.weights.Model.Params.Size(), Seconds: g.seconds, Unknown: m.unknown, quality: q, made: made,
	}
	row.Generate = m.spent.Seconds() / float64(m.made)
	row.PSNR, row.Share = qualities(q)
	row.WeightsError, err = b.weightsError(ctx, m)
	return row, err
}

// weightsError returns the mean error of the adapters that are held back.
func (b *bench) weightsError(ctx context.Context, m *maker) (float64, error) {
	prompts, err := b.heldPrompts()
	if err != nil {
		return 0, err
	}
	sum := 0.0
	for i, p := range prompts {
		adapter, err := m.Adapter(ctx, p)
		if err != nil {
			return 0, err
		}
		sum += b.errorOf(adapter, b.held.Adapters[i])
	}
	return sum / float64(len(prompts)), nil
}

// shown is the number of concepts that pictures are shown of.
const shown = 4

// Picture shows a concept: input, target, and what each variant makes of the input.
type Picture struct {
	Prompt        string
	Input, Target *imageio.Image
	Outputs       []*imageio.Image // of the report's rows
}

// pictures adds some to the report, of concepts spread over all.
func (b *bench) pictures(ctx context.Context, r *Report) error {
	n := len(r.Rows[0].made)
	for i := range min(shown, n) {
		at := (2*i + 1) * n / (2 * min(shown, n))
		e, err := b.untuned.Example(ctx, at)
		if err != nil {
			return err
		}
		p := Picture{Prompt: e.Prompt, Input: e.Input, Target: e.Target}
		for _, row := range r.Rows {
			out, err := b.untuned.Apply(ctx, row.made[at], e.Input)
			if err != nil {
				return err
			}
			p.Outputs = append(p.Outputs, out)
		}
		r.Pictures = append(r.Pictures, p)
	}
	return nil
}
