package client

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/warmstart-ml/warmstart/server/api"
)

// NewJob asks for a training of an effect.
func (c *Client) NewJob(ctx context.Context, n api.NewJob) (j api.Job, err error) {
	return j, c.call(ctx, http.MethodPost, "/v1/jobs", n, &j)
}

// Jobs lists trainings, the newest first, in brief.
func (c *Client) Jobs(ctx context.Context) ([]api.Job, error) {
	var list api.Jobs
	return list.Jobs, c.call(ctx, http.MethodGet, "/v1/jobs", nil, &list)
}

// Job returns a training.
func (c *Client) Job(ctx context.Context, id string) (j api.Job, err error) {
	return j, c.call(ctx, http.MethodGet, jobPath(id), nil, &j)
}

// Stop stops a training: the effect gets the best so far by PSNR, and against a discriminator the newest.
func (c *Client) Stop(ctx context.Context, id string) (j api.Job, err error) {
	return j, c.call(ctx, http.MethodPost, jobPath(id)+"/stop", nil, &j)
}

// Continue lets a stopped training go on.
func (c *Client) Continue(ctx context.Context, id string) (j api.Job, err error) {
	return j, c.call(ctx, http.MethodPost, jobPath(id)+"/continue", nil, &j)
}

// Cancel cancels a training: the effect stays as it was.
func (c *Client) Cancel(ctx context.Context, id string) (j api.Job, err error) {
	return j, c.call(ctx, http.MethodPost, jobPath(id)+"/cancel", nil, &j)
}

// Follow calls tell with every point of a training until it has ended, and returns how. Where the connection breaks, or the server
// is started anew, it goes on.
func (c *Client) Follow(ctx context.Context, id string, tell func(api.Point)) (api.Job, error) {
	after, failures := 0, 0
	for {
		last, err := c.listen(ctx, id, after, func(p api.Point) {
			after, failures = p.Number, 0
			tell(p)
		})
		var e *Error
		switch {
		case err == nil && api.Settled(last.State):
			return last, nil
		case ctx.Err() != nil:
			return last, ctx.Err()
		case errors.As(err, &e) && e.Status != http.StatusTooManyRequests && e.Status != http.StatusServiceUnavailable:
			return last, err
		}
		if failures++; failures > attempts {
			return last, errors.Join(errors.New("the events of the training break off"), err)
		}
		select {
		case <-time.After(time.Duration(failures) * time.Second):
		case <-ctx.Done():
			return last, ctx.Err()
		}
	}
}

// maxEvent is the length of the longest event, in bytes.
const maxEvent = 4 << 20

// listen reads a stream of events to its end.
func (c *Client) listen(ctx context.Context, id string, after int, tell func(api.Point)) (last api.Job, err error) {
	r, err := c.once(ctx, http.MethodGet, jobPath(id)+"/events?after="+strconv.Itoa(after), bytes.NewReader(nil), "", "Accept", "application/x-ndjson")
	if err != nil {
		return last, err
	}
	defer r.Body.Close()
	lines := bufio.NewScanner(r.Body)
	lines.Buffer(nil, maxEvent)
	for lines.Scan() {
		var e api.Event
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			return last, fmt.Errorf("an event of the server: %w", err)
		}
		if e.Point != nil {
			tell(*e.Point)
		}
		if e.Job != nil {
			last = *e.Job
		}
	}
	return last, lines.Err()
}

func jobPath(id string) string { return "/v1/jobs/" + url.PathEscape(id) }
