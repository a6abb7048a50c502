// Package loadtest asks much of a server: many clients at once apply effects, make them, train them, follow trainings, and break
// off in the middle of all that.
package loadtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/warmstart-ml/warmstart/client"
	"github.com/warmstart-ml/warmstart/imageio"
	"github.com/warmstart-ml/warmstart/server/api"
	"github.com/warmstart-ml/warmstart/server/picture"
)

// Options say how much is asked.
type Options struct {
	URL, Token string
	Clients    int
	Duration   time.Duration
	Side       int // width and height in pixels of the pictures that effects are applied to
	Seed       uint64
}

// prompts are what effects are made of.
var prompts = []string{
	"a sepia photo", "a starry night", "a pencil sketch of a foggy day", "a winter landscape", "an oil painting", "a charcoal drawing",
}

// Run asks for as long as it is told, and counts what comes of it. The error tells that it couldn't begin, or that the server no longer answers.
func Run(ctx context.Context, o Options) (*Report, error) {
	c, err := client.New(o.URL, o.Token)
	if err != nil {
		return nil, err
	}
	s, err := ready(ctx, c)
	if err != nil {
		return nil, err
	}
	frame, err := frame(ctx, c, o.Side)
	if err != nil {
		return nil, err
	}
	begun := time.Now()
	tally := newTally()
	limited, cancel := lasting(ctx, o.Duration)
	defer cancel()
	var all sync.WaitGroup
	for i := range o.Clients {
		u := &user{
			o: o, tally: tally, frame: frame, name: fmt.Sprintf("load-%d", i), rng: rand.New(rand.NewPCG(o.Seed, uint64(i))),
		}
		u.client = c.Named(u.name).Impatient()
		all.Go(func() { u.run(limited) })
	}
	all.Wait()
	took := time.Since(begun)
	if _, err := c.Status(ctx); err != nil {
		return nil, fmt.Errorf("after the load: %w", err)
	}
	return tally.report(o, s, took), nil
}

// lasting returns a context that is cancelled after a time. It has no deadline: a connection keeps to that by a clock of its own, and may end
// with an error before the context does, which would look like a failure of the server.
func lasting(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	end := time.AfterFunc(d, cancel)
	return ctx, func() {
		end.Stop()
		cancel()
	}
}

// ready waits until a server has loaded everything.
func ready(ctx context.Context, c *client.Client) (api.Status, error) {
	for {
		s, err := c.Status(ctx)
		if err != nil || s.Ready {
			return s, err
		}
		wait(ctx, 100*time.Millisecond)
	}
}

// frame is a picture as a webcam sends it.
func frame(ctx context.Context, c *client.Client, side int) ([]byte, error) {
	sample, err := c.Sample(ctx, "lake", 256)
	if err != nil {
		return nil, err
	}
	m, err := imageio.Decode(bytes.NewReader(sample), imageio.Limits{})
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	err = picture.JPEG.Encode(&b, m.Resize(side, side))
	return b.Bytes(), err
}

// user is one of the clients.
type user struct {
	o      Options
	client *client.Client
	name   string
	rng    *rand.Rand
	tally  *tally
	frame  []byte
	own    []string // its effects
}

// maxOwn is the number of effects that a client keeps.
const maxOwn = 4

// run does one thing after the other until ctx ends, and cleans up.
func (u *user) run(ctx context.Context) {
	for ctx.Err() == nil {
		kind, do := u.choose()
		begun := time.Now()
		err := do(ctx)
		if ctx.Err() == nil { // else it was broken off by the end
			u.tally.add(kind, time.Since(begun), err)
		}
		var e *client.Error
		if errors.As(err, &e) && e.Status == http.StatusTooManyRequests {
			wait(ctx, 100*time.Millisecond) // less than the server wants
		}
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
	defer cancel()
	for _, id := range u.own {
		u.tally.add(kindRemove, 0, u.remove(ctx, id))
	}
}

// choose draws what to do next.
func (u *user) choose() (string, func(context.Context) error) {
	if len(u.own) == 0 {
		return kindGenerate, u.generate
	}
	switch p := u.rng.Float64(); {
	case p < 0.65:
		return kindApply, u.apply
	case p < 0.75:
		return kindGenerate, u.generate
	case p < 0.83:
		return kindTune, u.tune
	case p < 0.95:
		return kindAbort, u.abort
	}
	return kindLook, u.look
}

func (u *user) effect() string { return u.own[u.rng.IntN(len(u.own))] }

// apply applies an effect to a picture, at some strength.
func (u *user) apply(ctx context.Context) error {
	strength := float64(u.rng.IntN(3)) / 2
	out, err := u.client.Apply(ctx, u.effect(), u.frame, client.ApplyOptions{Strength: &strength})
	if err != nil {
		return err
	}
	m, err := imageio.Decode(bytes.NewReader(out), imageio.Limits{})
	if err == nil && (m.W != u.o.Side || m.H != u.o.Side) {
		err = fmt.Errorf("a picture of %dx%d comes back as one of %dx%d", u.o.Side, u.o.Side, m.W, m.H)
	}
	return err
}

// generate makes an effect, and deletes the oldest if there are many.
func (u *user) generate(ctx context.Context) error {
	e, err := u.client.NewEffect(ctx, api.NewEffect{Prompt: prompts[u.rng.IntN(len(prompts))], Sample: "lake"})
	if err != nil {
		return err
	}
	u.own = append(u.own, e.ID)
	if !strings.HasPrefix(e.Preview, "data:image/jpeg") {
		return errors.New("an effect comes without the preview that was asked for")
	}
	if len(u.own) > maxOwn {
		oldest := u.own[0]
		u.own = u.own[1:]
		return u.remove(ctx, oldest)
	}
	return nil
}

func (u *user) remove(ctx context.Context, id string) error {
	err := u.client.RemoveEffect(ctx, id)
	var e *client.Error
	if errors.As(err, &e) && e.Status == http.StatusNotFound {
		return nil // deleted, but the answer was cut off by the end
	}
	return err
}

// tune trains an effect and follows that to its end, or looks away early and cancels.
func (u *user) tune(ctx context.Context) error {
	j, err := u.client.NewJob(ctx, api.NewJob{Kind: api.KindTune, Effect: u.effect(), Edit: "sepia", Seconds: 0.2})
	if err != nil {
		return err
	}
	if u.rng.IntN(3) == 0 {
		return u.lookAway(ctx, j.ID)
	}
	last, err := u.client.Follow(ctx, j.ID, func(api.Point) {})
	if err == nil && last.State != api.Done {
		err = fmt.Errorf("a training is %s: %s", last.State, last.Error)
	}
	return err
}

// lookAway breaks off a stream of events, and cancels its job.
func (u *user) lookAway(ctx context.Context, id string) error {
	short, cancel := lasting(ctx, time.Duration(u.rng.IntN(500))*time.Millisecond)
	defer cancel()
	if _, err := u.client.Follow(short, id, func(api.Point) {}); err != nil && short.Err() == nil {
		return err
	}
	_, err := u.client.Cancel(ctx, id)
	var e *client.Error
	if errors.As(err, &e) && e.Status == http.StatusConflict {
		return nil // it was over already
	}
	return err
}

// look reads this and that.
func (u *user) look(ctx context.Context) error {
	if _, err := u.client.Effects(ctx); err != nil {
		return err
	}
	if _, err := u.client.Jobs(ctx); err != nil {
		return err
	}
	_, err := u.client.Suggestions(ctx, "snow", 5)
	return err
}

func wait(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}
