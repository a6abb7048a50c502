// Package client speaks to a server that warmstart serve runs.
//
//	c, err := client.New("http://127.0.0.1:7788", "")
//	effect, err := c.NewEffect(ctx, api.NewEffect{Prompt: "a starry night"})
//	night, err := c.Apply(ctx, effect.ID, photo, client.ApplyOptions{})
//	job, err := c.NewJob(ctx, api.NewJob{Kind: api.KindTune, Effect: effect.ID, Seconds: 5})
//	job, err = c.Follow(ctx, job.ID, func(p api.Point) { fmt.Println(p.Tuned.PSNR) })
//
// Answers that are no successes are an *Error. Where the server is busy, requests are repeated a few times.
package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/warmstart-ml/warmstart/server/api"
)

// Client is safe for concurrent use.
type Client struct {
	base  string
	token string
	name  string // for api.ClientHeader
	tries int    // at a request to a server that is busy
	http  *http.Client
}

// New makes a client for the server at an address such as http://127.0.0.1:7788. The token is the server's, if it has one.
func New(address, token string) (*Client, error) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return nil, fmt.Errorf("%q is not the address of a server: write for example http://127.0.0.1:7788", address)
	}
	return &Client{base: strings.TrimSuffix(address, "/"), token: token, tries: attempts, http: &http.Client{
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }, // the token is for this server only
	}}, nil
}

// Named returns a client that tells the server its name, so that the cores are shared fairly between those at one address.
func (c *Client) Named(name string) *Client {
	named := *c
	named.name = name
	return &named
}

// Impatient returns a client that repeats nothing: where the server is busy, the answer is an *Error at once.
func (c *Client) Impatient() *Client {
	impatient := *c
	impatient.tries = 1
	return &impatient
}

// Error is an answer that is no success.
type Error struct {
	Status     int
	Message    string
	RetryAfter time.Duration // 0: not told
}

func (e *Error) Error() string { return e.Message }

// Tries at a request to a server that is busy, and the longest wait between two.
const (
	attempts = 5
	maxWait  = 10 * time.Second
)

// do sends a request and returns the answer if it is a success. The caller closes its body. Those with a body in memory are repeated
// while the server is busy.
func (c *Client) do(ctx context.Context, method, path string, body []byte, contentType string, header ...string) (*http.Response, error) {
	for attempt := 1; ; attempt++ {
		r, err := c.once(ctx, method, path, bytes.NewReader(body), contentType, header...)
		var e *Error
		if !errors.As(err, &e) || e.Status != http.StatusTooManyRequests || attempt >= c.tries {
			return r, err
		}
		select {
		case <-time.After(min(max(e.RetryAfter, 100*time.Millisecond)*time.Duration(attempt), maxWait)):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// once sends a request.
func (c *Client) once(ctx context.Context, method, path string, body io.Reader, contentType string, header ...string) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, c.base+path, body)
	if err != nil {
		return nil, err
	}
	set := func(name, value string) {
		if value != "" {
			req.Header.Set(name, value)
		}
	}
	set("Content-Type", contentType)
	set(api.ClientHeader, c.name)
	if c.token != "" {
		set("Authorization", "Bearer "+c.token)
	}
	for i := 0; i < len(header); i += 2 {
		set(header[i], header[i+1])
	}
	r, err := c.http.Do(req)
	if err != nil {
		return nil, fmt.Errorf("the server: %w", err)
	}
	if r.StatusCode/100 == 2 {
		return r, nil
	}
	defer r.Body.Close()
	return nil, readError(r)
}

// maxError is the length of the longest message that is read, in bytes.
const maxError = 64 << 10

func readError(r *http.Response) error {
	e := &Error{Status: r.StatusCode}
	if seconds, err := strconv.Atoi(r.Header.Get("Retry-After")); err == nil && seconds > 0 {
		e.RetryAfter = time.Duration(seconds) * time.Second
	}
	var told api.Error
	text, err := io.ReadAll(io.LimitReader(r.Body, maxError))
	if err == nil && json.Unmarshal(text, &told) == nil && told.Error.Message != "" {
		e.Message = told.Error.Message
	} else {
		e.Message = fmt.Sprintf("the server answers with %s: is it warmstart serve?", r.Status)
	}
	return e
}

// call sends a value, if there is one, and decodes the answer, if it is wanted.
func (c *Client) call(ctx context.Context, method, path string, send, receive any) error {
	var body []byte
	contentType := ""
	if send != nil {
		var err error
		if body, err = json.Marshal(send); err != nil {
			return err
		}
		contentType = "application/json"
	}
	r, err := c.do(ctx, method, path, body, contentType)
	if err != nil {
		return err
	}
	defer r.Body.Close()
	return decode(r, receive)
}

// decode reads the answer. Fields that are not known are of a newer server.
func decode(r *http.Response, receive any) error {
	if receive == nil {
		return nil
	}
	if t, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || t != "application/json" {
		return fmt.Errorf("the server answers with %q: is it warmstart serve?", t)
	}
	if err := json.NewDecoder(r.Body).Decode(receive); err != nil {
		return fmt.Errorf("the server's answer: %w", err)
	}
	return nil
}

// fetch returns the content of an answer.
func (c *Client) fetch(ctx context.Context, method, path string, body []byte, contentType string) ([]byte, error) {
	r, err := c.do(ctx, method, path, body, contentType)
	if err != nil {
		return nil, err
	}
	defer r.Body.Close()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, fmt.Errorf("the server's answer: %w", err)
	}
	return b, nil
}
