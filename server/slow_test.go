package server

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/warmstart-ml/warmstart/cpu"
	"github.com/warmstart-ml/warmstart/server/api"
	"github.com/warmstart-ml/warmstart/server/shelf"
)

// pipes is a listener whose connections are in memory, so that their time can be that of a test.
type pipes chan net.Conn

func (p pipes) Accept() (net.Conn, error) {
	c, ok := <-p
	if !ok {
		return nil, net.ErrClosed
	}
	return c, nil
}
func (p pipes) Close() error   { return nil }
func (p pipes) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 7788} }

func (p pipes) dial() net.Conn {
	here, there := net.Pipe()
	p <- there
	return here
}

// TestSlowClients: who sends or reads slowly is cut off, in its own time.
func TestSlowClients(t *testing.T) {
	for name, c := range map[string]struct {
		send   string
		after  time.Duration // when it has been cut off
		answer string        // that comes; "" for none
		read   bool          // whether the client reads before that
	}{
		"header":         {"GET /v1/status HTTP/1.1\r\nHost: local", headerTimeout, "", true},
		"long header":    {"GET /v1/status HTTP/1.1\r\nHost: localhost\r\nX: " + strings.Repeat("x", 20<<10), 0, "HTTP/1.1 431", true},
		"JSON":           {"POST /v1/effects HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 20\r\n\r\n{", jsonTime, "HTTP/1.1 408", true},
		"picture":        {"POST /v1/effects/%s/apply HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/png\r\nContent-Length: 2000\r\n\r\n\x89PNG", pictureTime, "HTTP/1.1 408", true},
		"pairs":          {"POST /v1/pairs HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/zip\r\nContent-Length: 2000\r\n\r\nPK", pairsTime, "HTTP/1.1 408", true},
		"refused":        {"POST /v1/nothing HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2000\r\n\r\n.", jsonTime, "HTTP/1.1 404", true},
		"reader":         {"GET /v1/samples/lake?side=512&format=png HTTP/1.1\r\nHost: localhost\r\n\r\n", writeTime, "", false},
		"nothing at all": {"", headerTimeout, "", true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				backend, err := cpu.New("threads=1")
				if err != nil {
					t.Fatal(err)
				}
				s, err := New(Options{Models: models, Backend: backend, Data: t.TempDir(), Log: slog.New(slog.DiscardHandler)})
				if err != nil {
					t.Fatal(err)
				}
				a, _, err := s.studio.Generate(t.Context(), "", "a sepia photo")
				if err != nil {
					t.Fatal(err)
				}
				e, err := s.shelf.Add(api.Effect{Name: "sepia", Strength: 1}, shelf.Weights{Adapter: a.Values})
				if err != nil {
					t.Fatal(err)
				}
				synctest.Wait()
				l := make(pipes)
				h := s.http()
				go h.Serve(l)
				conn := l.dial()
				begun := time.Now()
				if strings.Contains(c.send, "%s") {
					c.send = fmt.Sprintf(c.send, e.ID)
				}
				go io.WriteString(conn, c.send)
				if !c.read {
					time.Sleep(c.after + time.Second)
				}
				answer, err := bufio.NewReader(conn).ReadString('\n')
				if (err == nil) != (c.answer != "") || !strings.HasPrefix(answer, c.answer) {
					t.Errorf("%q, %v", answer, err)
				}
				io.Copy(io.Discard, conn) // until it is cut off
				if took := time.Since(begun); took < c.after || took > c.after+5*time.Second {
					t.Errorf("cut off after %v", took)
				}
				conn.Close()
				close(l)
				if err := errors.Join(h.Close(), s.Close()); err != nil && !errors.Is(err, os.ErrClosed) {
					t.Error(err)
				}
				backend.Finalize()
			})
		})
	}
}
