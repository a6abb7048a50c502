package server

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/warmstart-ml/warmstart/server/api"
)

// TestFullDisk: what needs the disk is told that it is full, and everything else goes on, also when there is room again.
func TestFullDisk(t *testing.T) {
	dir := t.TempDir()
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size=4m"); err != nil {
		t.Skipf("a small disk needs the right to mount one: %v", err)
	}
	t.Cleanup(func() { unix.Unmount(dir, unix.MNT_DETACH) })
	s := start(t, func(o *Options) { o.Data = dir })
	e := s.effectOf("a sepia photo")
	ballast := filepath.Join(dir, "ballast")
	fill := func() {
		f, err := os.Create(ballast)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		for {
			if _, err := f.Write(make([]byte, 4096)); err != nil {
				return
			}
		}
	}
	fill()
	const full = "disk is full"
	s.do("POST", "/v1/effects", api.NewEffect{Prompt: "a starry night"}).want(t, http.StatusInsufficientStorage, full)
	s.do("PATCH", "/v1/effects/"+e.ID, map[string]string{"name": "new"}).want(t, http.StatusInsufficientStorage, full)
	s.do("POST", "/v1/jobs", api.NewJob{Kind: "tune", Effect: e.ID}).want(t, http.StatusInsufficientStorage, full)
	s.do("POST", "/v1/pairs", zipped(t, 3), "Content-Type", "application/zip").want(t, http.StatusInsufficientStorage, full)
	s.do("POST", "/v1/effects/"+e.ID+"/apply", png(32, 32), "Content-Type", "image/png").want(t, http.StatusOK, "")
	if list := into[api.Effects](t, s.do("GET", "/v1/effects", nil)); len(list.Effects) != 1 || list.Effects[0].Name != e.Name {
		t.Errorf("%+v", list)
	}
	if left, _ := filepath.Glob(dir + "/*/*"); len(left) != 1 {
		t.Errorf("%q are left of what failed", left)
	}

	os.Remove(ballast)
	j := s.submit(api.NewJob{Kind: "tune", Effect: e.ID, Steps: long})
	s.awaitPoint(j.ID)
	fill()
	s.do("POST", "/v1/jobs/"+j.ID+"/stop", nil).want(t, http.StatusOK, "")
	_, last := s.followJob(j.ID)
	if last.State != api.Stopped || !strings.Contains(last.Error, full) {
		t.Errorf("%+v", last)
	}
	if got := s.getEffect(e.ID); got.Version != 1 {
		t.Errorf("%+v", got)
	}
	os.Remove(ballast)
	s.do("POST", "/v1/jobs/"+j.ID+"/continue", nil).want(t, http.StatusOK, "")
	s.awaitMore(j.ID, len(s.getJob(j.ID).Points))
	s.do("POST", "/v1/jobs/"+j.ID+"/stop", nil).want(t, http.StatusOK, "")
	if _, last = s.followJob(j.ID); last.State != api.Stopped || last.Error != "" {
		t.Errorf("%+v", last)
	}
	if got := s.getEffect(e.ID); got.Version != 2 {
		t.Errorf("%+v", got)
	}
}
