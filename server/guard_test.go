package server

import (
	"net/http"
	"strings"
	"testing"

	"github.com/warmstart-ml/warmstart/server/api"
)

const secret = "a token that nobody knows"

// TestSites: foreign pages get in neither by name nor by address.
func TestSites(t *testing.T) {
	local := start(t, nil)
	open := start(t, func(o *Options) { o.Token, o.Hosts = secret, []string{"pictures.example"} })
	body := api.Session{}
	for _, c := range []struct {
		name         string
		site         *site
		method, path string
		header       []string
		status       int
	}{
		{"own address", local, "GET", "/v1/status", nil, 200},
		{"localhost", local, "GET", "/v1/status", []string{"Host", "localhost:7788"}, 200},
		{"IPv6", local, "GET", "/v1/status", []string{"Host", "[::1]:7788"}, 200},
		{"rebound name", local, "GET", "/v1/status", []string{"Host", "evil.example:7788"}, 421},
		{"like localhost", local, "GET", "/v1/status", []string{"Host", "localhost.evil.example"}, 421},
		{"another machine", local, "GET", "/v1/status", []string{"Host", "192.0.2.1"}, 421},
		{"rebound page", local, "GET", "/", []string{"Host", "evil.example"}, 421},
		{"with a token, an address", open, "GET", "/v1/status", []string{"Host", "192.0.2.1"}, 200},
		{"with a token, its name", open, "GET", "/v1/status", []string{"Host", "Pictures.Example:80"}, 200},
		{"with a token, another", open, "GET", "/v1/status", []string{"Host", "evil.example"}, 421},
		{"own origin", local, "POST", "/v1/session", []string{"Host", "localhost", "Origin", "http://localhost"}, 204},
		{"foreign origin", local, "POST", "/v1/session", []string{"Origin", "http://evil.example"}, 403},
		{"another port", local, "POST", "/v1/session", []string{"Origin", "http://127.0.0.1:1"}, 403},
		{"no origin to tell", local, "POST", "/v1/session", []string{"Origin", "null"}, 403},
		{"foreign read", local, "GET", "/v1/effects", []string{"Origin", "http://evil.example"}, 403},
		{"foreign form", local, "POST", "/v1/session", []string{"Sec-Fetch-Site", "cross-site"}, 403},
		{"sibling's form", local, "DELETE", "/v1/effects/aaaaaaaaaaaa", []string{"Sec-Fetch-Site", "same-site"}, 403},
		{"own form", local, "POST", "/v1/session", []string{"Sec-Fetch-Site", "same-origin"}, 204},
	} {
		t.Run(c.name, func(t *testing.T) {
			var b any
			if c.method == "POST" {
				b = body
			}
			r := c.site.do(c.method, c.path, b, c.header...).want(t, c.status, "")
			if r.Header.Get("Content-Security-Policy") != policy || r.Header.Get("X-Content-Type-Options") != "nosniff" || r.Header.Get("Access-Control-Allow-Origin") != "" {
				t.Errorf("headers %v", r.Header)
			}
		})
	}
}

// TestToken: without it nothing is told but that there is a server.
func TestToken(t *testing.T) {
	s := start(t, func(o *Options) { o.Token = secret })
	stranger := &site{t: t, Server: s.Server, url: s.url}
	for _, r := range s.routes() {
		status, body := http.StatusUnauthorized, any(nil)
		if r.open {
			status = http.StatusOK
		}
		if r.path == "/v1/session" {
			status, body = http.StatusUnauthorized, api.Session{Token: "a guess"}
		}
		stranger.do(r.method, strings.ReplaceAll(r.path, "{id}", "aaaaaaaaaaaa"), body).want(t, status, "")
	}
	stranger.do("GET", "/", nil).want(t, http.StatusOK, "<html")
	stranger.do("GET", "/v1/status", nil, "Authorization", "Bearer "+secret[1:]).want(t, http.StatusUnauthorized, "wants its token")
	stranger.do("GET", "/v1/status", nil, "Authorization", "Basic "+secret).want(t, http.StatusUnauthorized, "")
	stranger.do("GET", "/v1/status?token=x", nil).want(t, http.StatusUnauthorized, "")
	s.do("GET", "/v1/status", nil).want(t, http.StatusOK, "")
	r := stranger.do("POST", "/v1/session", api.Session{Token: secret}).want(t, http.StatusNoContent, "")
	c := r.Cookies()
	if len(c) != 1 || !c[0].HttpOnly || c[0].SameSite != http.SameSiteStrictMode || strings.Contains(c[0].Value, secret) {
		t.Fatalf("cookies %v", c)
	}
	stranger.do("GET", "/v1/status", nil, "Cookie", c[0].Name+"="+c[0].Value).want(t, http.StatusOK, "")
	stranger.do("GET", "/v1/status", nil, "Cookie", c[0].Name+"="+secret).want(t, http.StatusUnauthorized, "")
}

// TestClients: who says its name is told from others at its address.
func TestClients(t *testing.T) {
	for name, want := range map[string]string{"": "192.0.2.7", "tab-1": "192.0.2.7/tab-1", "a b": "192.0.2.7", strings.Repeat("x", 65): "192.0.2.7"} {
		r, _ := http.NewRequest("GET", "/", nil)
		r.RemoteAddr = "192.0.2.7:1234"
		r.Header.Set(api.ClientHeader, name)
		if got := client(r); got != want {
			t.Errorf("%q: %s", name, got)
		}
	}
}

// TestPage: the page is sent whole, and nothing around it.
func TestPage(t *testing.T) {
	dir := t.TempDir()
	writeFile(t, dir+"/ort/ort.wasm.min.mjs", "export {}")
	writeFile(t, dir+"/ort/deep/x.wasm", "wasm")
	writeFile(t, dir+"/outside", "secret")
	s := start(t, func(o *Options) { o.ORT = dir + "/ort" })
	for path, want := range map[string]struct {
		status int
		kind   string
	}{
		"/":                     {200, "text/html; charset=utf-8"},
		"/ort/ort.wasm.min.mjs": {200, "text/javascript; charset=utf-8"},
		"/ort/deep/x.wasm":      {200, "application/wasm"},
		"/ort/":                 {404, "application/json"},
		"/ort/deep":             {404, "application/json"},
		"/ort/%2e%2e/outside":   {404, "application/json"},
		"/ort/..%2foutside":     {404, "application/json"},
		"/nothing":              {404, "application/json"},
		"/v1/nothing":           {404, "application/json"},
		"/v1/effects/x/y/z":     {404, "application/json"},
	} {
		r := s.do("GET", path, nil).want(t, want.status, "")
		if got := r.Header.Get("Content-Type"); got != want.kind {
			t.Errorf("%s: %s", path, got)
		}
	}
	start(t, nil).do("GET", "/ort/ort.wasm.min.mjs", nil).want(t, http.StatusNotFound, "--ort")
	s.do("POST", "/", nil).want(t, http.StatusMethodNotAllowed, "GET")
}
