package main

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/template"
	"unicode"

	"github.com/warmstart-ml/warmstart/onnx"
	"github.com/warmstart-ml/warmstart/onnx/page"
)

//go:embed card.md.tmpl
var cardTemplate string

// card is what a model card tells.
type card struct {
	As, Library   string
	Adapter       bool
	Preset, Title string
	Prompt, Base  string
	Values, Steps int
	Metrics       []cardMetric
	Files         []string // of onnxruntime-web
	Runtime       string   // its version
	Strength      float32  // with 1 as trained
	Least, Side   int      // of pictures, in pixels: that the network takes, and learnt from
}

type cardMetric struct {
	Name  string
	Value string
}

// writeCard writes a model card: Markdown after a header in YAML, as Hugging Face has them.
func writeCard(w io.Writer, as string, strength float32, e *exported) error {
	c := card{
		As: as, Library: map[string]string{"peft": "peft", "web": "onnx"}[as], Adapter: as == "peft",
		Preset: e.weights.Config.Preset, Title: e.title(), Prompt: e.info.Prompt, Base: e.weights.Config.Base, Steps: e.info.Steps,
		Files: page.RuntimeFiles(), Runtime: page.Runtime,
		Strength: strength, Least: onnx.MinSide(e.weights.Config), Side: e.weights.Config.Size,
	}
	values := e.weights.Values
	if c.Adapter {
		values = e.adapter.Values
	}
	for _, v := range values {
		c.Values += len(v)
	}
	for _, name := range slices.Sorted(maps.Keys(e.info.Metrics)) {
		c.Metrics = append(c.Metrics, cardMetric{name, fmt.Sprintf("%.4g", e.info.Metrics[name])})
	}
	t, err := template.New("card").Funcs(template.FuncMap{"json": quoted, "text": markdown}).Parse(cardTemplate)
	if err != nil {
		return err
	}
	return t.Execute(w, c)
}

// quoted writes text as JSON does, which YAML reads too.
func quoted(s string) (string, error) {
	b, err := json.Marshal(s)
	return string(b), err
}

// markdown writes text that Markdown shows as it is: in one line, with what it would read as marks escaped.
func markdown(s string) string {
	var b strings.Builder
	for _, r := range s {
		switch {
		case unicode.IsSpace(r) || unicode.IsControl(r):
			r = ' '
		case strings.ContainsRune("\\`*_{}[]<>()#+-!|~&$", r):
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}
