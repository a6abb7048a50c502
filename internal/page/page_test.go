package page

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"image/png"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"gonum.org/v1/plot"

	"github.com/warmstart-ml/warmstart/imageio"
)

// sample is a page with something of everything.
func sample() *Page {
	lines := Chart{
		Name: "lines", Title: "Quality against time", X: "seconds", Y: "PSNR in dB", LogX: true,
		Series: []Series{
			{Name: "warm", Points: []Point{{0.1, 20}, {1, 23}, {10, 24}}}, {Name: "cold", Points: []Point{{1, 14}, {60, 22}}, Style: Dashed, Colour: 1},
			{Name: "one", Points: []Point{{0.5, 15}}, Style: Dots, Colour: 2}, {Points: []Point{{0.2, 16}, {30, 19}}, Style: Faint},
			{Name: "none"},
		},
		Levels: []Level{{"untouched", 12}},
	}
	bars := Chart{Name: "bars", Title: "Blocks", Y: "PSNR in dB", Values: []Value{{"64", 20, 0.3}, {"256", 21, 0}}, Levels: []Level{{"trained", 23}}}
	return &Page{
		Title: "A <sample>", Lead: "What was found.", Facts: []Fact{{"30x", "faster"}},
		Sections: []Section{
			{Title: "Charts", Note: "Seen.", Points: []string{"One thing."}, Charts: []Chart{lines, bars}},
			{Title: "Numbers", Tables: []Table{{Head: []string{"method", "dB"}, Lines: [][]string{{"ours", "21"}}}}},
			{Title: "Pictures", Rows: []Row{{"“fog”", []Picture{{imageio.New(8, 8), "input", "12 dB"}}}}},
		},
	}
}

func TestWrite(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new")
	if err := sample().Write(dir, map[string]int{"n": 1}); err != nil {
		t.Fatal(err)
	}
	read := func(name string) []byte {
		t.Helper()
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	html := string(read(PageFile))
	for _, want := range []string{"A &lt;sample&gt;", "30x", "<td>21</td>", "12 dB", "<li>One thing.", "data:image/svg", "data:image/png"} {
		if !strings.Contains(html, want) {
			t.Errorf("the page has no %q", want)
		}
	}
	for _, outside := range []string{"http:", "https:", "<script", "ZgotmplZ"} {
		if strings.Contains(html, outside) {
			t.Errorf("the page has %q", outside)
		}
	}
	if got := string(read(DataFile)); !strings.Contains(got, `"n": 1`) {
		t.Errorf("data %s", got)
	}
	for _, name := range []string{"lines", "bars"} {
		if m, err := png.Decode(bytes.NewReader(read(name + ".png"))); err != nil || m.Bounds().Dx() < 500 {
			t.Errorf("%s.png: %v", name, err)
		}
		d := xml.NewDecoder(bytes.NewReader(read(name + ".svg")))
		var err error
		for err == nil {
			_, err = d.Token()
		}
		if err != io.EOF {
			t.Errorf("%s.svg: %v", name, err)
		}
	}
}

func TestChartsThatCannotBe(t *testing.T) {
	for name, c := range map[string]Chart{
		"no number": {Series: []Series{{Points: []Point{{1, math.NaN()}}}}},
		"log of 0":  {LogX: true, Series: []Series{{Points: []Point{{0, 1}}}}},
	} {
		if _, err := c.SVG(); err == nil {
			t.Errorf("%s is drawn", name)
		}
	}
}

func TestTicks(t *testing.T) {
	labels := func(list []plot.Tick) string {
		var text []string
		for _, tick := range list {
			text = append(text, tick.Label)
		}
		return strings.Join(text, " ")
	}
	for _, v := range []struct{ got, want string }{
		{labels(logTicks(0.3, 40)), "0.5 1 2 5 10 20"}, {labels(logTicks(0.5, 4000)), "1 10 100 1000"},
		{labels(ticks(11.4, 25.2)), "12 14 16 18 20 22 24"}, {labels(ticks(0, 0.31)), "0 0.05 0.1 0.15 0.2 0.25 0.3"}, {labels(ticks(-20, 1020)), "0 200 400 600 800 1000"},
	} {
		if v.got != v.want {
			t.Errorf("ticks at %s, wanted %s", v.got, v.want)
		}
	}
}

func TestShot(t *testing.T) {
	m := imageio.New(3, 2)
	m.Set(1, 1, 1, 0.2, 0)
	text, err := json.Marshal(map[string]Shot{"x": {m}})
	if err != nil {
		t.Fatal(err)
	}
	var got map[string]Shot
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(m, got["x"].Image); d != "" {
		t.Error(d)
	}
	if err := json.Unmarshal([]byte(`{"x":"AAAA"}`), &got); err == nil {
		t.Error("no picture is taken for one")
	}
}
