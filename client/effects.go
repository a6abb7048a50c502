package client

import (
	"context"
	"net/http"
	"net/url"
	"strconv"

	"github.com/warmstart-ml/warmstart/server/api"
)

// Status tells what the server is and how busy it is.
func (c *Client) Status(ctx context.Context) (s api.Status, err error) {
	return s, c.call(ctx, http.MethodGet, "/v1/status", nil, &s)
}

// Suggestions returns up to n prompts like a text that are known to work, or for "" some to begin with.
func (c *Client) Suggestions(ctx context.Context, text string, n int) ([]api.Suggestion, error) {
	var list api.Suggestions
	q := url.Values{"q": {text}, "n": {strconv.Itoa(n)}}
	return list.Suggestions, c.call(ctx, http.MethodGet, "/v1/suggestions?"+q.Encode(), nil, &list)
}

// Samples lists pictures to try effects on.
func (c *Client) Samples(ctx context.Context) ([]api.Sample, error) {
	var list api.Samples
	return list.Samples, c.call(ctx, http.MethodGet, "/v1/samples", nil, &list)
}

// Sample returns a sample of so many pixels width and height, as JPEG.
func (c *Client) Sample(ctx context.Context, id string, side int) ([]byte, error) {
	return c.fetch(ctx, http.MethodGet, "/v1/samples/"+url.PathEscape(id)+"?side="+strconv.Itoa(side), nil, "")
}

// NewEffect makes an effect of a prompt.
func (c *Client) NewEffect(ctx context.Context, n api.NewEffect) (e api.Effect, err error) {
	return e, c.call(ctx, http.MethodPost, "/v1/effects", n, &e)
}

// Blend mixes two effects into a new one.
func (c *Client) Blend(ctx context.Context, b api.Blend) (e api.Effect, err error) {
	return e, c.call(ctx, http.MethodPost, "/v1/effects/blend", b, &e)
}

// Effects lists the shelf, the newest first.
func (c *Client) Effects(ctx context.Context) ([]api.Effect, error) {
	var list api.Effects
	return list.Effects, c.call(ctx, http.MethodGet, "/v1/effects", nil, &list)
}

// Effect returns an effect.
func (c *Client) Effect(ctx context.Context, id string) (e api.Effect, err error) {
	return e, c.call(ctx, http.MethodGet, effectPath(id), nil, &e)
}

// ChangeEffect renames an effect or sets its strength.
func (c *Client) ChangeEffect(ctx context.Context, id string, change api.EffectChange) (e api.Effect, err error) {
	return e, c.call(ctx, http.MethodPatch, effectPath(id), change, &e)
}

// RemoveEffect deletes an effect.
func (c *Client) RemoveEffect(ctx context.Context, id string) error {
	return c.call(ctx, http.MethodDelete, effectPath(id), nil, nil)
}

// Adapter returns an effect's adapter as a file (.safetensors).
func (c *Client) Adapter(ctx context.Context, id string) ([]byte, error) {
	return c.fetch(ctx, http.MethodGet, effectPath(id)+"/adapter", nil, "")
}

// Weights returns an effect's network as a file (.safetensors).
func (c *Client) Weights(ctx context.Context, id string) ([]byte, error) {
	return c.fetch(ctx, http.MethodGet, effectPath(id)+"/weights", nil, "")
}

// ApplyOptions say how an effect is applied. A zero field means the server's default.
type ApplyOptions struct {
	Strength *float64 // nil: the effect's own
	Side     int      // larger pictures are scaled down to that, in pixels
	PNG      bool     // the result is PNG, not JPEG
}

// Apply applies an effect to an encoded picture (PNG, JPEG or WebP) and returns the result, encoded.
func (c *Client) Apply(ctx context.Context, id string, picture []byte, o ApplyOptions) ([]byte, error) {
	q := url.Values{}
	if o.Strength != nil {
		q.Set("strength", strconv.FormatFloat(*o.Strength, 'g', -1, 64))
	}
	if o.Side != 0 {
		q.Set("side", strconv.Itoa(o.Side))
	}
	if o.PNG {
		q.Set("format", "png")
	}
	return c.fetch(ctx, http.MethodPost, effectPath(id)+"/apply?"+q.Encode(), picture, "application/octet-stream")
}

func effectPath(id string) string { return "/v1/effects/" + url.PathEscape(id) }
