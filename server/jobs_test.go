package server

import (
	"archive/zip"
	"bufio"
	"bytes"
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/warmstart-ml/warmstart/imageio"
	"github.com/warmstart-ml/warmstart/server/api"
)

// submit asks for a job.
func (s *site) submit(n api.NewJob, header ...string) api.Job {
	s.t.Helper()
	return into[api.Job](s.t, s.do("POST", "/v1/jobs", n, header...).want(s.t, http.StatusAccepted, ""))
}

func (s *site) getJob(id string) api.Job {
	s.t.Helper()
	return into[api.Job](s.t, s.do("GET", "/v1/jobs/"+id, nil).want(s.t, http.StatusOK, ""))
}

func (s *site) getEffect(id string) api.Effect {
	s.t.Helper()
	return into[api.Effect](s.t, s.do("GET", "/v1/effects/"+id, nil).want(s.t, http.StatusOK, ""))
}

// awaitPoint waits until a job has done a step.
func (s *site) awaitPoint(id string) {
	s.t.Helper()
	ctx, cancel := context.WithCancel(s.t.Context())
	defer cancel()
	req, _ := http.NewRequestWithContext(ctx, "GET", s.url+"/v1/jobs/"+id+"/events?after=1", nil)
	r, err := http.DefaultClient.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer r.Body.Close()
	for lines := bufio.NewScanner(r.Body); lines.Scan(); {
		if strings.HasPrefix(lines.Text(), "id: ") {
			return
		}
	}
	s.t.Fatalf("job %s ended before its second point: %+v", id, s.getJob(id))
}

// long is more steps than a test waits for.
const long = 1_000_000

// TestStopAndContinue: a stopped job leaves the effect the best so far, and goes on from where it was.
func TestStopAndContinue(t *testing.T) {
	s := start(t, nil)
	e := s.effectOf("a sepia photo")
	j := s.submit(api.NewJob{Kind: "tune", Effect: e.ID, Steps: long})
	s.do("POST", "/v1/jobs", api.NewJob{Kind: "tune", Effect: e.ID, Steps: 1}).want(t, http.StatusConflict, "trains the effect already")
	s.do("POST", "/v1/jobs/"+j.ID+"/continue", nil).want(t, http.StatusConflict, "only a stopped one")
	s.awaitPoint(j.ID)
	s.do("POST", "/v1/jobs/"+j.ID+"/apply?format=png", png(32, 32), "Content-Type", "image/png").want(t, http.StatusOK, "PNG")
	s.do("POST", "/v1/jobs/"+j.ID+"/apply?of=scratch", png(32, 32), "Content-Type", "image/png").want(t, http.StatusConflict, "no weights of the side")
	s.do("POST", "/v1/jobs/"+j.ID+"/stop", nil).want(t, http.StatusOK, "")
	points, last := s.followJob(j.ID)
	if last.State != api.Stopped {
		t.Fatalf("%+v", last)
	}
	stopped := s.getEffect(e.ID)
	best := slices.MaxFunc(points, func(a, b api.Point) int { return int(1e6 * (a.Tuned.PSNR - b.Tuned.PSNR)) }).Tuned
	if stopped.Version != 2 || stopped.Steps != best.Step || stopped.PSNR != best.PSNR {
		t.Errorf("the effect has %d steps and %g dB, the best point is %+v", stopped.Steps, stopped.PSNR, best)
	}
	s.do("POST", "/v1/jobs/"+j.ID+"/stop", nil).want(t, http.StatusConflict, "it is stopped")
	s.do("POST", "/v1/jobs/"+j.ID+"/continue", nil).want(t, http.StatusOK, "")
	done := points[len(points)-1].Tuned.Step
	s.awaitMore(j.ID, len(points))
	s.do("POST", "/v1/jobs/"+j.ID+"/cancel", nil).want(t, http.StatusOK, "")
	more, last := s.followJob(j.ID)
	if last.State != api.Cancelled || len(more) <= len(points) || more[len(points)].Tuned.Step <= done {
		t.Errorf("%+v, %d points after %d", last, len(more), len(points))
	}
	if now := s.getEffect(e.ID); now.Version != 2 {
		t.Errorf("a cancelled job changed the effect: %+v", now)
	}
	s.do("POST", "/v1/jobs/"+j.ID+"/cancel", nil).want(t, http.StatusConflict, "it is cancelled")
	if files, _ := os.ReadDir(filepath.Join(s.o.Data, "jobs", j.ID)); len(files) != 1 {
		t.Errorf("%v is left of the job", files)
	}
}

// awaitMore waits until a job has more than so many points.
func (s *site) awaitMore(id string, points int) {
	s.t.Helper()
	for {
		news, err := s.jobs.Watch(id, points)
		if err != nil {
			s.t.Fatal(err)
		}
		if len(news.Points) > 0 {
			return
		}
		select {
		case <-news.Changed:
		case <-s.t.Context().Done():
			s.t.Fatal("no more points")
		}
	}
}

// TestRestart: a server that ends in the middle of trainings goes on with them when it starts again, to the same bits that one gives
// that never ended.
func TestRestart(t *testing.T) {
	data := t.TempDir()
	s := start(t, func(o *Options) { o.Data = data })
	e, unbroken := s.effectOf("a sepia photo"), s.effectOf("a sepia photo")
	const steps = 400
	running := s.submit(api.NewJob{Kind: "tune", Effect: e.ID, Steps: steps})
	s.awaitPoint(running.ID)
	s.stop()
	on := start(t, func(o *Options) { o.Data = data })
	points, last := on.followJob(running.ID)
	if last.State != api.Done || points[len(points)-1].Tuned.Step != steps {
		t.Fatalf("%+v after %d points", last, len(points))
	}
	for i, p := range points {
		if p.Number != i+1 || i > 0 && p.Tuned.Step <= points[i-1].Tuned.Step {
			t.Errorf("points %d and %d have the steps %d and %d", i, i+1, points[max(i-1, 0)].Tuned.Step, p.Tuned.Step)
		}
	}
	whole := on.submit(api.NewJob{Kind: "tune", Effect: unbroken.ID, Steps: steps})
	if _, last := on.followJob(whole.ID); last.State != api.Done {
		t.Fatalf("%+v", last)
	}
	_, a, err := on.shelf.Weights(e.ID)
	if err != nil {
		t.Fatal(err)
	}
	_, b, err := on.shelf.Weights(unbroken.ID)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(slices.Concat(a.Adapter...), slices.Concat(b.Adapter...)) {
		t.Error("the restart changed the result")
	}
	if got := on.getEffect(e.ID); got.Steps != steps || got.Version != 2 {
		t.Errorf("%+v", got)
	}
}

// TestQueueSurvives: what waits is queued again after a restart; what was stopped stays so.
func TestQueueSurvives(t *testing.T) {
	data := t.TempDir()
	s := start(t, func(o *Options) { o.Data = data })
	var ids []string
	for range 6 { // two more than run at once
		ids = append(ids, s.submit(api.NewJob{Kind: "tune", Effect: s.effectOf("a sepia photo").ID, Steps: long}).ID)
	}
	if j := s.getJob(ids[5]); j.State != api.Queued || j.Position != 2 {
		t.Errorf("%+v", j)
	}
	s.do("POST", "/v1/jobs/"+ids[4]+"/stop", nil).want(t, http.StatusOK, `"stopped"`)
	if j := s.getJob(ids[5]); j.Position != 1 {
		t.Errorf("%+v", j)
	}
	s.stop()
	s = start(t, func(o *Options) { o.Data = data })
	states := map[string]int{}
	for _, id := range ids {
		states[s.getJob(id).State]++
	}
	if states[api.Running] != 4 || states[api.Queued] != 1 || states[api.Stopped] != 1 {
		t.Errorf("%v", states)
	}
	for _, id := range ids {
		s.do("POST", "/v1/jobs/"+id+"/cancel", nil).want(t, http.StatusOK, "")
	}
	for _, id := range ids {
		if _, last := s.followJob(id); last.State != api.Cancelled {
			t.Errorf("%+v", last)
		}
	}
}

// TestRace: both sides have the same pairs and both clocks go. How far they come depends on the machine.
func TestRace(t *testing.T) {
	s := start(t, nil)
	e := s.effectOf("a sepia photo")
	j := s.submit(api.NewJob{Kind: "race", Effect: e.ID, Seconds: 0.6})
	if j.Recipe != "published" || j.Edit != e.Edit {
		t.Errorf("%+v", j)
	}
	points, last := s.followJob(j.ID)
	if last.State != api.Done || len(points) < 3 || last.Train != 48 || last.Test != 12 {
		t.Fatalf("%+v after %d points", last, len(points))
	}
	end := points[len(points)-1]
	if end.Scratch == nil || end.Tuned.Step == 0 || end.Scratch.Step == 0 || end.Tuned.Seconds <= 0 || end.Scratch.Seconds <= 0 {
		t.Errorf("%+v, %+v", end.Tuned, end.Scratch)
	}
	if end.Scratch.Preview == end.Tuned.Preview {
		t.Error("both sides show the same picture")
	}
	s.do("POST", "/v1/jobs/"+j.ID+"/apply?of=scratch", png(32, 32), "Content-Type", "image/png").want(t, http.StatusOK, "")
	whole := s.getJob(j.ID)
	if whole.Example == nil || !strings.HasPrefix(whole.Example.Target, "data:image/jpeg;base64,") || len(whole.Points) != len(points) {
		t.Errorf("%d points", len(whole.Points))
	}
}

// TestAdversarial: a training against a discriminator starts from the one that the server was given.
func TestAdversarial(t *testing.T) {
	weights := map[string][]byte{}
	for name, n := range map[string]api.NewJob{"l1": {}, "new": {GAN: true}, "given": {GAN: true}} {
		s := start(t, func(o *Options) {
			if name == "given" {
				o.Discriminator = discriminator
			}
		})
		e := s.effectOf("a sepia photo")
		n.Kind, n.Effect, n.Steps = api.KindTune, e.ID, 3
		j := s.submit(n)
		if _, last := s.followJob(j.ID); last.State != api.Done || last.GAN != n.GAN {
			t.Fatalf("%+v", last)
		}
		weights[name] = s.do("GET", "/v1/effects/"+e.ID+"/adapter", nil).want(t, http.StatusOK, "").body
	}
	for _, pair := range [][2]string{{"l1", "new"}, {"new", "given"}} {
		if bytes.Equal(weights[pair[0]], weights[pair[1]]) {
			t.Errorf("%s: the same weights", pair)
		}
	}
}

// TestAllWeights: an effect of all weights has no adapter, and goes on as what it is.
func TestAllWeights(t *testing.T) {
	s := start(t, nil)
	e := s.effectOf("a sepia photo")
	s.do("PATCH", "/v1/effects/"+e.ID, map[string]float64{"strength": 0.5}).want(t, http.StatusOK, "")
	for range 2 {
		j := s.submit(api.NewJob{Kind: "tune", Effect: e.ID, Steps: 3, AllWeights: true})
		if _, last := s.followJob(j.ID); last.State != api.Done {
			t.Fatalf("%+v", last)
		}
	}
	e = s.getEffect(e.ID)
	if e.Kind != api.KindWeights || e.Steps != 6 || e.Strength != 1 {
		t.Errorf("%+v", e)
	}
	s.do("GET", "/v1/effects/"+e.ID+"/adapter", nil).want(t, http.StatusConflict, "download its weights")
	s.do("GET", "/v1/effects/"+e.ID+"/weights", nil).want(t, http.StatusOK, "warmstart/generator")
	s.do("POST", "/v1/jobs", api.NewJob{Kind: "tune", Effect: e.ID, Steps: 3}).want(t, http.StatusUnprocessableEntity, "set all_weights")
	other := s.effectOf("a sepia photo")
	mixed := into[api.Effect](t, s.do("POST", "/v1/effects/blend", api.Blend{A: e.ID, B: other.ID, Weight: 0.5}).want(t, http.StatusCreated, ""))
	if mixed.Kind != api.KindWeights || mixed.Blend == nil || mixed.Blend.A != e.ID {
		t.Errorf("%+v", mixed)
	}
}

// zipped is an archive of so many pairs.
func zipped(t *testing.T, n int) []byte {
	t.Helper()
	var archive bytes.Buffer
	z := zip.NewWriter(&archive)
	for i := range n {
		for _, folder := range []string{"A", "B"} {
			w, err := z.Create(fmt.Sprintf("%s/%d.png", folder, i))
			if err != nil {
				t.Fatal(err)
			}
			w.Write(png(20+i, 20))
		}
	}
	z.Close()
	return archive.Bytes()
}

// TestStopAdversarial: against a discriminator what is trained last is kept, though its PSNR be lower. Here training turns black into white, and what
// is measured stays black.
func TestStopAdversarial(t *testing.T) {
	var archive bytes.Buffer
	z := zip.NewWriter(&archive)
	for i := range 4 {
		for name, shade := range map[string]float32{"A/train": 0, "B/train": 1, "A/test": 0, "B/test": 0} {
			w, err := z.Create(fmt.Sprintf("%s/%d.png", name, i))
			if err != nil {
				t.Fatal(err)
			}
			m := imageio.New(20, 20)
			for k := range m.Pix {
				m.Pix[k] = shade
			}
			if err := m.EncodePNG(w); err != nil {
				t.Fatal(err)
			}
		}
	}
	z.Close()
	s := start(t, nil)
	p := into[api.Pairs](t, s.do("POST", "/v1/pairs?name=p", archive.Bytes(), "Content-Type", "application/zip").want(t, http.StatusCreated, ""))
	e := s.effectOf("a sepia photo")
	j := s.submit(api.NewJob{Kind: api.KindTune, Effect: e.ID, Pairs: p.ID, GAN: true, Steps: long})
	s.awaitMore(j.ID, 2)
	s.do("POST", "/v1/jobs/"+j.ID+"/stop", nil).want(t, http.StatusOK, "")
	points, last := s.followJob(j.ID)
	if last.State != api.Stopped {
		t.Fatalf("%+v", last)
	}
	newest := points[len(points)-1].Tuned
	if newest.PSNR >= points[0].Tuned.PSNR {
		t.Errorf("PSNR went from %g to %g dB", points[0].Tuned.PSNR, newest.PSNR)
	}
	if e := s.getEffect(e.ID); e.Steps != newest.Step {
		t.Errorf("the effect has %d steps of %d", e.Steps, newest.Step)
	}
}

// TestOwnPairs: an upload is trained on, and not deleted meanwhile.
func TestOwnPairs(t *testing.T) {
	s := start(t, nil)
	p := into[api.Pairs](t, s.do("POST", "/v1/pairs?name=my+pairs", zipped(t, 10), "Content-Type", "application/zip").want(t, http.StatusCreated, ""))
	if p.Name != "my pairs" || p.Train != 9 || p.Test != 1 {
		t.Errorf("%+v", p)
	}
	e := s.effectOf("a sepia photo")
	j := s.submit(api.NewJob{Kind: "tune", Effect: e.ID, Pairs: p.ID, Steps: long})
	s.awaitPoint(j.ID)
	s.do("DELETE", "/v1/pairs/"+p.ID, nil).want(t, http.StatusConflict, "trains on these pairs")
	s.do("DELETE", "/v1/effects/"+e.ID, nil).want(t, http.StatusNoContent, "")
	if _, last := s.followJob(j.ID); last.State != api.Cancelled || last.Train != 9 {
		t.Errorf("%+v", last)
	}
	s.do("DELETE", "/v1/pairs/"+p.ID, nil).want(t, http.StatusNoContent, "")
	if list := into[api.PairsList](t, s.do("GET", "/v1/pairs", nil)); len(list.Pairs) != 0 {
		t.Errorf("%+v", list)
	}
}

// TestUntil: a job ends once its pairs have the quality that is asked for.
func TestUntil(t *testing.T) {
	s := start(t, nil)
	e := s.effectOf("a sepia photo")
	j := s.submit(api.NewJob{Kind: "tune", Effect: e.ID, Until: 1})
	points, last := s.followJob(j.ID)
	if last.State != api.Done || len(points) != 1 || j.Seconds != 60 {
		t.Errorf("%+v after %d points", last, len(points))
	}
}

// TestFairQueue: a client with many jobs does not keep others waiting.
func TestFairQueue(t *testing.T) {
	s := start(t, nil)
	ask := func(client string) api.Job {
		return s.submit(api.NewJob{Kind: "tune", Effect: s.effectOf("a sepia photo").ID, Steps: long}, api.ClientHeader, client)
	}
	for range 7 {
		ask("greedy")
	}
	if j := ask("modest"); s.getJob(j.ID).Position != 1 {
		t.Errorf("%+v", s.getJob(j.ID))
	}
	for range 13 {
		ask("greedy")
	}
	r := s.do("POST", "/v1/jobs", api.NewJob{Kind: "tune", Effect: s.effectOf("a sepia photo").ID}, api.ClientHeader, "greedy").want(t, http.StatusTooManyRequests, "16 of yours")
	if r.Header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
}
