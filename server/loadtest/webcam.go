package loadtest

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/warmstart-ml/warmstart/client"
	"github.com/warmstart-ml/warmstart/server/api"
)

// Stream is what a single client gets that sends frames of a webcam.
type Stream struct {
	Side     int     `json:"side"`      // width and height of the frames, in pixels
	InFlight int     `json:"in_flight"` // frames that are sent before an answer comes
	Seconds  float64 `json:"seconds"`
	Frames   int     `json:"frames"`
	PerS     float64 `json:"frames_per_second"`
}

// inFlight lets the network work while pictures are decoded and encoded.
const inFlight = 3

// Webcam sends frames for a while, as JPEG, and nothing else is asked meanwhile.
func Webcam(ctx context.Context, o Options) (*Stream, error) {
	c, err := client.New(o.URL, o.Token)
	if err != nil {
		return nil, err
	}
	if _, err := ready(ctx, c); err != nil {
		return nil, err
	}
	frame, err := frame(ctx, c, o.Side)
	if err != nil {
		return nil, err
	}
	e, err := c.NewEffect(ctx, api.NewEffect{Prompt: prompts[0]})
	if err != nil {
		return nil, err
	}
	for range 2 * inFlight { // compiled and warm
		if _, err := c.Apply(ctx, e.ID, frame, client.ApplyOptions{}); err != nil {
			return nil, err
		}
	}
	begun := time.Now()
	var frames atomic.Int64
	group, ctx := errgroup.WithContext(ctx)
	for range inFlight {
		group.Go(func() error {
			for time.Since(begun) < o.Duration {
				if _, err := c.Apply(ctx, e.ID, frame, client.ApplyOptions{}); err != nil {
					return err
				}
				frames.Add(1)
			}
			return nil
		})
	}
	if err := errors.Join(group.Wait(), c.RemoveEffect(context.WithoutCancel(ctx), e.ID)); err != nil {
		return nil, err
	}
	s := &Stream{Side: o.Side, InFlight: inFlight, Seconds: time.Since(begun).Seconds(), Frames: int(frames.Load())}
	s.PerS = float64(s.Frames) / s.Seconds
	return s, nil
}
