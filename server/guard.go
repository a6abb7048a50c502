package server

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/warmstart-ml/warmstart/server/api"
)

// policy is what the page may do: run its own scripts and WebAssembly, show pictures that it has, and talk to this server.
const policy = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; font-src 'self'; img-src 'self' data: blob:; " +
	"media-src 'self' blob:; connect-src 'self' data: blob:; worker-src 'self' blob:; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// guard refuses what comes from other sites, and sets what all answers have in common.
func (s *Server) guard(next http.Handler) http.Handler {
	cross := http.NewCrossOriginProtection()
	cross.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.answerError(w, r, fail(http.StatusForbidden, "the request comes from another site"))
	}))
	guarded := cross.Handler(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Embedder-Policy", "require-corp") // lets WebAssembly have threads
		h.Set("Permissions-Policy", "camera=(self), microphone=(), geolocation=()")
		timed := &timedWriter{ResponseWriter: w, control: http.NewResponseController(w)}
		if r.ContentLength != 0 {
			timed.control.SetReadDeadline(time.Now().Add(jsonTime)) // also for what is left unread
		}
		if err := s.checkSite(r); err != nil {
			s.answerError(timed, r, err)
			return
		}
		guarded.ServeHTTP(timed, r)
	})
}

// checkSite refuses requests under a name that is not this server's, by which a foreign page could reach it (DNS rebinding), and
// those that a foreign page sends.
func (s *Server) checkSite(r *http.Request) error {
	if !s.ownName(r.Host) {
		return fail(http.StatusMisdirectedRequest, "the server is not known as %.100q: use its address, or start it with --host", r.Host)
	}
	origin := r.Header.Get("Origin")
	if origin == "" {
		return nil
	}
	if u, err := url.Parse(origin); err != nil || u.Host != r.Host {
		return fail(http.StatusForbidden, "the request comes from another site")
	}
	return nil
}

// ownName tells whether a Host header names this server: by an address, as the machine itself, or by a name that it was given.
func (s *Server) ownName(host string) bool {
	name := host
	if h, _, err := net.SplitHostPort(host); err == nil {
		name = h
	}
	name = strings.ToLower(strings.Trim(name, "[]"))
	if name == "localhost" || slices.Contains(s.o.Hosts, name) {
		return true
	}
	ip := net.ParseIP(name)
	if s.o.Token == "" {
		return ip != nil && ip.IsLoopback()
	}
	own, _ := os.Hostname()
	return ip != nil || own != "" && (name == strings.ToLower(own) || name == strings.ToLower(own)+".local")
}

// cookie holds what stands for the token in browsers.
const cookie = "warmstart_session"

// session is the content of the cookie: it proves the token and doesn't tell it.
func (s *Server) session() string {
	mac := hmac.New(sha256.New, []byte(s.o.Token))
	mac.Write([]byte("warmstart session"))
	return hex.EncodeToString(mac.Sum(nil))
}

// admit refuses requests without the token, if there is one.
func (s *Server) admit(r *http.Request, open bool) error {
	if open || s.o.Token == "" {
		return nil
	}
	if token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok && same(token, s.o.Token) {
		return nil
	}
	if c, err := r.Cookie(cookie); err == nil && same(c.Value, s.session()) {
		return nil
	}
	return fail(http.StatusUnauthorized, "the server wants its token: send it as Authorization: Bearer TOKEN, or sign in at /v1/session")
}

// same compares in a time that tells nothing about the contents.
func same(a, b string) bool {
	x, y := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
	return subtle.ConstantTimeCompare(x[:], y[:]) == 1
}

// signIn gives a browser the cookie that stands for the token.
func (s *Server) signIn(w http.ResponseWriter, r *http.Request, _ query) error {
	var in api.Session
	if err := readJSON(w, r, &in); err != nil {
		return err
	}
	if s.o.Token != "" {
		if !same(in.Token, s.o.Token) {
			return fail(http.StatusUnauthorized, "that is not the server's token")
		}
		http.SetCookie(w, &http.Cookie{
			Name: cookie, Value: s.session(), Path: "/", HttpOnly: true, SameSite: http.SameSiteStrictMode,
			Secure: strings.HasPrefix(r.Header.Get("Origin"), "https:"), // through a proxy
		})
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

var clientName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

// client tells clients apart, who take turns: by their address, and by the name that they give themselves.
func client(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = r.RemoteAddr
	}
	if name := r.Header.Get(api.ClientHeader); clientName.MatchString(name) {
		return fmt.Sprintf("%s/%s", host, name)
	}
	return host
}

// timedWriter gives every part of an answer its own time limit, so that a client that reads slowly holds nothing for ever.
type timedWriter struct {
	http.ResponseWriter
	control *http.ResponseController
}

// writeTime is the time for a part of an answer to be sent.
const writeTime = 20 * time.Second

func (w *timedWriter) Write(b []byte) (int, error) {
	w.control.SetWriteDeadline(time.Now().Add(writeTime))
	return w.ResponseWriter.Write(b)
}

func (w *timedWriter) WriteHeader(status int) {
	w.control.SetWriteDeadline(time.Now().Add(writeTime))
	w.ResponseWriter.WriteHeader(status)
}

// Unwrap lets http.ResponseController reach the connection.
func (w *timedWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
