//go:build ignore

// Command mksplit writes split.txt.
package main

import (
	"bytes"
	"log"
	"os"

	"github.com/warmstart-ml/warmstart/concept"
)

func main() {
	var b bytes.Buffer
	if err := concept.WriteSplit(&b); err != nil {
		log.Fatal(err)
	}
	if err := os.WriteFile("split.txt", b.Bytes(), 0o644); err != nil {
		log.Fatal(err)
	}
}
