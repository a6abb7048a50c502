package main

import (
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/warmstart-ml/warmstart/internal/tiny"
)

// tinyBase writes a tiny base to a file. The second argument, if given, stands for other weights.
func tinyBase(ts *testscript.TestScript, _ bool, args []string) {
	b, err := tiny.Base(uint64(len(args)))
	ts.Check(err)
	ts.Check(b.Write(ts.MkAbs(args[0])))
}
