package server

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"image/jpeg"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/warmstart-ml/warmstart"
	"github.com/warmstart-ml/warmstart/imageio"
	"github.com/warmstart-ml/warmstart/server/api"
)

func writeFile(t *testing.T, path, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

// png is a picture.
func png(w, h int) []byte {
	m := imageio.New(w, h)
	for i := range m.Pix {
		m.Pix[i] = float32(i%97) / 97
	}
	var b bytes.Buffer
	if err := m.EncodePNG(&b); err != nil {
		panic(err)
	}
	return b.Bytes()
}

// pngBomb says that it has w x h pixels, in a few bytes.
func pngBomb(w, h uint32) []byte {
	b := png(1, 1)
	binary.BigEndian.PutUint32(b[16:], w)
	binary.BigEndian.PutUint32(b[20:], h)
	binary.BigEndian.PutUint32(b[29:], crc32.ChecksumIEEE(b[12:29]))
	return b
}

// TestBadInput: whatever is sent, the answer is one sentence with the right status, and everything else goes on.
func TestBadInput(t *testing.T) {
	s := start(t, nil)
	e := s.effectOf("a sepia photo")
	const id, jpeg, js = "aaaaaaaaaaaa", "image/jpeg", "application/json"
	effect := "/v1/effects/" + e.ID
	good := png(20, 20)
	for _, c := range []struct {
		name, method, path, kind string
		body                     any
		status                   int
		text                     string
	}{
		// JSON
		{"no type", "POST", "/v1/effects", "", []byte(`{"prompt":"x"}`), 415, "send application/json"},
		{"wrong type", "POST", "/v1/effects", "text/plain", []byte(`{"prompt":"x"}`), 415, "send application/json"},
		{"form", "POST", "/v1/effects", "application/x-www-form-urlencoded", []byte(`prompt=x`), 415, "send application/json"},
		{"empty", "POST", "/v1/effects", js, nil, 400, "empty"},
		{"no JSON", "POST", "/v1/effects", js, []byte("hello"), 400, "not JSON"},
		{"cut", "POST", "/v1/effects", js, []byte(`{"prompt":"x`), 400, "cut short"},
		{"trailing", "POST", "/v1/effects", js, []byte(`{"prompt":"a sepia photo"} {}`), 400, "behind the JSON value"},
		{"list", "POST", "/v1/effects", js, []byte(`[]`), 422, "send an object"},
		{"unknown field", "POST", "/v1/effects", js, []byte(`{"promt":"x"}`), 422, `there is no field \"promt\"`},
		{"wrong field", "POST", "/v1/effects", js, []byte(`{"prompt":3}`), 422, `\"prompt\" cannot be a number`},
		{"huge", "POST", "/v1/effects", js, []byte(`{"prompt":"` + strings.Repeat("x", 1<<20) + `"}`), 413, "262144 bytes"},
		{"number overflow", "POST", "/v1/jobs", js, []byte(`{"kind":"tune","effect":"` + e.ID + `","seconds":1e999}`), 422, "seconds"},

		// prompts and names
		{"prompt of 100 kB", "POST", "/v1/effects", js, api.NewEffect{Prompt: strings.Repeat("sepia ", 17000)}, 422, "at most 1000 are allowed"},
		{"no prompt", "POST", "/v1/effects", js, api.NewEffect{}, 422, ""},
		{"unknown words", "POST", "/v1/effects", js, api.NewEffect{Prompt: "zyxw vuts"}, 422, "what is known is like"},
		{"no words", "POST", "/v1/effects", js, api.NewEffect{Prompt: "?!"}, 422, ""},
		{"name with a line break", "POST", "/v1/effects", js, api.NewEffect{Prompt: "a sepia photo", Name: "a\nb"}, 422, "a name has"},
		{"long name", "PATCH", effect, js, map[string]string{"name": strings.Repeat("ä", 101)}, 422, "a name has"},
		{"empty name", "PATCH", effect, js, map[string]string{"name": ""}, 422, "a name has"},
		{"strength", "PATCH", effect, js, map[string]float64{"strength": 2.1}, 422, "from 0 to 2"},
		{"negative strength", "PATCH", effect, js, map[string]float64{"strength": -1}, 422, "from 0 to 2"},
		{"change the ID", "PATCH", effect, js, map[string]string{"id": id}, 422, "no field"},
		{"no sample", "POST", "/v1/effects", js, api.NewEffect{Prompt: "a sepia photo", Sample: "../x"}, 422, "no sample"},
		{"large preview", "POST", "/v1/effects", js, api.NewEffect{Prompt: "a sepia photo", Sample: "lake", Side: 100000}, 422, "side must be"},
		{"blend with nothing", "POST", "/v1/effects/blend", js, api.Blend{A: e.ID, B: id}, 404, "no such effect"},
		{"blend too much", "POST", "/v1/effects/blend", js, api.Blend{A: e.ID, B: e.ID, Weight: 1.5}, 422, "weight must be"},

		// addresses
		{"no ID", "GET", "/v1/effects/..%2f..%2fetc", "", nil, 404, "is no ID"},
		{"upper case", "GET", "/v1/effects/" + strings.ToUpper(e.ID), "", nil, 404, "is no ID"},
		{"unknown ID", "GET", "/v1/effects/" + id, "", nil, 404, "no such effect"},
		{"unknown job", "GET", "/v1/jobs/" + id, "", nil, 404, "no such job"},
		{"unknown events", "GET", "/v1/jobs/" + id + "/events", "", nil, 404, "no such job"},
		{"unknown pairs", "GET", "/v1/pairs/" + id, "", nil, 404, "no such pairs"},
		{"unknown sample", "GET", "/v1/samples/x", "", nil, 404, "no sample"},
		{"method", "PUT", effect, js, map[string]string{}, 405, "DELETE or GET or PATCH"},
		{"method of a list", "DELETE", "/v1/effects", "", nil, 405, "GET or POST"},
		{"nothing there", "GET", "/v1/effect", "", nil, 404, "openapi.json"},
		{"unknown parameter", "GET", "/v1/effects?limit=3", "", nil, 400, "no parameter"},
		{"parameter twice", "GET", "/v1/samples/lake?side=32&side=33", "", nil, 400, "twice"},
		{"damaged parameters", "GET", "/v1/samples/lake?side=%zz", "", nil, 400, "cannot be read"},
		{"side of words", "GET", "/v1/samples/lake?side=big", "", nil, 400, "from 16 to 512"},
		{"format", "GET", "/v1/samples/lake?format=gif", "", nil, 400, "jpeg or png"},
		{"strength of words", "GET", effect + "/preview?strength=NaN", "", nil, 400, "from 0 to 2"},
		{"side of a job", "POST", "/v1/jobs/" + id + "/apply?of=left", jpeg, good, 400, "tuned or scratch"},
		{"after", "GET", "/v1/jobs/" + id + "/events?after=-1", "", nil, 400, "after"},

		// pictures
		{"no picture", "POST", effect + "/apply", jpeg, []byte("hello"), 415, "not a PNG, JPEG or WebP"},
		{"nothing as a picture", "POST", effect + "/apply", jpeg, nil, 422, "empty"},
		{"GIF", "POST", effect + "/apply", "application/octet-stream", []byte("GIF89a\xff\xff\xff\xff"), 415, "GIF pictures are not supported"},
		{"GIF as such", "POST", effect + "/apply", "image/gif", []byte("GIF89a"), 415, "send a picture as"},
		{"JSON as a picture", "POST", effect + "/apply", js, map[string]int{}, 415, "send a picture as"},
		{"cut picture", "POST", effect + "/apply", jpeg, good[:len(good)-8], 422, "PNG picture"},
		{"bomb", "POST", effect + "/apply", "image/png", pngBomb(60000, 60000), 413, "megapixels"},
		{"wide bomb", "POST", effect + "/apply", "image/png", pngBomb(1<<31-1, 1), 413, "megapixels"},
		{"small bomb", "POST", effect + "/apply", "image/png", pngBomb(6000, 6000), 422, ""},
		{"long file", "POST", effect + "/apply", jpeg, bytes.Repeat([]byte{0xff}, 21<<20), 413, "20971520 bytes"},
		{"apply nothing", "POST", "/v1/effects/" + id + "/apply", jpeg, good, 404, "no such effect"},
		{"huge result", "POST", effect + "/apply?side=100000", jpeg, good, 400, "from 16 to 8192"},

		// jobs
		{"no kind", "POST", "/v1/jobs", js, api.NewJob{Effect: e.ID}, 422, "kind"},
		{"no effect", "POST", "/v1/jobs", js, api.NewJob{Kind: "tune", Effect: id}, 404, "no such effect"},
		{"no such edit", "POST", "/v1/jobs", js, api.NewJob{Kind: "tune", Effect: e.ID, Edit: "nonsense"}, 422, "no edit is called"},
		{"pairs and edit", "POST", "/v1/jobs", js, api.NewJob{Kind: "tune", Effect: e.ID, Edit: "sepia", Pairs: id}, 422, "not both"},
		{"no such pairs", "POST", "/v1/jobs", js, api.NewJob{Kind: "tune", Effect: e.ID, Pairs: id}, 404, "no such pairs"},
		{"two budgets", "POST", "/v1/jobs", js, api.NewJob{Kind: "tune", Effect: e.ID, Steps: 3, Seconds: 3}, 422, "not both"},
		{"for ever", "POST", "/v1/jobs", js, api.NewJob{Kind: "tune", Effect: e.ID, Seconds: 1e9}, 422, "3600"},
		{"negative", "POST", "/v1/jobs", js, api.NewJob{Kind: "tune", Effect: e.ID, Steps: -1}, 422, "steps must be"},
		{"race of steps", "POST", "/v1/jobs", js, api.NewJob{Kind: "race", Effect: e.ID, Steps: 3}, 422, "on the clock"},
		{"recipe", "POST", "/v1/jobs", js, api.NewJob{Kind: "race", Effect: e.ID, Recipe: "secret"}, 422, "recipe"},
		{"recipe for tune", "POST", "/v1/jobs", js, api.NewJob{Kind: "tune", Effect: e.ID, Recipe: "best"}, 422, "recipe"},
		{"stop nothing", "POST", "/v1/jobs/" + id + "/stop", "", nil, 404, "no such job"},

		// pairs
		{"pairs as JSON", "POST", "/v1/pairs", js, map[string]int{}, 415, "send application/zip"},
		{"no archive", "POST", "/v1/pairs", "application/zip", []byte("hello"), 422, "no zip file"},
		{"form without boundary", "POST", "/v1/pairs", "multipart/form-data", []byte("hello"), 400, "the form cannot be read"},
		{"cut form", "POST", "/v1/pairs", "multipart/form-data; boundary=x", []byte("--x\r\nContent-Disposition: form-data; name=\"a\"; filename=\"1.png\"\r\n\r\nhal"), 422, "cut short or damaged"},
		{"name of pairs", "POST", "/v1/pairs?name=%0a", "application/zip", []byte("hello"), 422, "a name has"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var header []string
			if c.kind != "" {
				header = []string{"Content-Type", c.kind}
			}
			r := s.do(c.method, c.path, c.body, header...).want(t, c.status, c.text)
			if text := string(r.body); strings.Count(text, "\n") > 1 || len(text) > 600 || strings.Contains(text, s.o.Data) {
				t.Errorf("%s", text)
			}
		})
	}
	s.do("GET", effect, nil).want(t, http.StatusOK, e.ID)
	if list := s.shelf.List(); len(list) != 1 || list[0].Version != 1 {
		t.Errorf("the shelf holds %+v", list)
	}
	s.do("GET", "/metrics", nil).want(t, http.StatusOK, `warmstart_http_requests_total{method="POST",path="/v1/effects",status="201"} 1`)
}

// TestOrientation: a photo that was taken with the camera on its side is turned upright, as everywhere else.
func TestOrientation(t *testing.T) {
	s := start(t, nil)
	var b bytes.Buffer
	if err := jpeg.Encode(&b, imageio.New(40, 20).ToImage(), nil); err != nil {
		t.Fatal(err)
	}
	const exif = "\xff\xe1\x00\x22Exif\x00\x00MM\x00\x2a\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01\x00\x06\x00\x00\x00\x00\x00\x00"
	photo := string(b.Bytes()[:2]) + exif + string(b.Bytes()[2:])
	r := s.do("POST", "/v1/effects/"+s.effectOf("a sepia photo").ID+"/apply?format=png", []byte(photo), "Content-Type", "image/jpeg").want(t, http.StatusOK, "PNG")
	if m, err := imageio.Decode(bytes.NewReader(r.body), imageio.Limits{}); err != nil || m.W != 20 || m.H != 40 {
		t.Errorf("%+v, %v", m, err)
	}
}

// TestHead: what can be read can be asked for without its content.
func TestHead(t *testing.T) {
	s := start(t, nil)
	for _, path := range []string{"/", "/healthz", "/v1/status", "/v1/samples/lake?side=16"} {
		if r := s.do("HEAD", path, nil); r.StatusCode != http.StatusOK || len(r.body) > 0 {
			t.Errorf("%s: %s, %d bytes", path, r.Status, len(r.body))
		}
	}
}

// TestNames: whatever people call an effect can be shown, and be a file's name.
func TestNames(t *testing.T) {
	for name, want := range map[string]string{
		"A Starry Night!": "a-starry-night", "../../etc": "etc", "": "effect", "…": "effect", strings.Repeat("long ", 30): strings.Repeat("long-", 12),
	} {
		if got := fileName(name); got != want {
			t.Errorf("%q: %q", name, got)
		}
	}
	if got := short(strings.Repeat("word ", 40)); len([]rune(got)) > 48 || !strings.HasSuffix(got, "…") {
		t.Errorf("%q", got)
	}
	if got := short(" a\n b\x00c "); got != "a b c" {
		t.Errorf("%q", got)
	}
	for _, c := range []struct{ a, b, want string }{
		{"a sepia photo", "fog", "a sepia photo, fog"},
		{strings.Repeat("x", 500), strings.Repeat("y", 498), strings.Repeat("x", 500) + ", " + strings.Repeat("y", 498)},
		{strings.Repeat("x", 501), strings.Repeat("y", 498), strings.Repeat("x", 497) + "…, " + strings.Repeat("y", 498)},
		{"fog", strings.Repeat("y", 1000), "fog, " + strings.Repeat("y", 992) + "…"},
		{strings.Repeat("ä", 400), strings.Repeat("ö", 400), strings.Repeat("ä", 248) + "…, " + strings.Repeat("ö", 248) + "…"},
	} {
		if got := both(c.a, c.b); got != c.want || len(got) > warmstart.MaxPrompt {
			t.Errorf("%d and %d bytes become %d: %q", len(c.a), len(c.b), len(got), got)
		}
	}
	for _, name := range []string{"", " a", "a ", "a\tb", "a\u202eb", "\xff", fmt.Sprint(strings.Repeat("x", 101))} {
		if checkName(name) == nil {
			t.Errorf("the name %q", name)
		}
	}
}
