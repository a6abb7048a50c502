//go:build amd64 && !purego

package winograd

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// Registers 16 to 31 exist with AVX-512 only, and the generator would hand them out if 16 did not suffice.
func TestAVX2UsesSixteenRegisters(t *testing.T) {
	text, err := os.ReadFile("transform_amd64.s")
	if err != nil {
		t.Fatal(err)
	}
	high := regexp.MustCompile(`\b[XY](1[6-9]|2[0-9]|3[01])\b|\bZ[0-9]`)
	functions := strings.Split(string(text), "TEXT ·")[1:]
	if len(functions) < 11 {
		t.Fatalf("found %d functions", len(functions))
	}
	for _, f := range functions {
		name, body, _ := strings.Cut(f, "(SB)")
		if r := high.FindString(body); r != "" && !strings.HasSuffix(name, "AVX512") {
			t.Errorf("%s uses %s", name, r)
		}
	}
}
