package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/warmstart-ml/warmstart/pretrained"
)

func TestPretrainResult(t *testing.T) {
	dir := t.TempDir()
	if _, err := pretrainedIn(dir, time.Second); err == nil || !strings.Contains(err.Error(), pretrained.BaseFile) {
		t.Errorf("without files: %v", err)
	}
	for _, name := range pretrained.Files() {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("abc"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	r, err := pretrainedIn(dir, 90*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	r.print(&text)
	const sum = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" // FIPS 180-2
	if got := text.String(); !strings.Contains(got, "1m30s") || strings.Count(got, sum) != len(pretrained.Files()) || r.Models != dir {
		t.Error(got)
	}
}
