package server

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/warmstart-ml/warmstart/server/api"
)

// serve runs a server as warmstart serve does, until stop is called, which returns the error.
func serve(t *testing.T, s *Server) (url string, stop func() error) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	failed := make(chan error, 1)
	go func() { failed <- s.Serve(ctx, l) }()
	return "http://" + l.Addr().String(), func() error { cancel(); return <-failed }
}

// TestShutdown: requests and streams at work are ended in good order, jobs are kept, and nothing of the server is left running.
func TestShutdown(t *testing.T) {
	before := runtime.NumGoroutine()
	s := start(t, nil)
	url, stop := serve(t, s.Server)
	via := &site{t: t, Server: s.Server, url: url}
	e := via.effectOf("a sepia photo")
	j := via.submit(api.NewJob{Kind: "tune", Effect: e.ID, Steps: long})
	s.awaitPoint(j.ID)
	stream, err := http.Get(url + "/v1/jobs/" + j.ID + "/events")
	if err != nil {
		t.Fatal(err)
	}
	slow, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(slow, "POST /v1/effects/%s/apply HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/png\r\nContent-Length: %d\r\n\r\n", e.ID, len(png(64, 64)))
	answers := make(chan string, 1)
	go func() { // goes on only when the server is already ending
		<-s.ending.Done()
		slow.Write(png(64, 64))
		line, _ := bufio.NewReader(slow).ReadString('\n')
		answers <- line
	}()
	time.Sleep(100 * time.Millisecond) // for the header to arrive
	if err := stop(); err != nil {
		t.Errorf("error %v", err)
	}
	if line := <-answers; !strings.HasPrefix(line, "HTTP/1.1 200") {
		t.Errorf("a request at work is answered with %q", line)
	}
	if _, err := io.ReadAll(stream.Body); err != nil {
		t.Errorf("a stream ends with %v", err)
	}
	stream.Body.Close()
	slow.Close()
	if got, err := s.jobs.Get(j.ID); err != nil || got.State != api.Running {
		t.Errorf("%+v, %v", got.State, err) // it goes on at the next start
	}
	s.stop()
	http.DefaultClient.CloseIdleConnections()
	for range 100 { // goroutines take a moment to end
		if runtime.NumGoroutine() <= before+2 { // the backend's threads end with the test
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	stacks := make([]byte, 1<<20)
	t.Errorf("%d goroutines, %d before:\n%s", runtime.NumGoroutine(), before, stacks[:runtime.Stack(stacks, true)])
}

// TestGoneClients: clients that go away in the middle of a request free what they had, and are in nobody's way.
func TestGoneClients(t *testing.T) {
	s := start(t, nil)
	e := s.effectOf("a sepia photo")
	address := strings.TrimPrefix(s.url, "http://")
	body := png(200, 200)
	for i := range 20 {
		c, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(c, "POST /v1/effects/%s/apply HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/png\r\nContent-Length: %d\r\n\r\n", e.ID, len(body))
		c.Write(body[:len(body)*i/19]) // from nothing to all
		c.Close()
	}
	s.do("POST", "/v1/effects/"+e.ID+"/apply", body, "Content-Type", "image/png").want(t, http.StatusOK, "")
	for range 200 {
		if s.studio.Lane.Waiting() == 0 {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Errorf("%d pieces of work still wait", s.studio.Lane.Waiting())
}
