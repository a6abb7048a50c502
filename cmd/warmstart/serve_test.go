package main

import (
	"net"
	"net/http"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// freePort sets a variable to an address that nobody listens on: freeport VARIABLE.
func freePort(ts *testscript.TestScript, _ bool, args []string) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	ts.Setenv(args[0], l.Addr().String())
	ts.Check(l.Close())
}

// awaitServer waits until a server answers: awaitserver ADDRESS.
func awaitServer(ts *testscript.TestScript, _ bool, args []string) {
	for range 12000 { // two minutes
		if r, err := http.Get("http://" + args[0] + "/healthz"); err == nil {
			r.Body.Close()
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	ts.Fatalf("nothing answers at %s", args[0])
}
