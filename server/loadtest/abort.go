package loadtest

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/url"

	"github.com/warmstart-ml/warmstart/server/api"
)

// abort begins an upload and goes away in the middle of it.
func (u *user) abort(ctx context.Context) error {
	at, err := url.Parse(u.o.URL)
	if err != nil {
		return err
	}
	c, err := dial(ctx, at)
	if err != nil {
		return err
	}
	defer c.Close()
	path, kind, body := "/v1/effects/"+u.effect()+"/apply", "image/jpeg", u.frame
	if u.rng.IntN(2) == 0 {
		path, kind = "/v1/pairs", "application/zip"
	}
	token := ""
	if u.o.Token != "" {
		token = "Authorization: Bearer " + u.o.Token + "\r\n"
	}
	_, err = fmt.Fprintf(c, "POST %s HTTP/1.1\r\nHost: %s\r\n%s: %s\r\n%sContent-Type: %s\r\nContent-Length: %d\r\n\r\n",
		path, at.Host, api.ClientHeader, u.name, token, kind, len(body))
	if err != nil {
		return err
	}
	_, err = c.Write(body[:u.rng.IntN(len(body))])
	return err
}

func dial(ctx context.Context, at *url.URL) (net.Conn, error) {
	if at.Scheme == "https" {
		return (&tls.Dialer{}).DialContext(ctx, "tcp", withPort(at, "443"))
	}
	return (&net.Dialer{}).DialContext(ctx, "tcp", withPort(at, "80"))
}

func withPort(at *url.URL, port string) string {
	if at.Port() != "" {
		port = at.Port()
	}
	return net.JoinHostPort(at.Hostname(), port)
}
