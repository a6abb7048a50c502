package page

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/warmstart-ml/warmstart/imageio"
)

// TestPage looks at the page as a browser does: what stands inline has to be what the policy allows.
func TestPage(t *testing.T) {
	p := Page{Title: `fog</title><script>alert("x")</script>`, Name: `"><b>`, Model: []byte("model"), Sample: imageio.New(4, 3), Trained: 64}
	dir := filepath.Join(t.TempDir(), "page")
	if err := p.Write(dir); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(filepath.Join(dir, IndexFile))
	if err != nil {
		t.Fatal(err)
	}
	html := string(content)
	policy := strings.NewReplacer("&#39;", "'", "&#43;", "+").Replace(regexp.MustCompile(`Policy" content="([^"]*)"`).FindStringSubmatch(html)[1])
	for _, tag := range []string{"script", "style"} {
		found := regexp.MustCompile(`(?s)<`+tag+`[^>]*>(.*?)</`+tag+`>`).FindAllStringSubmatch(html, -1)
		if len(found) != 1 || len(found[0][1]) < 500 || !strings.Contains(policy, tag+"-src 'self' 'wasm-unsafe-eval' "+source(found[0][1])) &&
			!strings.Contains(policy, tag+"-src "+source(found[0][1])) {
			t.Errorf("%d times <%s>, or not as the policy has it: %s", len(found), tag, policy)
		}
	}
	if strings.Contains(html, "<b>") || !strings.Contains(policy, "default-src 'none'") {
		t.Error("text became tags, or everything is allowed")
	}
	if strings.Contains(html, "style=") || regexp.MustCompile(`\son[a-z]+=`).MatchString(html) || regexp.MustCompile(`(src|href)="(https?:)?//`).MatchString(html) {
		t.Error("there are styles, handlers or addresses that the policy forbids")
	}
	model, err := os.ReadFile(filepath.Join(dir, ModelFile))
	if err != nil || string(model) != "model" {
		t.Errorf("the model is %q, error %v", model, err)
	}
}

func TestRuntime(t *testing.T) {
	p := Page{Title: "fog", Sample: imageio.New(4, 3), Runtime: t.TempDir()}
	dir := t.TempDir()
	if err := p.Write(dir); err == nil || !strings.Contains(err.Error(), RuntimeFiles()[0]) {
		t.Errorf("files that are missing: error %v", err)
	}
	if _, err := os.Stat(filepath.Join(dir, IndexFile)); err == nil {
		t.Error("a page was written that lacks its runtime")
	}
	for _, name := range RuntimeFiles() {
		if err := os.WriteFile(filepath.Join(p.Runtime, name), []byte(name), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := p.Write(dir); err != nil {
		t.Fatal(err)
	}
	for _, name := range RuntimeFiles() {
		if got, err := os.ReadFile(filepath.Join(dir, RuntimeFolder, name)); err != nil || string(got) != name {
			t.Errorf("%s holds %q, error %v", name, got, err)
		}
	}
}
